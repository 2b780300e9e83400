"""The first page: for each show being watched, the episode to watch next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from tracker import queries, statistics
from tracker.models import Episode, TrackedShow, TVShow
from tracker.queries import UpNext
from tracker.views.answers import UserRequest
from tracker.views.calendar import Day, airings
from tracker.views.drawings import heat_drawing

PAGE_SIZE = 30
DAYS_AHEAD = 14
SHOWN_DAYS = 6


def up_next(request: HttpRequest) -> HttpResponse:
    """Before anybody has an account this address says how to make the first one."""
    if not request.user.is_authenticated and not User.objects.exists():
        return render(request, "tracker/not_set_up.html")
    response: HttpResponse = home(cast(UserRequest, request))
    return response


@login_required
def home(request: UserRequest) -> HttpResponse:
    today = timezone.localdate()
    waiting = queries.waiting_shows(request.user, today)
    page = Paginator(waiting, PAGE_SIZE).get_page(request.GET.get("page"))
    cards = queries.up_next_cards(request.user, list(page.object_list), today)
    is_first = page.number == 1
    context = {
        "page": page,
        "today": today,
        "hero": cards[0] if cards and is_first else None,
        "cards": cards[1:] if is_first else cards,
        "coming": coming(request.user, today),
        "heat": heat_drawing(statistics.recent_heat_map(request.user, today)),
        "shared_titles": queries.shared_titles(request.user),
        "has_shows": bool(cards) or TrackedShow.objects.filter(user=request.user).exists(),
    }
    return render(request, "tracker/up_next.html", context)


def coming(user: User, today: date) -> list[Day]:
    """The next days on which something airs."""
    aired = airings(user, today + timedelta(days=1), today + timedelta(days=DAYS_AHEAD), today)
    return [
        Day(day=day, airings=aired[day], in_month=True, is_today=False)
        for day in sorted(aired)[:SHOWN_DAYS]
    ]


def card_part(request: UserRequest, show: TVShow, *, large: bool) -> HttpResponse:
    """A show's card after its episode was marked: with the episode after it, or all caught up."""
    tracked = get_object_or_404(
        TrackedShow.objects.select_related("show"), user=request.user, show=show
    )
    state = queries.show_state(request.user, show, timezone.localdate())
    card = None
    if state.next:
        episode = Episode.objects.select_related("season__show").get(pk=state.next.episode_id)
        card = UpNext(
            tracked=tracked,
            episode=episode,
            progress=state.progress,
            last_watched_at=timezone.now(),
        )
    context = {
        "card": card,
        "show": show,
        "state": state,
        "large": large,
        "shared_titles": queries.shared_titles(request.user),
    }
    return render(request, "tracker/_up_next_answer.html", context)
