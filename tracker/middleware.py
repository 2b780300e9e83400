"""Each signed-in person sees times in the zone of their profile."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from tracker.models import Profile


class TimeZoneMiddleware:
    """Activates the profile's time zone and keeps the profile as `request.profile` (None without one)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        profile = profile_of(request)
        request.profile = profile  # type: ignore[attr-defined]
        with timezone.override(zone_of(profile)):
            return self.get_response(request)


def profile_of(request: HttpRequest) -> Profile | None:
    # Plex's webhooks bring no cookie: no session and no query for them.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return None
    return Profile.objects.filter(pk=request.user.pk).first()


def zone_of(profile: Profile | None) -> zoneinfo.ZoneInfo | None:
    """The profile's zone; None (the server's) without one, or when the name is no longer known."""
    if profile is None or not profile.time_zone:
        return None
    try:
        return zoneinfo.ZoneInfo(profile.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
