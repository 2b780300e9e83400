"""The figures of the statistics page, in the user's own time zone.

One pass over the user's watches: a year of figures or all of them cost the same few queries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.contrib.auth.models import User
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Field, Func, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from tracker import heatmap
from tracker.models import TVShow, Watch
from tracker.zones import zones_of

TOP = 10
HOURS, WEEKDAYS, MONTHS = 24, 7, 12
HEAT_MAP_DAYS = 52 * 7


@dataclass(frozen=True, kw_only=True)
class MonthFigures:
    month: date  # Its first day.
    episodes: int
    minutes: int

    @property
    def hours(self) -> float:
        return self.minutes / 60


@dataclass(frozen=True, kw_only=True)
class ShowFigures:
    show: TVShow
    episodes: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class NamedCount:
    name: str
    episodes: int


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What a user has watched in a year, or ever (`year` None). Rewatches count."""

    year: int | None
    years: tuple[int, ...]  # That hold any watch, the latest first.
    episodes: int
    minutes: int  # As far as runtimes are known.
    heat_map: tuple[heatmap.Week, ...]  # The year, or the last 52 weeks.
    months: tuple[MonthFigures, ...]
    weekday_hours: tuple[tuple[int, ...], ...]  # [Monday 0][hour].
    top_shows: tuple[ShowFigures, ...]
    genres: tuple[NamedCount, ...]
    networks: tuple[NamedCount, ...]
    longest_streak: heatmap.Streak | None
    current_streak: heatmap.Streak | None  # Of all time, whatever the year.

    @property
    def hours(self) -> float:
        return self.minutes / 60


@dataclass(kw_only=True)
class Tally:
    """What one pass over the watches counts; days are those of the user's zone."""

    per_day: Counter[date] = field(default_factory=Counter)
    minutes: Counter[date] = field(default_factory=Counter)
    show_episodes: Counter[int] = field(default_factory=Counter)
    show_minutes: Counter[int] = field(default_factory=Counter)
    hours: list[list[int]] = field(default_factory=lambda: [[0] * HOURS for _ in range(WEEKDAYS)])


class Epoch(Func):
    """A time as whole seconds since 1970: thrice as quick to read as a datetime on SQLite.

    A bare field, for Django would call `int` for each row of a field of integers.
    """

    output_field = Field()
    template = "EXTRACT(EPOCH FROM %(expressions)s)::bigint"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
        sql, params = self.as_sql(compiler, connection, template=template, **extra_context)
        return sql, tuple(params)


def statistics(user: User, *, today: date, year: int | None = None) -> Statistics:
    """A year's figures, or those of all time."""
    per_day: Counter[date] = Counter()  # Of all time.
    chosen = tally(user, year=year, per_day=per_day)
    first, last = (date(year, 1, 1), date(year, 12, 31)) if year else last_weeks(today)
    shows = show_figures(chosen)
    return Statistics(
        year=year,
        years=tuple(sorted({day.year for day in per_day}, reverse=True)),
        episodes=chosen.per_day.total(),
        minutes=chosen.minutes.total(),
        heat_map=heatmap.weeks(chosen.per_day, first=first, last=last),
        months=month_figures(chosen, year),
        weekday_hours=tuple(map(tuple, chosen.hours)),
        top_shows=tuple(shows[:TOP]),
        genres=most(
            (genre, figures.episodes) for figures in shows for genre in figures.show.genres
        ),
        networks=most((figures.show.network, figures.episodes) for figures in shows),
        longest_streak=heatmap.longest_streak(chosen.per_day),
        current_streak=heatmap.current_streak(per_day, today),
    )


def tally(user: User, *, year: int | None, per_day: Counter[date]) -> Tally:
    """The watches of a year, or all; `per_day` counts the days of all time in any case."""
    zone: tzinfo = zones_of([user.pk])[user.pk]
    rows = (
        standing(user)
        .order_by()
        .values_list(Epoch("watched_at"), F("episode__season__show_id"), F("episode__runtime"))
    )
    counted = Tally(per_day=per_day if year is None else Counter())
    for seconds, show_id, runtime in rows:
        at = datetime.fromtimestamp(seconds, zone)
        day = at.date()
        per_day[day] += 1
        if year is not None:
            if day.year != year:
                continue
            counted.per_day[day] += 1
        counted.show_episodes[show_id] += 1
        counted.hours[day.weekday()][at.hour] += 1
        if runtime:
            counted.minutes[day] += runtime
            counted.show_minutes[show_id] += runtime
    return counted


def recent_heat_map(user: User, today: date) -> tuple[heatmap.Week, ...]:
    """The last 52 weeks and the current one, for the home page."""
    first, last = last_weeks(today)
    # A day more than needed: the zone decides which day a watch belongs to.
    since = datetime.combine(
        first - timedelta(days=1), datetime.min.time(), timezone.get_default_timezone()
    )
    recent = standing(user).filter(watched_at__gte=since).order_by()
    zone = zones_of([user.pk])[user.pk]
    days = (
        datetime.fromtimestamp(seconds, zone).date()
        for seconds in recent.values_list(Epoch("watched_at"), flat=True)
    )
    return heatmap.weeks(Counter(days), first=first, last=last)


def last_weeks(today: date) -> tuple[date, date]:
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(days=HEAT_MAP_DAYS), today


def standing(user: User) -> QuerySet[Watch]:
    return Watch.objects.standing().filter(user=user)


def month_figures(counted: Tally, year: int | None) -> tuple[MonthFigures, ...]:
    """The months of a year, or from the first watched one to the last; empty ones included."""
    episodes = by_month(counted.per_day)
    minutes = by_month(counted.minutes)
    first, last = (
        ((year, 1), (year, MONTHS))
        if year
        else (min(episodes, default=None), max(episodes, default=None))
    )
    if first is None or last is None:
        return ()
    months = range(first[0] * MONTHS + first[1] - 1, last[0] * MONTHS + last[1])
    keys = [(number // MONTHS, number % MONTHS + 1) for number in months]
    return tuple(
        MonthFigures(month=date(*key, 1), episodes=episodes[key], minutes=minutes[key])
        for key in keys
    )


def by_month(counts: Counter[date]) -> Counter[tuple[int, int]]:
    months: Counter[tuple[int, int]] = Counter()
    for day, count in counts.items():
        months[day.year, day.month] += count
    return months


def show_figures(counted: Tally) -> list[ShowFigures]:
    """Each show with what was watched of it, the most watched first."""
    columns = ("title", "first_air_date", "poster_path", "genres", "network")
    shows = TVShow.objects.only(*columns).filter(pk__in=list(counted.show_episodes))
    figures = [
        ShowFigures(
            show=show,
            episodes=counted.show_episodes[show.pk],
            minutes=counted.show_minutes[show.pk],
        )
        for show in shows
    ]
    return sorted(figures, key=lambda one: (-one.episodes, one.show.title.casefold()))


def most(counts: Iterable[tuple[str, int]]) -> tuple[NamedCount, ...]:
    total: Counter[str] = Counter()
    for name, episodes in counts:
        if name:
            total[name] += episodes
    return tuple(NamedCount(name=name, episodes=n) for name, n in total.most_common(TOP))
