"""Periodic work. Each job is a row with a lease, so that of several workers one does it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from plex import history, inbox, retention
from plex.lookups import forget_old_lookups
from plex.models import Action, Job, PlexWebhookLog
from plex.rematch import JOB as RETRY_QUESTIONS
from plex.rematch import retry_questions
from tracker import library, tmdb
from tracker.tmdb import TmdbError

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=30)
# A refresh is a handful of calls; few in a row leave room for what people wait for.
REFRESHED_PER_RUN = 20
HEARTBEAT_PREFIX = "worker:"
HEARTBEATS_KEPT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class PeriodicJob:
    """`run` returns what went wrong, in one sentence for people, or nothing."""

    name: str
    every: timedelta
    run: Callable[[], str | None]
    lease: timedelta = LEASE


def refresh_shows() -> None:
    """Read the shows from TMDB that are due; a failing one stops no other."""
    due = library.shows_due_for_refresh(timezone.now())[:REFRESHED_PER_RUN]
    try:
        for show, reason in library.refresh_due(due, tmdb=tmdb.connect()).failed:
            logger.info("Show %d was not refreshed: %s", show.pk, reason)
    except TmdbError as error:
        logger.info("Shows were not refreshed: %s", error)


def retry_missing_episodes() -> None:
    """Events whose episode was missing, of shows that were refreshed since, by whatever way."""
    shows = (
        PlexWebhookLog.objects.held()
        .filter(
            action_taken=Action.EPISODE_NOT_FOUND,
            mapping__tvshow__refreshed_at__gt=F("processed_at"),
        )
        .values_list("mapping__tvshow_id", flat=True)
        .distinct()
    )
    for show_id in shows:
        if show_id is not None:
            inbox.retry_missing_episodes(show_id, now=timezone.now())


def clean_up() -> None:
    now = timezone.now()
    deleted = retention.clean_up(now=now)
    forget_old_lookups(now)
    Job.objects.filter(
        name__startswith=HEARTBEAT_PREFIX, last_run_at__lt=now - HEARTBEATS_KEPT
    ).delete()
    if deleted:
        logger.info("Deleted %d old Plex events", deleted)
    refresh_table_statistics()


def refresh_table_statistics() -> None:
    """Let SQLite look at a sample of its tables, so that it chooses the right indexes.

    PostgreSQL does this by itself.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 1000")
            cursor.execute("ANALYZE")


JOBS = (
    PeriodicJob(
        name="retry_missing_episodes", every=timedelta(minutes=1), run=retry_missing_episodes
    ),
    PeriodicJob(name=RETRY_QUESTIONS, every=timedelta(minutes=1), run=retry_questions),
    PeriodicJob(name="refresh_shows", every=timedelta(minutes=10), run=refresh_shows),
    PeriodicJob(name="clean_up", every=timedelta(hours=1), run=clean_up),
)


def catch_ups(*, is_starting: bool, should_stop: Callable[[], bool]) -> list[PeriodicJob]:
    """One job for each connection whose history can be read; all at once when a worker starts."""
    return [
        PeriodicJob(
            name=history.job_name(user_id),
            every=timedelta(0) if is_starting else every,
            run=partial(history.catch_up, user_id, should_stop=should_stop),
            lease=history.LEASE,
        )
        for user_id, every in history.due_every().items()
    ]


def run_due_jobs(
    *, is_starting: bool = False, should_stop: Callable[[], bool] = history.never
) -> int:
    """Run the jobs whose time has come and that no other worker runs; returns how many.

    `is_starting`: the worker starts, so that the histories of Plex are read at once.
    """
    reading = catch_ups(is_starting=is_starting, should_stop=should_stop)
    return sum(run_if_due(job) for job in (*reading, *JOBS))


def run_if_due(job: PeriodicJob) -> bool:
    now = timezone.now()
    if not claim(job, now=now):
        return False
    error = ""
    try:
        error = job.run() or ""
    except Exception as raised:
        logger.exception("The job %s failed; it runs again later", job.name)
        error = type(raised).__name__
    Job.objects.filter(name=job.name).update(
        lease_until=None, last_run_at=timezone.now(), last_error=error
    )
    return True


def claim(job: PeriodicJob, *, now: datetime) -> bool:
    due = Job.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now),
        Q(last_run_at=None) | Q(last_run_at__lte=now - job.every),
        name=job.name,
    )
    if due.update(lease_until=now + job.lease):
        return True
    if Job.objects.filter(name=job.name).exists():
        return False
    try:
        with transaction.atomic():
            Job.objects.create(name=job.name, lease_until=now + job.lease)
    except IntegrityError:
        return False
    return True


def beat(worker: str) -> None:
    """Say that this worker is alive; `worker` names its machine and process."""
    Job.objects.update_or_create(
        name=f"{HEARTBEAT_PREFIX}{worker}"[:100], defaults={"last_run_at": timezone.now()}
    )
