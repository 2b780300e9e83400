"""Which of our shows a Plex show is, and "wrong show?"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from plex.cards import search_shows
from plex.correction_cards import corrections_of
from plex.forms import ChooseShowForm, first_error
from plex.models import PlexConflict, PlexShowMapping
from plex.numbering.cards import numbering_of
from plex.numbering.forms import SeasonPartForm
from plex.resolution import (
    ResolutionError,
    Resolved,
    confirm_mapping,
    correct_mapping,
    ignore_show,
    resume_sync,
    stop_ignoring,
    stop_sync,
    strays,
)
from plex.resolution.numbering import SeasonPart
from plex.views.corrections import move_url
from tracker.library import add_show
from tracker.models import TVShow
from tracker.tmdb import TmdbError, connect
from tracker.views.answers import UserRequest, next_url

PAGE_SIZE = 20


@login_required
def show_mapping(request: UserRequest, pk: int) -> HttpResponse:
    """The part of a show's page that says how Plex knows the show; a page by itself without htmx."""
    show = get_object_or_404(TVShow, pk=pk)
    mappings = visible_mappings(request.user).filter(tvshow=show)
    template = "plex/_show_mapping.html" if request.htmx else "plex/show_mapping.html"
    return render(request, template, {"show": show, "mappings": mappings})


@login_required
def mapping_detail(request: UserRequest, pk: int) -> HttpResponse:
    """How a Plex show is mapped, and the search for the right show."""
    return render_detail(request, pk)


@login_required
@require_POST
def choose(request: UserRequest, pk: int) -> HttpResponse:
    """Confirm the show; where it is another one than so far, first what moves is shown."""
    mapping = get_object_or_404(PlexShowMapping.objects.visible_to(request.user), pk=pk)
    form = ChooseShowForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return render_detail(request, pk, status=422)
    try:
        show = form.cleaned_data["tvshow_id"] or add_show(
            tmdb_id=form.cleaned_data["tmdb_id"], tmdb=connect()
        )
        if mapping.tvshow_id not in {None, show.pk}:
            return redirect(move_url(mapping, show))
        resolved = confirm_mapping(mapping, show=show)
    except (ResolutionError, TmdbError) as error:
        messages.error(request, str(error))
        return render_detail(request, pk, status=422)
    messages.success(request, resolved.sentence)
    return redirect(next_url(request, reverse("plex:mapping-detail", args=[mapping.pk])))


def twin_of(show: TVShow | None) -> TVShow | None:
    """TMDB's entry of a show that came from Plex, where the tracker has both."""
    if show is None or not show.is_from_plex_alone:
        return None
    same = Q(pk=None)
    for column in ("tmdb_id", "tvdb_id", "imdb_id"):
        if value := getattr(show, column):
            same |= Q(**{column: value})
    read = TVShow.objects.filter(same, refreshed_at__isnull=False)
    return read.exclude(pk=show.pk).first()


def choose_show(mapping: PlexShowMapping, *, user: User, show: TVShow) -> Resolved:
    """Confirm the show of a mapping, or correct it with its plays. The admin uses it too."""
    if mapping.tvshow_id in (None, show.pk):
        return confirm_mapping(mapping, show=show)
    return correct_mapping(mapping, user=user, show=show)


@login_required
@require_POST
def stop(request: UserRequest, pk: int) -> HttpResponse:
    said = "Plays of “{}” on Plex are no longer recorded."
    return change(request, pk, stop_sync, said=said)


@login_required
@require_POST
def resume(request: UserRequest, pk: int) -> HttpResponse:
    return change(request, pk, resume_sync, said="Plays of “{}” on Plex are recorded again.")


@login_required
@require_POST
def ignore(request: UserRequest, pk: int) -> HttpResponse:
    ignoring = partial(ignore_show, user=request.user)
    return change(request, pk, ignoring, said="You ignore “{}” from now on.")


@login_required
@require_POST
def unignore(request: UserRequest, pk: int) -> HttpResponse:
    """Not by `visible_to`: the events that showed it may be deleted by now."""
    mapping = get_object_or_404(PlexShowMapping, pk=pk, ignored_by=request.user)
    stop_ignoring(mapping, user=request.user)
    messages.success(
        request,
        f"Plays of “{mapping}” count for you again from now on. Earlier ones stand on the activity "
        "page, where each can be processed again.",
    )
    return redirect(next_url(request, reverse("plex:ignored-shows")))


@login_required
def ignored_shows(request: UserRequest) -> HttpResponse:
    """The Plex shows whose plays never count for the person, with "stop ignoring"."""
    ignored = PlexShowMapping.objects.filter(ignored_by=request.user).select_related("tvshow")
    page = Paginator(ignored.order_by("plex_title", "pk"), PAGE_SIZE)
    context = {"page": page.get_page(request.GET.get("page"))}
    return render(request, "plex/ignored_shows.html", context)


def change(
    request: UserRequest, pk: int, action: Callable[[PlexShowMapping], object], *, said: str
) -> HttpResponse:
    mapping = get_object_or_404(PlexShowMapping.objects.visible_to(request.user), pk=pk)
    try:
        action(mapping)
    except ResolutionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said.format(mapping))
    return redirect(next_url(request, reverse("plex:mapping-detail", args=[mapping.pk])))


def visible_mappings(user: User) -> QuerySet[PlexShowMapping]:
    open_conflicts = PlexConflict.objects.open().order_by("pk")
    return (
        PlexShowMapping.objects.visible_to(user)
        .select_related("tvshow")
        .prefetch_related(Prefetch("conflicts", open_conflicts, to_attr="open_conflicts"))
        .order_by("plex_title", "pk")
    )


def render_detail(
    request: UserRequest,
    pk: int,
    *,
    status: int = 200,
    part_form: SeasonPartForm | None = None,
    part: SeasonPart | None = None,
) -> HttpResponse:
    """The page of a Plex show; with `part` also what that row about a season would mean."""
    mapping = get_object_or_404(visible_mappings(request.user), pk=pk)
    context = {
        "mapping": mapping,
        "found": search_shows(request.GET.get("q", "")),
        "ignored": mapping.ignored_by.filter(pk=request.user.pk).exists(),
        "numbering": numbering_of(mapping, user=request.user, part=part),
        "part_form": part_form or SeasonPartForm(),
        "corrections": corrections_of(mapping, user=request.user),
        "strays": strays(mapping, user=request.user),
        "twin": twin_of(mapping.tvshow) if request.user.is_staff else None,
    }
    return render(request, "plex/mapping_detail.html", context, status=status)
