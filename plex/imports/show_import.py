"""Shows that somebody ticked in a Plex library come into the tracker, one after the other.

Each becomes an event like that of a show which is new in the library, and is decided by the same
rules; the event's row is its result. It is named after the import and the show, so that a worker
which was killed in between doubles nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from django.db import IntegrityError, transaction
from django.utils import timezone

from plex import inbox, plex_shows
from plex.answers import SHOW, Item, PlexError
from plex.history.broken_items import readable_items
from plex.imports.library import new_show_message, other_server, server_unless_away
from plex.imports.progress import failures_of, finish, note
from plex.models import PlexConfig, PlexConflict, PlexImport, PlexWebhookLog, Status
from plex.models.webhook_log import PlexWebhookLogQuerySet
from plex.processing.drain import Lane
from plex.resolution import settle_show

logger = logging.getLogger(__name__)

State = PlexImport.State

# Asked of the server at a time; progress is noted after each show.
BATCH = 10
# From here on a show of ours is a likely answer: another of the same name would be a double.
RESEMBLANCE = 0.6
MOST_CHOSEN = 20_000
TRIES = 5
# In `cursor`: the chosen keys under which the server has no show any more, or at which it fails.
GONE, BROKEN = "gone", "broken"
# A server that fails at more of a batch is ill, unless it did so this often.
FEW, PATIENCE = 3, 4
KEY = re.compile(r"[0-9]{1,18}", re.ASCII)


def start(config: PlexConfig, keys: Iterable[str]) -> PlexImport:
    """Have the worker add these shows of the connection's server, after those under way."""
    wanted = [key for key in dict.fromkeys(keys) if KEY.fullmatch(key)][:MOST_CHOSEN]
    for _ in range(TRIES):
        # Another window may begin one in this very moment, and a third cancel it.
        with suppress(IntegrityError):
            return start_or_extend(config, wanted)
    return start_or_extend(config, wanted)


@transaction.atomic
def start_or_extend(config: PlexConfig, keys: Sequence[str]) -> PlexImport:
    mine = PlexImport.objects.filter(config=config, kind=PlexImport.Kind.SHOWS)
    active = mine.active().select_for_update().first()
    if active is not None and active.server_uuid == config.plex_server_uuid:
        extend(active, keys)
        return active
    if active is not None:
        active.state, active.finished_at = State.FINISHED, timezone.now()
        active.save(update_fields=["state", "finished_at"])
    return PlexImport.objects.create(
        config=config,
        kind=PlexImport.Kind.SHOWS,
        state=State.RUNNING,
        server_uuid=config.plex_server_uuid,
        chosen=list(keys),
        total=len(keys),
        started_at=timezone.now(),
    )


def extend(task: PlexImport, keys: Sequence[str]) -> None:
    """Add to an import that is under way; one that was stopped goes on."""
    known = set(task.chosen)
    task.chosen = [*task.chosen, *(key for key in keys if key not in known)][:MOST_CHOSEN]
    task.total = len(task.chosen)
    columns = ["chosen", "total"]
    if task.state == State.STOPPED:
        task.state, task.lease_until = State.RUNNING, None
        columns += ["state", "lease_until"]
    task.save(update_fields=columns)


def step(task: PlexImport, *, should_stop: Callable[[], bool]) -> None:
    """Add shows until it is time to stop. Raises `PlexError`, `TmdbError`, `LostImportError`."""
    config = PlexConfig.objects.get(pk=task.config_id)
    if task.server_uuid != config.plex_server_uuid:
        raise other_server()
    lane = Lane(network=True)
    while not should_stop():
        keys = task.chosen[task.done : task.done + BATCH]
        if keys:
            add_batch(task, config, keys, lane, should_stop=should_stop)
        elif is_over(task):
            return


