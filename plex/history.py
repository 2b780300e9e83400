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

from plex import doorbell
from plex.answers import EPISODE, HistoryRow
from plex.client import PlexError, PlexServer, PlexTv
from plex.connection import note_refused_token, server_token_of, token_of
from plex.history_events import KnownItem, Play, message_of, play_of
from plex.history_memory import known_items, note_told
from plex.history_people import People, read_people
from plex.inbox import event_row
from plex.models import Job, PlexAccount, PlexConfig, PlexViewing, PlexWebhookLog

EVERY = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=1)
# Rows that Plex writes late, and clocks that were set.
OVERLAP = timedelta(hours=6)
# Longer than the calls for one page; renewed with each.
LEASE = timedelta(minutes=3)
JOB_PREFIX = "catch_up:"
MOST_DOUBLINGS = 8


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a server's history was read (epoch seconds), and failures in a row since."""

    server: str = ""
    until: int = 0
    failures: int = 0

    @staticmethod
    def read(text: str) -> Cursor:
        """A text that is none, as somebody may enter by hand, starts from the beginning."""
        try:
            found = Cursor(**json.loads(text))
            return replace(found, until=int(found.until), failures=max(0, int(found.failures)))
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
    configs = (
        PlexConfig.objects.filter(enabled=True).exclude(plex_token="").exclude(plex_server_url="")
    )
    cursors = dict(Job.objects.filter(name__startswith=JOB_PREFIX).values_list("name", "cursor"))
    return {
        pk: pause_after(Cursor.read(cursors.get(job_name(pk), "")).failures)
        for pk in configs.values_list("pk", flat=True)
    }


def pause_after(failures: int) -> timedelta:
    return min(EVERY * (1 << min(failures, MOST_DOUBLINGS)), LONGEST_PAUSE)


def never() -> bool:
    return False


def catch_up(user_id: int, *, should_stop: Callable[[], bool] = never) -> str:
    """Read on in the history of one connection; returns what went wrong in one sentence, or "".

    Runs as the job `job_name(user_id)`. `should_stop` is asked after each page.
    """
    config = PlexConfig.objects.select_related("account").filter(pk=user_id).first()
    if config is None:
        return ""
    job = Job.objects.get(name=job_name(user_id))
    reading = Reading(config, job)
    error = ""
    try:
        try:
            reading.run(should_stop)
        except PlexError as raised:
            error = str(raised)
            if raised.kind == "unauthorised" and not config.plex_server_token:
                note_refused_token(config)
        reading.save(failures=reading.cursor.failures + 1 if error else 0)
    except LostLeaseError:
        return ""
    if not error and config.token_refused_at is not None:
        check_token_again(config)
    return error


def check_token_again(config: PlexConfig) -> None:
    """A server also refuses a good token, while it starts: the account service has the last word."""
    try:
        PlexTv(token_of(config)).user()
    except PlexError:
        return
    PlexConfig.objects.filter(pk=config.pk, plex_token=config.plex_token).update(
        token_refused_at=None
    )


