"""Imports that a person starts: what their buttons do, and how the worker carries them out.

A kind of import is a step: it works piece by piece, notes each piece by `progress.note`, and
returns when `should_stop` says so, or when all is counted or done (`progress.ready`, `finish`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.utils import timezone

from plex.answers import PlexError
from plex.imports import past_plays, show_import
from plex.imports.progress import (
    FAILURES,
    LEASE,
    WORKER,
    LostImportError,
    failures_of,
    is_free,
    this_worker,
    without_worker,
    write,
)
from plex.lookups import TmdbAwayError
from plex.models import PlexConfig, PlexImport
from plex.models.imports import PlexImportQuerySet
from tracker.tmdb import TmdbError

logger = logging.getLogger(__name__)

State, Kind = PlexImport.State, PlexImport.Kind

# The periodic jobs run in the same thread, between two slices.
SLICE_SECONDS = 3.0
SHORTEST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)
MOST_DOUBLINGS = 6
# An error of our own that comes back this often does not go away by itself.
MOST_ERRORS = 5
TRIES = 5
OUR_ERROR = "The import met an error; the server's log has the details."


class Step(Protocol):
    """Works on an import that is counting or running. Raises `PlexError`, `TmdbError`,
    `TmdbAwayError`, `LostImportError`."""

    def __call__(self, task: PlexImport, *, should_stop: Callable[[], bool]) -> None: ...


STEPS: dict[str, Step] = {Kind.PLAYS: past_plays.step, Kind.SHOWS: show_import.step}


def latest(config: PlexConfig, kind: str) -> PlexImport | None:
    """The import that the page shows: the active one, else the last."""
    tasks = PlexImport.objects.filter(config=config, kind=kind)
    return tasks.active().first() or tasks.order_by("-pk").first()


def start(config: PlexConfig, kind: str) -> PlexImport:
    """Have the worker look what there is; the active import where there is one already."""
    for _ in range(TRIES):
        active = PlexImport.objects.active().filter(config=config, kind=kind).first()
        if active is not None:
            return active
        # Another window may start one in this very moment, and a third cancel it.
        with suppress(IntegrityError), transaction.atomic():
            return PlexImport.objects.create(
                config=config,
                kind=kind,
                state=State.COUNTING,
                server_uuid=config.plex_server_uuid,
            )
    raise IntegrityError("imports are started and cancelled all the time")


def go(task: PlexImport, *, chosen: list[str]) -> bool:
    """Begin, with the chosen shows, or with all where none is named."""
    fresh: dict[str, Any] = {"chosen": chosen, "cursor": {}, "done": 0, "error": ""}
    return change(task, State.READY, state=State.RUNNING, started_at=timezone.now(), **fresh)


def stop(task: PlexImport) -> bool:
    """The worker leaves it after the piece that it is at."""
    return change(task, State.COUNTING, State.RUNNING, state=State.STOPPED)


def resume(task: PlexImport) -> bool:
    """Go on where it was stopped, or where it failed."""
    state = State.COUNTING if task.started_at is None else State.RUNNING
    try:
        with transaction.atomic():
            return change(
                task, State.STOPPED, State.FAILED, state=state, error="", finished_at=None
            )
    except IntegrityError:
        return False  # Another one was started meanwhile.


def cancel(task: PlexImport) -> bool:
    """End it for good; what it brought so far stays."""
    states = (*PlexImport.ACTIVE, State.FAILED)
    if task.started_at is None:
        return bool(of(task, *states).filter(started_at=None).delete()[0])
    return change(task, *states, state=State.FINISHED, finished_at=timezone.now(), error="")


def change(task: PlexImport, *states: str, **columns: Any) -> bool:
    """Change an import that is in one of these states; takes it from the worker that has it."""
    return bool(of(task, *states).update(lease_until=None, **columns))


def of(task: PlexImport, *states: str) -> PlexImportQuerySet:
    return PlexImport.objects.filter(pk=task.pk, state__in=states)


def is_waiting() -> bool:
    """Whether there is anything for the worker to do now."""
    now = timezone.now()
    rows = worked_on().only("lease_until", "cursor")
    return any(is_free(task, now=now) for task in rows)


def work_on_imports(should_stop: Callable[[], bool]) -> bool:
    """A few seconds of work, shared by all imports that nobody else works on; False for none."""
    now = timezone.now()
    waiting = [task for task in worked_on().order_by("pk") if is_free(task, now=now)]
    for task in waiting:
        deadline = time.monotonic() + SLICE_SECONDS / len(waiting)
        if not should_stop() and claim(task, now=timezone.now()):
            work_on(task, should_stop=lambda: should_stop() or time.monotonic() > deadline)  # noqa: B023
    return bool(waiting)


def worked_on() -> PlexImportQuerySet:
    return PlexImport.objects.for_worker().filter(kind__in=STEPS)


def claim(task: PlexImport, *, now: datetime) -> bool:
    """Take an import that no other worker carries out; the object is then as it is stored."""
    with transaction.atomic():
        current = worked_on().select_for_update().filter(pk=task.pk).first()
        if current is None or not is_free(current, now=now):
            return False
        cursor = {**current.cursor, WORKER: this_worker()}
        PlexImport.objects.filter(pk=task.pk).update(lease_until=now + LEASE, cursor=cursor)
        # Within: a button that is pressed right after it must find the claim lost.
        task.refresh_from_db()
    return True


def work_on(task: PlexImport, *, should_stop: Callable[[], bool]) -> None:
    """One slice of a claimed import; whatever goes wrong, the row says so."""
    try:
        try:
            STEPS[task.kind](task, should_stop=should_stop)
            if task.state in PlexImport.WORKED_ON:
                cursor = without_worker(task.cursor)
                cursor.pop(FAILURES, None)
                write(task, cursor=cursor, error="", lease_until=None)
        except (PlexError, TmdbError) as error:
            trouble(task, str(error), is_final=error.permanent, wait=error.retry_after or 0)
        except TmdbAwayError as error:
            trouble(task, str(error), is_final=error.is_final)
        except (LostImportError, DatabaseError, InterfaceError):
            raise
        except Exception:
            logger.exception("Import %d met an error", task.pk)
            trouble(task, OUR_ERROR, is_final=failures_of(task) + 1 >= MOST_ERRORS)
    except LostImportError:
        logger.info("Import %d was stopped, or is carried out elsewhere", task.pk)


def trouble(task: PlexImport, sentence: str, *, is_final: bool, wait: float = 0) -> None:
    """Note what is wrong: the end of it, or a pause before it is tried again.

    `wait`: the seconds that a host which is away is left alone; nothing failed in this import then.
    """
    now, failures = timezone.now(), failures_of(task)
    if is_final:
        write(task, state=State.FAILED, error=sentence, finished_at=now, lease_until=None)
        return
    pause = max(pause_after(failures), min(timedelta(seconds=wait), LONGEST_PAUSE))
    cursor = {**without_worker(task.cursor), FAILURES: failures + (not wait)}
    write(task, cursor=cursor, error=sentence, lease_until=now + pause)


def pause_after(failures: int) -> timedelta:
    return min(SHORTEST_PAUSE * (1 << min(failures, MOST_DOUBLINGS)), LONGEST_PAUSE)
