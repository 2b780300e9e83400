"""Decides which episode of a show a Plex playback is.

Plex numbers follow the ordering that the library uses, the catalogue's follow TMDB; so a
number alone is weak. The order of evidence:

1.  two titles joined in one ("A / B"), both found: both episodes (`joined_titles`)
2.  the TMDB id of the episode (`tmdb_episode_id`): it wins over every number
3.  season and episode that TMDB's look-up of the other ids gave (`found_pair`)
4.  the number (mapped by the user where a season is: `season_map`) and the air date, a day
    more or less (`number_and_date`)
5.  the number and the title (`number_and_title`)
6.  the only episode with that air date (`only_on_date`); a special and a regular episode are
    never exchanged for the date alone
7.  the only episode with that title (`only_with_title`)
8.  the number counted through the series, where the agent counts so or title or date agree
    (`absolute_number`)
9.  the number alone (`number`), if nothing contradicts it

What contradicts a number: the title or the date belongs to another episode; the dates are
over two months apart; the message holds another TMDB episode id than the numbered episode;
for a special, any title or date that doesn't agree; two numbers (index and guid) of which
neither is proven. A title in another language contradicts nothing unless it is the title of
another episode. A contradiction that title and date together don't settle is a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from plex.episode_answers import (
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
from plex.episode_index import EpisodeIndex, KnownEpisode
from plex.episode_search import DateFit, Rivals, Search, SeasonMap, TitleFit
from plex.episode_titles import is_distinctive, title_key
from plex.fields import YEARS
from plex.payload import Playback

__all__ = [
    "EpisodeCandidate",
    "EpisodeIndex",
    "EpisodeMatch",
    "EpisodeMissing",
    "EpisodeQuestion",
    "KnownEpisode",
    "SeasonMap",
    "match_episode",
]


def match_episode(
    playback: Playback,
    episodes: Sequence[KnownEpisode] | EpisodeIndex,
    *,
    found_pair: tuple[int, int] | None = None,
    season_map: SeasonMap | None = None,
) -> EpisodeMatch | EpisodeQuestion | EpisodeMissing:
    """Return which of a show's `episodes` was played, or why that can't be told.

    `found_pair` is (season, episode) of TMDB's look-up, only if it answered with this show.
    For many plays of one show build an EpisodeIndex once and pass that.
    """
    index = episodes if isinstance(episodes, EpisodeIndex) else EpisodeIndex(episodes)
    search = Search.of(playback, index, season_map)
    return (
        _by_joined_titles(search)
        or _by_tmdb_id(search)
        or _by_found_pair(search, found_pair)
        or _by_number(search)
        or _without_number(search)
    )


def _by_joined_titles(search: Search) -> EpisodeMatch | None:
    """Find both episodes of "A / B": neighbours in one season, named or numbered so."""
    parts = search.playback.joined_titles
    if not parts or search.index.titled(title_key(search.playback.title)):
        return None
    parts_found = [_part(search, title, at) for at, title in enumerate(parts)]
    episodes = sorted((e for e in parts_found if e is not None), key=lambda e: e.episode_number)
    if len(episodes) < len(parts) or not _are_neighbours(episodes):
        return None
    by_id = search.index.by_tmdb_id.get(search.playback.episode_ids.tmdb or 0)
    if by_id is not None and by_id not in episodes:
        return None
    codes = " and ".join(episode.code for episode in episodes)
    return EpisodeMatch(
        episode_ids=tuple(episode.id for episode in episodes),
        evidence="joined_titles",
        reason=f"The file holds several episodes: its title joins those of {codes}.",
    )


def _part(search: Search, title: str, at: int) -> KnownEpisode | None:
    """Return the one episode with this part's title; "Episode 4" goes by the number in it."""
    key = title_key(title)
    if not key:
        number = (search.episode_number or 0) + at
        numbered = search.at(search.season_number, number)
        return numbered if re.findall(r"[0-9]+", title) == [str(number)] else None
    found = search.index.titled(key)
    if len(found) > 1:
        found = tuple(e for e in found if e.season_number == search.season_number)
    return found[0] if len(found) == 1 else None


def _are_neighbours(episodes: Sequence[KnownEpisode]) -> bool:
    return all(
        (after.season_number, after.episode_number)
        == (before.season_number, before.episode_number + 1)
        for before, after in pairwise(episodes)
    )


