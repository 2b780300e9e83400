"""Joins a webhook, a row of Plex's history and a mark that tell of one viewing. Inside apply's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from plex.models import PlexViewing
from plex.processing.events import Event
from plex.processing.rows import ViewingRow
from plex.viewings import Viewing

# Between the key of a play and the number of the episode, in a file with several.
PART = "#"
# Before the key of an event that is a mark in Plex's library and has no row in the history.
MARK = "scan:"
# The columns of a viewing that say whether another is the same.
PAST = (
    *("viewed_at", "sent_at", "view_count", "log_id", "watch__removed_at"),
    *("history_key", "told_by_webhook"),
)

Named = tuple[str, str, Viewing]  # Of which server and item.


def past_viewing(columns: Sequence[Any]) -> Viewing:
    """Of the columns `PAST`."""
    viewed_at, sent_at, count, log_id, removed_at, key, told = columns
    return Viewing(
        viewed_at=viewed_at,
        sent_at=sent_at,
        view_count=count,
        runtime=timedelta(0),
        log_id=log_id,
        is_removed=removed_at is not None,
        history_key=whole_of(key),
        told_by_webhook=told,
    )


def read_told(
    users: Collection[int], episodes: Collection[int]
) -> dict[tuple[int, int], list[Named]]:
    """The viewings of these episodes by user and episode, of whatever items."""
    told: dict[tuple[int, int], list[Named]] = defaultdict(list)
    found = PlexViewing.objects.filter(user_id__in=users, watch__episode_id__in=episodes)
    columns = ("user_id", "watch__episode_id", "server_uuid", "item_key", *PAST)
    for user_id, episode_id, server, item, *past in found.values_list(*columns):
        told[user_id, episode_id].append((server, item, past_viewing(past)))
    return told


def join(
    event: Event,
    item: tuple[int, str, str],
    half: Viewing,
    *,
    earlier: list[Viewing],
    unsaved: Sequence[ViewingRow],
) -> None:
    """The viewing `half` remembers both tellings, and is joined with no other after that.

    `item` is (user, server, item); `earlier` its viewings, brought up to date here; `unsaved` are the
    viewings of this batch, of any item.
    """
    user_id, server_uuid, item_key = item
    stored = list(
        PlexViewing.objects.filter(
            user_id=user_id,
            server_uuid=server_uuid,
            item_key=item_key,
            viewed_at=half.viewed_at,
        ).order_by("pk")
    )
    fresh = [
        row
        for row in unsaved
        if (row.user_id, row.server_uuid, row.item_key) == item and row.viewed_at == half.viewed_at
    ]
    key = event.log.history_key
    both: list[PlexViewing | ViewingRow] = [*stored, *fresh]
    for number, row in enumerate(both):
        if key:
            row.history_key = part_of(key, number)
        else:
            row.told_by_webhook, row.view_count = True, event.playback.view_count
    PlexViewing.objects.bulk_update(stored, ["history_key", "told_by_webhook", "view_count"])
    joined = replace(
        half,
        history_key=key or half.history_key,
        told_by_webhook=half.told_by_webhook or not key,
    )
    earlier[:] = [joined if old.viewed_at == half.viewed_at else old for old in earlier]


def part_of(history_key: str, number: int) -> str:
    """The key as the `number`th viewing keeps it: keys are unique, and a file may hold several episodes."""
    return f"{history_key}{PART}{number + 1}" if history_key and number else history_key


def row_of(key: str) -> str:
    """The row in Plex's history that an event's key names, "" where it names none."""
    return "" if key.startswith(MARK) else key


def whole_of(key: str) -> str:
    return key.partition(PART)[0]
