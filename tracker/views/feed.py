"""The calendar as an iCal address: private, one per person, renewable."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tracker import queries
from tracker.encryption import DecryptionError, reveal, seal
from tracker.models import Episode, Profile
from tracker.models.site import hash_secret
from tracker.views.answers import UserRequest, back

PAST, AHEAD = timedelta(days=60), timedelta(days=400)
MOST_EVENTS = 2000
LINE_BYTES = 75


def feed_address(profile: Profile, request: HttpRequest) -> str:
    """The person's address, or "" before they asked for one (or when its key is lost)."""
    try:
        secret = reveal(profile, "ical_secret")
    except DecryptionError:
        return ""
    base = settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    # In the query, which no access log holds.
    return f"{base}{reverse('tracker:calendar-feed')}?key={secret}" if secret else ""


@login_required
@require_POST
def renew_address(request: UserRequest) -> HttpResponse:
    """A new address; the old one stops working at once."""
    profile = Profile.objects.get_or_create(user=request.user)[0]
    secret = secrets.token_urlsafe(24)
    try:
        seal(profile, "ical_secret", secret)
    except DecryptionError as error:
        messages.error(request, str(error))
        return back(request, reverse("tracker:calendar"))
    profile.ical_secret_sha256 = hash_secret(secret)
    profile.save(update_fields=["ical_secret", "ical_secret_sha256"])
    messages.success(request, "Here is your new calendar address. An older one no longer works.")
    return back(request, reverse("tracker:calendar"))


@require_safe
@never_cache
def feed(request: HttpRequest) -> HttpResponse:
    """What airs, for calendar programs, which can't sign in."""
    key = request.GET.get("key", "")
    profile = (
        key
        and Profile.objects.filter(ical_secret_sha256=hash_secret(key))
        .select_related("user")
        .first()
    )
    if not profile or not profile.user.is_active:
        raise Http404
    today = timezone.localdate()
    entries = queries.calendar(profile.user, today - PAST, today + AHEAD)[:MOST_EVENTS]
    episodes = [entry.episode for entry in entries]
    text = "\r\n".join(fold(calendar_lines(profile.user, episodes, timezone.now()))) + "\r\n"
    return HttpResponse(text, content_type="text/calendar; charset=utf-8")


def calendar_lines(user: User, episodes: Iterable[Episode], now: datetime) -> Iterator[str]:
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Full Tracker//Calendar//EN")
    yield f"X-WR-CALNAME:{escape(f'Shows of {user.get_username()}')}"
    yield "REFRESH-INTERVAL;VALUE=DURATION:PT12H"
    for episode in episodes:
        assert episode.air_date is not None  # noqa: S101 - for the type checker: they are picked by date
        title = f"{episode.season.show.title} {episode.code}"
        yield from ("BEGIN:VEVENT", f"UID:episode-{episode.pk}@full-tracker", f"DTSTAMP:{stamp}")
        yield f"DTSTART;VALUE=DATE:{episode.air_date:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{episode.air_date + timedelta(days=1):%Y%m%d}"
        yield f"SUMMARY:{escape(f'{title} · {episode.name}' if episode.name else title)}"
        yield from ("TRANSP:TRANSPARENT", "END:VEVENT")
    yield "END:VCALENDAR"


def escape(text: str) -> str:
    """A text value as RFC 5545 wants it."""
    text = text.replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,")
    return " ".join(text.split())


def fold(lines: Iterable[str]) -> Iterator[str]:
    """Lines of at most 75 bytes; a continuation starts with a space."""
    for line in lines:
        rest = line
        while len(rest.encode()) > LINE_BYTES:
            cut = LINE_BYTES
            while len(rest[:cut].encode()) > LINE_BYTES:
                cut -= 1
            yield rest[:cut]
            rest = f" {rest[cut:]}"
        yield rest
