"""Adding a show: a search on TMDB, and a status to start with."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from tracker import library, tmdb
from tracker.forms import TmdbKeyForm
from tracker.models import TrackedShow, TVShow
from tracker.tmdb_parsing import LARGEST_INTEGER
from tracker.views.answers import UserRequest, number_in, wants_part

LONGEST_SEARCH = 100


@login_required
def add_show(request: UserRequest) -> HttpResponse:
    if request.method == "POST":
        return add_found(request)
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    context: dict[str, object] = {"query": query, "statuses": TrackedShow.Status.choices}
    try:
        client = tmdb.connect()
        if query:
            found = client.search(query)
            context |= {"found": found, "known": tracked_among(request, found)}
    except tmdb.TmdbKeyMissingError as error:
        is_refused = isinstance(error, tmdb.TmdbKeyRefusedError)
        context |= {"key_form": TmdbKeyForm(), "is_refused": is_refused}
    except tmdb.TmdbError as error:
        context["problem"] = str(error)
    template = (
        "tracker/_add_results.html" if wants_part(request, "results") else "tracker/add_show.html"
    )
    return render(request, template, context)


def tracked_among(
    request: UserRequest, found: tuple[tmdb.FoundShow, ...]
) -> dict[int, TrackedShow]:
    """Which of the shows found the user tracks already, by their TMDB ids."""
    ids = [show.tmdb_id for show in found]
    rows = TrackedShow.objects.filter(user=request.user, show__tmdb_id__in=ids).select_related(
        "show"
    )
    return {row.show.tmdb_id: row for row in rows if row.show.tmdb_id}


def add_found(request: UserRequest) -> HttpResponse:
    tmdb_id, status = number_in(request.POST.get("tmdb_id")), request.POST.get("status", "")
    if tmdb_id is None or tmdb_id > LARGEST_INTEGER:
        messages.error(request, "That was no show of TMDB. Search for it again.")
        return redirect("tracker:add-show")
    if status not in TrackedShow.Status.values:
        status = TrackedShow.Status.WATCHING
    try:
        show = TVShow.objects.filter(tmdb_id=tmdb_id).first()
        show = show or library.add_show(tmdb_id=tmdb_id, tmdb=tmdb.connect())
    except tmdb.TmdbError as error:
        messages.error(request, str(error))
        return redirect("tracker:add-show")
    library.track_show(user=request.user, show=show, status=status)
    messages.success(request, f"{show.title} is in your shows.")
    return redirect(show)