def add_batch(
    task: PlexImport,
    config: PlexConfig,
    keys: Sequence[str],
    lane: Lane,
    *,
    should_stop: Callable[[], bool],
) -> None:
    items, broken = readable_items(
        server_unless_away(config, tries=2), keys, most=may_skip(task, keys)
    )
    for key in keys:
        if should_stop():
            return
        item = items.get(key)
        if item is not None and item.type == SHOW:
            add(task, config, item, lane)
            note(task, done=task.done + 1)
        else:
            why = BROKEN if key in broken else GONE
            cursor = {**task.cursor, why: [*task.cursor.get(why, []), key]}
            note(task, done=task.done + 1, cursor=cursor)


def may_skip(task: PlexImport, keys: Sequence[str]) -> int:
    """At how many of these shows the server may fail, and not be taken for ill."""
    if failures_of(task) >= PATIENCE:
        return len(keys)
    return min(FEW, len(keys) - 1)


def add(task: PlexImport, config: PlexConfig, item: Item, lane: Lane) -> None:
    """One show, decided before this returns, unless TMDB keeps it waiting."""
    row = stored(task, config, item)
    if row.status == Status.PENDING:
        lane.process_due(ids=[row.pk])
        row.refresh_from_db()
    if waits_for_key(row) and not resembles_ours(row):
        add_as_plex_has_it(row, item, config=config)


def waits_for_key(row: PlexWebhookLog) -> bool:
    """Whether the show is a question because TMDB was not asked: there is no key, or it is refused."""
    is_question = row.status == Status.HELD and row.conflict_id is not None
    return is_question and row.waiting_since is not None and plex_shows.tmdb_is_closed()


def resembles_ours(row: PlexWebhookLog) -> bool:
    """Whether a show of ours may be meant, so that only a person can say."""
    matches = row.conflict.potential_matches if row.conflict else []
    return any(
        match.get("tvshow_id") and match.get("score", 0) >= RESEMBLANCE
        for match in (matches if isinstance(matches, list) else [])
    )


def add_as_plex_has_it(row: PlexWebhookLog, item: Item, *, config: PlexConfig) -> None:
    """The person chose this very show, so that it need not be found first. Raises `PlexError`."""
    assert row.mapping is not None  # noqa: S101 - a question is about one
    try:
        show = plex_shows.add_show(item, config=config)
    except PlexError as error:
        if error.kind not in {"trouble", "not_found"}:
            raise
        # It stays a question, which offers the same.
        logger.info("Plex show %s was not read: %s", item.rating_key, error)
        return
    how = PlexConflict.Resolution.USER_CREATED_NEW
    settle_show(row.mapping, show=show, how=how)


def stored(task: PlexImport, config: PlexConfig, item: Item) -> PlexWebhookLog:
    """The event of a chosen show; the one of before where the worker was killed."""
    now = timezone.now()
    message = new_show_message(
        item, server_uuid=task.server_uuid, server_name=config.plex_server_name
    )
    row = inbox.event_row(
        message,
        config_id=config.pk,
        source=PlexWebhookLog.Source.CHOSEN,
        history_key=event_key(task, item.rating_key),
        next_attempt_at=now,
        created_at=now,
    )
    PlexWebhookLog.objects.bulk_create([row], ignore_conflicts=True)
    return events_of(task, [item.rating_key]).get()


def events_of(task: PlexImport, keys: Iterable[str]) -> PlexWebhookLogQuerySet:
    """The events of an import's shows, as far as they exist."""
    rows = PlexWebhookLog.objects.filter(
        server_uuid=task.server_uuid, history_key__in=[event_key(task, key) for key in keys]
    )
    # Said aloud that it is not empty, both databases use their partial index.
    return rows.exclude(history_key="")


def event_key(task: PlexImport, rating_key: str) -> str:
    return f"chosen/{task.pk}/{rating_key}"


@transaction.atomic
def is_over(task: PlexImport) -> bool:
    """Finish, unless somebody chose more meanwhile."""
    current = PlexImport.objects.select_for_update().get(pk=task.pk)
    if current.total > task.total:
        task.chosen, task.total = current.chosen, current.total
        return False
    finish(task)
    return True
