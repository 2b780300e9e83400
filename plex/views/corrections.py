"""Wrong show, wrong episode: what would move, then that, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from plex.cards import LISTED_SHOWS, our_shows
from plex.correction_cards import play_of_watch, preview_of
from plex.models import PlexCorrection, PlexShowMapping, PlexViewing
from plex.resolution import (
    ChangedMeanwhileError,
    ResolutionError,
    correct_episode,
    correct_mapping,
    look_at_correction,
    look_at_episode,
    undo_correction,
)
from tracker.models import Episode, TVShow
from tracker.views.answers import UserRequest, number_in


@login_required
def move(request: UserRequest, pk: int) -> HttpResponse:
    """What "it is this show" moves; posted, it does exactly what was shown."""
    mapping = find_mapping(request, pk)
    wanted = request.POST if request.method == "POST" else request.GET
    show = get_object_or_404(TVShow, pk=number_in(wanted.get("show")) or 0)
    status = 200
    if request.method == "POST":
        try:
            plan = str(request.POST.get("plan") or "-")
            resolved = correct_mapping(mapping, user=request.user, show=show, expected=plan)
        except ResolutionError as error:
            messages.error(request, str(error))
            status, mapping = 409, find_mapping(request, pk)
        else:
            messages.success(request, resolved.sentence)
            return redirect("plex:mapping-detail", mapping.pk)
    correction = look_at_correction(mapping, user=request.user, show=show)
    context = {
        "mapping": mapping,
        "show": show,
        "correction": correction,
        "preview": preview_of(correction.plan, viewer=request.user),
    }
    return render(request, "plex/move_plays.html", context, status=status)


@login_required
@require_POST
def undo(request: UserRequest, pk: int) -> HttpResponse:
    mappings = PlexShowMapping.objects.visible_to(request.user)
    found = PlexCorrection.objects.filter(mapping__in=mappings)
    correction = get_object_or_404(found.select_related("mapping"), pk=pk)
    try:
        resolved = undo_correction(correction, user=request.user)
    except ResolutionError as error:
        messages.error(request, str(error))
    else:
        plays = "1 play is" if resolved.moved == 1 else f"{resolved.moved} plays are"
        messages.success(request, f"Undone: {plays} as before, and so is what was decided.")
    return redirect("plex:mapping-detail", correction.mapping_id)


@login_required
def wrong_episode(request: UserRequest, pk: int) -> HttpResponse:
    """ "This was another episode": choose it, look at what moves, and confirm."""
    viewing = find_viewing(request, pk)
    wanted = request.POST if request.method == "POST" else request.GET
    episode = find_episode(wanted.get("episode"))
    status = 200
    if request.method == "POST" and episode is not None:
        try:
            plan = str(request.POST.get("plan") or "-")
            correct_episode(viewing, user=request.user, episode=episode, expected=plan)
        except ChangedMeanwhileError as error:
            messages.error(request, str(error))
            status, viewing = 409, find_viewing(request, pk)
        except ResolutionError as error:
            messages.error(request, str(error))
            status, episode = 422, None
        else:
            messages.success(request, f"It is {episode.season.show.title} {episode.code} now.")
            return redirect("plex:mapping-detail", viewing.mapping_id)
    context = episode_context(request, viewing, episode)
    return render(request, "plex/wrong_episode.html", context, status=status)


def episode_context(
    request: UserRequest, viewing: PlexViewing, episode: Episode | None
) -> dict[str, Any]:
    shown = episode.season.show if episode else viewing.watch.episode.season.show
    if other := number_in(request.GET.get("show")):
        shown = get_object_or_404(TVShow, pk=other)
    query = request.GET.get("q", "").strip()[:200]
    context: dict[str, Any] = {
        "viewing": viewing,
        "recorded": viewing.watch.episode,
        "show": shown,
        "episodes": Episode.objects.filter(season__show=shown).select_related("season").in_order(),
        "episode": episode,
        "query": query,
        "found": our_shows(query, most=LISTED_SHOWS),
    }
    if episode is not None:
        try:
            correction = look_at_episode(viewing, user=request.user, episode=episode)
        except ResolutionError as error:
            context["problem"] = str(error)
        else:
            context["correction"] = correction
            context["preview"] = preview_of(correction.plan, viewer=request.user)
    return context


def find_mapping(request: UserRequest, pk: int) -> PlexShowMapping:
    mappings = PlexShowMapping.objects.visible_to(request.user).select_related("tvshow")
    return get_object_or_404(mappings, pk=pk)


def find_viewing(request: UserRequest, watch_id: int) -> PlexViewing:
    viewing = play_of_watch(watch_id, user=request.user)
    if viewing is None:
        raise Http404
    return viewing


def find_episode(text: Any) -> Episode | None:
    found = Episode.objects.select_related("season__show")
    return found.filter(pk=number_in(text) or 0).first()


def move_url(mapping: PlexShowMapping, show: TVShow) -> str:
    return f"{reverse('plex:mapping-move', args=[mapping.pk])}?show={show.pk}"