class Reading:
    """One run over one server's history."""

    def __init__(self, config: PlexConfig, job: Job) -> None:
        self.config, self.job = config, job
        self.cursor = Cursor.read(job.cursor)
        self.people: People | None = None

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Raises `PlexError`, `LostLeaseError`."""
        token = server_token_of(self.config)
        if not token:
            raise PlexError(
                "The Plex token can't be read; enter it again on the Plex settings page.",
                kind="unauthorised",
                permanent=True,
            )
        server = PlexServer(self.config.plex_server_url, token)
        self.check_identity(server)
        if self.cursor.server != self.config.plex_server_uuid:
            self.cursor = replace(self.cursor, server=self.config.plex_server_uuid, until=0)
        began = self.config.sync_started_date or self.config.created_at
        read_until = datetime.fromtimestamp(self.cursor.until, tz=UTC)
        for page in server.history(since=max(began, read_until - OVERLAP)):
            rows = [row for row in page if row.type == EPISODE and row.viewed_at >= began]
            plays = self.plays_of(self.new_rows(rows), server)
            self.store(plays, read_until=max((row.viewed_at for row in page), default=None))
            if should_stop():
                return

    def check_identity(self, server: PlexServer) -> None:
        uuid = server.identity().uuid
        if not self.config.plex_server_uuid:
            PlexConfig.objects.filter(pk=self.config.pk, plex_server_uuid="").update(
                plex_server_uuid=uuid
            )
            self.config.plex_server_uuid = uuid
        if uuid != self.config.plex_server_uuid:
            raise PlexError(
                "Another Plex server answers at this address; choose the server again.",
                kind="not_found",
                permanent=True,
            )

    def new_rows(self, rows: Sequence[HistoryRow]) -> list[HistoryRow]:
        """Those that are neither in the inbox nor noted on a viewing."""
        keys = [row.history_key for row in rows]
        of_server = {"server_uuid": self.config.plex_server_uuid, "history_key__in": keys}
        # Said aloud that it is not empty, both databases use their partial index.
        stored = PlexWebhookLog.objects.filter(**of_server).exclude(history_key="")
        people = PlexAccount.users.through.objects.filter(
            plexaccount__server_uuid=self.config.plex_server_uuid
        )
        noted = PlexViewing.objects.filter(
            user_id__in=people.values("user_id"), **of_server
        ).exclude(history_key="")
        known = {
            *stored.values_list("history_key", flat=True),
            *noted.values_list("history_key", flat=True),
        }
        return [row for row in rows if row.history_key not in known]

    def plays_of(self, rows: Sequence[HistoryRow], server: PlexServer) -> list[Play]:
        """The rows as messages, without those of accounts that never count."""
        if not rows:
            return []
        if self.people is None:
            self.people = read_people(self.config, server)
        people = self.people
        rows = [row for row in rows if not people.is_stranger(people.who(row.account_id))]
        items = server.items(row.rating_key for row in rows)
        missing = [row for row in rows if row.rating_key not in items]
        known = known_items(missing, server_uuid=self.config.plex_server_uuid)
        names = {"title": self.config.plex_server_name, "uuid": self.config.plex_server_uuid}
        plays = []
        for row in rows:
            who, item = people.who(row.account_id), items.get(row.rating_key)
            memory = known.get(row.history_key, KnownItem())
            payload = message_of(row, item=item, known=memory, who=who, server=names)
            plays.append(play_of(row, who, payload))
        return plays

    def store(self, plays: Sequence[Play], *, read_until: datetime | None) -> None:
        """The page's events and the cursor behind them, together."""
        now = timezone.now()
        with transaction.atomic():
            if read_until is not None:
                # A clock that was wrong once must not hide all that comes later.
                until = int(min(read_until, now).timestamp())
                self.cursor = replace(self.cursor, until=max(self.cursor.until, until))
            self.save(lease_until=now + LEASE)
            told = note_told(plays, self.people) if self.people else set()
            logs = [
                self.log_of(play, now=now + timedelta(microseconds=number))
                for number, play in enumerate(plays)
                if play.row.history_key not in told
            ]
            PlexWebhookLog.objects.bulk_create(logs, ignore_conflicts=True)
            if logs:
                transaction.on_commit(doorbell.ring)

    def log_of(self, play: Play, *, now: datetime) -> PlexWebhookLog:
        return event_row(
            play.payload,
            summary=play.summary,
            config_id=self.config.pk,
            source=PlexWebhookLog.Source.HISTORY,
            history_key=play.row.history_key,
            # However long ago: only of what lies in the future the time can't be true.
            viewed_at=min(play.row.viewed_at, now),
            # In the order of the plays.
            next_attempt_at=now,
            created_at=now,
        )

    def save(self, *, failures: int | None = None, lease_until: datetime | None = None) -> None:
        """Keep the cursor, as long as the job is still ours."""
        if failures is not None:
            self.cursor = replace(self.cursor, failures=failures)
        mine = Job.objects.filter(pk=self.job.pk, lease_until=self.job.lease_until)
        self.job.lease_until = lease_until or self.job.lease_until
        if not mine.update(cursor=self.cursor.text(), lease_until=self.job.lease_until):
            raise LostLeaseError
