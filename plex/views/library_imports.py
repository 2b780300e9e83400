"""How far the adding of ticked shows is, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from plex.imports import library, lifecycle, show_import
from plex.imports.show_results import (
    ADDED,
    EXISTED,
    FAILED,
    NEXT,
    QUESTION,
    WAITING,
    counts_in,
    failed_keys,
    results_of,
    states_of,
)
from plex.models import PlexImport
from tracker.views.answers import UserRequest

PAGE_SIZE = 50
# What somebody has to look at stands first.
ORDER = (FAILED, QUESTION, WAITING, ADDED, EXISTED, NEXT)


@never_cache
@login_required
def progress(request: UserRequest, pk: int) -> HttpResponse:
    """The page asks for itself every two seconds; once the work is over it is shown afresh."""
    task = find(request, pk)
    is_running = task.state in PlexImport.WORKED_ON
    if request.htmx and not is_running:
        return HttpResponseClientRefresh()
    states = states_of(task)
    keys = [key for key in task.chosen if key in states]
    keys.sort(key=lambda key: ORDER.index(states[key]))
    page = Paginator(keys, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "task": task,
        "is_running": is_running,
        "counts": counts_in(states),
        "page": page,
        "results": results_of(task, list(page)),
    }
    return render(request, "plex/library_import.html", context)


@login_required
@require_POST
def stop(request: UserRequest, pk: int) -> HttpResponse:
    if not lifecycle.stop(find(request, pk)):
        messages.info(request, "It was over already.")
    return redirect("plex:library-import", pk=pk)


@login_required
@require_POST
def resume(request: UserRequest, pk: int) -> HttpResponse:
    task = find(request, pk)
    if not lifecycle.resume(task):
        messages.info(request, "It can't go on: it is under way, over, or another one was started.")
    return redirect("plex:library-import", pk=pk)


@login_required
@require_POST
def cancel(request: UserRequest, pk: int) -> HttpResponse:
    """End one that was stopped; the shows added so far stay."""
    lifecycle.cancel(find(request, pk))
    return redirect("plex:library-import", pk=pk)


@login_required
@require_POST
def again(request: UserRequest, pk: int) -> HttpResponse:
    """Try those once more that could not be added."""
    task = find(request, pk)
    keys: Sequence[str] = failed_keys(task)
    if task.state in PlexImport.ACTIVE or not keys or not library.can_browse(task.config):
        messages.info(request, "There is nothing to try again.")
        return redirect("plex:library-import", pk=pk)
    return redirect("plex:library-import", pk=show_import.start(task.config, keys).pk)


def find(request: UserRequest, pk: int) -> PlexImport:
    mine = PlexImport.objects.filter(config=request.user.pk, kind=PlexImport.Kind.SHOWS)
    return get_object_or_404(mine.select_related("config"), pk=pk)
