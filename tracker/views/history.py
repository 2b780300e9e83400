"""Everything a person watched, by day."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from tracker import queries, watching
from tracker.forms import STEP_OF_A_MINUTE, HistoryFilterForm, WatchedAtForm
from tracker.models import TVShow, Watch
from tracker.views.answers import UserRequest, back, next_url, offer_undo, wants_part

PAGE_SIZE = 30


@login_required
def history(request: UserRequest) -> HttpResponse:
    form = HistoryFilterForm(request.GET)
    form.is_valid()
    show_id, source = form.cleaned_data.get("show"), form.cleaned_data.get("source")
    rows = queries.history(request.user, source=source)
    if show_id:
        rows = rows.filter(episode__season__show=show_id)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    everything = Watch.objects.standing().filter(user=request.user).order_by()
    watched = everything.values("episode__season__show").distinct()
    shows = TVShow.objects.filter(pk__in=watched).order_by("title")
    context = {
        "page": page,
        "watches": [(timezone.localdate(watch.watched_at), watch) for watch in page],
        "today": timezone.localdate(),
        "shows": shows.values_list("pk", "title"),
        "sources": Watch.Source.choices,
        "chosen_show": show_id,
        "chosen_source": source,
        "is_filtered": bool(show_id or source),
    }
    return render(request, "tracker/history.html", context)


def own_watch(request: UserRequest, pk: int) -> Watch:
    return get_object_or_404(queries.history(request.user), pk=pk)


@login_required
def correct(request: UserRequest, pk: int) -> HttpResponse:
    """When it was really watched."""
    watch = own_watch(request, pk)
    at: datetime = timezone.localtime(watch.watched_at)
    form = WatchedAtForm(
        request.POST or None, initial={"watched_at": at.strftime(STEP_OF_A_MINUTE)}
    )
    if request.method == "POST" and form.is_valid():
        Watch.objects.filter(pk=watch.pk).update(watched_at=form.cleaned_data["watched_at"])
        messages.success(request, "The time is corrected.")
        return back(request, reverse("tracker:history"))
    context = {
        "watch": watch,
        "episode": watch.episode,
        "show": watch.episode.season.show,
        "form": form,
        "next": next_url(request, reverse("tracker:history")),
    }
    template = "tracker/_watch.html" if wants_part(request, "sheet-body") else "tracker/watch.html"
    return render(request, template, context, status=422 if form.errors else 200)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    watch = own_watch(request, pk)
    watching.remove_watch(watch, now=timezone.now())
    text = f"{watch.episode.season.show.title} {watch.episode.code} is no longer in your history."
    offer_undo(request, text, watches=[watch], made=False)
    return back(request, reverse("tracker:history"))
