"""What airs: a month as a grid, and as a list."""

from __future__ import annotations

import calendar as months
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tracker import queries
from tracker.models import Episode, TrackedShow
from tracker.queries import CalendarEntry
from tracker.views.account import profile_of
from tracker.views.answers import UserRequest
from tracker.views.feed import feed_address

# Beyond these TMDB knows nothing, and date arithmetic ends.
FIRST_YEAR, LAST_YEAR = 1930, 2100
SHOWN_PER_DAY = 4
MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")


@dataclass(frozen=True, kw_only=True)
class Airing:
    """An episode of a tracked show; a whole season on one day is one entry."""

    episode: Episode
    episodes: int
    watched: int
    is_past: bool

    @property
    def is_watched(self) -> bool:
        return self.watched == self.episodes


@dataclass(frozen=True, kw_only=True)
class Day:
    day: date
    airings: Sequence[Airing]
    in_month: bool
    is_today: bool

    @property
    def shown(self) -> Sequence[Airing]:
        return self.airings[:SHOWN_PER_DAY]

    @property
    def hidden(self) -> int:
        return len(self.airings) - len(self.shown)


@login_required
def calendar(request: UserRequest) -> HttpResponse:
    """`?month=2026-02`; the current month unless said."""
    today = timezone.localdate()
    first = month_in(request.GET.get("month", "")) or today.replace(day=1)
    dates = [
        day
        for week in months.Calendar().monthdatescalendar(first.year, first.month)
        for day in week
    ]
    aired = airings(request.user, dates[0], dates[-1], today)
    days = [
        Day(day=day, airings=aired[day], in_month=day.month == first.month, is_today=day == today)
        for day in dates
    ]
    context = {
        "month": first,
        "previous": first - timedelta(days=1),
        "following": first + timedelta(days=31),
        "days": days,
        "agenda": [day for day in days if day.in_month and day.airings],
        "weekdays": list(months.day_abbr),
        "today": today,
        "is_now": first == today.replace(day=1),
        "feed": feed_address(profile_of(request), request),
        "has_shows": TrackedShow.objects.filter(user=request.user).exists(),
    }
    return render(request, "tracker/calendar.html", context)


def month_in(text: str) -> date | None:
    """The first day of a month written as 2026-02."""
    match = MONTH.fullmatch(text)
    if match is None or not FIRST_YEAR <= int(match["year"]) <= LAST_YEAR:
        return None
    return date(int(match["year"]), int(match["month"]), 1)


def airings(user: User, first: date, last: date, today: date) -> defaultdict[date, list[Airing]]:
    """What airs from one day to another in the user's shows, by day."""
    together: defaultdict[tuple[date, int], list[CalendarEntry]] = defaultdict(list)
    for entry in queries.calendar(user, first, last):
        if entry.episode.air_date is not None:
            together[entry.episode.air_date, entry.show.pk].append(entry)
    by_day: defaultdict[date, list[Airing]] = defaultdict(list)
    for (day, _), group in together.items():
        by_day[day].append(
            Airing(
                episode=group[0].episode,
                episodes=len(group),
                watched=sum(entry.is_watched for entry in group),
                is_past=day <= today,
            )
        )
    return by_day
