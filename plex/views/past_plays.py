"""The page on which a person imports what they watched before they connected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from plex.connection import server_token_of
from plex.imports import lifecycle
from plex.imports.results import results
from plex.models import PlexConfig, PlexImport
from tracker.views.answers import UserRequest, number_in

PLAYS = PlexImport.Kind.PLAYS
# Plays that waited get an outcome later; events of long ago are deleted.
COUNTED_ANEW_FOR = timedelta(days=30)


@never_cache
@login_required
def past_plays(request: UserRequest) -> HttpResponse:
    """While the worker works, the page asks for its own middle part every second."""
    config = PlexConfig.objects.filter(user=request.user).first()
    task = lifecycle.latest(config, PLAYS) if config else None
    context = {
        "config": config,
        "can_read": config is not None and bool(config.plex_server_url and server_token_of(config)),
        "task": task,
        "is_working": task is not None and task.state in PlexImport.WORKED_ON,
        "has_begun": task is not None and task.started_at is not None,
        "results": outcome(task) if task and task.started_at else {},
        "first": first_play(task),
    }
    return render(request, "plex/past_plays.html", context)


def outcome(task: PlexImport) -> dict[str, int]:
    """What became of the plays: as the worker counts while it works, else as it is now, as long as
    all events are kept."""
    kept: dict[str, int] = task.counts.get("results", {})
    is_old = timezone.now() - (task.finished_at or task.created_at) > COUNTED_ANEW_FOR
    return kept if task.state in PlexImport.WORKED_ON or is_old else results(task)


def first_play(task: PlexImport | None) -> datetime | None:
    first = task.counts.get("first") if task else None
    return datetime.fromtimestamp(first, tz=UTC) if first else None


@login_required
@require_POST
def look(request: UserRequest) -> HttpResponse:
    config = get_object_or_404(PlexConfig, user=request.user)
    lifecycle.start(config, PLAYS)
    return redirect("plex:past-plays")


@login_required
@require_POST
def go(request: UserRequest) -> HttpResponse:
    """Begin with all shows, or with those that are ticked."""
    task = find(request)
    listed = {show["key"] for show in task.counts.get("list", [])}
    chosen = [key for key in request.POST.getlist("show") if key in listed]
    if request.POST.get("which") == "ticked" and not chosen:
        messages.error(request, "Tick at least one show, or choose all.")
    elif not lifecycle.go(task, chosen=chosen if request.POST.get("which") == "ticked" else []):
        messages.info(request, "It was started already.")
    return redirect("plex:past-plays")


@login_required
@require_POST
def stop(request: UserRequest) -> HttpResponse:
    return press(request, lifecycle.stop, "It was over already.")


@login_required
@require_POST
def resume(request: UserRequest) -> HttpResponse:
    return press(request, lifecycle.resume, "It is under way, or another one was started.")


@login_required
@require_POST
def cancel(request: UserRequest) -> HttpResponse:
    return press(request, lifecycle.cancel, "It was over already.")


def press(
    request: UserRequest, button: Callable[[PlexImport], bool], too_late: str
) -> HttpResponse:
    if not button(find(request)):
        messages.info(request, too_late)
    return redirect("plex:past-plays")


def find(request: UserRequest) -> PlexImport:
    """The import that the pressed button was about."""
    mine = PlexImport.objects.filter(config__user=request.user, kind=PLAYS)
    return get_object_or_404(mine, pk=number_in(request.POST.get("import")) or 0)
