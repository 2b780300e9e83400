"""Two shows of the tracker that are one: what would become of everything, then that. For staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from plex.cards import LISTED_SHOWS, our_shows
from plex.models import PlexShowMapping
from plex.resolution import ResolutionError
from plex.resolution.merged_corrections import between
from plex.resolution.merging import fingerprint, look_at_merge, merge_into
from tracker.merging_shows import ShowMerge
from tracker.models import Episode, TrackedShow, TVShow
from tracker.views.answers import UserRequest, number_in

SHOWN_DOUBTS = 20


@dataclass(frozen=True, kw_only=True)
class PersonInMerge:
    """What one person has in the show that goes. `joined` plays are in both shows at one time."""

    name: str
    plays: int
    joined: int
    tracked: TrackedShow | None
    also: TrackedShow | None


@dataclass(frozen=True, kw_only=True)
class Doubt:
    going: str
    kept: str


@login_required
def merge(request: UserRequest, pk: int) -> HttpResponse:
    """Choose the other show, look, confirm."""
    if not request.user.is_staff:
        raise Http404
    kept = get_object_or_404(TVShow, pk=pk)
    wanted = request.POST if request.method == "POST" else request.GET
    going = (
        TVShow.objects.filter(pk=number_in(wanted.get("going")) or 0).exclude(pk=kept.pk).first()
    )
    status = 200
    if request.method == "POST" and going is not None:
        try:
            plan = str(request.POST.get("plan") or "-")
            merge_into(kept, going, by=request.user, expected=plan)
        except ResolutionError as error:
            messages.error(request, str(error))
            status = 409
        else:
            messages.success(request, f"{going} is part of {kept} now.")
            return redirect(kept)
    query = request.GET.get("q", "").strip()[:200]
    context: dict[str, Any] = {
        "kept": kept,
        "going": going,
        "query": query,
        "found": [one for one in our_shows(query or kept.title, most=LISTED_SHOWS) if one != kept],
    }
    if going is not None:
        context |= what_becomes(look_at_merge(kept, going))
    return render(request, "plex/merge_shows.html", context, status=status)


def what_becomes(merge: ShowMerge) -> dict[str, object]:
    return {
        "plan": fingerprint(merge),
        "paired": len(merge.pairs.same),
        "moved": len(merge.pairs.moved),
        "doubts": doubts_of(merge),
        "doubtful": len(merge.pairs.doubtful),
        "people": people_of(merge),
        "corrections": between(merge.kept, merge.going).exclude(kept={}).count(),
        "mappings": PlexShowMapping.objects.filter(tvshow=merge.going).order_by("plex_title"),
    }


def doubts_of(merge: ShowMerge) -> Sequence[Doubt]:
    """Pairs that have nothing but the number in common."""
    shown = merge.pairs.doubtful[:SHOWN_DOUBTS]
    wanted = [*shown, *(merge.pairs.same[pk] for pk in shown)]
    episodes = Episode.objects.select_related("season").in_bulk(wanted)
    return [
        Doubt(going=str(episodes[pk]), kept=str(episodes[merge.pairs.same[pk]])) for pk in shown
    ]


def people_of(merge: ShowMerge) -> Sequence[PersonInMerge]:
    """Everybody who has something in the show that goes."""
    going = {row.user_id: row for row in TrackedShow.objects.filter(show=merge.going)}
    kept = {row.user_id: row for row in TrackedShow.objects.filter(show=merge.kept)}
    plays: dict[int, int] = {}
    joined: dict[int, int] = {}
    for watch in merge.watches.values():
        if not watch.is_kept:
            plays[watch.user_id] = plays.get(watch.user_id, 0) + 1
            joined[watch.user_id] = joined.get(watch.user_id, 0) + (watch.pk in merge.plays.joined)
    people = User.objects.filter(pk__in={*plays, *going}).order_by("username")
    return [
        PersonInMerge(
            name=person.get_username(),
            plays=plays.get(person.pk, 0),
            joined=joined.get(person.pk, 0),
            tracked=going.get(person.pk),
            also=kept.get(person.pk),
        )
        for person in people
    ]
