"""What arrived from Plex, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from plex.forms import ActivityFilterForm
from plex.inbox import NETWORK_LEASE, reprocess
from plex.inspection import inspect
from plex.models import PlexAccount, PlexShowMapping, PlexWebhookLog, Status
from plex.models.webhook_log import PlexWebhookLogQuerySet
from plex.views.reading import missing_count
from tracker.views.answers import UserRequest, next_url, number_in

PAGE_SIZE = 50
# A filter without an index reads rows until the page is full. With a million rows and few hits that
# takes seconds, so it looks at this many rows and then offers to look further.
FILTERED_ROWS = 20_000
INDEXED_STATUSES = {Status.HELD, Status.FAILED}
# How long a page goes on asking what became of an event that it shows as waiting.
WATCHED_FOR = timedelta(minutes=10)
WATCHED_ROWS = 50
SHOWN_ACCOUNTS = 50
SHOWS_PER_TITLE = 100


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """`older` continues the list; `newest` and `waiting` are what the next poll asks about."""

    events: Sequence[PlexWebhookLog]
    older: int | None
    newest: int
    waiting: str


@login_required
def activity(request: UserRequest) -> HttpResponse:
    form = filter_form(request)
    page = read_page(request, form, before=number_in(request.GET.get("before")))
    context = {
        "form": form,
        "page": page,
        "query": filter_query(request),
        "first": "before" not in request.GET,
        "missing_count": missing_count(request.user.pk),
    }
    return render(request, "plex/activity.html", context)


@login_required
def new_events(request: UserRequest) -> HttpResponse:
    """What came since the list was drawn, and what was decided; 204 while nothing happened.

    On PostgreSQL an event can become visible after one with a higher id. The list may then lack it
    until the page is loaded again.
    """
    form = filter_form(request)
    after = number_in(request.GET.get("after")) or 0
    by = id_name(request.user, form)
    branches = branches_of(request.user, form, **{f"{by}__gt": after})
    fresh = newest(branches, by=by, limit=PAGE_SIZE)
    asked = [pk for text in request.GET.get("waiting", "").split(",") if (pk := number_in(text))]
    asked = asked[:WATCHED_ROWS]
    decided = list(
        for_list(PlexWebhookLog.objects.visible_to(request.user).filter(pk__in=asked)).exclude(
            status=Status.PENDING
        )
    )
    if not fresh and not decided:
        return HttpResponse(status=204)
    done = {event.pk for event in decided}
    waiting = [*still_waiting(fresh), *(pk for pk in asked if pk not in done)]
    return render(
        request,
        "plex/_new_events.html",
        {
            "page": EventPage(
                events=fresh,
                older=None,
                newest=fresh[0].pk if fresh else after,
                waiting=as_text(waiting),
            ),
            "decided": decided,
            "query": filter_query(request),
        },
    )


@login_required
def event_detail(request: UserRequest, pk: int) -> HttpResponse:
    event = find_event(request, pk)
    play = event.viewings.filter(user=request.user, watch__removed_at=None).first()
    context = {"event": event, "play": play, "is_due": is_due(event)}
    return render(request, "plex/event_detail.html", context)


@login_required
@require_POST
def dry_run(request: UserRequest, pk: int) -> HttpResponse:
    """The event's page, with what would become of the event now. Asks the network; writes nothing."""
    event = find_event(request, pk)
    if event.payload is None:
        messages.error(request, "This event could not be read, so nothing can be decided about it.")
        return redirect("plex:event-detail", event.pk)
    inspection = inspect(event, network=True, viewer=request.user)
    return render(request, "plex/event_detail.html", {"event": event, "inspection": inspection})


