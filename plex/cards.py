"""What a conflict's card shows. The page and the admin render it from the same partial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch, Q, QuerySet

from plex import plex_shows
from plex.models import PlexConfig, PlexConflict, PlexWebhookLog
from plex.models.conflicts import PlexConflictQuerySet
from tracker.models import TVShow
from tracker.tmdb import FoundShow, TmdbError, connect

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHOWN_PLAYS = 5
FOUND_SHOWS = 8
# A search with a page of its own has room for more.
LISTED_SHOWS = 12
# A best candidate is clear when no other comes this near.
CLEAR_LEAD = 0.1
CLEAR_SCORE = 0.6
STRONG_SCORE = 0.8
ANSWERS = {"episode_id": "select", "tvshow_id": "select", "tmdb_id": "create_new"}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One answer that a card offers; `field` and `value` are what its button sends."""

    action: str
    field: str
    value: int
    title: str
    year: int | None = None
    details: str = ""
    score: float | None = None
    reasons: tuple[str, ...] = ()
    poster: str = ""

    @property
    def key(self) -> str:
        """Names the answer in a form that takes several."""
        return f"{self.field}:{self.value}"

    @property
    def percent(self) -> int | None:
        return None if self.score is None else round(self.score * 100)

    @property
    def strength(self) -> str:
        """The colour of the score, which stands there in words too."""
        return "good" if (self.score or 0) >= STRONG_SCORE else "warn"


@dataclass(frozen=True, kw_only=True)
class FoundShows:
    """The answer to a search: our shows, those on TMDB that we lack, and what went wrong there."""

    query: str = ""
    ours: tuple[Candidate, ...] = ()
    on_tmdb: tuple[Candidate, ...] = ()
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class ConflictCard:
    """`resolve_url` takes the answers, `search_url` shows the card again with `?q=`."""

    conflict: PlexConflict
    candidates: Sequence[Candidate]
    waiting: Sequence[PlexWebhookLog]
    held_count: int
    resolve_url: str
    search_url: str
    found: FoundShows
    can_answer: bool = True
    can_add_from_plex: bool = False

    @property
    def best(self) -> Candidate | None:
        """The candidate whose button stands out."""
        return clear_best(self.conflict)

    @property
    def is_episode(self) -> bool:
        return self.conflict.conflict_type == PlexConflict.Type.EPISODE

    @property
    def more_waiting(self) -> int:
        return max(0, self.held_count - len(self.waiting))


def with_card_data(conflicts: PlexConflictQuerySet, *, user: User) -> QuerySet[PlexConflict]:
    """Everything that cards need, in a fixed number of queries; only plays that the user may see."""
    waiting = (
        PlexWebhookLog.objects.held()
        .visible_to(user)
        .select_related("account")
        .without_bodies()
        .order_by("id")[:SHOWN_PLAYS]
    )
    return (
        conflicts.with_held_count()
        .select_related("mapping__tvshow", "resolved_tvshow")
        .prefetch_related(Prefetch("logs", waiting, to_attr="waiting"))
    )


def card_of(
    conflict: PlexConflict,
    *,
    resolve_url: str,
    search_url: str,
    query: str = "",
    can_answer: bool = True,
    plex: PlexConfig | None = None,
) -> ConflictCard:
    """The card of a conflict that `with_card_data` read; a query searches our shows and TMDB.

    `plex` is the connection whose server may describe the show in TMDB's stead.
    """
    return ConflictCard(
        conflict=conflict,
        candidates=candidates_of(conflict),
        waiting=getattr(conflict, "waiting", ()),
        held_count=getattr(conflict, "held_count", 0),
        resolve_url=resolve_url,
        search_url=search_url,
        found=search_shows(query) if query and not conflict.resolved else FoundShows(),
        can_answer=can_answer and not conflict.resolved,
        can_add_from_plex=conflict.conflict_type != PlexConflict.Type.EPISODE
        and plex_shows.can_add(plex, conflict.mapping),
    )


def describing(user: User) -> PlexConfig | None:
    """The user's connection, while TMDB can't be asked for want of a key it takes."""
    return PlexConfig.objects.filter(user=user).first() if plex_shows.tmdb_is_closed() else None


