"""The log as the queue: what arrives is stored here, and handed to the worker piece by piece.

A row is queued exactly while `next_attempt_at` is not null. Claiming it moves that time forward (the
lease) and raises `attempts`; whoever finishes it must still hold that number, so that the late
decision of a stalled worker can't land.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from plex import doorbell
from plex.models import Action, PlexConfig, PlexViewing, PlexWebhookLog, Status
from plex.payload import EventSummary, summarise, trim
from tracker.models.site import hash_secret

HOOKS_CACHE_KEY = "plex:hooks"
# How long another process may go on with an older secret or switch.
HOOKS_CACHE_SECONDS = 5
# How long a row stays with whoever claimed it: a killed worker's rows come back that much later.
LEASE = timedelta(seconds=30)
# Longer than any single call over the network; renewed before each.
NETWORK_LEASE = timedelta(seconds=90)
RAW_BODY_CHARACTERS = 64 * 1024
COLUMNS: list[Any] = [
    column for column in PlexWebhookLog._meta.concrete_fields if not column.primary_key
]
INSERT = (
    f'INSERT INTO "{PlexWebhookLog._meta.db_table}" '  # noqa: S608 - names of our own
    f"({', '.join(column.column for column in COLUMNS)}) "
    f"VALUES ({', '.join('%s' for _ in COLUMNS)}) RETURNING id"
)
DISABLED_ROW_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Hook:
    """What a webhook address leads to."""

    user_id: int
    enabled: bool


def find_hook(secret: str, *, now: datetime) -> Hook | None:
    """The hook that a secret opens, also a previous one that is still valid; else None."""
    digest = hash_secret(secret)
    hooks: dict[str, tuple[Hook, datetime | None]] | None = cache.get(HOOKS_CACHE_KEY)
    found = hooks.get(digest) if hooks else None
    if found is None:
        config = PlexConfig.objects.with_secret_sha256(digest, now=now).first()
        if config is None:
            return None
        until = None if config.webhook_secret_sha256 == digest else config.previous_secret_until
        found = Hook(user_id=config.pk, enabled=config.enabled), until
        cache.set(HOOKS_CACHE_KEY, {**(hooks or {}), digest: found}, HOOKS_CACHE_SECONDS)
    hook, until = found
    return hook if until is None or until > now else None


def forget_config(config: PlexConfig) -> None:
    """Call after every change of a config's secret or switches: the next event reads it afresh."""
    cache.delete(HOOKS_CACHE_KEY)


def receive(
    *,
    user_id: int,
    payload: dict[str, Any],
    now: datetime,
    source: str = PlexWebhookLog.Source.WEBHOOK,
    summary: EventSummary | None = None,
) -> PlexWebhookLog:
    """Store one event for the worker: a single INSERT, whatever the event is."""
    log = event_row(
        payload,
        summary=summary,
        config_id=user_id,
        source=source,
        next_attempt_at=now,
        created_at=now,
    )
    insert(log)
    transaction.on_commit(doorbell.ring)
    return log


def event_row(
    payload: dict[str, Any], *, summary: EventSummary | None = None, **columns: Any
) -> PlexWebhookLog:
    """The row of a readable event, not stored: what the message says, and the `columns` given."""
    summary = summary or summarise(payload)
    return PlexWebhookLog(
        event_type=summary.event,
        plex_rating_key=summary.show_rating_key,
        plex_title=summary.show_title,
        plex_season=summary.season_number,
        plex_episode=summary.episode_number,
        server_uuid=summary.server_uuid,
        item_key=summary.item_key,
        payload=trim(payload),
        **columns,
    )


