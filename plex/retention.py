"""How long events stay in the log; plays recorded from them stay for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from plex.models import Action, PlexAccount, PlexCorrection, PlexWebhookLog, Status

DONE_KEPT = timedelta(days=90)
FAILED_KEPT = timedelta(days=365)
# Plays of accounts that nobody has claimed.
STRANGERS_KEPT = timedelta(days=30)
# How long a correction can be undone.
CORRECTIONS_KEPT = timedelta(days=90)
# Small, so that no lock is held for long.
BATCH = 200
# The pause after a batch, as a multiple of the time that it took. SQLite has one lock, and whoever waits
# for it asks again and again: without a pause the next batch would nearly always be first.
REST = 1


def past_their_time(now: datetime) -> tuple[Q, ...]:
    """Which events go, in parts that are a stretch of the index of times each. Held ones stay while
    they are open, but for strangers': whose account is claimed by now can still be recorded."""
    claimed = PlexAccount.objects.exclude(users=None)
    return (
        Q(
            status__in=(Status.SUCCESS, Status.IGNORED, Status.DUPLICATE),
            created_at__lt=now - DONE_KEPT,
        ),
        Q(status=Status.FAILED, created_at__lt=now - FAILED_KEPT),
        Q(
            ~Q(account__in=claimed.values("pk")),
            status=Status.HELD,
            action_taken=Action.WAITING_FOR_ACCOUNT,
            created_at__lt=now - STRANGERS_KEPT,
        ),
    )


def count_expired(now: datetime) -> int:
    return sum(PlexWebhookLog.objects.filter(part).count() for part in past_their_time(now))


def clean_up(*, now: datetime) -> int:
    """Delete expired events in small batches; returns how many."""
    forget_corrections(now=now)
    return sum(deleted(part) for part in past_their_time(now))


def deleted(part: Q) -> int:
    """Delete these events batch by batch, with a rest between them for everybody else."""
    count = 0
    for ids in batches(part):
        began = time.monotonic()
        count += delete_batch(ids, part)
        time.sleep(REST * (time.monotonic() - began))
    return count


def forget_corrections(*, now: datetime) -> None:
    """No undo any more. That a show was said to be wrong goes on to hold for later plays."""
    old = PlexCorrection.objects.filter(created_at__lt=now - CORRECTIONS_KEPT)
    standing = Q(kind=PlexCorrection.Kind.SHOW, undone_at=None)
    old.exclude(standing).delete()
    old.filter(standing).exclude(kept={}).update(kept={})


def batches(part: Q) -> Iterator[list[int]]:
    """Each begins where the one before ended: what was deleted there is long still in the index."""
    rows = all_of_them = PlexWebhookLog.objects.filter(part).order_by("created_at")
    while chosen := list(rows.values_list("pk", "created_at")[:BATCH]):
        yield [pk for pk, _ in chosen]
        rows = all_of_them.filter(created_at__gte=chosen[-1][1])


def delete_batch(ids: list[int], part: Q) -> int:
    """Delete those of them that are still past their time: one may just be processed again."""
    with transaction.atomic():
        rows = PlexWebhookLog.objects.filter(part, pk__in=ids).order_by("pk").select_for_update()
        locked = list(rows.values_list("pk", flat=True))
        PlexWebhookLog.objects.filter(pk__in=locked).order_by().only("pk").delete()
    return len(locked)
