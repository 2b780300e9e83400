"""Past watches: the whole history of a Plex server becomes events of the inbox, once, when asked.

First it is read without storing anything, for a person to see what there is and to choose; then once
more, page by page, each page's events in one transaction with how far the import is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from plex import doorbell
from plex.answers import EPISODE, HistoryRow, PlexError
from plex.client import PlexServer
from plex.history.events import place_of
from plex.history.pages import Place, next_page
from plex.history.people import People
from plex.history.rows import ServerHistory
from plex.imports.preview import Preview, show_key
from plex.imports.progress import failures_of, finish, note, ready
from plex.imports.results import results, time_of
from plex.models import PlexImport, PlexWebhookLog

# Events that wait at most, before more are read: what arrives by itself stays quick.
MOST_DUE = 500
# How soon it looks again whether that many are through.
LOOK_SECONDS = 0.1
# How long it waits for the last events, before the periodic jobs have their turn.
LAST_SECONDS = 0.5
# Who is who on the server is asked again after this long.
PEOPLE_SECONDS = 60.0
# After so many failures in a row, plays of a few items that the server can't read go without them.
STUCK_TIMES = 3
SKIPPED_MORE = 5
# In `cursor`, once the history was read to its end and its last events are being recorded.
IS_READ = "is_read"

_people: dict[tuple[int, datetime], tuple[float, People]] = {}


def step(task: PlexImport, *, should_stop: Callable[[], bool]) -> None:
    """Read on in the history: look while the import is counting, store while it is running.

    Raises `PlexError`, `LostImportError`.
    """
    import_ = PastPlays(task)
    if task.state == PlexImport.State.COUNTING:
        import_.look(should_stop)
    else:
        import_.store_all(should_stop)


class PastPlays(ServerHistory):
    """One slice of an import."""

    must_know = True

    def __init__(self, task: PlexImport) -> None:
        super().__init__(task.config)
        self.task = task
        self.place = Place.read(task.cursor)
        patience = max(0, failures_of(task) - STUCK_TIMES + 1)
        self.may_skip = patience * SKIPPED_MORE

    def begin(self) -> PlexServer:
        """The server of the import, and who is who there, as asked less than a minute ago."""
        server = self.connect()
        if self.task.server_uuid not in {"", self.config.plex_server_uuid}:
            raise PlexError(
                "You chose another Plex server since; cancel this and look again.",
                kind="not_found",
                permanent=True,
            )
        key, now = (self.task.pk, self.task.created_at), time.monotonic()
        until, people = _people.get(key, (0.0, None))
        if people is None or until < now:
            _people.clear()
            until, people = now + PEOPLE_SECONDS, self.people_of(server)
        _people[key] = until, people
        self.people = people
        return server

    def look(self, should_stop: Callable[[], bool]) -> None:
        """Count what there is; nothing is stored but the counts."""
        server = self.begin()
        preview = Preview.read(
            self.task.cursor,
            user_id=self.config.user_id,
            server_uuid=self.config.plex_server_uuid,
        )
        while True:
            page = next_page(server, self.place)
            if page is None:
                self.place, preview = self.place.again(), preview.again()
                continue
            wanted = self.wanted(page.rows)
            preview.count(wanted, new={row.history_key for row in self.new_rows(wanted)})
            preview.left_out += len(page.rows) - len(wanted)
            self.place = page.after
            if page.is_last:
                columns = {"done": page.after.offset, "total": page.total}
                ready(self.task, counts=preview.summary(), cursor={}, **columns)
                return
            note(self.task, done=page.after.offset, total=page.total)
            if should_stop():
                note(self.task, cursor={**self.place.as_json(), **preview.as_json()})
                return

    def store_all(self, should_stop: Callable[[], bool]) -> None:
        server = None
        # What was read before goes on being recorded, also while Plex can't be reached.
        note(self.task, counts=self.counts())
        while not self.task.cursor.get(IS_READ):
            if not wait_for_room(should_stop):
                break
            server = server or self.begin()
            self.store_page(server)
            if should_stop():
                break
        if self.task.cursor.get(IS_READ) and self.is_through(should_stop):
            finish(self.task, counts=self.counts())
        else:
            note(self.task, counts=self.counts())

    def is_through(self, should_stop: Callable[[], bool]) -> bool:
        """Whether each of its events was at least looked at; some may wait for TMDB for days."""
        if not wait_for_room(last_look(should_stop), most=0):
            return False
        claimed = PlexWebhookLog.objects.filter(
            config_id=self.config.pk,
            source=PlexWebhookLog.Source.HISTORY,
            next_attempt_at__isnull=False,
            needs_network__in=[False],
            action_taken="",
        )
        return not claimed.order_by().exists()

    def store_page(self, server: PlexServer) -> None:
        """The next page's events, together with how far the import is."""
        page = next_page(server, self.place)
        if page is None:
            self.place = self.place.again()
            return
        chosen = set(self.task.chosen)
        rows = [row for row in self.wanted(page.rows) if not chosen or show_key(row) in chosen]
        plays = self.plays_of(self.new_rows(rows), server)
        cursor = {**page.after.as_json(), IS_READ: page.is_last}
        with transaction.atomic():
            stored = self.insert(plays, now=timezone.now(), created_at=time_of(self.task))
            counts = self.added(read=len(rows), stored=stored)
            note(self.task, cursor=cursor, done=page.after.offset, total=page.total, counts=counts)
            if stored:
                transaction.on_commit(doorbell.ring)
        self.place = page.after

    def wanted(self, rows: Sequence[HistoryRow]) -> list[HistoryRow]:
        """The episodes that the person of this connection watched."""
        return [
            row for row in rows if row.type == EPISODE and place_of(row)[0] and self.is_mine(row)
        ]

    def is_mine(self, row: HistoryRow) -> bool:
        """Whether a play counts for this user, or is the first of an account that will."""
        assert self.people is not None  # noqa: S101 - asked at the beginning
        who = self.people.who(row.account_id)
        if self.people.is_stranger(who):
            return False
        users = self.people.users.get(who.account_id, ())
        return self.config.user_id in users if users else who.is_user

    def added(self, *, read: int, stored: int) -> dict[str, Any]:
        counts = dict(self.task.counts)
        counts["read"] = counts.get("read", 0) + read
        counts["stored"] = counts.get("stored", 0) + stored
        return counts

    def counts(self) -> dict[str, Any]:
        return {**self.task.counts, "results": results(self.task)}


def last_look(should_stop: Callable[[], bool]) -> Callable[[], bool]:
    deadline = time.monotonic() + LAST_SECONDS
    return lambda: should_stop() or time.monotonic() > deadline


def wait_for_room(should_stop: Callable[[], bool], *, most: int = MOST_DUE) -> bool:
    """Wait until no more events than this are due; False where it is time to stop before."""
    while due_events(most + 1) > most:
        if should_stop():
            return False
        time.sleep(LOOK_SECONDS)
    return True


def due_events(limit: int) -> int:
    """How many events the worker could process now, counted up to a limit."""
    due = PlexWebhookLog.objects.filter(
        next_attempt_at__lte=timezone.now(), needs_network__in=[False, True]
    )
    return due.order_by()[:limit].count()
