"""How the integration does: figures of the last day, and the activity of the last month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, CharField, Count, F, Func, Q, QuerySet
from django.utils import timezone

from plex.models import PlexConfig, PlexConflict, PlexWebhookLog, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from plex.models.webhook_log import PlexWebhookLogQuerySet

RECENT = timedelta(hours=24)
ACTIVITY = timedelta(days=30)
# Events that arrive together may get their ids in another order than their times.
ID_SLACK = 1000


@dataclass(frozen=True, kw_only=True)
class DayActivity:
    """The events of one day in the active time zone; `counts` by status, zeros included."""

    day: date
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """`success_rate`, 0 to 1: of the plays of 24 hours that came to an end, or wait for a person, those
    that were recorded; None without any. Durations are milliseconds of processing in 24 hours."""

    success_rate: float | None
    average_duration_ms: float | None
    p95_duration_ms: float | None
    events_24h: int
    open_conflicts: int
    held: int
    activity: tuple[DayActivity, ...]


class HourText(Func):
    """The UTC hour of a moment as text. Django's TruncHour calls Python for each row on SQLite."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "substr(%(expressions)s, 1, 13)"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
        return super().as_sql(compiler, connection, template=template, **extra)


def stats(config: PlexConfig | None) -> SyncReport:
    """The report of one connection, or of all. Reads only rows of the last 24 hours and 30 days."""
    logs = PlexWebhookLog.objects.order_by()
    conflicts = PlexConflict.objects.open()
    if config is not None:
        logs = logs.filter(config=config)
        conflicts = conflicts.filter(pk__in=logs.held().values("conflict"))
    return report(logs, conflicts)


def stats_for(user: User) -> SyncReport:
    """The report of the events that a person may see: all for staff, else their own."""
    return report(
        PlexWebhookLog.objects.order_by().visible_to(user),
        PlexConflict.objects.open().visible_to(user),
    )


def report(logs: PlexWebhookLogQuerySet, conflicts: QuerySet[PlexConflict]) -> SyncReport:
    now = timezone.now()
    recent = since(logs, now - RECENT)
    figures = recent.aggregate(
        total=Count("pk"),
        done=Count("pk", filter=Q(status=Status.SUCCESS)),
        undone=Count("pk", filter=Q(status__in=[Status.FAILED, Status.HELD])),
        timed=Count("processing_duration_ms"),
        average=Avg("processing_duration_ms"),
    )
    settled = figures["done"] + figures["undone"]
    return SyncReport(
        success_rate=figures["done"] / settled if settled else None,
        average_duration_ms=figures["average"],
        p95_duration_ms=p95(recent, figures["timed"]),
        events_24h=figures["total"],
        open_conflicts=conflicts.count(),
        held=logs.held().count(),
        activity=activity_per_day(logs, now=now),
    )


def since(logs: QuerySet[PlexWebhookLog], moment: datetime) -> QuerySet[PlexWebhookLog]:
    """The events since a moment. Ids follow the clock but for moments, and the bound by id serves every
    index; with the moment alone SQLite reads all rows of a connection."""
    newer = PlexWebhookLog.objects.filter(created_at__gte=moment).order_by("created_at")
    first = newer.values_list("pk", flat=True).first()
    bound = logs.none() if first is None else logs.filter(pk__gte=first - ID_SLACK)
    return bound.filter(created_at__gte=moment)


def p95(logs: QuerySet[PlexWebhookLog], timed: int) -> float | None:
    """The duration within which 95 of 100 events were processed (nearest rank)."""
    if not timed:
        return None
    rank = -(-95 * timed // 100)
    durations = logs.filter(processing_duration_ms__isnull=False).order_by("processing_duration_ms")
    return durations.values_list("processing_duration_ms", flat=True)[rank - 1]


def activity_per_day(logs: QuerySet[PlexWebhookLog], *, now: datetime) -> tuple[DayActivity, ...]:
    """Every day of the last 30, oldest first, also those on which nothing arrived."""
    today = timezone.localdate(now)
    first = today - ACTIVITY + timedelta(days=1)
    counts = {
        first + timedelta(days=n): dict.fromkeys(Status.values, 0) for n in range(ACTIVITY.days)
    }
    rows = (
        since(logs, now - ACTIVITY)
        .annotate(hour=HourText(F("created_at")))
        .values_list("hour", "status")
        .annotate(count=Count("pk"))
    )
    for hour, status, count in rows:
        day = timezone.localdate(datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC))
        if day in counts:
            counts[day][status] += count
    return tuple(DayActivity(day=day, counts=by_status) for day, by_status in counts.items())
