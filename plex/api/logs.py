"""The calls about events: the log, and processing one again.

The log grows to a million rows, so nothing here counts all of them or sorts more than a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from plex.api.serializers import LogPageSerializer, LogSerializer
from plex.inbox import reprocess
from plex.models import PlexAccount, PlexWebhookLog, Status
from tracker.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, read_number
from tracker.api.permissions import signed_in
from tracker.api.serializers import ErrorSerializer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Of what waits or failed so many are counted; of what ended well, those among the newest events.
COUNT_WINDOW = 10_000
NEWEST_COUNTED = 2_000
# Among how many of the newest events those that ended well are searched.
SEARCH_WINDOW = 20_000
# These are found by an index of their own, wherever they stand.
WAITING: dict[str, tuple[Q, ...]] = {
    Status.PENDING: (Q(next_attempt_at__isnull=False), Q(needs_network__in=[False, True])),
    Status.HELD: (),
    Status.FAILED: (),
}


class LogsView(APIView):
    @extend_schema(
        operation_id="plex_logs",
        summary="What arrived, newest first, and what became of it",
        parameters=[
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 200, default 50."),
            OpenApiParameter("offset", OpenApiTypes.INT),
            OpenApiParameter("status", OpenApiTypes.STR, enum=Status.values),
        ],
        responses={200: LogPageSerializer, 400: ErrorSerializer},
    )
    def get(self, request: Request) -> Response:
        user = signed_in(request)
        limit = read_number(request, "limit", default=DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT)
        offset = read_number(request, "offset", default=0, lowest=0, highest=MAX_OFFSET)
        ids = newest_ids(user, status=read_status(request), limit=limit + 1, offset=offset)
        logs = (
            PlexWebhookLog.objects.filter(pk__in=ids[:limit])
            .select_related("account", "tvshow")
            .defer("payload", "raw_body")
            .order_by("-pk")
        )
        counts, counted = count_by_status(user)
        address = request.build_absolute_uri()
        following = replace_query_param(address, "offset", offset + limit)
        previous = (
            replace_query_param(address, "offset", offset - limit)
            if offset > limit
            else remove_query_param(address, "offset")
        )
        return Response(
            {
                "counts": counts,
                "counted": counted,
                "next": following if len(ids) > limit else None,
                "previous": previous if offset else None,
                "results": LogSerializer(logs, many=True).data,
            }
        )


class RetryLogView(APIView):
    @extend_schema(
        operation_id="plex_log_retry",
        summary="Process an event again",
        description="It is decided afresh, and what you removed of this very viewing comes back.",
        request=None,
        responses={202: LogSerializer, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        user = signed_in(request)
        log = get_object_or_404(PlexWebhookLog.objects.visible_to(user), pk=pk)
        if log.payload is None:
            raise ValidationError(
                "Nothing readable of this event was kept, so it can't be processed."
            )
        reprocess(log, user=user)
        log.refresh_from_db()
        return Response(LogSerializer(log).data, status=202)


def read_status(request: Request) -> str:
    status = request.query_params.get("status", "")
    if status and status not in Status.values:
        raise ValidationError({"status": f"Must be one of {', '.join(Status.values)}."})
    return status


def newest_ids(user: User, *, status: str, limit: int, offset: int) -> list[int]:
    """The ids of one page of the log, newest first."""
    wanted = offset + limit
    found: Iterable[int]
    if not status:
        found = newest(user, "pk", limit=wanted)
    elif status in WAITING:
        found = waiting_ids(user, status, limit=wanted)
    else:
        found = finished_ids(user, status, limit=wanted)
    return sorted(found, reverse=True)[offset:wanted]


def branches(user: User) -> list[QuerySet[PlexWebhookLog]]:
    """The parts of what `visible_to` shows, each in the order of one index; they may overlap."""
    logs = PlexWebhookLog.objects.order_by("-pk")
    if user.is_staff:
        return [logs]
    return [
        logs.filter(config_id=user.pk),
        *(logs.filter(account_id=pk) for pk in accounts_of(user)),
    ]


def accounts_of(user: User) -> list[int]:
    return list(PlexAccount.objects.filter(users=user).values_list("pk", flat=True))


def newest(user: User, column: str, *, limit: int) -> dict[int, Any]:
    """The newest rows that the user may see: one column by id."""
    found: dict[int, Any] = {}
    for logs in branches(user):
        found.update(logs.values_list("pk", column)[:limit])
    return {pk: found[pk] for pk in sorted(found, reverse=True)[:limit]}


def finished_ids(user: User, status: str, *, limit: int) -> set[int]:
    """Events that ended well, among the newest only: a rare status has no index to find it by."""
    found: set[int] = set()
    for logs in branches(user):
        floor = logs.values_list("pk", flat=True)[SEARCH_WINDOW : SEARCH_WINDOW + 1].first()
        wanted = logs.filter(status=status, pk__gt=floor or 0)
        found.update(wanted.values_list("pk", flat=True)[:limit])
    return found


def waiting_ids(user: User, status: str, *, limit: int) -> list[int]:
    """Events that are not done, straight from the index that holds only such."""
    logs = PlexWebhookLog.objects.numbered().filter(*WAITING[status], status=status)
    if not user.is_staff:
        # The sums keep the planner from walking through all events of the config or the account.
        logs = logs.annotate(owner=F("config_id") + 0, played_by=F("account_id") + 0)
        logs = logs.filter(Q(owner=user.pk) | Q(played_by__in=accounts_of(user)))
    # In the order of the index; beyond the window it is the longest waiting that are shown.
    in_index_order = (
        logs.order_by("needs_network", "next_attempt_at")
        if status == Status.PENDING
        else logs.order_by(F("number").desc())
    )
    return list(in_index_order.values_list("pk", flat=True)[: max(limit, COUNT_WINDOW)])


def count_by_status(user: User) -> tuple[dict[str, int], int]:
    """The count of each status, and among how many of the newest events the finished were counted."""
    statuses = newest(user, "status", limit=NEWEST_COUNTED)
    counts = dict.fromkeys(Status.values, 0) | Counter(statuses.values())
    for status in WAITING:
        counts[status] = len(waiting_ids(user, status, limit=COUNT_WINDOW))
    return counts, len(statuses)
