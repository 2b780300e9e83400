"""Pages of lists that are too long to be counted."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts no further than `MOST_ROWS`: counting a million rows takes longer than showing a page."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MOST_ROWS].count())
