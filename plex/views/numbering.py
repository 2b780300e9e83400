"""How Plex numbers a show: the order, the seasons mapped by hand, answers about one episode."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from plex.forms import first_error
from plex.models import PlexShowMapping
from plex.numbering.forms import SeasonPartForm
from plex.numbering.proposals import propose
from plex.resolution import ResolutionError, Resolved
from plex.resolution.numbering import (
    choose_order,
    decline_order,
    forget_answer,
    remove_part,
    save_part,
)
from plex.resolution.renumbering import move_misnumbered
from plex.views.mappings import render_detail
from tracker import orders
from tracker.tmdb import TmdbError, connect
from tracker.views.answers import UserRequest, next_url


@login_required
@require_POST
def order(request: UserRequest, pk: int) -> HttpResponse:
    """Choose the order that Plex uses, or decline the proposed one."""
    mapping = mapped(request, pk)
    if "decline" in request.POST:
        decline_order(mapping)
        messages.success(request, "This order is not proposed again.")
        return back(request, mapping)
    key = request.POST.get("order", "")[:60]
    return decided(request, mapping, lambda: choose_order(mapping, key=key), said="Saved.")


@login_required
@require_POST
def move(request: UserRequest, pk: int) -> HttpResponse:
    """Move the plays that only their number named to where the chosen order has them."""
    mapping = mapped(request, pk)
    return decided(
        request, mapping, lambda: move_misnumbered(mapping, user=request.user), said="Moved."
    )


@login_required
@require_POST
def read_orders(request: UserRequest, pk: int) -> HttpResponse:
    """Ask TMDB for the show's other orders."""
    mapping = mapped(request, pk)
    assert mapping.tvshow is not None  # noqa: S101 - `mapped` looks for it
    try:
        orders.read_orders(mapping.tvshow, tmdb=connect())
        propose(mapping)
    except TmdbError as error:
        messages.error(request, str(error))
        return back(request, mapping)
    found = mapping.tvshow.orders.count()
    said = {0: "TMDB has no other order of this show.", 1: "TMDB has one other order."}
    messages.success(request, said.get(found, f"TMDB has {found} other orders."))
    return back(request, mapping)


@login_required
@require_POST
def save_season(request: UserRequest, pk: int) -> HttpResponse:
    """Save a row about a season, or show first what it would mean."""
    mapping = mapped(request, pk)
    form = SeasonPartForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return render_detail(request, pk, status=422, part_form=form)
    try:
        part = form.part(mapping)
        if "preview" in request.POST:
            return render_detail(request, pk, part_form=form, part=part)
        resolved = save_part(mapping, part)
    except (ResolutionError, TmdbError) as error:
        messages.error(request, str(error))
        return render_detail(request, pk, status=422, part_form=form)
    messages.success(request, said_of(resolved, "Saved."))
    return back(request, mapping)


@login_required
@require_POST
def remove_season(request: UserRequest, pk: int, part: int) -> HttpResponse:
    mapping = mapped(request, pk)
    return decided(request, mapping, lambda: remove_part(mapping, pk=part), said="Removed.")


@login_required
@require_POST
def remove_answer(request: UserRequest, pk: int, answer: int) -> HttpResponse:
    mapping = mapped(request, pk)
    return decided(request, mapping, lambda: forget_answer(mapping, pk=answer), said="Forgotten.")


def mapped(request: UserRequest, pk: int) -> PlexShowMapping:
    found = PlexShowMapping.objects.visible_to(request.user).mapped().select_related("tvshow")
    return get_object_or_404(found, pk=pk)


def decided(
    request: UserRequest, mapping: PlexShowMapping, decide: Callable[[], Resolved], *, said: str
) -> HttpResponse:
    try:
        resolved = decide()
    except ResolutionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said_of(resolved, said))
    return back(request, mapping)


def said_of(resolved: Resolved, said: str) -> str:
    """The outcome; plays are only spoken of where some waited."""
    return f"{said} {resolved.sentence}" if resolved.replayed or resolved.moved else said


def back(request: UserRequest, mapping: PlexShowMapping) -> HttpResponse:
    page = reverse("plex:mapping-detail", args=[mapping.pk])
    return redirect(next_url(request, f"{page}#numbering"))