@login_required
@require_POST
def process_again(request: UserRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(PlexWebhookLog.objects.visible_to(request.user), pk=pk)
    if event.payload is None:
        messages.error(
            request, "This event could not be read, so there is nothing to process again."
        )
    else:
        reprocess(event, user=request.user)
        messages.success(request, "The event is processed again; its outcome appears in a moment.")
    return redirect(next_url(request, reverse("plex:event-detail", args=[event.pk])))


def find_event(request: UserRequest, pk: int) -> PlexWebhookLog:
    events = PlexWebhookLog.objects.visible_to(request.user)
    return get_object_or_404(
        events.select_related("account", "conflict", "mapping", "tvshow", "config__user"), pk=pk
    )


def is_due(event: PlexWebhookLog) -> bool:
    """Whether the worker has this event in hand, so that its outcome should appear by itself."""
    if event.status != Status.PENDING or event.next_attempt_at is None:
        return False
    now = timezone.now()
    is_put_off = event.waiting_since is not None or event.error_count > 0
    return not is_put_off and now - WATCHED_FOR < event.next_attempt_at < now + NETWORK_LEASE


def read_page(request: UserRequest, form: ActivityFilterForm, *, before: int | None) -> EventPage:
    by = id_name(request.user, form)
    bounds: dict[str, int] = {} if before is None else {f"{by}__lt": before}
    lowest = lowest_id(before) if needs_bound(form) else None
    if lowest is not None:
        bounds[f"{by}__gte"] = lowest
    found = newest(branches_of(request.user, form, **bounds), by=by, limit=PAGE_SIZE + 1)
    events = found[:PAGE_SIZE]
    older = events[-1].pk if len(found) > PAGE_SIZE else lowest
    return EventPage(
        events=events,
        older=older,
        newest=events[0].pk if events else (before or PlexWebhookLog.objects.newest_id()),
        waiting=as_text(still_waiting(events)),
    )


def filter_form(request: UserRequest) -> ActivityFilterForm:
    accounts = PlexAccount.objects.visible_to(request.user).order_by("account_title", "pk")
    form = ActivityFilterForm(request.GET, accounts=accounts[:SHOWN_ACCOUNTS])
    form.is_valid()
    return form


def id_name(user: User, form: ActivityFilterForm) -> str:
    """By which name of the id to bound and to order: see `numbered`."""
    by_status_alone = not (form.cleaned_data.get("account") or form.cleaned_data.get("show"))
    is_indexed = form.cleaned_data.get("status") in INDEXED_STATUSES
    return "number" if user.is_staff and is_indexed and by_status_alone else "pk"


def branches_of(
    user: User, form: ActivityFilterForm, **bounds: int
) -> list[PlexWebhookLogQuerySet]:
    """What `visible_to` allows of the filters, in parts that one index each leads to: "or" makes
    databases sort all."""
    logs = filtered(PlexWebhookLog.objects.numbered().filter(**bounds), form)
    if user.is_staff:
        return [logs]
    accounts = PlexAccount.objects.filter(users=user).order_by("pk")
    theirs = [logs.filter(account=account) for account in accounts]
    return [logs.filter(config=user.pk), *theirs]


def newest(
    branches: Sequence[PlexWebhookLogQuerySet], *, by: str, limit: int
) -> list[PlexWebhookLog]:
    """The newest events of all branches together, each once."""
    found: set[int] = set()
    for rows in branches:
        found.update(rows.order_by(f"-{by}").values_list("pk", flat=True)[:limit])
    chosen = sorted(found, reverse=True)[:limit]
    return list(for_list(PlexWebhookLog.objects.filter(pk__in=chosen)).order_by("-pk"))


def filtered(rows: PlexWebhookLogQuerySet, form: ActivityFilterForm) -> PlexWebhookLogQuerySet:
    if status := form.cleaned_data.get("status"):
        rows = rows.filter(status=status)
    if account := form.cleaned_data.get("account"):
        rows = rows.filter(account=account)
    if title := form.cleaned_data.get("show"):
        shows = PlexShowMapping.objects.filter(
            Q(plex_title__icontains=title) | Q(tvshow__title__icontains=title)
        )
        rows = rows.filter(mapping__in=list(shows.values_list("pk", flat=True)[:SHOWS_PER_TITLE]))
    return rows


def needs_bound(form: ActivityFilterForm) -> bool:
    """Whether no index leads to the rows: a common outcome, of any show."""
    status = form.cleaned_data.get("status")
    return bool(status) and status not in INDEXED_STATUSES and not form.cleaned_data.get("show")


def lowest_id(before: int | None) -> int | None:
    """The id down to which a bounded list looks; None when that is the end of the log."""
    top = before if before is not None else PlexWebhookLog.objects.newest_id() + 1
    lowest = top - FILTERED_ROWS
    return lowest if lowest > 1 else None


def for_list(rows: PlexWebhookLogQuerySet) -> QuerySet[PlexWebhookLog]:
    # Not the connection, which every event has: SQLite would start from it, and sort all its events.
    related = rows.without_bodies().select_related("account", "tvshow", "conflict")
    return related.defer("tvshow__overview", "tvshow__alternative_titles")


def still_waiting(events: Sequence[PlexWebhookLog]) -> list[int]:
    """The events whose outcome should appear by itself."""
    since = timezone.now() - WATCHED_FOR
    return [
        event.pk for event in events if event.status == Status.PENDING and event.created_at > since
    ]


def filter_query(request: UserRequest) -> str:
    """The filters alone, for links and polls."""
    query = QueryDict(mutable=True)
    for name in ("status", "account", "show"):
        if value := request.GET.get(name):
            query[name] = value
    return query.urlencode()


def as_text(ids: Sequence[int]) -> str:
    return ",".join(str(pk) for pk in ids[:WATCHED_ROWS])
