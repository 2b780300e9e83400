"""Decides which episode of a show a Plex playback is.

Plex numbers follow the ordering that the library uses, the catalogue's follow TMDB; so a
number alone is weak. The order of evidence:

1.  two titles joined in one ("A / B"), both found: both episodes (`joined_titles`)
2.  the TMDB id of the episode (`tmdb_episode_id`): it wins over every number
3.  season and episode that TMDB's look-up of the other ids gave (`found_pair`)
4.  a number for several episodes ("Episode 1-2"): all of them (`joint_number`)
5.  the number (in the order that the user chose for the show: `order`; mapped by the user where
    a season is: `season_map`) and the air date, a day more or less (`number_and_date`)
6.  the number and the title (`number_and_title`)
7.  the only episode with that air date (`only_on_date`); a special and a regular episode are
    never exchanged for the date alone
8.  the only episode with that title (`only_with_title`)
9.  the number counted through the series, where the agent counts so or title or date agree
    (`absolute_number`)
10. the number alone (`number`), if nothing contradicts it

What contradicts a number: the title or the date belongs to another episode; the dates are
over two months apart; the message holds another TMDB episode id than the numbered episode;
for a special, any title or date that doesn't agree; two numbers (index and guid) of which
neither is proven; for the anime agent's AniDB entries, each numbered from 1, that the show has
several seasons; a title such as "Episode 6" with another number; that other plays of the season
proved that Plex numbers it otherwise. A title in another language contradicts nothing unless it is the title of
another episode. A contradiction that title and date together don't settle is a question.
"""

from __future__ import annotations

from collections.abc import Sequence

from plex.episodes.answers import (
    EpisodeCandidate,
    EpisodeMatch,
    EpisodeMissing,
    EpisodeQuestion,
    agreed,
    ask,
    by_title,
    by_title_and_date,
    found,
)
from plex.episodes.index import EpisodeIndex, KnownEpisode
from plex.episodes.joints import by_joined_titles, by_joint_number
from plex.episodes.judgement import NOTHING_AGREES, judge, rank
from plex.episodes.orders import Order
from plex.episodes.search import DateFit, FoundPair, Rivals, Search, SeasonMap, TitleFit
from plex.episodes.titles import is_distinctive
from plex.fields import YEARS
from plex.payload import Playback

__all__ = [
    "EpisodeCandidate",
    "EpisodeIndex",
    "EpisodeMatch",
    "EpisodeMissing",
    "EpisodeQuestion",
    "FoundPair",
    "KnownEpisode",
    "Order",
    "SeasonMap",
    "match_episode",
]


def match_episode(
    playback: Playback,
    episodes: Sequence[KnownEpisode] | EpisodeIndex,
    *,
    found_pair: FoundPair | None = None,
    season_map: SeasonMap | None = None,
    order: Order | None = None,
    is_doubted: bool = False,
) -> EpisodeMatch | EpisodeQuestion | EpisodeMissing:
    """Return which of a show's `episodes` was played, or why that can't be told.

    `found_pair` is what TMDB's look-up gave, only if it answered with this show.
    `order` is the one that the user chose for Plex; a `season_map` of the season goes before it.
    `is_doubted`: other episodes of Plex's season are proven not to have TMDB's numbers.
    For many plays of one show build an EpisodeIndex once and pass that.
    """
    index = episodes if isinstance(episodes, EpisodeIndex) else EpisodeIndex(episodes)
    search = Search.of(playback, index, season_map, order, is_doubted=is_doubted)
    return (
        by_joined_titles(search)
        or _by_tmdb_id(search)
        or _by_found_pair(search, found_pair)
        or by_joint_number(search)
        or _by_number(search)
        or _without_number(search)
    )


def _by_tmdb_id(search: Search) -> EpisodeMatch | None:
    tmdb_id = search.playback.episode_ids.tmdb
    episode = search.index.by_tmdb_id.get(tmdb_id) if tmdb_id is not None else None
    if episode is None:
        return None
    return found(episode, "tmdb_episode_id", f"The episode's TMDB id {tmdb_id} is {episode.code}.")


def _by_found_pair(
    search: Search, found_pair: FoundPair | None
) -> EpisodeMatch | EpisodeMissing | None:
    """By TMDB's id rather than its number: the catalogue or the look-up may be from before TMDB
    numbered the show anew."""
    if found_pair is None:
        return None
    season, number, tmdb_id = found_pair
    numbered = search.at(season, number)
    episode = search.index.by_tmdb_id.get(tmdb_id or 0) or numbered
    if episode is None or (tmdb_id and episode.tmdb_id not in {None, tmdb_id}):
        trouble = "which the tracker lacks" if episode is None else "which is another one here"
        reason = f"TMDB knows this episode as S{season:02}E{number:02}, {trouble}."
        return EpisodeMissing(reason=reason)
    return found(
        episode, "found_pair", f"TMDB's look-up of the episode's ids gives {episode.code}."
    )


