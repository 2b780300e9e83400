"""Catch-up: what Plex's history holds and no webhook brought becomes events of the same inbox.

Read page by page from a cursor, in UTC as Plex counts it, some hours before it anew each time. The
cursor and the events of a page are stored together, so that a kill in the middle costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plex import doorbell, host_circuits
from plex.answers import EPISODE
from plex.client import PlexError, PlexServer, PlexTv
from plex.connection import note_refusal, server_token_of, token_of
from plex.history.broken_items import UnreadItemsError
from plex.history.events import Play
from plex.history.rows import ServerHistory
from plex.models import Job, PlexConfig

EVERY = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=1)
# Rows that Plex writes late, and clocks that were set.
OVERLAP = timedelta(hours=6)
# Longer than the calls for one page; renewed with each.
LEASE = timedelta(minutes=3)
JOB_PREFIX = Job.CATCH_UP
MOST_DOUBLINGS = 8
# After so many runs that ended at items which the server can't read, some go without; more each time.
STUCK_RUNS = 3
SKIPPED_MORE = 5
MOST_SKIPPED = 100


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a server's history was read (epoch seconds), and failures in a row since: `stuck` of
    them at items that the server can't read."""

    server: str = ""
    until: int = 0
    failures: int = 0
    stuck: int = 0

    @staticmethod
    def read(text: str) -> Cursor:
        """A text that is none, as somebody may enter by hand, starts from the beginning."""
        try:
            found = Cursor(**json.loads(text))
            return replace(
                found,
                until=int(found.until),
                failures=max(0, int(found.failures)),
                stuck=max(0, int(found.stuck)),
            )
        except (ValueError, TypeError):
            return Cursor()

    def text(self) -> str:
        return json.dumps(asdict(self))


class LostLeaseError(Exception):
    """Another worker reads this history by now."""


def job_name(user_id: int) -> str:
    return f"{JOB_PREFIX}{user_id}"


def due_every() -> dict[int, timedelta]:
    """The connections whose history can be read, by user, and how long to wait between two reads."""
    configs = PlexConfig.objects.with_server()
    cursors = dict(Job.objects.filter(name__startswith=JOB_PREFIX).values_list("name", "cursor"))
    return {
        pk: pause_after(Cursor.read(cursors.get(job_name(pk), "")).failures)
        for pk in configs.values_list("pk", flat=True)
    }


def pause_after(failures: int, *, every: timedelta = EVERY) -> timedelta:
    return min(every * (1 << min(failures, MOST_DOUBLINGS)), LONGEST_PAUSE)


def never() -> bool:
    return False


def catch_up(user_id: int, *, should_stop: Callable[[], bool] = never) -> str:
    """Read on in the history of one connection; returns what went wrong in one sentence, or "".

    Runs as the job `job_name(user_id)`. `should_stop` is asked after each page.
    """
    return read_on(user_id, job_name(user_id), Reading, should_stop)


def read_on(user_id: int, name: str, kind: type[Reading], should_stop: Callable[[], bool]) -> str:
    """One run of a job that reads a server; returns what went wrong in one sentence, or ""."""
    config = PlexConfig.objects.select_related("account").filter(pk=user_id).first()
    if config is None:
        return ""
    job = Job.objects.get(name=name)
    reading = kind(config, job)
    error, stuck = "", 0
    try:
        try:
            reading.run(should_stop)
        except PlexError as raised:
            error = str(raised)
            stuck = reading.cursor.stuck + isinstance(raised, UnreadItemsError)
            note_refusal(config, raised, sent=server_token_of(config))
        failures = reading.cursor.failures + 1 if error else 0
        reading.cursor = replace(reading.cursor, failures=failures, stuck=stuck)
        reading.save()
    except LostLeaseError:
        return ""
    if not error and config.token_refused_at is not None:
        check_token_again(config)
    return error


def check_token_again(config: PlexConfig) -> None:
    """A server also refuses a good token, while it starts: the account service has the last word."""
    try:
        PlexTv(token_of(config), circuit=host_circuits.of_account_service()).user()
    except PlexError:
        return
    PlexConfig.objects.filter(pk=config.pk, plex_token=config.plex_token).update(
        token_refused_at=None
    )


class Reading(ServerHistory):
    """One run over one server's history."""

    def __init__(self, config: PlexConfig, job: Job) -> None:
        super().__init__(config)
        self.job = job
        self.cursor = Cursor.read(job.cursor)
        patience = max(0, self.cursor.stuck - STUCK_RUNS + 1)
        self.may_skip = min(patience * SKIPPED_MORE, MOST_SKIPPED)

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Raises `PlexError`, `LostLeaseError`."""
        server = self.begin()
        began = self.config.sync_started_date or self.config.created_at
        read_until = datetime.fromtimestamp(self.cursor.until, tz=UTC)
        for page in server.history(since=max(began, read_until - OVERLAP)):
            rows = [row for row in page if row.type == EPISODE and row.viewed_at >= began]
            plays = self.plays_of(self.new_rows(rows), server)
            self.store(plays, read_until=max((row.viewed_at for row in page), default=None))
            if should_stop():
                return

    def begin(self) -> PlexServer:
        """The server; of another than before nothing has been read yet. Raises `PlexError`."""
        server = self.connect()
        if self.cursor.server != self.config.plex_server_uuid:
            self.cursor = replace(self.cursor, server=self.config.plex_server_uuid, until=0)
        return server

    def store(self, plays: Sequence[Play], *, read_until: datetime | None) -> None:
        """The page's events and the cursor behind them, together."""
        now = timezone.now()
        with transaction.atomic():
            if read_until is not None:
                # A clock that was wrong once must not hide all that comes later.
                until = int(min(read_until, now).timestamp())
                self.cursor = replace(self.cursor, until=max(self.cursor.until, until))
            self.save(lease_until=now + LEASE)
            if self.insert(plays, now=now):
                transaction.on_commit(doorbell.ring)

    def save(self, *, lease_until: datetime | None = None) -> None:
        """Keep the cursor, as long as the job is still ours."""
        mine = Job.objects.filter(pk=self.job.pk, lease_until=self.job.lease_until)
        self.job.lease_until = lease_until or self.job.lease_until
        if not mine.update(cursor=self.cursor.text(), lease_until=self.job.lease_until):
            raise LostLeaseError
