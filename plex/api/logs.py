"""The calls about events: the log, and processing one again.

The log grows to a million rows, so nothing here counts all of them or sorts more than a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Q, QuerySet
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

# Among how many of the newest events those that ended well are counted.
COUNT_WINDOW = 10_000
# These have an index of their own and are counted wherever they stand, up to the window.
WAITING = {
    Status.PENDING: Q(status=Status.PENDING, next_attempt_at__isnull=False),
    Status.HELD: Q(status=Status.HELD),
    Status.FAILED: Q(status=Status.FAILED),
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
            raise ValidationError("Nothing readable of this event was kept, so it can't be processed.")
        reprocess(log, user=user)
        log.refresh_from_db()
        return Response(LogSerializer(log).data, status=202)


def read_status(request: Request) -> str:
    status = request.query_params.get("status", "")
    if status and status not in Status.values:
        raise ValidationError({"status": f"Must be one of {', '.join(Status.values)}."})
    return status


def branches(user: User) -> list[QuerySet[PlexWebhookLog]]:
    """The parts of what `visible_to` shows, each in the order of one index; they may overlap."""
    logs = PlexWebhookLog.objects.order_by("-pk")
    if user.is_staff:
        return [logs]
    accounts = PlexAccount.objects.filter(users=user).values_list("pk", flat=True)
    return [logs.filter(config_id=user.pk), *(logs.filter(account_id=pk) for pk in accounts)]


def newest_ids(user: User, *, status: str, limit: int, offset: int) -> list[int]:
    """The ids of one page of the log, newest first."""
    found: set[int] = set()
    for logs in branches(user):
        wanted = logs.filter(WAITING.get(Status(status), Q(status=status))) if status else logs
        found.update(wanted.values_list("pk", flat=True)[: offset + limit])
    return sorted(found, reverse=True)[offset : offset + limit]


def count_by_status(user: User) -> tuple[dict[str, int], int]:
    """The count of each status, and among how many of the newest events the finished were counted."""
    ids = newest_ids(user, status="", limit=COUNT_WINDOW, offset=0)
    newest = PlexWebhookLog.objects.order_by().filter(pk__in=ids)
    counts = dict.fromkeys(Status.values, 0)
    counts.update(newest.values_list("status").annotate(count=Count("pk")))
    for status in WAITING:
        counts[status] = len(newest_ids(user, status=status, limit=COUNT_WINDOW, offset=0))
    return counts, len(ids)