def insert(log: PlexWebhookLog) -> None:
    """Store a new row by a statement that is made once: the ORM would write its columns anew each time."""
    values = [
        column.get_db_prep_save(getattr(log, column.attname), connection) for column in COLUMNS
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        (log.pk,) = cursor.fetchone()
    log._state.adding, log._state.db = False, connection.alias


def receive_unreadable(*, user_id: int, body: str, reason: str, now: datetime) -> PlexWebhookLog:
    """Keep what could not be read, with the reason, for a person to look at."""
    return PlexWebhookLog.objects.create(
        config_id=user_id,
        raw_body=body[:RAW_BODY_CHARACTERS],
        status=Status.FAILED,
        action_taken=Action.INVALID_PAYLOAD,
        error_message=reason,
        created_at=now,
        processed_at=now,
    )


def receive_while_disabled(*, user_id: int, now: datetime) -> None:
    """Note that something arrived while the integration was off: at most one row a minute."""
    if cache.add(f"plex:disabled:{user_id}", 1, DISABLED_ROW_SECONDS):
        PlexWebhookLog.objects.create(
            config_id=user_id,
            status=Status.IGNORED,
            action_taken=Action.INTEGRATION_DISABLED,
            created_at=now,
            processed_at=now,
        )


def count_refused(*, user_id: int, column: str) -> None:
    """Count an event that was refused; `column` is refused_rate_count or refused_size_count."""
    PlexConfig.objects.filter(pk=user_id).update(**{column: F(column) + 1})


def claim(
    *, limit: int, now: datetime, needs_network: bool, ids: Iterable[int] | None = None
) -> list[PlexWebhookLog]:
    """Take up to `limit` due rows of one lane; nobody else gets them while the lease runs.

    With `ids` only those rows, of either lane.
    """
    due = PlexWebhookLog.objects.due(now)
    # `needs_network=False` would become NOT needs_network, for which SQLite reads the whole queue.
    lane = Q(needs_network__in=[needs_network]) if ids is None else Q(pk__in=ids)
    due = due.filter(lane)
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    elif not due.exists():
        return []  # Without SQLite's write lock, which those who store events wait for.
    with transaction.atomic():
        rows = list(due[:limit])
        if rows:
            PlexWebhookLog.objects.filter(pk__in=[row.pk for row in rows]).update(
                next_attempt_at=now + (NETWORK_LEASE if needs_network else LEASE),
                attempts=F("attempts") + 1,
            )
    for row in rows:
        row.attempts += 1
    return sorted(rows, key=lambda row: row.pk)


def renew_lease(row: PlexWebhookLog, *, now: datetime) -> bool:
    """Extend the lease before a call over the network; False where the row is no longer ours."""
    return bool(mine(row).update(next_attempt_at=now + NETWORK_LEASE))


def mine(row: PlexWebhookLog) -> QuerySet[PlexWebhookLog]:
    """The row as long as the claim holds."""
    return PlexWebhookLog.objects.filter(
        pk=row.pk, attempts=row.attempts, status__in=(Status.PENDING, Status.HELD)
    )


def requeue(rows: QuerySet[PlexWebhookLog], *, now: datetime) -> int:
    """Put rows back into the queue, whatever was decided about them or is being decided now."""
    count = rows.update(
        status=Status.PENDING,
        next_attempt_at=now,
        needs_network=False,
        waiting_since=None,
        error_count=0,
        attempts=F("attempts") + 1,
    )
    transaction.on_commit(doorbell.ring)
    return count


def reprocess(log: PlexWebhookLog, *, user: User) -> None:
    """ "Process again" by a person: also brings back what they removed of this very event."""
    with transaction.atomic():
        PlexViewing.objects.filter(log=log, user=user).exclude(watch__removed_at=None).delete()
        requeue(PlexWebhookLog.objects.filter(pk=log.pk).exclude(payload=None), now=timezone.now())


def retry_missing_episodes(show_id: int, *, now: datetime) -> int:
    """After a refresh of a show: try the events again whose episode the catalogue lacked."""
    waiting = PlexWebhookLog.objects.held().filter(
        Q(mapping__tvshow_id=show_id) | Q(mapping__season_mappings__tvshow_id=show_id),
        action_taken=Action.EPISODE_NOT_FOUND,
    )
    return requeue(PlexWebhookLog.objects.filter(pk__in=waiting.values("pk")), now=now)


def retry_waiting_for_tmdb(*, now: datetime) -> int:
    """After a TMDB key was set: what waited for TMDB need not wait for its back-off any longer."""
    waiting = PlexWebhookLog.objects.filter(
        next_attempt_at__gt=now, needs_network=True, status__in=(Status.PENDING, Status.HELD)
    )
    count = waiting.update(next_attempt_at=now, attempts=F("attempts") + 1)
    transaction.on_commit(doorbell.ring)
    return count