def _by_number(search: Search) -> EpisodeMatch | EpisodeQuestion | None:
    playback = search.playback
    if search.order is not None:
        return judge(search, search.ordered, "order") if search.ordered else None
    if playback.is_absolute and search.season_map is None:
        counted = search.counted()
        return judge(search, counted, "absolute_number") if counted else None
    numbered = search.at(search.season_number, search.episode_number)
    if search.season_map is not None:
        return judge(search, numbered, "season_map") if numbered else None
    index_pair = (search.season_number, search.episode_number)
    guid_pair = (playback.guid_season_number, playback.guid_episode_number)
    by_guid = search.at(*guid_pair)
    if None not in index_pair and None not in guid_pair and index_pair != guid_pair:
        return _by_two_numbers(search, numbered, by_guid)
    only = numbered or by_guid
    return judge(search, only, "number") if only else None


def _by_two_numbers(
    search: Search, numbered: KnownEpisode | None, by_guid: KnownEpisode | None
) -> EpisodeMatch | EpisodeQuestion | None:
    """Decide where Plex's index and the guid give different numbers: only title or date can."""
    ranks = {e.id: rank(search, e) for e in (numbered, by_guid) if e is not None}
    best = max(ranks.values(), default=NOTHING_AGREES)
    winners = [e for e in (numbered, by_guid) if e is not None and ranks[e.id] == best]
    if best > NOTHING_AGREES and len(winners) == 1:
        return judge(search, winners[0], "number")
    rivals = Rivals.of(search)
    if len(rivals.proven) == 1:
        return by_title_and_date(rivals.proven[0])
    if not winners and not rivals.titled and not rivals.dated:
        return None
    return ask(
        search,
        (numbered, by_guid, *rivals.all),
        "Plex gives two different numbers for this episode, and neither title nor date settles it.",
    )


def _without_number(search: Search) -> EpisodeMatch | EpisodeQuestion | EpisodeMissing:
    """Decide where no episode bears Plex's number."""
    rivals = Rivals.of(search)
    if len(rivals.proven) == 1:
        return by_title_and_date(rivals.proven[0])
    if rivals.titled:
        return _by_title_alone(search, rivals)
    return _by_date_alone(search, rivals) if rivals.dated else _by_counting(search)


def _by_title_alone(search: Search, rivals: Rivals) -> EpisodeMatch | EpisodeQuestion:
    only = rivals.titled[0]
    is_proof = is_distinctive(search.index.key(only)) and search.date_of(only) is not DateFit.FAR
    if len(rivals.titled) == 1 and is_proof:
        return by_title(only)
    sentence = "Only the title points to an episode, and that proves too little."
    return ask(search, rivals.all, sentence)


def _by_date_alone(search: Search, rivals: Rivals) -> EpisodeMatch | EpisodeQuestion:
    only = rivals.dated[0]
    is_proof = _is_dated_show(search) or search.title_of(only) is not TitleFit.OTHER
    if len(rivals.dated) == 1 and is_proof:
        return found(only, "only_on_date", f"{only.code} is the only episode of that air date.")
    if rivals.dated == (search.counted(),):
        return agreed(only, "absolute_number", "", "the air date agrees")
    sentence = "Only the air date points to an episode, and that proves too little."
    return ask(search, rivals.all, sentence)


def _is_dated_show(search: Search) -> bool:
    """Tell whether Plex numbers the show by dates: season 2026, or no numbers at all."""
    season = search.playback.season_number
    return season is None or season in YEARS or search.playback.episode_number is None


def _by_counting(search: Search) -> EpisodeMatch | EpisodeQuestion | EpisodeMissing:
    """Take the number as counted through the series, if the title or the date agrees.

    Without that, S05E03 of a show with four seasons is a new episode, not its third one.
    """
    counted = search.counted()
    if counted is not None and rank(search, counted) > NOTHING_AGREES:
        return agreed(counted, "absolute_number", "", "title or date agree")
    season = search.season_number or 0
    is_old = 0 < season < search.index.last_season()
    if counted is not None and is_old and search.title_of(counted) is not TitleFit.OTHER:
        return ask(
            search, (counted,), "The season has no such episode; the number may count all seasons."
        )
    return EpisodeMissing(
        reason=f"The tracker has no {_plex_code(search)} of this show, "
        "and neither title nor air date points to another episode."
    )


def _plex_code(search: Search) -> str:
    season, episode = search.season_number, search.episode_number
    if search.order is not None:
        season, episode = search.playback.season_number, search.playback.episode_number
    if season is None or episode is None:
        return "such episode"
    of_order = " by the order that you chose" if search.order is not None else ""
    return f"S{season:02}E{episode:02}{of_order}"
