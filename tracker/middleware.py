"""What browsers are told to refuse, and times in the zone of the signed-in person's profile."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone

from tracker.models import Profile
from tracker.views.errors import wrong_method
from tracker.zones import zone_named

# No page uses these, so nothing that got into one may.
UNUSED = ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)


class PermissionsPolicyMiddleware:
    """Keeps devices from all pages, and our answers from being embedded in other sites."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp's, which makes its policy even for answers that bring their own: a twentieth of an event's cost."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        return response if HEADER in response else super().process_response(request, response)


class FormAddressMiddleware:
    """A page for whoever opens the address of a form, where Django answers with an empty one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method == "GET":
            page = wrong_method(request)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response


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
