"""Finds the shows that a Plex title or id could mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plex.matching import Candidate

if TYPE_CHECKING:
    from tracker.models import TVShow
    from tracker.tmdb import FoundShow


def similar_shows(title: str, *, limit: int = 20) -> list[Candidate]:
    raise NotImplementedError


def shows_with_ids(
    *, tmdb: int | None = None, tvdb: int | None = None, imdb: str = ""
) -> list[Candidate]:
    raise NotImplementedError


def candidate_of(show: TVShow) -> Candidate:
    raise NotImplementedError


def candidate_of_found(found: FoundShow) -> Candidate:
    raise NotImplementedError