def _by_tmdb_id(search: Search) -> EpisodeMatch | None:
    tmdb_id = search.playback.episode_ids.tmdb
    episode = search.index.by_tmdb_id.get(tmdb_id) if tmdb_id is not None else None
    if episode is None:
        return None
    return found(episode, "tmdb_episode_id", f"The episode's TMDB id {tmdb_id} is {episode.code}.")


def _by_found_pair(
    search: Search, found_pair: tuple[int, int] | None
) -> EpisodeMatch | EpisodeMissing | None:
    if found_pair is None:
        return None
    episode = search.index.by_number.get(found_pair)
    if episode is None:
        code = f"S{found_pair[0]:02}E{found_pair[1]:02}"
        return EpisodeMissing(reason=f"TMDB knows this episode as {code}, which the tracker lacks.")
    return found(
        episode, "found_pair", f"TMDB's look-up of the episode's ids gives {episode.code}."
    )


def _by_number(search: Search) -> EpisodeMatch | EpisodeQuestion | None:
    playback = search.playback
    if playback.is_absolute and search.season_map is None:
        counted = search.counted()
        return _judge(search, counted, "absolute_number") if counted else None
    numbered = search.at(search.season_number, search.episode_number)
    if search.season_map is not None:
        return _judge(search, numbered, "season_map") if numbered else None
    index_pair = (search.season_number, search.episode_number)
    guid_pair = (playback.guid_season_number, playback.guid_episode_number)
    by_guid = search.at(*guid_pair)
    if None not in index_pair and None not in guid_pair and index_pair != guid_pair:
        return _by_two_numbers(search, numbered, by_guid)
    only = numbered or by_guid
    return _judge(search, only, "number") if only else None


def _by_two_numbers(
    search: Search, numbered: KnownEpisode | None, by_guid: KnownEpisode | None
) -> EpisodeMatch | EpisodeQuestion | None:
    """Decide where Plex's index and the guid give different numbers: only title or date can."""
    ranks = {e.id: _rank(search, e) for e in (numbered, by_guid) if e is not None}
    best = max(ranks.values(), default=_NOTHING_AGREES)
    winners = [e for e in (numbered, by_guid) if e is not None and ranks[e.id] == best]
    if best > _NOTHING_AGREES and len(winners) == 1:
        return _judge(search, winners[0], "number")
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


_NOTHING_AGREES = (False, False, False)


def _rank(search: Search, episode: KnownEpisode) -> tuple[bool, bool, bool]:
    date_fit = search.date_of(episode)
    return (
        search.title_of(episode) is TitleFit.SAME,
        date_fit is DateFit.SAME,
        date_fit is DateFit.NEAR,
    )


def _judge(search: Search, episode: KnownEpisode, evidence: str) -> EpisodeMatch | EpisodeQuestion:
    """Decide about the episode that bears the number; `evidence` is what the number rests on."""
    title_fit, date_fit = search.title_of(episode), search.date_of(episode)
    if title_fit is TitleFit.SAME and date_fit in {DateFit.SAME, DateFit.NEAR}:
        return agreed(episode, evidence, "number_and_date", "number, air date and title agree")
    rivals = Rivals.of(search, besides=episode)
    if title_fit is TitleFit.SAME:
        return _judge_title(search, episode, evidence, rivals)
    if len(rivals.proven) == 1:
        return by_title_and_date(rivals.proven[0])
    if rivals.proven:
        return ask(search, (episode, *rivals.all), _TITLE_AND_DATE_ELSEWHERE)
    if date_fit in {DateFit.SAME, DateFit.NEAR}:
        return _judge_date(search, episode, evidence, rivals)
    return _judge_bare_number(search, episode, evidence, rivals)


_TITLE_AND_DATE_ELSEWHERE = "Title and air date point to other episodes than the number."


def _judge_title(
    search: Search, episode: KnownEpisode, evidence: str, rivals: Rivals
) -> EpisodeMatch | EpisodeQuestion:
    """Decide where number and title agree, but the date doesn't or isn't known."""
    if rivals.proven:
        return ask(
            search,
            (episode, *rivals.all),
            "Another episode has the same title, and its air date fits better than the number.",
        )
    return agreed(episode, evidence, "number_and_title", "number and title agree")


