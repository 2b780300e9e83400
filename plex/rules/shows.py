"""The shows that the form of a rule offers: the one it names, and those that were searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plex.cards import Candidate, FoundShows, our_candidate, our_shows, search_shows
from tracker.models import TVShow

# How a form names a show of TMDB that the tracker lacks: the number follows.
TMDB_CHOICE = "tmdb-"


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    show: Candidate
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class ShowChoices:
    """`asked_tmdb`: whether TMDB was searched too."""

    query: str = ""
    ours: Sequence[Choice] = ()
    on_tmdb: Sequence[Choice] = ()
    problem: str = ""
    asked_tmdb: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.ours and not self.on_tmdb


def show_choices(query: str, *, chosen: int | None, ask_tmdb: bool = False) -> ShowChoices:
    """What a search found, below the show that is chosen. With `ask_tmdb` over the network as well."""
    query = query.strip()[:200]
    found = search_shows(query) if ask_tmdb else ours_only(query)
    named = TVShow.objects.filter(pk=chosen or 0).first()
    ours = [one for one in found.ours if one.value != chosen]
    first = [our_candidate(named)] if named is not None else []
    return ShowChoices(
        query=query,
        ours=[
            Choice(value=str(one.value), show=one, is_chosen=one.value == chosen)
            for one in (*first, *ours)
        ],
        on_tmdb=[Choice(value=f"{TMDB_CHOICE}{one.value}", show=one) for one in found.on_tmdb],
        problem=found.problem,
        asked_tmdb=ask_tmdb,
    )


def ours_only(query: str) -> FoundShows:
    return FoundShows(query=query, ours=tuple(our_candidate(show) for show in our_shows(query)))
