"""Who may do what. Each list is cut to what the caller may see, so others' ids answer 404."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request


def signed_in(request: Request) -> User:
    """The person who calls. Every view but the webhook and /healthz demands one (see the settings)."""
    return cast("User", request.user)
