"""The page of one show: its seasons, and what the user keeps about it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from tracker import library, queries, tmdb
from tracker.forms import DetailsForm
from tracker.models import Season, TrackedShow, TVShow, Watch
from tracker.queries import ShowState
from tracker.views.answers import UserRequest, number_in
from tracker.views.seasons import page_of, season_sections


@login_required
def show_detail(request: UserRequest, pk: int) -> HttpResponse:
    """`?season=2` opens a season, `none` opens nothing; unsaid, the one of the next episode."""
    show = get_object_or_404(TVShow, pk=pk)
    state = queries.show_state(request.user, show, timezone.localdate())
    opened, page = wanted_season(request, show, state)
    tracked = TrackedShow.objects.filter(user=request.user, show=show).first()
    context = {
        "show": show,
        "tracked": tracked,
        "form": DetailsForm(instance=tracked) if tracked else None,
        "sections": season_sections(show, request.user, state, opened=opened, page=page),
        "state": state,
        "following": state.next,
    }
    return render(request, "tracker/show.html", context)


def wanted_season(request: UserRequest, show: TVShow, state: ShowState) -> tuple[int | None, int]:
    """The season to open and the page of its episodes."""
    if wanted := request.GET.get("season", ""):
        return number_in(wanted), number_in(request.GET.get("page", "")) or 1
    if state.next:
        row = Season.objects.get(show=show, season_number=state.next.season_number)
        return row.season_number, page_of(row, state.next.episode_number)
    return min((number for number in state.seasons if number), default=None), 1


@login_required
def season(request: UserRequest, pk: int, number: int) -> HttpResponse:
    """One season, opened (or closed with `?closed=1`): a part of the show page, for htmx."""
    row = get_object_or_404(Season.objects.select_related("show"), show_id=pk, season_number=number)
    if not request.htmx:
        return redirect(f"{row.show.get_absolute_url()}?season={number}#season-{number}")
    opened = None if "closed" in request.GET else number
    page = number_in(request.GET.get("page", "")) or 1
    return season_part(request, row, opened=opened, page=page)


def season_part(
    request: UserRequest, row: Season, *, opened: int | None, page: int
) -> HttpResponse:
    """A season's section, with the show's progress, its buttons and the toasts put in their places."""
    show = row.show
    state = queries.show_state(request.user, show, timezone.localdate())
    sections = season_sections(show, request.user, state, opened=opened, page=page)
    section = next(section for section in sections if section.season.pk == row.pk)
    context = {
        "show": show,
        "section": section,
        "state": state,
        "tracked": TrackedShow.objects.filter(user=request.user, show=show).exists(),
        "following": state.next,
    }
    return render(request, "tracker/_season_answer.html", context)


@login_required
@require_POST
def track(request: UserRequest, pk: int) -> HttpResponse:
    show = get_object_or_404(TVShow, pk=pk)
    status = request.POST.get("status", "")
    if status not in TrackedShow.Status.values:
        status = TrackedShow.Status.WATCHING
    library.track_show(user=request.user, show=show, status=status)
    messages.success(request, f"{show.title} is in your shows.")
    return redirect(show)


@login_required
@require_POST
def details(request: UserRequest, pk: int) -> HttpResponse:
    """Status, rating and notes."""
    tracked = get_object_or_404(
        TrackedShow.objects.select_related("show"), user=request.user, show_id=pk
    )
    form = DetailsForm(request.POST, instance=tracked)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
    else:
        messages.error(request, "That was not saved: choose a status and a rating from the lists.")
    return redirect(tracked.show)


@login_required
@require_POST
def refresh(request: UserRequest, pk: int) -> HttpResponse:
    """Read the show from TMDB again. Anybody who tracks it may: watches stay where they belong."""
    show = get_object_or_404(TVShow.objects.tracked_by(request.user), pk=pk)
    try:
        library.refresh_show(show, tmdb=tmdb.connect())
        messages.success(request, f"{show.title} is as TMDB has it now.")
    except tmdb.TmdbError as error:
        messages.error(request, str(error))
    return redirect(show)


@login_required
def stop(request: UserRequest, pk: int) -> HttpResponse:
    """Asks whether the watches are kept or forgotten, then stops tracking."""
    tracked = get_object_or_404(
        TrackedShow.objects.select_related("show"), user=request.user, show_id=pk
    )
    show = tracked.show
    if request.method != "POST":
        watches = Watch.objects.standing().filter(user=request.user, episode__season__show=show)
        return render(
            request, "tracker/show_stop.html", {"show": show, "watch_count": watches.count()}
        )
    forget = request.POST.get("watches") == "forget"
    library.stop_tracking(user=request.user, show=show, forget_watches=forget)
    kept = "Its watches are forgotten." if forget else "Its watches are kept in your history."
    messages.success(request, f"{show.title} is no longer tracked. {kept}")
    return redirect("tracker:shows")
