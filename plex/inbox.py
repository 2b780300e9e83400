"""The log as the queue: what arrives is stored here, and handed to the worker piece by piece.

A row is queued exactly while `next_attempt_at` is not null. Claiming it moves that time forward (the
lease) and raises `attempts`; whoever finishes it must still hold that number, so that the late
decision of a stalled worker can't land.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from plex import doorbell, intake, postgresql
from plex.models import Action, PlexConfig, PlexViewing, PlexWebhookLog, Status
from plex.payload import EventSummary, Playback, parse_payload, summarise, trim
from plex.viewings import play_window
from tracker.models.site import hash_secret

# How long another process may go on with an older secret or switch.
HOOK_SECONDS = timedelta(seconds=2)
# How long a row stays with whoever claimed it: a killed worker's rows come back that much later.
LEASE = timedelta(seconds=30)
# Longer than any single call over the network; renewed before each.
NETWORK_LEASE = timedelta(seconds=90)
READ_IN_BULK = (PlexWebhookLog.Source.HISTORY, PlexWebhookLog.Source.SCAN)
RAW_BODY_CHARACTERS = 64 * 1024
DISABLED_ROW_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Hook:
    """What a webhook address leads to."""

    user_id: int
    enabled: bool
    # Of a previous secret: until when it works.
    until: datetime | None
    # Of the present one: Plex was told to forget its address, and has not used it since.
    is_unused: bool
    read_at: datetime

    def is_current(self, now: datetime) -> bool:
        return self.read_at <= now < self.read_at + HOOK_SECONDS

    def is_open(self, now: datetime) -> bool:
        return self.until is None or self.until > now


# In this process, as asking a shared cache would cost each event as much as the database.
_hooks: dict[str, Hook] = {}


def find_hook(secret: str, *, now: datetime) -> Hook | None:
    """The hook that a secret opens, also a previous one that is still valid; else None."""
    digest = hash_secret(secret)
    hook = _hooks.get(digest)
    if hook is None or not hook.is_current(now):
        config = PlexConfig.objects.with_secret_sha256(digest, now=now).first()
        if config is None:
            return None
        is_newest = config.webhook_secret_sha256 == digest
        hook = _hooks[digest] = Hook(
            user_id=config.pk,
            enabled=config.enabled,
            until=None if is_newest else config.previous_secret_until,
            is_unused=is_newest and config.webhook_removed_at is not None,
            read_at=now,
        )
    return hook if hook.is_open(now) else None


def note_used(hook: Hook) -> None:
    """Plex posted to the present address: it knows that one, whatever it knew before."""
    PlexConfig.objects.filter(pk=hook.user_id).update(webhook_removed_at=None)
    forget_hooks()


def forget_hooks() -> None:
    """Call after every change of a secret or a switch: the next event reads it afresh."""
    _hooks.clear()


def receive(
    *,
    user_id: int,
    payload: dict[str, Any],
    now: datetime,
    source: str = PlexWebhookLog.Source.WEBHOOK,
    summary: EventSummary | None = None,
) -> int:
    """Store one event for the worker: a single INSERT, whatever the event is. Returns its number."""
    number = intake.store(
        {
            **event_columns(payload, summary or summarise(payload)),
            "config_id": user_id,
            "source": str(source),
            "next_attempt_at": now,
            "created_at": now,
        }
    )
    transaction.on_commit(doorbell.ring)
    return number


def event_row(
    payload: dict[str, Any], *, summary: EventSummary | None = None, **columns: Any
) -> PlexWebhookLog:
    """The row of a readable event, not stored: what the message says, and the `columns` given."""
    return PlexWebhookLog(**event_columns(payload, summary or summarise(payload)), **columns)


def event_columns(payload: dict[str, Any], summary: EventSummary) -> dict[str, Any]:
    """What the log keeps of a readable event."""
    return {
        "event_type": summary.event,
        "plex_rating_key": summary.show_rating_key,
        "plex_title": summary.show_title,
        "plex_season": summary.season_number,
        "plex_episode": summary.episode_number,
        "server_uuid": summary.server_uuid,
        "item_key": summary.item_key,
        "payload": trim(payload),
    }


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
    lease = now + (NETWORK_LEASE if needs_network else LEASE)
    if postgresql.is_used() and ids is None:
        rows = postgresql.claim(limit=limit, now=now, lease=lease, needs_network=needs_network)
        return sorted(rows, key=lambda row: row.pk)
    due = PlexWebhookLog.objects.due(now)
    due = due.in_lane(needs_network=needs_network) if ids is None else due.filter(pk__in=ids)
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    elif not due.exists():
        return []  # Without SQLite's write lock, which those who store events wait for.
    with transaction.atomic():
        rows = list(due[:limit]) if ids is not None else first_in_line(due, limit)
        if rows:
            PlexWebhookLog.objects.filter(pk__in=[row.pk for row in rows]).update(
                next_attempt_at=lease,
                attempts=F("attempts") + 1,
            )
    for row in rows:
        row.attempts += 1
    return sorted(rows, key=lambda row: row.pk)


def first_in_line(due: QuerySet[PlexWebhookLog], limit: int) -> list[PlexWebhookLog]:
    """What just arrived goes before what was read in bulk, however much of that is due."""
    rows = list(due.exclude(source__in=READ_IN_BULK)[:limit])
    if len(rows) < limit:
        rows += due.filter(source__in=READ_IN_BULK)[: limit - len(rows)]
    return rows


def hand_over(rows: Sequence[PlexWebhookLog], *, now: datetime) -> None:
    """Put claimed rows into the lane of those that need the network, without a look at each."""
    still_mine(rows).filter(status=Status.PENDING).update(
        action_taken=Action.WAITING_FOR_TMDB, needs_network=True, next_attempt_at=now
    )


def give_back(rows: Sequence[PlexWebhookLog], *, now: datetime) -> None:
    """Leave claimed rows to whoever claims next."""
    still_mine(rows).update(next_attempt_at=now)


def still_mine(rows: Sequence[PlexWebhookLog]) -> QuerySet[PlexWebhookLog]:
    """The rows whose claim holds."""
    claims = Q(pk__in=[])
    for number in {row.attempts for row in rows}:
        claims |= Q(pk__in=[r.pk for r in rows if r.attempts == number], attempts=number)
    return PlexWebhookLog.objects.filter(claims)


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
    """ "Process again" by a person: also brings back what they removed of this viewing."""
    with transaction.atomic():
        removed = PlexViewing.objects.filter(user=user).exclude(watch__removed_at=None)
        removed.filter(Q(log=log) | same_viewing(log)).delete()
        requeue(PlexWebhookLog.objects.filter(pk=log.pk).exclude(payload=None), now=timezone.now())


def same_viewing(log: PlexWebhookLog) -> Q:
    """The viewings that this event tells of too, whichever event they were recorded from."""
    playback = parse_payload(log.payload or {})
    if log.viewed_at is None or not log.item_key or not isinstance(playback, Playback):
        return Q(pk__in=[])
    apart = play_window(timedelta(seconds=playback.duration_seconds or 0))
    return Q(
        server_uuid=log.server_uuid,
        item_key=log.item_key,
        viewed_at__range=(log.viewed_at - apart, log.viewed_at + apart),
    )


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
