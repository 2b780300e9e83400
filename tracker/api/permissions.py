"""Who may do what. Each list is cut to what the caller may see, so others' ids answer 404."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

from django.utils import timezone

from tracker.zones import zones_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request


def signed_in(request: Request) -> User:
    """The person who calls. Every view but the webhook and /healthz demands one (see the settings)."""
    return cast("User", request.user)


def today_of(request: Request) -> date:
    """The caller's day; the middleware knows the time zone of browsers only, not of tokens."""
    user_id = signed_in(request).pk
    return timezone.localdate(timezone=zones_of([user_id])[user_id])
