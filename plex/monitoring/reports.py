"""How the integration does: figures of the last day, and the activity of the last month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import Avg, CharField, Count, F, Func, Q, QuerySet, Value
from django.utils import timezone

from plex.models import PlexAccount, PlexConfig, PlexConflict, PlexWebhookLog, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RECENT = timedelta(hours=24)
ACTIVITY = timedelta(days=30)
DAY = timedelta(days=1)
# Events that arrive together may get their ids in another order than their times.
ID_SLACK = 1000
# The last days are counted each time. Earlier ones hardly change and are most of the work: they are
# counted again only after SETTLED_SECONDS.
LIVE_DAYS = 2
SETTLED_SECONDS = 15 * 60

Counts = dict[date, dict[str, int]]


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


class MinuteText(Func):
    """The UTC minute of a moment as text. Django's TruncMinute calls Python for each row on SQLite."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "substr(%(expressions)s, 1, 16)"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
        return super().as_sql(compiler, connection, template=template, **extra)


def stats(config: PlexConfig | None) -> SyncReport:
    """The report of one connection, or of all. Reads only rows of the last 24 hours and 30 days."""
    if config is None:
        return report_of_all(now=timezone.now())
    logs = PlexWebhookLog.objects.order_by().filter(config=config)
    held = logs.held()
    conflicts = PlexConflict.objects.open().filter(pk__in=held.values("conflict"))
    return report_of_some([logs], held, conflicts, whose=f"config-{config.pk}")


def stats_for(user: User) -> SyncReport:
    """The report of the events that a person may see: all for staff, else their own."""
    if user.is_staff:
        return report_of_all(now=timezone.now())
    logs = PlexWebhookLog.objects.order_by()
    accounts = list(PlexAccount.objects.filter(users=user).values_list("pk", flat=True))
    # What `visible_to` allows, in parts that share no event and have an index each.
    parts = [logs.filter(config=user.pk), logs.filter(account__in=accounts).exclude(config=user.pk)]
    held, conflicts = logs.held().visible_to(user), PlexConflict.objects.open().visible_to(user)
    whose = "-".join(map(str, ("user", user.pk, *sorted(accounts))))
    return report_of_some(parts, held, conflicts, whose=whose)


def report_of_all(*, now: datetime) -> SyncReport:
    logs = PlexWebhookLog.objects.order_by()
    return report(
        since(logs, now - RECENT),
        held=logs.held().count(),
        open_conflicts=PlexConflict.objects.open().count(),
        activity=activity("all", count_all, now=now),
    )


def report_of_some(
    parts: Sequence[QuerySet[PlexWebhookLog]],
    held: QuerySet[PlexWebhookLog],
    conflicts: QuerySet[PlexConflict],
    *,
    whose: str,
) -> SyncReport:
    """`parts` share no event; `whose` tells them from those of others."""
    now = timezone.now()
    recent = [part.values("pk") for part in some_since(parts, now - RECENT)]
    return report(
        PlexWebhookLog.objects.order_by().filter(pk__in=recent[0].union(*recent[1:], all=True)),
        held=held.count(),
        open_conflicts=conflicts.count(),
        activity=activity(whose, partial(count_some, parts), now=now),
    )


def report(
    recent: QuerySet[PlexWebhookLog],
    *,
    held: int,
    open_conflicts: int,
    activity: tuple[DayActivity, ...],
) -> SyncReport:
    figures = recent.aggregate(
        total=Count("*"),
        done=Count("status", filter=Q(status=Status.SUCCESS)),
        undone=Count("status", filter=Q(status__in=[Status.FAILED, Status.HELD])),
        timed=Count("processing_duration_ms"),
        average=Avg("processing_duration_ms"),
    )
    settled = figures["done"] + figures["undone"]
    return SyncReport(
        success_rate=figures["done"] / settled if settled else None,
        average_duration_ms=figures["average"],
        p95_duration_ms=p95(recent, figures["timed"]),
        events_24h=figures["total"],
        open_conflicts=open_conflicts,
        held=held,
        activity=activity,
    )


def since(logs: QuerySet[PlexWebhookLog], moment: datetime) -> QuerySet[PlexWebhookLog]:
    """Everybody's events since a moment: the index of times leads to them."""
    return logs.filter(created_at__gte=moment)


def some_since(
    parts: Iterable[QuerySet[PlexWebhookLog]], moment: datetime
) -> list[QuerySet[PlexWebhookLog]]:
    """Parts of the log since a moment. Ids follow the clock but for moments, and a bound by id serves
    the indexes of connections and accounts; with the moment alone all rows of a connection are read."""
    newer = PlexWebhookLog.objects.filter(created_at__gte=moment).order_by("created_at")
    first = newer.values_list("pk", flat=True).first()
    bounds: dict[str, Any] = {"pk__in": []} if first is None else {"pk__gte": first - ID_SLACK}
    return [part.filter(created_at__gte=moment, **bounds) for part in parts]


def p95(logs: QuerySet[PlexWebhookLog], timed: int) -> float | None:
    """The duration within which 95 of 100 events were processed (nearest rank)."""
    if not timed:
        return None
    rank = -(-95 * timed // 100)
    durations = logs.filter(processing_duration_ms__isnull=False).order_by("processing_duration_ms")
    return durations.values_list("processing_duration_ms", flat=True)[rank - 1]


def activity(
    whose: str, count: Callable[[Sequence[date]], Counts], *, now: datetime
) -> tuple[DayActivity, ...]:
    """The events of every day of the last 30, oldest first, counted by `count`."""
    first = timezone.localdate(now) - ACTIVITY + DAY
    days = [first + n * DAY for n in range(ACTIVITY.days)]
    key = f"plex:activity:{whose}:{timezone.get_current_timezone_name()}:{first}"
    settled = cache.get_or_set(key, partial(count, days[:-LIVE_DAYS]), SETTLED_SECONDS)
    return as_activity({**(settled or {}), **count(days[-LIVE_DAYS:])})


def count_all(days: Sequence[date]) -> Counts:
    """Each day is a stretch of the index of times: to tell the day of every event takes five times as
    long."""
    counts = nothing_on(days)
    per_day = [
        PlexWebhookLog.objects.order_by()
        .filter(created_at__gte=beginning(day), created_at__lt=beginning(day + DAY))
        .values_list(Value(number), "status")
        .annotate(count=Count("*"))
        for number, day in enumerate(days)
    ]
    for number, status, count in per_day[0].union(*per_day[1:], all=True):
        counts[days[number]][status] += count
    return counts


def count_some(parts: Sequence[QuerySet[PlexWebhookLog]], days: Sequence[date]) -> Counts:
    counts = nothing_on(days)
    until = beginning(days[-1] + DAY)
    minutes = [
        part.filter(created_at__lt=until)
        .annotate(minute=MinuteText(F("created_at")))
        .values_list("minute", "status")
        .annotate(count=Count("*"))
        for part in some_since(parts, beginning(days[0]))
    ]
    for minute, status, count in minutes[0].union(*minutes[1:], all=True):
        day = timezone.localdate(datetime.fromisoformat(minute).replace(tzinfo=UTC))
        if day in counts:
            counts[day][status] += count
    return counts


def nothing_on(days: Sequence[date]) -> Counts:
    return {day: dict.fromkeys(Status.values, 0) for day in days}


def as_activity(counts: Counts) -> tuple[DayActivity, ...]:
    return tuple(DayActivity(day=day, counts=by_status) for day, by_status in counts.items())


def beginning(day: date) -> datetime:
    """When a day begins in the active time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
