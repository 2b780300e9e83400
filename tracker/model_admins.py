"""What the model admins of both apps build on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


class GivenRowsAdmin(admin.ModelAdmin):
    """Rows that come about elsewhere: none is added or deleted here."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(GivenRowsAdmin):
    """Rows to look at; an action that changes one names a permission of its own."""

    # A count per filter would read the whole table, several times.
    show_facets = admin.ShowFacets.NEVER

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def staff(request: HttpRequest) -> User:
    """The person at the admin, who is signed in."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user
