"""The answers to the question which episode it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from plex.episodes.index import KnownEpisode
from plex.episodes.search import DateFit, Search, TitleFit

MAX_CANDIDATES = 8

# Evidence that needs no order, and so can tell which one Plex uses. "manual": a person's answer.
PROVEN = frozenset(
    {
        *("tmdb_episode_id", "found_pair", "number_and_date", "number_and_title", "only_on_date"),
        *("only_with_title", "absolute_number", "manual"),
    }
)

# Shares of a candidate's score in a question; only their order matters.
NUMBER_SCORE = 0.40
DATE_SCORE = 0.30
NEAR_DATE_SCORE = 0.20
TITLE_SCORE = 0.30


@dataclass(frozen=True, kw_only=True)
class EpisodeMatch:
    """The answer: one KnownEpisode.id, or several for a file with joined episodes."""

    episode_ids: tuple[int, ...]
    evidence: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EpisodeCandidate:
    """An episode that it may be; `score` from 0 to 1 says no more than the order."""

    episode_id: int
    season_number: int
    episode_number: int
    title: str
    air_date: date | None
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EpisodeQuestion:
    """The evidence contradicts itself: a person decides. Candidates best first."""

    candidates: tuple[EpisodeCandidate, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class EpisodeMissing:
    """The catalogue has no such episode; a refresh of the show may bring it."""

    reason: str


def found(episode: KnownEpisode, evidence: str, reason: str) -> EpisodeMatch:
    return EpisodeMatch(episode_ids=(episode.id,), evidence=evidence, reason=reason)


_BASES = {
    "order": "by the order that you chose for Plex",
    "season_map": "by the season mapping",
    "absolute_number": "counted through all seasons",
}


def agreed(episode: KnownEpisode, evidence: str, plain: str, sentence: str) -> EpisodeMatch:
    """Match the numbered episode; only a plain number names what agrees as its evidence."""
    basis = _BASES.get(evidence)
    if basis is None:
        return found(episode, plain, f"{episode.code}: {sentence}.")
    return found(episode, evidence, f"{episode.code} {basis}: {sentence}.")


def by_title(episode: KnownEpisode) -> EpisodeMatch:
    return found(episode, "only_with_title", f"{episode.code} is the only episode of that title.")


def by_title_and_date(episode: KnownEpisode) -> EpisodeMatch:
    return found(
        episode, "only_with_title", f"{episode.code} is the only one of that title and air date."
    )


def ask(search: Search, episodes: Iterable[KnownEpisode | None], reason: str) -> EpisodeQuestion:
    unique = {episode.id: episode for episode in episodes if episode is not None}
    candidates = sorted(
        (_candidate(search, episode) for episode in unique.values()),
        key=lambda c: (-c.score, c.season_number, c.episode_number),
    )
    return EpisodeQuestion(candidates=tuple(candidates[:MAX_CANDIDATES]), reason=reason)


def _candidate(search: Search, episode: KnownEpisode) -> EpisodeCandidate:
    playback = search.playback
    number = (episode.season_number, episode.episode_number)
    reasons: list[tuple[float, str]] = []
    if episode is search.ordered:
        reasons.append((NUMBER_SCORE, "same number in the chosen order"))
    elif number == (search.season_number, search.episode_number):
        reasons.append((NUMBER_SCORE, "same number"))
    elif number == (playback.guid_season_number, playback.guid_episode_number):
        reasons.append((NUMBER_SCORE, "number in Plex's guid"))
    elif episode == search.counted():
        reasons.append((NUMBER_SCORE, "same number, counted through all seasons"))
    date_fit = search.date_of(episode)
    if date_fit is DateFit.SAME:
        reasons.append((DATE_SCORE, "same air date"))
    elif date_fit is DateFit.NEAR:
        reasons.append((NEAR_DATE_SCORE, "air date one day apart"))
    if search.title_of(episode) is TitleFit.SAME:
        reasons.append((TITLE_SCORE, "same title"))
    return EpisodeCandidate(
        episode_id=episode.id,
        season_number=episode.season_number,
        episode_number=episode.episode_number,
        title=episode.title,
        air_date=episode.air_date,
        score=round(sum(score for score, _ in reasons), 2),
        reasons=tuple(text for _, text in reasons),
    )
