"""The statistics page: a year, or everything."""

from __future__ import annotations

import calendar
import re

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tracker import statistics as figures
from tracker.views.answers import UserRequest
from tracker.views.drawings import heat_drawing, hours_drawing, month_drawing

SHOWN_MONTHS = 24
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
        "months": month_drawing(found.months[-SHOWN_MONTHS:]),
        "hours": hours_drawing(found.weekday_hours, weekdays),
        "by_weekday": [
            (name, sum(hours)) for name, hours in zip(weekdays, found.weekday_hours, strict=True)
        ],
        "top": found.top_shows[0].episodes if found.top_shows else 1,
        "top_genre": found.genres[0].episodes if found.genres else 1,
        "top_network": found.networks[0].episodes if found.networks else 1,
    }
    return render(request, "tracker/statistics.html", context)
