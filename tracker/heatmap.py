"""Days with watches as a heat map and as streaks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
DAYS_IN_WEEK = 7
LEVELS = 4


@dataclass(frozen=True, kw_only=True)
class Day:
    date: date
    count: int
    level: int  # 0 for none, to 4.


@dataclass(frozen=True, kw_only=True)
class Week:
    """A column of the heat map: Monday to Sunday, None outside the period."""

    days: tuple[Day | None, ...]

    @property
    def starts_month(self) -> date | None:
        """The first of a month if it falls into this week, to write the month's name above it."""
        return next((day.date for day in self.days if day and day.date.day == 1), None)


@dataclass(frozen=True, kw_only=True)
class Streak:
    """Days in a row with something watched on each."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def weeks(counts: Mapping[date, int], *, first: date, last: date) -> tuple[Week, ...]:
    """The days from `first` to `last` in weeks that begin on Monday."""
    bounds = level_bounds([n for day, n in counts.items() if n and first <= day <= last])
    columns = []
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        dates = [monday + timedelta(days=n) for n in range(DAYS_IN_WEEK)]
        columns.append(
            Week(
                days=tuple(
                    heat(day, counts.get(day, 0), bounds) if first <= day <= last else None
                    for day in dates
                )
            )
        )
        monday += timedelta(days=DAYS_IN_WEEK)
    return tuple(columns)


def heat(day: date, count: int, bounds: Collection[int]) -> Day:
    return Day(date=day, count=count, level=1 + sum(count > b for b in bounds) if count else 0)


def level_bounds(counts: Collection[int]) -> tuple[int, ...]:
    """Where the levels change: at quarters of the active days, so that one binge pales no other day."""
    ranked = sorted(counts)
    return tuple(ranked[len(ranked) * n // LEVELS] for n in range(1, LEVELS)) if ranked else ()


def longest_streak(days: Collection[date]) -> Streak | None:
    """The longest run of days in a row; the latest of several as long."""
    best: Streak | None = None
    run: Streak | None = None
    for day in sorted(set(days)):
        run = Streak(
            first=run.first if run and day - run.last == ONE_DAY else day,
            last=day,
        )
        if best is None or run.days >= best.days:
            best = run
    return best


def current_streak(days: Collection[date], today: date) -> Streak | None:
    """The run that still goes on: up to today, or to yesterday while today may yet come."""
    watched = set(days)
    last = today if today in watched else today - ONE_DAY
    if last not in watched:
        return None
    first = last
    while first - ONE_DAY in watched:
        first -= ONE_DAY
    return Streak(first=first, last=last)
