"""The time zones of people: a day begins where they live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from tracker.models import Profile


def zone_named(name: str) -> tzinfo:
    """The zone of this name; the installation's where there is none, or the name is not known."""
    try:
        return ZoneInfo(name) if name else timezone.get_default_timezone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.get_default_timezone()


def zones_of(user_ids: Iterable[int]) -> dict[int, tzinfo]:
    """Each user's zone, those without a profile included, in one query."""
    named = dict(Profile.objects.filter(pk__in=user_ids).values_list("pk", "time_zone"))
    return {user_id: zone_named(named.get(user_id, "")) for user_id in user_ids}
