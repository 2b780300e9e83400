"""Each signed-in person sees times in the zone of their profile."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from tracker.models import Profile
from tracker.zones import zone_named


class TimeZoneMiddleware:
    """Activates the profile's time zone and keeps the profile as `request.profile` (None without one)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        profile = profile_of(request)
        request.profile = profile  # type: ignore[attr-defined]
        with timezone.override(zone_named(profile.time_zone if profile else "")):
            return self.get_response(request)


def profile_of(request: HttpRequest) -> Profile | None:
    # Plex's webhooks bring no cookie: no session and no query for them.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return None
    return Profile.objects.filter(pk=request.user.pk).first()
