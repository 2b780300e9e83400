"""What became of the plays of an import, from the log itself."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Count

from plex.models import Action, PlexImport, PlexWebhookLog, Status
from plex.processing.record import RECORDED

BY_ACTION = {
    **dict.fromkeys(RECORDED, "recorded"),
    Action.ALREADY_WATCHED: "already_watched",
    Action.CONFLICT_CREATED: "questions",
    Action.EPISODE_NOT_FOUND: "not_found",
}
BY_STATUS = {
    Status.PENDING: "waiting",
    Status.HELD: "waiting",
    Status.DUPLICATE: "already_watched",
    Status.IGNORED: "ignored",
    Status.FAILED: "failed",
}


def time_of(task: PlexImport) -> datetime:
    """When all events of an import came: it tells them from those that the catch-up brings meanwhile."""
    return task.started_at or task.created_at


def results(task: PlexImport) -> dict[str, int]:
    """How many plays were recorded, are questions, … of those that the import brought."""
    logs = PlexWebhookLog.objects.filter(
        config_id=task.config_id,
        source=PlexWebhookLog.Source.HISTORY,
        created_at=time_of(task),
    )
    found: Counter[str] = Counter()
    rows = logs.order_by().values_list("status", "action_taken").annotate(count=Count("pk"))
    for status, action, count in rows:
        found[kind_of(status, action)] += count
    return dict(found)


def kind_of(status: str, action: str) -> str:
    if status in {Status.SUCCESS, Status.HELD} and action in BY_ACTION:
        return BY_ACTION[Action(action)]
    return BY_STATUS.get(Status(status), "ignored")
