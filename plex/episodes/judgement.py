"""The episode that bears Plex's number, judged by title, date and TMDB id."""

from __future__ import annotations

from plex.episodes.answers import (
    EpisodeMatch,
    EpisodeQuestion,
    agreed,
    ask,
    by_title,
    by_title_and_date,
)
from plex.episodes.index import KnownEpisode
from plex.episodes.search import DateFit, Rivals, Search, TitleFit
from plex.episodes.titles import is_distinctive

NOTHING_AGREES = (False, False, False)


def rank(search: Search, episode: KnownEpisode) -> tuple[bool, bool, bool]:
    date_fit = search.date_of(episode)
    return (
        search.title_of(episode) is TitleFit.SAME,
        date_fit is DateFit.SAME,
        date_fit is DateFit.NEAR,
    )


def judge(search: Search, episode: KnownEpisode, evidence: str) -> EpisodeMatch | EpisodeQuestion:
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
    # Others aired that day, too, as where a season appears at once: the date proves little.
    if is_near or rivals.dated:
        contradiction, others = _contradicted_by_title(search, episode, evidence)
        if contradiction:
            return ask(search, (episode, *others), contradiction)
    return agreed(episode, evidence, "number_and_date", "number and air date agree")


def _judge_bare_number(
    search: Search, episode: KnownEpisode, evidence: str, rivals: Rivals
) -> EpisodeMatch | EpisodeQuestion:
    """Decide where neither title nor date agrees with the number."""
    is_chosen = evidence == "order"
    if (
        not is_chosen
        and len(rivals.titled) == 1
        and _outweighs_number(search, episode, rivals.titled[0])
    ):
        return by_title(rivals.titled[0])
    contradiction, others = _contradiction(search, episode, evidence, rivals)
    if contradiction:
        return ask(search, (episode, *rivals.all, *others), contradiction)
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


Contradiction = tuple[str, tuple[KnownEpisode, ...]]


def _contradiction(
    search: Search, episode: KnownEpisode, evidence: str, rivals: Rivals
) -> Contradiction:
    """Return what contradicts a number that neither title nor date supports, "" if nothing, and
    the episodes besides the rivals that it points to."""
    if rivals.titled:
        return "The number points to one episode, the title to another.", ()
    if rivals.dated:
        return "The number points to one episode, the air date to another.", ()
    if evidence == "season_map":
        return "", ()  # The user said so, knowing better.
    by_title = _contradicted_by_title(search, episode, evidence)
    if by_title[0]:
        return by_title
    if evidence != "order" and (nearly := search.nearly_dated(besides=episode)):
        return "The number points to one episode, the air date nearly to another.", nearly
    return _other_episode(search, episode) or (
        "" if evidence == "order" else _meaningless_number(search, episode, evidence)
    ), ()


def _contradicted_by_title(search: Search, episode: KnownEpisode, evidence: str) -> Contradiction:
    """Return what a title says against a number that it does not name an episode against."""
    if evidence in _BY_THE_USER:
        return "", ()
    if wholes := search.whole_of_part(besides=episode):
        return "The title is that of a part of another episode.", wholes
    if search.is_said_to_be_another(episode):
        return "The title counts another number than Plex, as in another order of the episodes.", ()
    return "", ()


_BY_THE_USER = {"order", "season_map"}


def _other_episode(search: Search, episode: KnownEpisode) -> str:
    if search.date_of(episode) is DateFit.FAR:
        return "The episode of this number aired at quite another time."
    if search.has_other_tmdb_id(episode):
        return "The episode of this number has another TMDB id than the one Plex sent."
    return ""


def _meaningless_number(search: Search, episode: KnownEpisode, evidence: str) -> str:
    """Return why the number says little by itself."""
    if search.playback.is_entry and evidence == "number" and len(search.index.seasons) > 1:
        return "AniDB numbers each season from 1, and nothing says which season this one is."
    if search.is_doubted and evidence == "number":
        return "Plex numbers this season otherwise than TMDB, and only the number names an episode."
    return _special_contradiction(search, episode)


def _special_contradiction(search: Search, episode: KnownEpisode) -> str:
    has_titles = bool(search.keys and search.index.key(episode))
    has_dates = search.date_of(episode) is not DateFit.UNKNOWN
    if episode.season_number == 0 and (has_titles or has_dates):
        return "Specials are numbered differently everywhere, and neither title nor date agrees."
    return ""
