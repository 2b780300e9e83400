"""The watches and viewings that a batch writes.

No models: making two of those for every play took longer than the database takes to store them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from plex import postgresql
from plex.models import PlexViewing
from tracker.models import Watch

SOURCE = Watch.Source.PLEX.value


@dataclass(slots=True, kw_only=True)
class WatchRow:
    """A watch, stored where it has its number."""

    user_id: int
    episode_id: int
    play: int
    watched_at: datetime
    pk: int | None = None

    def columns(self, now: datetime) -> dict[str, Any]:
        return {
            "user_id": self.user_id,
            "episode_id": self.episode_id,
            "play": self.play,
            "watched_at": self.watched_at,
            "source": SOURCE,
            "created_at": now,
        }


@dataclass(slots=True, kw_only=True)
class ViewingRow:
    """A viewing that is not stored yet, and the watch that it is credited to."""

    user_id: int
    watch: WatchRow
    log_id: int
    mapping_id: int | None
    server_uuid: str
    account_key: str
    item_key: str
    history_key: str
    told_by_webhook: bool
    plex_season: int | None
    plex_episode: int | None
    view_count: int | None
    evidence: str
    viewed_at: datetime
    sent_at: datetime | None

    def columns(self) -> dict[str, Any]:
        return {
            "user_id": self.user_id,
            "watch_id": self.watch.pk,
            "log_id": self.log_id,
            "mapping_id": self.mapping_id,
            "server_uuid": self.server_uuid,
            "account_key": self.account_key,
            "item_key": self.item_key,
            "history_key": self.history_key,
            "told_by_webhook": self.told_by_webhook,
            "plex_season": self.plex_season,
            "plex_episode": self.plex_episode,
            "view_count": self.view_count,
            "evidence": self.evidence,
            "viewed_at": self.viewed_at,
            "sent_at": self.sent_at,
        }


def write(watches: Sequence[WatchRow], viewings: Sequence[ViewingRow]) -> None:
    """Store them; each watch gets its number."""
    now = timezone.now()
    numbers = insert(Watch, [row.columns(now) for row in watches])
    for row, number in zip(watches, numbers, strict=True):
        row.pk = number
    insert(PlexViewing, [row.columns() for row in viewings])


def insert(model: type[Model], rows: Sequence[dict[str, Any]]) -> list[int]:
    """INSERT rows, all with the same columns; returns their numbers in the same order."""
    if not rows:
        return []
    if postgresql.is_used():
        return postgresql.insert(model, rows)
    return [made.pk for made in model._default_manager.bulk_create(model(**row) for row in rows)]
