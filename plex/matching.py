"""Decides which show a Plex title or id means; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

AUTOMATIC = 0.90


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A show that could be meant, from our tables (`tvshow_id`) or from TMDB."""

    tvshow_id: int | None
    tmdb_id: int | None
    title: str
    original_title: str = ""
    other_titles: tuple[str, ...] = ()
    year: int | None = None
    countries: tuple[str, ...] = ()
    poster_path: str = ""
    is_tracked: bool = False
    holds_episode_id: bool | None = None
    airs_on_date: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Ranked:
    candidate: Candidate
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Match:
    candidate: Candidate
    confidence: float
    method: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    kind: str
    ranked: tuple[Ranked, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class IdHit:
    source: str
    candidate: Candidate
    sentence: str


def rank(
    title: str,
    *,
    show_year: int | None,
    latest_year: int | None,
    candidates: Sequence[Candidate],
) -> tuple[Ranked, ...]:
    raise NotImplementedError


def decide_by_title(
    title: str,
    *,
    show_year: int | None,
    latest_year: int | None,
    candidates: Sequence[Candidate],
    namesakes_complete: bool = True,
) -> Match | Question:
    raise NotImplementedError


def decide_by_ids(*, found: Sequence[IdHit]) -> Match | Question | None:
    raise NotImplementedError


def potential_matches(ranked: Sequence[Ranked]) -> list[dict[str, Any]]:
    raise NotImplementedError
