"""The step of the ladder that goes by the title: among our shows and TMDB's, with proof or as a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from plex import candidates as shows
from plex.lookups import Lookups
from plex.matching import Candidate, Match, Question, decide_by_title
from plex.payload import Playback, PlexShow
from plex.processing.by_ids import ours
from plex.processing.events import Event
from plex.processing.ruled import allowed
from tracker.models import Episode
from tracker.tmdb import EpisodeData

# Seasons that are fetched to look for the episode's own id or date.
CHECKED_CANDIDATES = 5


def by_title(
    event: Event, show: PlexShow, playback: Playback | None, lookups: Lookups
) -> Match | Question:
    """Step 6: the title, among our shows and TMDB's; above 0.90 only with proof."""
    has_ids = playback is not None and bool(playback.episode_ids.tvdb or playback.episode_ids.imdb)
    if not has_ids:
        local = decide_locally(event, show, playback, quietly=True)
        if isinstance(local, Match) and local.candidate.airs_on_date:
            tell_title(event, local)
            return local
    found = [shows.candidate_of_found(item) for item in lookups.search(search_title(show))]
    candidates = merged(
        shows.similar_shows(show.title, year=show.year), [ours(candidate) for candidate in found]
    )
    candidates = with_dates(allowed(event, candidates), playback)
    if playback is not None:
        candidates = with_seasons(candidates, show, playback, lookups)
    decision = decide_by_title(
        show.title,
        show_year=show.year,
        latest_year=playback.episode_year if playback else None,
        candidates=candidates,
    )
    tell_title(event, decision)
    return decision


def search_title(show: PlexShow) -> str:
    """The title without the year that Plex puts behind some: TMDB's search takes it for a word."""
    suffix = f"({show.year})"
    return show.title.removesuffix(suffix).strip() or show.title


def decide_locally(
    event: Event, show: PlexShow, playback: Playback | None, *, quietly: bool = False
) -> Match | Question:
    """The title among our own shows only."""
    decision = decide_by_title(
        show.title,
        show_year=show.year,
        latest_year=playback.episode_year if playback else None,
        candidates=with_dates(
            allowed(event, shows.similar_shows(show.title, year=show.year)), playback
        ),
        namesakes_complete=False,
    )
    if not quietly:
        tell_title(event, decision)
    return decision


def tell_title(event: Event, decision: Match | Question) -> None:
    if isinstance(decision, Match):
        event.tell("title", " ".join(decision.evidence), confidence=decision.confidence)
        return
    listed = [
        {
            "title": r.candidate.title,
            "year": r.candidate.year,
            "score": r.score,
            "reasons": list(r.reasons),
        }
        for r in decision.ranked[:CHECKED_CANDIDATES]
    ]
    event.tell("title", decision.reason, candidates=listed)


def merged(local: Iterable[Candidate], found: Iterable[Candidate]) -> list[Candidate]:
    """Both lists without repeats; what we hold ourselves knows more and goes first."""
    candidates = {
        candidate.tvshow_id or f"tmdb:{candidate.tmdb_id}": candidate for candidate in local
    }
    for candidate in found:
        candidates.setdefault(candidate.tvshow_id or f"tmdb:{candidate.tmdb_id}", candidate)
    return list(candidates.values())


def with_dates(candidates: Sequence[Candidate], playback: Playback | None) -> list[Candidate]:
    """Notes which of our own shows have this episode number on this very day."""
    ids = [candidate.tvshow_id for candidate in candidates if candidate.tvshow_id]
    if playback is None or playback.air_date is None or not ids:
        return list(candidates)
    if playback.season_number is None or playback.episode_number is None:
        return list(candidates)
    airing = set(
        Episode.objects.filter(
            season__show_id__in=ids,
            season__season_number=playback.season_number,
            episode_number=playback.episode_number,
            air_date=playback.air_date,
        ).values_list("season__show_id", flat=True)
    )
    return [
        replace(candidate, airs_on_date=candidate.tvshow_id in airing)
        if candidate.tvshow_id
        else candidate
        for candidate in candidates
    ]


def with_seasons(
    candidates: Sequence[Candidate], show: PlexShow, playback: Playback, lookups: Lookups
) -> list[Candidate]:
    """Reads the season from TMDB for the likeliest: does it hold this episode id, on this day?"""
    if playback.season_number is None or not (playback.episode_ids.tmdb or playback.air_date):
        return list(candidates)
    likely = likeliest(candidates, show, playback)
    return [
        checked(candidate, playback, lookups) if candidate.tmdb_id in likely else candidate
        for candidate in candidates
    ]


def likeliest(candidates: Sequence[Candidate], show: PlexShow, playback: Playback) -> set[int]:
    question = decide_by_title(
        show.title, show_year=show.year, latest_year=playback.episode_year, candidates=candidates
    )
    if isinstance(question, Match):
        return {question.candidate.tmdb_id} if question.candidate.tmdb_id else set()
    ranked = [r.candidate.tmdb_id for r in question.ranked if r.candidate.tmdb_id]
    return set(ranked[:CHECKED_CANDIDATES])


def checked(candidate: Candidate, playback: Playback, lookups: Lookups) -> Candidate:
    assert candidate.tmdb_id is not None and playback.season_number is not None  # noqa: S101, PT018
    season = lookups.season(candidate.tmdb_id, playback.season_number)
    episodes = season.episodes if season else ()
    return replace(
        candidate,
        holds_episode_id=playback.episode_ids.tmdb in {e.tmdb_id for e in episodes}
        if playback.episode_ids.tmdb
        else None,
        airs_on_date=has_on(episodes, playback.episode_number, playback.air_date)
        or candidate.airs_on_date,
    )


def has_on(episodes: Sequence[EpisodeData], number: int | None, day: date | None) -> bool | None:
    if number is None or day is None:
        return None
    return any((episode.episode_number, episode.air_date) == (number, day) for episode in episodes)
