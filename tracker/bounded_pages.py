"""Pages of lists that take long to count."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts no further than `MOST_ROWS`: counting a million rows takes longer than showing a page."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MOST_ROWS].count())


class WholeListPaginator(Paginator):
    """Reads the list once and counts what came: of a view that counts, counting takes as long."""

    @cached_property
    def count(self) -> int:
        return len(self.object_list)


class WholeChangeList(ChangeList):
    """The admin's list of such a view; Django would read a list of one page a second time."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.queryset
