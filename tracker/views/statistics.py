"""The statistics page: a year, or everything."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tracker import statistics as figures
from tracker.statistics import MonthFigures
from tracker.views.answers import UserRequest
from tracker.views.drawings import heat_drawing, hours_drawing, month_drawing

SHOWN_MONTHS = 24
MONTHS = 12
YEAR = re.compile(r"[12][0-9]{3}")


@login_required
def statistics(request: UserRequest) -> HttpResponse:
    """`?year=2026`; everything unless said."""
    wanted = request.GET.get("year", "")
    year = int(wanted) if YEAR.fullmatch(wanted) else None
    found = figures.statistics(request.user, today=timezone.localdate(), year=year)
    weekdays = list(calendar.day_name)
    context = {
        "figures": found,
        "heat": heat_drawing(found.heat_map),
        "months": month_drawing(a_year_at_least(found.months[-SHOWN_MONTHS:])),
        "hours": hours_drawing(found.weekday_hours, weekdays),
        "by_weekday": [
            (name, sum(hours)) for name, hours in zip(weekdays, found.weekday_hours, strict=True)
        ],
        "top": found.top_shows[0].episodes if found.top_shows else 1,
        "top_genre": found.genres[0].episodes if found.genres else 1,
        "top_network": found.networks[0].episodes if found.networks else 1,
    }
    return render(request, "tracker/statistics.html", context)


def a_year_at_least(months: Sequence[MonthFigures]) -> list[MonthFigures]:
    """With empty months before the first one, for a few bars say little by themselves."""
    if not months:
        return []
    first = months[0].month.year * MONTHS + months[0].month.month - 1
    before = range(first - max(MONTHS - len(months), 0), first)
    return [
        *(
            MonthFigures(month=date(n // MONTHS, n % MONTHS + 1, 1), episodes=0, minutes=0)
            for n in before
        ),
        *months,
    ]
