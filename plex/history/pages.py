"""Reads a whole history from its beginning, piece by piece, and notices when it changed meanwhile.

Rows are counted from the beginning. Plex may delete old ones, which would shift all that follow and
hide as many; so each page begins with the last row that was read, and where another one is there,
all is read again. Rows that are known already make no second event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from plex import fields
from plex.client import HistoryRow, PlexServer, is_last

# A history that changes all the time is then read as it comes.
MOST_TIMES = 3


@dataclass(frozen=True, kw_only=True)
class Place:
    """After how many rows, and after which: "" where that can't be told."""

    offset: int = 0
    key: str = ""
    times: int = 1

    @staticmethod
    def read(cursor: Mapping[str, Any]) -> Place:
        return Place(
            offset=fields.whole(cursor.get("offset")) or 0,
            key=fields.text(cursor.get("key")),
            times=fields.whole(cursor.get("times")) or 1,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def again(self) -> Place:
        return Place(times=self.times + 1)


@dataclass(frozen=True, kw_only=True)
class Page:
    """The rows that come after a place; `total` counts all of the history."""

    rows: tuple[HistoryRow, ...]
    after: Place
    total: int
    is_last: bool


def next_page(server: PlexServer, place: Place) -> Page | None:
    """The rows after a place; None where they have moved, and all has to be read again."""
    overlap = 1 if place.key and place.times < MOST_TIMES else 0
    start = place.offset - overlap
    page = server.history_page(start=start)
    if overlap and (not page.rows or page.rows[0].history_key != place.key):
        return None
    end = start + page.size
    # A row that can't be read is none to recognise the place by.
    key = page.rows[-1].history_key if page.rows and len(page.rows) == page.size else ""
    return Page(
        rows=page.rows[overlap:],
        after=replace(place, offset=max(end, place.offset), key=key),
        total=end if page.total is None else page.total,
        is_last=is_last(page, end=end) or page.size <= overlap,
    )
