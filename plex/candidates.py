"""Finds the shows that a Plex title or id could mean, in our tables."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Length
from thefuzz import process

from plex.matching import Candidate
from plex.title_index import CANDIDATES, YEAR_BONUS, IndexedTitle, TitleIndex
from tracker.models import ShowTitle, TrackedShow, TVShow
from tracker.titles import MAX_KEY_LENGTH, parse_bare_year, parse_title
from tracker.transliteration import scripts

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

    from tracker.tmdb import FoundShow

# PostgreSQL's own defaults (0.3, or 0.6 for words) miss many right shows. Below this a large catalogue
# takes much longer to search, and little more is found: docs/matching.md.
TRIGRAM_SIMILARITY = 0.15
# Tried first. Among 200,000 shows there are enough that are at least this alike, and searching down to
# TRIGRAM_SIMILARITY takes three times as long.
CLOSE_SIMILARITY = 0.25
# TMDB knows dozens of titles of a show. Those with the very key, and the few most alike, are weighed.
_ALIKE_TITLES = 3
_ROWS_AT_ONCE = 500
_READ = ("tmdb_id", "title", "original_title", "first_air_date", "origin_countries", "poster_path")

_SIMILAR_SQL = """
    SELECT names.show_id, max(
        similarity(names.key, %(key)s)
        + CASE WHEN abs(extract(year FROM tvshows.first_air_date) - %(year)s) <= 1
               THEN %(bonus)s ELSE 0 END
    ) AS score
    FROM tracker_showtitle AS names JOIN tvshows ON tvshows.id = names.show_id
    WHERE names.key %% %(key)s
    GROUP BY names.show_id
    ORDER BY score DESC, names.show_id
    LIMIT %(limit)s
