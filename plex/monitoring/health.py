"""`/healthz`, for monitors: does the database answer, does a worker run, does the queue move?"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plex.models import Job, PlexWebhookLog

WORKER_SILENT = timedelta(minutes=1)
# Claimed and postponed rows are not due: a row that stays due waits for a worker that does not come.
QUEUE_STUCK = timedelta(minutes=10)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while all is well, 503 with the reason otherwise. Public: it says nothing about anybody."""
    try:
        state = read_state(timezone.now())
    except Error:
        state = {"status": "The database does not answer.", "database": False}
    return JsonResponse(state, status=200 if state["status"] == "ok" else 503)


def read_state(now: datetime) -> dict[str, object]:
    """The answer, with ages in seconds: null for a worker never seen, 0 for an empty queue."""
    beat = Job.objects.last_heartbeat()
    # Lane by lane, as the index is sorted.
    due = [
        PlexWebhookLog.objects.due(now).in_lane(needs_network=lane).first_due_at()
        for lane in (False, True)
    ]
    waiting = max((now - at for at in due if at), default=timedelta())
    silent = now - beat if beat else None
    return {
        "status": verdict(silent=silent, waiting=waiting),
        "database": True,
        "worker_heartbeat_seconds": None if silent is None else round(silent.total_seconds(), 1),
        "oldest_due_seconds": round(waiting.total_seconds(), 1),
    }


def verdict(*, silent: timedelta | None, waiting: timedelta) -> str:
    if silent is None or silent > WORKER_SILENT:
        return "No worker is running. Start one with `python manage.py worker`."
    if waiting > QUEUE_STUCK:
        return "The worker does not keep up: the oldest event has waited for too long."
    return "ok"


urlpatterns = [path("healthz", healthz, name="healthz")]
