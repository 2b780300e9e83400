"""One server's history as it is read for one connection: its rows, and what they become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from plex import fields, host_circuits
from plex.answers import HistoryRow, Item
from plex.client import PlexError, PlexServer
from plex.connection import server_token_of
from plex.history.broken_items import UnreadItemsError, all_items, readable_items
from plex.history.events import GONE, LACKING, UNREADABLE, KnownItem, Play, message_of, play_of
from plex.history.memory import known_items, note_told
from plex.history.people import People, read_people
from plex.inbox import event_row
from plex.models import PlexAccount, PlexConfig, PlexRule, PlexViewing, PlexWebhookLog


class ServerHistory:
    """Turns rows into plays and these into events; remembers for one run who is who."""

    must_know = False

    def __init__(self, config: PlexConfig) -> None:
        self.config = config
        self.people: People | None = None
        self.libraries: dict[str, str] | None = None
        # How many items may go without a look-up, at which the server has failed again and again.
        self.may_skip = 0

    def connect(self) -> PlexServer:
        """The server, with which it is made sure of. Raises `PlexError`."""
        token = server_token_of(self.config)
        if not token:
            raise PlexError(
                "The Plex token can't be read; enter it again on the Plex settings page.",
                kind="unauthorised",
                permanent=True,
            )
        url = self.config.plex_server_url
        server = PlexServer(url, token, circuit=host_circuits.of_server(url))
        self.check_identity(server)
        return server

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

    def people_of(self, server: PlexServer) -> People:
        """Who is who there, asked once."""
        if self.people is None:
            self.people = read_people(self.config, server, must_know=self.must_know)
        return self.people

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
        people = self.people_of(server)
        rows = [row for row in rows if not people.is_stranger(people.who(row.account_id))]
        items, unread = self.items_of(rows, server)
        missing = [row for row in rows if row.rating_key not in items]
        known = known_items(missing, server_uuid=self.config.plex_server_uuid)
        names = {"title": self.config.plex_server_name, "uuid": self.config.plex_server_uuid}
        plays = []
        for row in rows:
            who, item = people.who(row.account_id), items.get(row.rating_key)
            memory = known.get(row.history_key, KnownItem())
            payload = message_of(row, item=item, known=memory, who=who, server=names)
            self.name_library(payload["Metadata"], server)
            if item is None:
                payload[LACKING] = UNREADABLE if row.rating_key in unread else GONE
            plays.append(play_of(row, who, payload))
        return plays

    def name_library(self, metadata: dict[str, Any], server: PlexServer) -> None:
        """Rows give a library's number only; rules go by its name. Asked once, where one does."""
        if metadata.get("librarySectionTitle"):
            return
        if self.libraries is None:
            self.libraries = self.read_libraries(server)
        if name := self.libraries.get(fields.text(metadata.get("librarySectionID"))):
            metadata["librarySectionTitle"] = name

    def read_libraries(self, server: PlexServer) -> dict[str, str]:
        if not PlexRule.objects.in_force().filter(field=PlexRule.Field.LIBRARY).exists():
            return {}
        return {section.key: section.title for section in server.sections()}

    def items_of(
        self, rows: Sequence[HistoryRow], server: PlexServer
    ) -> tuple[dict[str, Item], frozenset[str]]:
        """The rows' items, and the keys of those that go without. Raises `PlexError`."""
        keys = {row.rating_key for row in rows}
        try:
            return all_items(server, keys), frozenset()
        except UnreadItemsError:
            if not self.may_skip:
                raise
        # Without repeats: it was asked often enough, and there may be several of them.
        token = server_token_of(self.config)
        url = self.config.plex_server_url
        quick = PlexServer(url, token, tries=1, circuit=host_circuits.of_server(url))
        return readable_items(quick, keys, most=self.may_skip)

    def insert(
        self, plays: Sequence[Play], *, now: datetime, created_at: datetime | None = None
    ) -> int:
        """Store the plays as due events, but for those that webhooks told already; how many it
        stored. Call it in a transaction. They came at `created_at`, or one after the other now."""
        told = note_told(plays, self.people) if self.people else set()
        logs = [
            self.log_of(play, now=now + timedelta(microseconds=number), created_at=created_at)
            for number, play in enumerate(plays)
            if play.row.history_key not in told
        ]
        PlexWebhookLog.objects.bulk_create(logs, ignore_conflicts=True)
        return len(logs)

    def log_of(
        self, play: Play, *, now: datetime, created_at: datetime | None = None
    ) -> PlexWebhookLog:
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
            created_at=created_at or now,
        )
