"""What a person has here, to take along: tables for a spreadsheet, JSON for programs.

Read and written a piece at a time, so that its size costs no memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from tracker.models import TrackedShow, Watch

Row = dict[str, Any]

# What each column is called, and where it comes from.
WATCH_COLUMNS = {
    "watched_at": "watched_at",
    "show": "episode__season__show__title",
    "season": "episode__season__season_number",
    "episode": "episode__episode_number",
    "name": "episode__name",
    "air_date": "episode__air_date",
    "play": "play",
    "source": "source",
    "show_tmdb_id": "episode__season__show__tmdb_id",
    "show_tvdb_id": "episode__season__show__tvdb_id",
    "show_imdb_id": "episode__season__show__imdb_id",
    "episode_tmdb_id": "episode__tmdb_id",
}
SHOW_COLUMNS = {
    "show": "show__title",
    "first_air_date": "show__first_air_date",
    "status": "status",
    "rating": "rating",
    "started_on": "started_on",
    "finished_on": "finished_on",
    "notes": "notes",
    "added_at": "created_at",
    "show_tmdb_id": "show__tmdb_id",
    "show_tvdb_id": "show__tvdb_id",
    "show_imdb_id": "show__imdb_id",
}
ROWS_AT_ONCE = 500
# How a cell begins that a spreadsheet would calculate.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def watch_rows(user: User) -> Iterator[Row]:
    """What the person watched, the earliest first; what was removed is not in it."""
    watches = Watch.objects.standing().filter(user=user).order_by("watched_at", "pk")
    return rows_of(watches, WATCH_COLUMNS)


def show_rows(user: User) -> Iterator[Row]:
    """The shows that the person tracks, with status, rating and notes, by title."""
    return rows_of(
        TrackedShow.objects.filter(user=user).order_by("show__title", "pk"), SHOW_COLUMNS
    )


def rows_of(rows: QuerySet[Any], columns: dict[str, str]) -> Iterator[Row]:
    for values in rows.values_list(*columns.values()).iterator(chunk_size=ROWS_AT_ONCE):
        yield dict(zip(columns, map(written, values), strict=True))


def written(value: object) -> object:
    """Days and times as ISO 8601, times in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows some at a time: each piece of an answer costs a call to the network."""
    rest = iter(rows)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        yield some


class Line:
    """What `csv.writer` writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(columns: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
    """A table with a head, in pieces. A text that a spreadsheet would calculate gets an apostrophe."""
    writer = csv.writer(Line())
    yield writer.writerow(columns)
    for some in portions(rows):
        yield "".join(writer.writerow(map(cell, row.values())) for row in some)


def cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def as_json(user: User, *, now: datetime) -> Iterator[str]:
    """One object with everything, in pieces."""
    head = json.dumps({"exported_at": written(now), "person": user.get_username()})
    yield f'{head[:-1]}, "shows": ['
    yield from json_items(show_rows(user))
    yield '],\n"watches": ['
    yield from json_items(watch_rows(user))
    yield "]}\n"


def json_items(rows: Iterable[Row]) -> Iterator[str]:
    separator = "\n"
    for some in portions(rows):
        yield separator + ",\n".join(json.dumps(row, ensure_ascii=False) for row in some)
        separator = ",\n"
