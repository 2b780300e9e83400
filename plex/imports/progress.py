"""How a step of an import notes how far it is. For the modules that carry out a kind of import."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from plex.models import Job, PlexImport

# Longer than the calls of one piece of work; renewed whenever progress is noted.
LEASE = timedelta(minutes=3)
# A key of `cursor`: how many pieces of work failed in a row; gone with the first that works.
FAILURES = "failures"
# A key of `cursor`: the worker that carries the import out; absent while it waits after trouble.
WORKER = "worker"
# A worker that was not heard of for this long is dead: each says every ten seconds that it is alive.
LOST_AFTER = timedelta(seconds=30)
# Tells this start from earlier ones: containers start with the same name and process number.
STARTED = secrets.token_hex(4)


class LostImportError(Exception):
    """Somebody stopped or cancelled the import, or another worker carries it out by now."""


def note(task: PlexImport, **columns: Any) -> None:
    """Keep what a piece of work changed, with the lease renewed. Raises `LostImportError`.

    Call it within the transaction that writes what the piece brought: then a kill costs nothing,
    and whatever came of a stalled worker is undone.
    """
    if "cursor" in columns:
        columns["cursor"] = {**columns["cursor"], WORKER: this_worker()}
    write(task, lease_until=timezone.now() + LEASE, **columns)


def ready(task: PlexImport, **columns: Any) -> None:
    """The counting is over; a person has to say go now."""
    write(task, state=PlexImport.State.READY, lease_until=None, error="", **columns)


def finish(task: PlexImport, **columns: Any) -> None:
    now = timezone.now()
    state = PlexImport.State.FINISHED
    write(task, state=state, lease_until=None, finished_at=now, error="", **columns)


def write(task: PlexImport, **columns: Any) -> None:
    """Change the row as long as the claim holds; the object then has the new values as well."""
    mine = PlexImport.objects.filter(pk=task.pk, state=task.state, lease_until=task.lease_until)
    # PostgreSQL waits here for a person's button, which then decides.
    with transaction.atomic():
        if not mine.update(**columns):
            raise LostImportError
    for name, value in columns.items():
        setattr(task, name, value)


def this_worker() -> str:
    """This process as its heartbeat names it, and which of those that had the name it is."""
    return f"{socket.gethostname()}:{os.getpid()}/{STARTED}"


def is_free(task: PlexImport, *, now: datetime) -> bool:
    """Whether no worker carries the import out, or the one that did was killed."""
    if task.lease_until is None or task.lease_until < now:
        return True
    worker = task.cursor.get(WORKER)
    return bool(worker) and is_gone(str(worker), now=now)


def is_gone(worker: str, *, now: datetime) -> bool:
    """Whether a worker does not live any more. One that is only slow finds its claim lost."""
    name, _, started = worker.partition("/")
    own_name, _, own_started = this_worker().partition("/")
    if name == own_name:
        return started != own_started
    beats = Job.objects.filter(name=f"{Job.WORKER}{name}"[:100])
    at = beats.values_list("last_run_at", flat=True).first()
    return at is not None and at < now - LOST_AFTER


def without_worker(cursor: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cursor.items() if name != WORKER}


def failures_of(task: PlexImport) -> int:
    return int(task.cursor.get(FAILURES, 0))
