"""Automatic decisions that are most likely right: shows without an id, episodes by number alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from plex.models import PlexShowMapping, PlexViewing
from tracker.views.answers import UserRequest, counted, number_in

PAGE_SIZE = 20
PLAYS_SHOWN = 50
SHOWS_BY_NUMBER = 20
# An id proves a show with 0.95 and more; below that it was the title with its year or a date.
SURE = 0.95


@dataclass(frozen=True, kw_only=True)
class ByNumber:
    """A Plex show with plays of the person that only the number placed."""

    mapping: PlexShowMapping
    plays: int
    last: datetime


@login_required
def worth_a_look(request: UserRequest) -> HttpResponse:
    """The least certain first, with "yes" and "wrong show?" for each."""
    page = Paginator(uncertain(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    numbered = shows_by_number(request.user) if page.number == 1 else []
    return render(request, "plex/worth_a_look.html", {"page": page, "numbered": numbered})


@login_required
def by_number(request: UserRequest, pk: int) -> HttpResponse:
    """The person's plays of one Plex show that only the number placed; posted, all shown are right."""
    mappings = PlexShowMapping.objects.visible_to(request.user).select_related("tvshow")
    mapping = get_object_or_404(mappings, pk=pk)
    plays = plays_by_number(request.user).filter(mapping=mapping)
    if request.method == "POST":
        seen = plays.filter(pk__lte=number_in(request.POST.get("until")) or 0)
        count = seen.update(evidence=PlexViewing.CONFIRMED)
        messages.success(request, f"{counted(count, 'play')} confirmed.")
        return redirect("plex:worth-a-look")
    rows = plays.select_related("watch__episode__season__show").order_by("-pk")
    page = Paginator(rows, PLAYS_SHOWN).get_page(request.GET.get("page"))
    if not page.object_list:
        return redirect("plex:worth-a-look")
    until = rows.values_list("pk", flat=True).first()
    context = {"mapping": mapping, "page": page, "until": until}
    return render(request, "plex/by_number.html", context)


def plays_by_number(user: User) -> QuerySet[PlexViewing]:
    """What stands and nobody has confirmed; one small index holds these."""
    return PlexViewing.objects.filter(
        user=user, evidence=PlexViewing.NUMBER, watch__removed_at=None, mapping__isnull=False
    )


def shows_by_number(user: User) -> list[ByNumber]:
    """By Plex show, those with the most such plays first."""
    rows = list(
        plays_by_number(user)
        .values("mapping")
        .annotate(plays=Count("pk"), last=Max("viewed_at"))
        .order_by("-plays", "mapping")[:SHOWS_BY_NUMBER]
    )
    mappings = PlexShowMapping.objects.select_related("tvshow").in_bulk(
        [row["mapping"] for row in rows]
    )
    return [
        ByNumber(mapping=mappings[row["mapping"]], plays=row["plays"], last=row["last"])
        for row in rows
        if row["mapping"] in mappings
    ]


def uncertain(user: User) -> QuerySet[PlexShowMapping]:
    """What the user may look at and nobody has confirmed, or what later ids contradict."""
    return (
        PlexShowMapping.objects.visible_to(user)
        .mapped()
        .filter(Q(manually_confirmed=False, match_confidence__lt=SURE) | ~Q(needs_review=""))
        .filter(sync_enabled=True)
        .exclude(ignored_by=user)
        .select_related("tvshow")
        .order_by("match_confidence", "plex_title", "pk")
    )
