"""Marking episodes, seasons and everything up to an episode, and taking it back."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from tracker import watching
from tracker.forms import STEP_OF_A_MINUTE, WatchedAtForm
from tracker.models import Episode, Season, Watch
from tracker.views.answers import (
    UserRequest,
    back,
    counted,
    number_in,
    offer_undo,
    wants_part,
)
from tracker.views.seasons import plays_of
from tracker.views.show import season_part
from tracker.views.up_next import card_part


def find_episode(pk: int) -> Episode:
    return get_object_or_404(Episode.objects.select_related("season__show"), pk=pk)


@login_required
def episode_detail(request: UserRequest, pk: int) -> HttpResponse:
    """An episode with everything that can be done with it: a page, or the dialog over one."""
    episode = find_episode(pk)
    now = timezone.localtime()
    aired_at = now
    if episode.air_date and episode.air_date < now.date():
        evening = datetime.combine(episode.air_date, datetime.min.time().replace(hour=20))
        aired_at = timezone.make_aware(evening)
    context = {
        "episode": episode,
        "show": episode.season.show,
        "plays": plays_of([episode], request.user)[episode.pk],
        "form": WatchedAtForm(initial={"watched_at": now.strftime(STEP_OF_A_MINUTE)}),
        "aired_at": aired_at.strftime(STEP_OF_A_MINUTE),
        "has_aired": episode.has_aired(now.date()),
    }
    template = (
        "tracker/_episode.html" if wants_part(request, "sheet-body") else "tracker/episode.html"
    )
    return render(request, template, context)


def chosen_time(request: UserRequest) -> datetime | None:
    """The time that the form names, else now; None when it names one that can't be."""
    if not request.POST.get("watched_at"):
        return timezone.now()
    form = WatchedAtForm(request.POST)
    if form.is_valid():
        value: datetime = form.cleaned_data["watched_at"]
        return value
    messages.error(request, " ".join(str(error) for error in form.errors["watched_at"]))
    return None


@login_required
@require_POST
def mark(request: UserRequest, pk: int) -> HttpResponse:
    episode = find_episode(pk)
    if (watched_at := chosen_time(request)) is not None:
        watch, created = watching.mark_watched(
            user=request.user, episode=episode, watched_at=watched_at
        )
        title = f"{episode.season.show.title} {episode.code}"
        if created:
            offer_undo(request, f"{title} is watched.", watches=[watch], made=True)
        else:
            messages.info(request, f"{title} was watched already.")
    return answer(request, episode.season, episode=episode)


@login_required
@require_POST
def unmark_episode(request: UserRequest, pk: int) -> HttpResponse:
    episode = find_episode(pk)
    plays = plays_of([episode], request.user)[episode.pk]
    watching.unmark(user=request.user, episode=episode, now=timezone.now())
    text = f"{episode.season.show.title} {episode.code} is not watched."
    offer_undo(request, text, watches=plays, made=False)
    return answer(request, episode.season, episode=episode)


@login_required
@require_POST
def up_to_here(request: UserRequest, pk: int) -> HttpResponse:
    episode = find_episode(pk)
    if (watched_at := chosen_time(request)) is not None:
        made = watching.mark_up_to(user=request.user, episode=episode, watched_at=watched_at)
        text = f"{counted(len(made), 'episode')} up to {episode.code} marked as watched."
        offer_undo(request, text, watches=made, made=True)
    return answer(request, episode.season, episode=episode)


@login_required
@require_POST
def again(request: UserRequest, pk: int) -> HttpResponse:
    """Another play of an episode that was watched before."""
    episode = find_episode(pk)
    if (watched_at := chosen_time(request)) is not None:
        watch = watching.record_rewatch(user=request.user, episode=episode, watched_at=watched_at)
        text = f"{episode.season.show.title} {episode.code} is watched once more."
        offer_undo(request, text, watches=[watch], made=True)
    return answer(request, episode.season, episode=episode)


@login_required
@require_POST
def mark_whole_season(request: UserRequest, pk: int) -> HttpResponse:
    season = get_object_or_404(Season.objects.select_related("show"), pk=pk)
    made = watching.mark_season(user=request.user, season=season, watched_at=timezone.now())
    text = f"{counted(len(made), 'episode')} of {season.show.title}, {season}, marked as watched."
    offer_undo(request, text, watches=made, made=True)
    return answer(request, season)


@login_required
@require_POST
def unmark_whole_season(request: UserRequest, pk: int) -> HttpResponse:
    season = get_object_or_404(Season.objects.select_related("show"), pk=pk)
    plays = list(Watch.objects.standing().filter(user=request.user, episode__season=season))
    watching.unmark_season(user=request.user, season=season, now=timezone.now())
    text = f"{season.show.title}, {season}, is not watched."
    offer_undo(request, text, watches=plays, made=False)
    return answer(request, season)


def answer(request: UserRequest, season: Season, *, episode: Episode | None = None) -> HttpResponse:
    """The part of the page that changed, when htmx asks for it, else the page that was looked at."""
    show = season.show
    if wants_part(request, f"season-{season.season_number}"):
        page = number_in(request.POST.get("page", "")) or 1
        return season_part(request, season, opened=season.season_number, page=page)
    if episode and wants_part(request, f"up-next-{show.pk}"):
        return card_part(request, show, large="large" in request.POST)
    return back(request, f"{show.get_absolute_url()}?season={season.season_number}")
