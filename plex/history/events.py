"""Rows of Plex's history in the shape of a webhook's message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from plex import fields
from plex.answers import EPISODE, HistoryRow, Item
from plex.payload import EventSummary, summarise

# In a message: why there are no more than names and numbers in it.
LACKING, GONE, UNREADABLE = "lacking", "gone", "unread"


@dataclass(frozen=True, kw_only=True)
class Who:
    """The account of a row, as webhooks name it. `is_user`: it is the account of the token."""

    account_id: str
    title: str = ""
    is_user: bool = False


@dataclass(frozen=True, kw_only=True)
class KnownItem:
    """What earlier events said of an item that the server does not have any more."""

    show_guid: str = ""
    show_rating_key: str = ""
    item_key: str = ""


def message_of(
    row: HistoryRow,
    *,
    item: Item | None,
    known: KnownItem,
    who: Who,
    server: Mapping[str, str],
) -> dict[str, Any]:
    """The message that the webhook would have sent for this play.

    A row holds no ids: they come from the item, or from what is known of one that was deleted.
    """
    if item is not None and item.type == EPISODE:
        metadata = {**row.metadata, **item.metadata}
    else:
        metadata = {**from_memory(row, known), **row.metadata}
    # It counts the plays until now, not until this one.
    metadata.pop("viewCount", None)
    metadata |= {"lastViewedAt": int(row.viewed_at.timestamp())}
    return message(metadata, who=who, server=server)


def message(metadata: Mapping[str, Any], *, who: Who, server: Mapping[str, str]) -> dict[str, Any]:
    """A finished episode as a webhook would tell of it."""
    number = who.account_id
    return {
        "event": "media.scrobble",
        "user": who.is_user,
        "owner": True,
        "Account": {"id": int(number) if number.isdigit() else number, "title": who.title},
        "Server": dict(server),
        "Metadata": {**metadata, "type": EPISODE},
    }


def from_memory(row: HistoryRow, known: KnownItem) -> dict[str, Any]:
    show_key = known.show_rating_key or key_in(row.metadata.get("grandparentKey"))
    found = {"grandparentGuid": known.show_guid, "grandparentRatingKey": show_key}
    found["guid" if "://" in known.item_key else "ratingKey"] = known.item_key
    return {name: value for name, value in found.items() if value}


def key_in(path: object) -> str:
    """The 123 of "/library/metadata/123"."""
    key = fields.text(path).rpartition("/")[2]
    return key if key.isdigit() else ""


def place_of(row: HistoryRow) -> tuple[str, int | None, int | None]:
    """Show, season and episode, as names and numbers."""
    data = row.metadata
    return (
        fields.text(data.get("grandparentTitle"), 500),
        fields.whole(data.get("parentIndex")),
        fields.whole(data.get("index")),
    )


@dataclass(frozen=True, kw_only=True)
class Play:
    """A row of the history, ready for the inbox."""

    row: HistoryRow
    who: Who
    payload: dict[str, Any]
    summary: EventSummary
    runtime: timedelta


def play_of(row: HistoryRow, who: Who, payload: dict[str, Any]) -> Play:
    milliseconds = fields.whole(payload["Metadata"].get("duration")) or 0
    return Play(
        row=row,
        who=who,
        payload=payload,
        summary=summarise(payload),
        runtime=timedelta(milliseconds=milliseconds),
    )