def candidates_of(conflict: PlexConflict) -> list[Candidate]:
    """The stored candidates, best first; entries that can't be read are left out.

    So are those with nothing in their favour, while another has.
    """
    entries = conflict.potential_matches if isinstance(conflict.potential_matches, list) else []
    found = [candidate for entry in entries if (candidate := read_candidate(entry))]
    likely = [candidate for candidate in found if candidate.percent != 0] or found
    return sorted(likely, key=lambda candidate: -(candidate.score or 0))


def clear_best(conflict: PlexConflict) -> Candidate | None:
    """The candidate that "accept best" takes: well ahead of every other one, else None."""
    candidates = candidates_of(conflict)
    if not candidates or (candidates[0].score or 0) < CLEAR_SCORE:
        return None
    second = (candidates[1].score or 0) if len(candidates) > 1 else 0
    return candidates[0] if (candidates[0].score or 0) - second >= CLEAR_LEAD else None


def read_candidate(entry: Any) -> Candidate | None:
    """A candidate from the JSON of `PlexConflict.potential_matches`."""
    if not isinstance(entry, dict):
        return None
    named = [(field, entry[field]) for field in ANSWERS if is_id(entry.get(field))]
    if not named:
        return None
    field, value = named[0]
    reasons = entry.get("reasons")
    score = entry.get("score")
    return Candidate(
        action=ANSWERS[field],
        field=field,
        value=value,
        title=str(entry.get("title") or "Without a title"),
        year=entry.get("year") if isinstance(entry.get("year"), int) else None,
        details=episode_details(entry) if field == "episode_id" else "",
        score=float(score) if isinstance(score, int | float) else None,
        reasons=tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else (),
        poster=str(entry.get("poster") or ""),
    )


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def episode_details(entry: dict[str, Any]) -> str:
    """ "S02E04 · 12 March 2021" of an episode's candidate."""
    season, number = entry.get("season_number"), entry.get("episode_number")
    parts = (
        [f"S{season:02}E{number:02}"] if isinstance(season, int) and isinstance(number, int) else []
    )
    try:
        aired = date.fromisoformat(str(entry.get("air_date") or ""))
    except ValueError:
        return " · ".join(parts)
    return " · ".join([*parts, f"{aired.day} {aired:%B %Y}"])


def search_shows(query: str) -> FoundShows:
    """Our shows whose titles hold the query, and TMDB's answer to it. Asks the network."""
    query = query.strip()[:200]
    if not query:
        return FoundShows()
    ours = our_shows(query)
    found, problem = ask_tmdb(query)
    known = dict(
        TVShow.objects.filter(tmdb_id__in=[show.tmdb_id for show in found]).values_list(
            "tmdb_id", "pk"
        )
    )
    listed = {show.pk for show in ours}
    ours += TVShow.objects.filter(pk__in=set(known.values()) - listed)
    return FoundShows(
        query=query,
        ours=tuple(our_candidate(show) for show in ours),
        on_tmdb=tuple(tmdb_candidate(show) for show in found if show.tmdb_id not in known),
        problem=problem,
    )


def our_shows(query: str, *, most: int = FOUND_SHOWS) -> list[TVShow]:
    """The shows of the tracker whose titles hold the query. Asks nobody."""
    query = query.strip()[:200]
    if not query:
        return []
    named = Q(title__icontains=query) | Q(titles__title__icontains=query)
    return list(TVShow.objects.filter(named).distinct().order_by("title", "pk")[:most])


def ask_tmdb(query: str) -> tuple[Sequence[FoundShow], str]:
    try:
        return connect().search(query)[:FOUND_SHOWS], ""
    except TmdbError as error:
        return (), str(error)


def our_candidate(show: TVShow) -> Candidate:
    return Candidate(
        action="select",
        field="tvshow_id",
        value=show.pk,
        title=show.title,
        year=show.year,
        details=joined([show.network, *show.origin_countries]),
        poster=show.poster_path,
    )


def tmdb_candidate(show: FoundShow) -> Candidate:
    return Candidate(
        action="create_new",
        field="tmdb_id",
        value=show.tmdb_id,
        title=show.title,
        year=show.first_air_date.year if show.first_air_date else None,
        details=joined(show.origin_countries),
        poster=show.poster_path,
    )


def joined(words: Iterable[str]) -> str:
    return " · ".join(word for word in words if word)
