"""The activity of days that are over, counted once in a while for the view of the last month.

The view counts the days since by itself, and all of them where this never ran.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Avg, Count
from django.utils import timezone

from plex.models import PlexActivityDay, PlexWebhookLog

DAY = timedelta(days=1)
# As far as the view goes back.
DAYS = 30
# Today, and yesterday, some of whose events are decided late: the view counts both itself.
LIVE_DAYS = 2
JOB = "activity_days"


def settle_days() -> None:
    """Count the days that are over again: some of their events may have been decided since."""
    today = timezone.now().astimezone(UTC).date()
    days = [today - n * DAY for n in range(LIVE_DAYS, DAYS + 1)]
    counted = [row for day in days for row in counts_of(day)]
    with transaction.atomic():
        PlexActivityDay.objects.all().delete()
        PlexActivityDay.objects.bulk_create(counted)


def counts_of(day: date) -> Iterator[PlexActivityDay]:
    began = datetime.combine(day, time.min, tzinfo=UTC)
    rows = PlexWebhookLog.objects.order_by().filter(
        created_at__gte=began, created_at__lt=began + DAY
    )
    counts = rows.values_list("event_type", "status").annotate(
        count=Count("*"), average=Avg("processing_duration_ms")
    )
    for event_type, status, count, average in counts:
        yield PlexActivityDay(
            day=day,
            event_type=event_type,
            status=status,
            event_count=count,
            avg_duration_ms=average,
        )
