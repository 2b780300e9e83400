"""How the events of Plex went: part of the statistics page, and a page by itself."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from plex.monitoring.reports import stats_for
from plex.views.drawings import activity_drawing
from tracker.views.answers import UserRequest


@login_required
def statistics(request: UserRequest) -> HttpResponse:
    """Of everybody's events for staff, else of the person's own."""
    report = stats_for(request.user)
    template = "plex/_statistics.html" if request.htmx else "plex/statistics.html"
    context = {"report": report, "chart": activity_drawing(report.activity)}
    return render(request, template, context)
