"""Periodic work. Each job is a row with a lease, so that of several workers one does it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from plex import circuit, clock, host_circuits, inbox, retention
from plex.client import PlexError, PlexServer, PlexTv
from plex.connection import token_of
from plex.history import missing, reading, scan
from plex.lookups import Lookups, TmdbAwayError, forget_old_lookups
from plex.models import Action, Job, PlexConfig, PlexWebhookLog
from plex.monitoring.activity_days import JOB as SETTLE_DAYS
from plex.monitoring.activity_days import settle_days
from plex.monitoring.alarms import check_alarms
from plex.numbering.proposals import JOB as PROPOSE_ORDERS
from plex.numbering.proposals import propose_orders
from plex.rematch import JOB as RETRY_QUESTIONS
from plex.rematch import retry_questions
from plex.replacing import JOB as REPLACE
from plex.replacing import replace_makeshift_shows
from tracker import library, tmdb
from tracker.tmdb import TmdbError, TmdbKeyRefusedError

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=30)
# A refresh is a handful of calls; few in a row leave room for what people wait for.
REFRESHED_PER_RUN = 20
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
    if circuit.current() is not None:
        return
    due = library.shows_due_for_refresh(timezone.now())[:REFRESHED_PER_RUN]
    try:
        result = library.refresh_due(due, tmdb=tmdb.connect())
    except TmdbError as error:
        logger.info("Shows were not refreshed: %s", error)
        if isinstance(error, TmdbKeyRefusedError) or not error.permanent:
            circuit.Circuit().failed(error, now=timezone.now(), is_away=True)
        return
    for show, reason in result.failed:
        logger.info("Show %d was not refreshed: %s", show.pk, reason)
    if result.refreshed:
        circuit.close(now=timezone.now())


def ask_tmdb_again() -> None:
    """While TMDB is away: one call when its time has come; its answer wakes what waits."""
    if circuit.is_due(now=timezone.now()):
        try:
            Lookups(may_call=True).ask_whether_back()
        except TmdbAwayError as error:
            logger.info("TMDB is still away: %s", error)


def ask_plex_again() -> None:
    """While a host of Plex is away: one call when its time has come; its answer wakes what waits."""
    host_circuits.forget_unused()
    for config in PlexConfig.objects.with_token().order_by("pk"):
        for ask in plex_trials(config):
            try:
                ask()
            except PlexError as error:
                logger.info("Plex is still away: %s", error)


def plex_trials(config: PlexConfig) -> Iterator[Callable[[], object]]:
    """The calls that find out whether a connection's hosts are back, as far as they are due."""
    now, url = timezone.now(), config.plex_server_url
    server, tv = host_circuits.of_server(url), host_circuits.of_account_service()
    if url and circuit.is_due(server.name, now=now):
        yield PlexServer(url, "", circuit=server).identity
    if circuit.is_due(tv.name, now=now) and (token := token_of(config)):
        yield PlexTv(token, circuit=tv).user


def retry_missing_episodes() -> None:
    """Events whose episode was missing, of shows that were refreshed since, by whatever way."""
    missing = PlexWebhookLog.objects.held().filter(action_taken=Action.EPISODE_NOT_FOUND)
    shows: set[int] = set()
    # A season of Plex can be another show's.
    for show in ("mapping__tvshow", "mapping__season_mappings__tvshow"):
        refreshed = missing.filter(**{f"{show}__refreshed_at__gt": F("processed_at")})
        shows.update(refreshed.values_list(f"{show}_id", flat=True).distinct())
    for show_id in sorted(shows):
        inbox.retry_missing_episodes(show_id, now=timezone.now())


def clean_up() -> None:
    now = timezone.now()
    deleted = retention.clean_up(now=now)
    forget_old_lookups(now)
    Job.objects.heartbeats().filter(last_run_at__lt=now - HEARTBEATS_KEPT).delete()
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
    PeriodicJob(name="ask_tmdb_again", every=timedelta(minutes=1), run=ask_tmdb_again),
    PeriodicJob(name="ask_plex_again", every=timedelta(minutes=1), run=ask_plex_again),
    PeriodicJob(name=PROPOSE_ORDERS, every=timedelta(minutes=5), run=propose_orders),
    PeriodicJob(name=REPLACE, every=timedelta(minutes=5), run=replace_makeshift_shows),
    PeriodicJob(name="refresh_shows", every=timedelta(minutes=10), run=refresh_shows),
    PeriodicJob(name=SETTLE_DAYS, every=timedelta(minutes=15), run=settle_days),
    PeriodicJob(name="alarms", every=timedelta(minutes=1), run=check_alarms),
    PeriodicJob(name="clean_up", every=timedelta(hours=1), run=clean_up),
)


def catch_ups(*, is_starting: bool, should_stop: Callable[[], bool]) -> list[PeriodicJob]:
    """The jobs for each connection whose server can be read; all at once when a worker starts."""
    reads = [
        (reading.job_name(user_id), every, partial(reading.catch_up, user_id))
        for user_id, every in reading.due_every().items()
    ]
    # After the history, which knows more about a play than the mark that it leaves.
    reads += [
        (scan.job_name(user_id), every, partial(scan.scan, user_id))
        for user_id, every in scan.due_every().items()
    ]
    found = [
        PeriodicJob(
            name=name,
            every=timedelta(0) if is_starting else every,
            run=partial(run, should_stop=should_stop),
            lease=reading.LEASE,
        )
        for name, every, run in reads
    ]
    # After both, which bring in most of what is missing.
    return found + [
        PeriodicJob(
            name=missing.job_name(user_id),
            every=every,
            run=partial(missing.compare, user_id),
            lease=reading.LEASE,
        )
        for user_id, every in missing.due_every().items()
    ]


def run_due_jobs(
    *, is_starting: bool = False, should_stop: Callable[[], bool] = reading.never
) -> int:
    """Run the jobs whose time has come and that no other worker runs; returns how many.

    `is_starting`: the worker starts, so that the histories of Plex are read at once.
    """
    clock.free_what_lies_ahead(now=timezone.now())
    readings = catch_ups(is_starting=is_starting, should_stop=should_stop)
    return sum(run_if_due(job) for job in (*readings, *JOBS))


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
        name=f"{Job.WORKER}{worker}"[:100], defaults={"last_run_at": timezone.now()}
    )
