"""What is looked at in the admin and never edited."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts no further than `MOST_ROWS`: counting a million rows takes longer than showing a page."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MOST_ROWS].count())


class ReadOnlyAdmin(admin.ModelAdmin):
    show_full_result_count = False
    # A count per filter would read the whole table, several times.
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
