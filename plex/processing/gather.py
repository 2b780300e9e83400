"""Reads what the decision about claimed rows needs, set-wise, from our own tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from plex.history.events import GONE, LACKING, UNREADABLE
from plex.models import PlexConfig, PlexWebhookLog
from plex.payload import EventSummary, Playback, parse_payload, played_at, summarise
from plex.processing.events import Event
from plex.processing.mappings import gather_mappings
from plex.processing.people import (
    account_key,
    assign_people,
    gather_senders,
    has_account,
)
from plex.processing.ruled import gather_rulings

SOURCES: dict[str, str] = {
    PlexWebhookLog.Source.HISTORY: "It was read from the history of the Plex server.",
    PlexWebhookLog.Source.SCAN: "It was found in the Plex library, which has it marked as watched.",
}
LACKS = {
    GONE: "Plex does not have the episode any more: its names and numbers are all that is left.",
    UNREADABLE: "The Plex server failed again and again at this episode: only its names and numbers are known.",
}


def gather(rows: Sequence[PlexWebhookLog], *, now: datetime) -> list[Event]:
    """The events of the rows: parsed, with account, users and mapping. New ones of these are made.

    A new account or Plex show is a plain fact, true whatever becomes of the event, and so needs no
    transaction with it.
    """
    configs = PlexConfig.objects.select_related("account").in_bulk({row.config_id for row in rows})
    summaries = {row.pk: summarise(row.payload or {}) for row in rows}
    events = [parse(row, configs[row.config_id], summaries[row.pk]) for row in rows]
    senders = gather_senders(events, summaries, now=now)
    for event in events:
        summary = summaries[event.log.pk]
        sender = senders.get(account_key(summary)) if has_account(event, summary) else None
        if sender is not None:
            assign_people(event, sender, summary)
    gather_mappings(events)
    gather_rulings(events)
    return events


def parse(row: PlexWebhookLog, config: PlexConfig, summary: EventSummary) -> Event:
    parsed = parse_payload(row.payload or {}, summary)
    event = Event(log=row, parsed=parsed, config=config, viewed_at=row.created_at)
    if isinstance(parsed, Playback):
        event.viewed_at = row.viewed_at or played_at(parsed, received_at=row.created_at)
        tell_arrival(event, parsed)
        tell_source(event)
    return event


def tell_arrival(event: Event, playback: Playback) -> None:
    numbers = f"S{playback.season_number or 0:02}E{playback.episode_number or 0:02}"
    ids = playback.episode_ids
    given = {"tmdb": ids.tmdb, "tvdb": ids.tvdb, "imdb": ids.imdb, "guid": playback.guid}
    event.tell(
        "arrived",
        f"{playback.account_title or 'Somebody'} finished {numbers} “{playback.title}” of "
        f"“{playback.show.title}” on {playback.server_title or 'a server'}.",
        ids={name: value for name, value in given.items() if value},
    )


def tell_source(event: Event) -> None:
    """How the tracker came to know of it, where no webhook brought it."""
    if sentence := SOURCES.get(event.log.source):
        event.tell("event", sentence)
    if sentence := LACKS.get(str((event.log.payload or {}).get(LACKING))):
        event.tell("event", sentence)