"""


def similar_shows(
    title: str, *, limit: int = CANDIDATES, year: int | None = None
) -> list[Candidate]:
    """Return the shows whose titles are most alike, all namesakes among them, best first.

    `year`, the show's own, helps to find a show under quite another title; it excludes nothing.
    More than `limit` are returned only if more have the very title.
    """
    parsed = parse_title(title)
    bare = parse_bare_year(title)
    keys = {parsed.key, bare.key if bare else parsed.key} - {""}
    namesakes = ShowTitle.objects.filter(key__in=keys).order_by("show_id")
    found = dict.fromkeys(namesakes.values_list("show_id", flat=True))
    find = _by_trigrams if connection.vendor == "postgresql" else _by_index
    for show in find(title, year=parsed.year or year, limit=limit):
        if len(found) < limit:
            found.setdefault(show)
    return _load(list(found), keys=keys, key=parsed.key)


def shows_with_ids(
    *, tmdb: int | None = None, tvdb: int | None = None, imdb: str = ""
) -> list[Candidate]:
    """Return the shows that have one of these ids; ids of shows, never of episodes."""
    wanted = Q()
    if tmdb:
        wanted |= Q(tmdb_id=tmdb)
    if tvdb:
        wanted |= Q(tvdb_id=tvdb)
    if imdb:
        wanted |= Q(imdb_id=imdb)
    if not wanted:
        return []
    return [candidate_of(show) for show in _shows().filter(wanted).order_by("pk")]


def candidate_of(show: TVShow) -> Candidate:
    """Return one of our shows as a candidate, with all its titles."""
    return _candidate(show, other_titles=[str(title) for title in show.alternative_titles])


def candidate_of_found(found: FoundShow) -> Candidate:
    """Return a show that TMDB listed as a candidate."""
    return Candidate(
        tvshow_id=None,
        tmdb_id=found.tmdb_id,
        title=found.title,
        original_title=found.original_title,
        year=found.first_air_date.year if found.first_air_date else None,
        countries=tuple(found.origin_countries),
        poster_path=found.poster_path,
    )


def _load(ids: list[int], *, keys: Collection[str], key: str) -> list[Candidate]:
    """Read the shows in two queries, each with the alternative titles that could matter."""
    shows = _shows().only(*_READ).in_bulk(ids)
    titles: dict[int, dict[str, str]] = defaultdict(dict)
    alternative = ShowTitle.objects.filter(show__in=ids, kind=ShowTitle.Kind.ALTERNATIVE)
    for show_id, name_key, name in alternative.values_list("show_id", "key", "title"):
        titles[show_id][name_key] = name
    return [
        _candidate(shows[pk], other_titles=_telling(titles[pk], keys=keys, key=key))
        for pk in ids
        if pk in shows
    ]


def _telling(titles: dict[str, str], *, keys: Collection[str], key: str) -> list[str]:
    same = [name for name_key, name in titles.items() if name_key in keys]
    alike = process.extract(key, list(titles), processor=None, limit=_ALIKE_TITLES)
    return same + [titles[name_key] for name_key, *_ in alike]


def _candidate(show: TVShow, *, other_titles: Iterable[str]) -> Candidate:
    known = {show.title, show.original_title, ""}
    return Candidate(
        tvshow_id=show.pk,
        tmdb_id=show.tmdb_id,
        title=show.title,
        original_title=show.original_title,
        other_titles=tuple(title for title in dict.fromkeys(other_titles) if title not in known),
        year=show.year,
        countries=tuple(str(country) for country in show.origin_countries),
        poster_path=show.poster_path,
        is_tracked=_is_tracked(show),
    )


def _shows() -> QuerySet[TVShow]:
    return TVShow.objects.annotate(_tracked=Exists(TrackedShow.objects.filter(show=OuterRef("pk"))))


def _is_tracked(show: TVShow) -> bool:
    annotated = getattr(show, "_tracked", None)
    return show.tracked.exists() if annotated is None else bool(annotated)


def _by_trigrams(title: str, *, year: int | None, limit: int) -> list[int]:
    found: dict[int, None] = {}
    with connection.cursor() as cursor:
        for key in dict.fromkeys("".join(words) for words in scripts(title)):
            values: dict[str, str | int | float] = {
                "key": key[:MAX_KEY_LENGTH],
                "year": year or 0,
                "bonus": YEAR_BONUS,
                "limit": limit,
            }
            found |= dict.fromkeys(_most_alike(cursor, values))
    return list(found)


def _most_alike(cursor: CursorWrapper, values: dict[str, str | int | float]) -> list[int]:
    """The shows asked for, best first, whichever of the two thresholds finds them."""
    # What the first one leaves out has at most this much.
    enough = CLOSE_SIMILARITY + (YEAR_BONUS if values["year"] else 0)
    rows: list[tuple[int, float]] = []
    for similarity in (CLOSE_SIMILARITY, TRIGRAM_SIMILARITY):
        # For the session: nothing else uses the operator, and SET LOCAL would need a transaction.
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, false)", [str(similarity)]
        )
        cursor.execute(_SIMILAR_SQL, values)
        rows = cursor.fetchall()
        if len(rows) == values["limit"] and rows[-1][1] > enough:
            break
    return [show for show, _ in rows]


def _by_index(title: str, *, year: int | None, limit: int) -> list[int]:
    with _lock:
        _follow_the_table()
        return _memory.index.find(title, year=year, limit=limit)


class _Memory:
    """The titles of all shows, and the state of the table when they were read."""

    def __init__(self) -> None:
        self.index = TitleIndex()
        self.rows: dict[int, tuple[int, str]] = {}
        self.state: tuple[object, ...] = ()


_memory = _Memory()
_lock = threading.Lock()


def _follow_the_table() -> None:
    """Bring the index up to date: only titles that came or went are read and indexed."""
    state = _table_state()
    if state == _memory.state:
        return
    known, rows = _memory.rows, ShowTitle.objects.values_list("pk", "show_id", "key")
    now = {pk: (show_id, key) for pk, show_id, key in rows.iterator()}
    gone = [pk for pk, row in known.items() if now.get(pk) != row]
    added = [pk for pk, row in now.items() if known.get(pk) != row]
    _memory.index.update(_indexed(added, everything=len(added) == len(now)), gone=gone)
    _memory.rows = now
    _memory.state = state


def _indexed(rows: list[int], *, everything: bool) -> Iterator[IndexedTitle]:
    titles = ShowTitle.objects.values_list("pk", "show_id", "title", "show__first_air_date")
    parts = (
        [titles]
        if everything
        else [
            titles.filter(pk__in=rows[at : at + _ROWS_AT_ONCE])
            for at in range(0, len(rows), _ROWS_AT_ONCE)
        ]
    )
    for part in parts:
        for pk, show_id, title, first_air_date in part.iterator():
            year = first_air_date.year if first_air_date else None
            yield IndexedTitle(row=pk, show=show_id, title=title, year=year)


def _table_state() -> tuple[object, ...]:
    """What changes with every change of the table.

    A row that is rewritten gets a new number, unless a rollback gives the number out again: what
    was read inside a transaction is compared more closely.
    """
    if not connection.in_atomic_block:
        last = ShowTitle.objects.order_by("-pk").values_list("pk", flat=True).first()
        return ShowTitle.objects.count(), last
    found = ShowTitle.objects.aggregate(
        count=Count("pk"),
        last=Max("pk"),
        shows=Sum("show_id"),
        letters=Sum(Length("key")),
        first_key=Min("key"),
        last_key=Max("key"),
    )
    return tuple(found.values())
