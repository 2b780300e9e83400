"""The scan: what was marked as watched by hand in Plex becomes events of the same inbox.

Such a mark makes no webhook and no row of the history; only the library tells of it, and only to the
account whose token asks. Read from the newest mark down to the cursor, which moves when all of it
has been read: a kill in the middle reads the same marks again, and each makes one event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from django.db import transaction
from django.utils import timezone

from plex import doorbell, fields
from plex.answers import EPISODE, SHOW, Item, PlexError, Section
from plex.client import PlexServer
from plex.history.events import Who, message
from plex.history.memory import told_of
from plex.history.people import OWNER
from plex.history.reading import LEASE, OVERLAP, Cursor, Reading, never, pause_after, read_on
from plex.inbox import event_row
from plex.models import Job, PlexConfig, PlexViewing, PlexWebhookLog
from plex.payload import summarise
from plex.processing.joining import MARK
from plex.viewings import Viewing, explains

EVERY = timedelta(minutes=30)
JOB_PREFIX = Job.SCAN
BATCH = 100


def job_name(user_id: int) -> str:
    return f"{JOB_PREFIX}{user_id}"


def due_every() -> dict[int, timedelta]:
    """The connections whose library is scanned, by user, and how long to wait between two scans.

    While the token is refused the catch-up alone finds out whether it is good again.
    """
    readable = PlexConfig.objects.with_server().filter(scan_watched=True, token_refused_at=None)
    cursors = dict(Job.objects.filter(name__startswith=JOB_PREFIX).values_list("name", "cursor"))
    return {
        pk: pause_after(Cursor.read(cursors.get(job_name(pk), "")).failures, every=EVERY)
        for pk in readable.values_list("pk", flat=True)
    }


def scan(user_id: int, *, should_stop: Callable[[], bool] = never) -> str:
    """Look for new marks of one connection; returns what went wrong in one sentence, or "".

    Runs as the job `job_name(user_id)`.
    """
    return read_on(user_id, job_name(user_id), Scan, should_stop)


class Scan(Reading):
    """One run over the show libraries of one server."""

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Raises `PlexError`, `LostLeaseError`."""
        server = self.begin()
        who = self.whose(server)
        began = self.config.scan_started_at
        if began is None or self.people_of(server).is_stranger(who):
            return
        since = max(began, datetime.fromtimestamp(self.cursor.until, tz=UTC) - OVERLAP)
        newest = self.cursor.until
        for batch in in_batches(marks_since(server, since)):
            self.store_marks(batch, who)
            newest = max(newest, *(moment_of(item) for item in batch))
            if should_stop():
                return
        # A clock that was wrong once must not hide all that comes later.
        self.cursor = replace(self.cursor, until=min(newest, int(timezone.now().timestamp())))

    def whose(self, server: PlexServer) -> Who:
        """The account of the token: the library shows each account its own marks."""
        people = self.people_of(server)
        if people.me is not None:
            return people.who(OWNER if people.is_owner else people.me.account_id)
        account = self.config.account
        if account is None or account.server_uuid != self.config.plex_server_uuid:
            raise PlexError(
                "Plex does not say whose token this is; sign in again on the Plex settings page.",
                kind="unauthorised",
                permanent=True,
            )
        return people.who(account.account_id)

    def store_marks(self, items: Sequence[Item], who: Who) -> None:
        now = timezone.now()
        found = self.unknown(items, who)
        with transaction.atomic():
            self.save(lease_until=now + LEASE)
            logs = [
                self.mark_of(item, who, now=now + timedelta(microseconds=number))
                for number, item in enumerate(found)
            ]
            PlexWebhookLog.objects.bulk_create(logs, ignore_conflicts=True)
            if logs:
                transaction.on_commit(doorbell.ring)

    def unknown(self, items: Sequence[Item], who: Who) -> list[Item]:
        """Those that neither the inbox nor a viewing of everybody concerned tells of."""
        keys = [mark_key(item, who) for item in items]
        logs = PlexWebhookLog.objects.filter(
            server_uuid=self.config.plex_server_uuid, history_key__in=keys
        ).exclude(history_key="")
        stored = set(logs.values_list("history_key", flat=True))
        fresh = [item for item, key in zip(items, keys, strict=True) if key not in stored]
        users = self.people.users.get(who.account_id, ()) if self.people else ()
        known = self.viewings_of(fresh, users)
        return [item for item in fresh if not is_explained(item, users, known)]

    def viewings_of(
        self, items: Iterable[Item], users: Sequence[int]
    ) -> dict[tuple[int, str], list[Viewing]]:
        found: dict[tuple[int, str], list[Viewing]] = defaultdict(list)
        stored = PlexViewing.objects.filter(
            user_id__in=users,
            server_uuid=self.config.plex_server_uuid,
            item_key__in=[item_key(item) for item in items],
        )
        for viewing in stored if users else ():
            found[viewing.user_id, viewing.item_key].append(told_of(viewing))
        return found

    def mark_of(self, item: Item, who: Who, *, now: datetime) -> PlexWebhookLog:
        names = {"title": self.config.plex_server_name, "uuid": self.config.plex_server_uuid}
        return event_row(
            message(item.metadata, who=who, server=names),
            config_id=self.config.pk,
            source=PlexWebhookLog.Source.SCAN,
            history_key=mark_key(item, who),
            viewed_at=min(item.last_viewed_at or now, now),
            next_attempt_at=now,
            created_at=now,
        )


def marks_since(server: PlexServer, since: datetime) -> Iterator[Item]:
    """The watched episodes of all show libraries, in each from the newest down to a moment."""
    for section in server.sections():
        if section.type == SHOW and section.key.isascii() and section.key.isdigit():
            newer = takewhile(
                lambda item: item.last_viewed_at is None or item.last_viewed_at >= since,
                server.watched_episodes(section.key),
            )
            yield from (
                named(item, section)
                for item in newer
                if item.last_viewed_at and item.type == EPISODE
            )


def named(item: Item, section: Section) -> Item:
    """The item with the name of its library, which such a list leaves out."""
    return replace(item, metadata={"librarySectionTitle": section.title, **item.metadata})


def in_batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def is_explained(
    item: Item, users: Sequence[int], known: dict[tuple[int, str], list[Viewing]]
) -> bool:
    """Whether a viewing of each person is this mark's: counted, or taken back by hand."""
    at = item.last_viewed_at
    if at is None or not users:
        return False
    length = timedelta(milliseconds=fields.whole(item.metadata.get("duration")) or 0)
    mark = Viewing(viewed_at=at, sent_at=at, view_count=None, runtime=length, told_by_webhook=False)
    key = item_key(item)
    return all(any(explains(old, mark) for old in known[user_id, key]) for user_id in users)


def mark_key(item: Item, who: Who) -> str:
    """What names a mark, as its row's key names a play of the history."""
    return f"{MARK}{who.account_id}:{item.rating_key}:{moment_of(item)}"[:255]


def moment_of(item: Item) -> int:
    return int(item.last_viewed_at.timestamp()) if item.last_viewed_at else 0


def item_key(item: Item) -> str:
    metadata: dict[str, Any] = {"Metadata": dict(item.metadata)}
    return summarise(metadata).item_key
