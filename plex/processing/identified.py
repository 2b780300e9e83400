"""What the ladder of evidence came to: the show, or a question."""

from __future__ import annotations

from dataclasses import dataclass

from plex.episodes.match import FoundPair
from plex.lookups import TmdbAwayError
from plex.matching import Match, Question


@dataclass(frozen=True, kw_only=True)
class Identified:
    """The show is proved; `found_pair` is the episode where TMDB's look-up named it."""

    match: Match
    found_pair: FoundPair | None = None


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """A question. `away` is set while TMDB could not be asked: the answer may still come by itself."""

    question: Question
    away: TmdbAwayError | None = None
