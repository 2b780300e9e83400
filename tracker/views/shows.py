"""The grid of a person's shows: search, filters, order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from tracker import queries
from tracker.models import TrackedShow, TVShow
from tracker.queries import ShowWithProgress
from tracker.views.answers import UserRequest, wants_part

PAGE_SIZE = 60
LONGEST = 200
ORDERS = {
    "recent": "Watched last",
    "title": "Title",
    "added": "Added last",
    "rating": "Rating",
    "newest": "Newest first",
    "left": "Most left to watch",
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the query of the page asks for; what it does not know is left out."""

    q: str = ""
    status: str = ""
    source: str = ""
    genre: str = ""
    network: str = ""
    order: str = "recent"

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        # PostgreSQL takes no NUL in a text, and no title has one.
        given = {name: query.get(name, "").replace("\0", "").strip()[:LONGEST] for name in query}
        order = given.get("order", "")
        return cls(
            q=given.get("q", ""),
            status=given.get("status", ""),
            source=given.get("source", ""),
            genre=given.get("genre", ""),
            network=given.get("network", ""),
            order=order if order in ORDERS else "recent",
        )

    @property
    def are_set(self) -> bool:
        return any((self.q, self.status, self.source, self.genre, self.network))


@login_required
def shows(request: UserRequest) -> HttpResponse:
    """With the header of htmx only the results, which is what changes while somebody types."""
    filters = Filters.parse(request.GET)
    found = queries.shows_with_progress(
        request.user,
        timezone.localdate(),
        status=filters.status,
        source=filters.source,
        network=filters.network,
        genre=filters.genre,
        text=filters.q,
    )
    page = Paginator(ordered(found, filters.order), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filters": filters,
        "page": page,
        "cards": page.object_list,
        "shared_titles": queries.shared_titles(request.user),
        **choices(request.user),
    }
    template = (
        "tracker/_shows_results.html" if wants_part(request, "results") else "tracker/shows.html"
    )
    return render(request, template, context)


def ordered(cards: list[ShowWithProgress], order: str) -> list[ShowWithProgress]:
    """In an order of ORDERS; within it the latest activity first, as they come."""
    match order:
        case "title":
            return sorted(cards, key=lambda card: card.show.title.casefold())
        case "added":
            return sorted(cards, key=lambda card: card.tracked.created_at, reverse=True)
        case "rating":
            return sorted(cards, key=lambda card: card.tracked.rating or 0, reverse=True)
        case "newest":
            return sorted(cards, key=lambda card: card.show.year or 0, reverse=True)
        case "left":
            return sorted(cards, key=lambda card: card.progress.left, reverse=True)
        case _:
            return cards


def choices(user: User) -> dict[str, object]:
    """What there is to filter by: only what leads to at least one show."""
    tracked = TrackedShow.objects.filter(user=user).order_by()
    rows = list(tracked.values_list("status", "show__source", "show__network", "show__genres"))
    statuses = Counter(status for status, *_ in rows)
    sources = {source for _, source, _, _ in rows}
    return {
        "tracked_count": len(rows),
        "statuses": [
            (value, label, statuses[value]) for value, label in TrackedShow.Status.choices
        ],
        "sources": [(value, label) for value, label in TVShow.Source.choices if value in sources],
        "genres": sorted({genre for *_, genres in rows for genre in genres}),
        "networks": sorted({network for _, _, network, _ in rows if network}, key=str.casefold),
        "orders": ORDERS.items(),
    }
