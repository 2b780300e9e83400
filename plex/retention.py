"""How long events stay in the log; plays recorded from them stay for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from plex.models import Action, PlexWebhookLog, Status

DONE_KEPT = timedelta(days=90)
FAILED_KEPT = timedelta(days=365)
# Plays of accounts that nobody has claimed.
STRANGERS_KEPT = timedelta(days=30)
# Small, so that no lock is held for long.
BATCH = 500


def expired(now: datetime) -> QuerySet[PlexWebhookLog]:
    """Events past their time. Held ones stay while they are open, but for strangers'."""
    done = Q(status__in=(Status.SUCCESS, Status.IGNORED, Status.DUPLICATE))
    return PlexWebhookLog.objects.filter(
        Q(done, created_at__lt=now - DONE_KEPT)
        | Q(status=Status.FAILED, created_at__lt=now - FAILED_KEPT)
        | Q(
            status=Status.HELD,
            action_taken=Action.WAITING_FOR_ACCOUNT,
            created_at__lt=now - STRANGERS_KEPT,
        )
    ).order_by("created_at")


def clean_up(*, now: datetime) -> int:
    """Delete expired events in small batches; returns how many."""
    return sum(delete_batch(ids) for ids in batches(now))


def batches(now: datetime) -> Iterator[list[int]]:
    while ids := list(expired(now).values_list("pk", flat=True)[:BATCH]):
        yield ids


def delete_batch(ids: list[int]) -> int:
    PlexWebhookLog.objects.filter(pk__in=ids).delete()
    return len(ids)