def _judge_date(
    search: Search, episode: KnownEpisode, evidence: str, rivals: Rivals
) -> EpisodeMatch | EpisodeQuestion:
    """Decide where number and date agree, but the title doesn't or says nothing."""
    is_near = search.date_of(episode) is DateFit.NEAR
    other_day = rivals.dated and search.title_of(episode) is TitleFit.OTHER
    if is_near and (rivals.titled or other_day):
        return ask(
            search,
            (episode, *rivals.all),
            "The number and a date one day off point to one episode, title or date to another.",
        )
    return agreed(episode, evidence, "number_and_date", "number and air date agree")


def _judge_bare_number(
    search: Search, episode: KnownEpisode, evidence: str, rivals: Rivals
) -> EpisodeMatch | EpisodeQuestion:
    """Decide where neither title nor date agrees with the number."""
    if len(rivals.titled) == 1 and _outweighs_number(search, episode, rivals.titled[0]):
        return by_title(rivals.titled[0])
    contradiction = _contradiction(search, episode, evidence, rivals)
    if contradiction:
        return ask(search, (episode, *rivals.all), contradiction)
    return agreed(episode, evidence, "number", "the number fits, and nothing contradicts it")


def _outweighs_number(search: Search, numbered: KnownEpisode, titled: KnownEpisode) -> bool:
    """Tell whether a title elsewhere proves more than the number here.

    Only if it names one episode, its date isn't far off, and the numbered episode is known to
    be called otherwise or to have aired another day.
    """
    numbered_differs = search.title_of(numbered) is TitleFit.OTHER or (
        search.date_of(numbered) is not DateFit.UNKNOWN
    )
    return (
        numbered_differs
        and is_distinctive(search.index.key(titled))
        and search.date_of(titled) is not DateFit.FAR
    )


def _contradiction(search: Search, episode: KnownEpisode, evidence: str, rivals: Rivals) -> str:
    """Return what contradicts a number that neither title nor date supports, "" if nothing."""
    if rivals.titled:
        return "The number points to one episode, the title to another."
    if rivals.dated:
        return "The number points to one episode, the air date to another."
    if evidence == "season_map":
        return ""  # The user said so, knowing better.
    if search.date_of(episode) is DateFit.FAR:
        return "The episode of this number aired at quite another time."
    if search.has_other_tmdb_id(episode):
        return "The episode of this number has another TMDB id than the one Plex sent."
    return _special_contradiction(search, episode)


def _special_contradiction(search: Search, episode: KnownEpisode) -> str:
    has_titles = bool(search.keys and search.index.key(episode))
    has_dates = search.date_of(episode) is not DateFit.UNKNOWN
    if episode.season_number == 0 and (has_titles or has_dates):
        return "Specials are numbered differently everywhere, and neither title nor date agrees."
    return ""


def _without_number(search: Search) -> EpisodeMatch | EpisodeQuestion | EpisodeMissing:
    """Decide where no episode bears Plex's number."""
    rivals = Rivals.of(search)
    if len(rivals.proven) == 1:
        return by_title_and_date(rivals.proven[0])
    if rivals.titled:
        only = rivals.titled[0]
        is_proof = (
            is_distinctive(search.index.key(only)) and search.date_of(only) is not DateFit.FAR
        )
        if len(rivals.titled) == 1 and is_proof:
            return by_title(only)
        return ask(
            search, rivals.all, "Only the title points to an episode, and that proves too little."
        )
    if rivals.dated:
        only = rivals.dated[0]
        is_proof = _is_dated_show(search) or search.title_of(only) is not TitleFit.OTHER
        if len(rivals.dated) == 1 and is_proof:
            return found(only, "only_on_date", f"{only.code} is the only episode of that air date.")
        return ask(
            search,
            rivals.all,
            "Only the air date points to an episode, and that proves too little.",
        )
    return _by_counting(search)


def _is_dated_show(search: Search) -> bool:
    """Tell whether Plex numbers the show by dates: season 2026, or no numbers at all."""
    season = search.playback.season_number
    return season is None or season in YEARS or search.episode_number is None


def _by_counting(search: Search) -> EpisodeMatch | EpisodeQuestion | EpisodeMissing:
    """Take the number as counted through the series, if the title or the date agrees.

    Without that, S05E03 of a show with four seasons is a new episode, not its third one.
    """
    counted = search.counted()
    if counted is not None and _rank(search, counted) > _NOTHING_AGREES:
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
    if search.season_number is None or search.episode_number is None:
        return "such episode"
    return f"S{search.season_number:02}E{search.episode_number:02}"
