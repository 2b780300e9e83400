"""A person ignores a Plex show or an episode, and stops ignoring it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from plex.models import (
    Action,
    PlexAccount,
    PlexConflict,
    PlexShowMapping,
    PlexWebhookLog,
    Status,
)
from plex.resolution.answers import Resolved
from plex.resolution.shows import lock


def ignore_conflict(conflict: PlexConflict, *, user: User) -> Resolved:
    """Ignore for this user: the show for good, or the one episode that is in question."""
    if conflict.conflict_type != PlexConflict.Type.EPISODE:
        return ignore_show(conflict.mapping, user=user, conflict=conflict)
    with transaction.atomic():
        lock(conflict.mapping)
        rows = PlexWebhookLog.objects.held().filter(conflict=conflict)
        finish_ignored(rows, users=ignoring_users(rows, user))
        close_if_nobody_waits(conflict)
    return Resolved(show=None, conflict=conflict, is_ignored=True)


def ignore_show(
    mapping: PlexShowMapping, *, user: User, conflict: PlexConflict | None = None
) -> Resolved:
    """This Plex show's plays never count for this user.

    An administrator to whom none of the waiting plays belongs decides for those to whom they do.
    """
    with transaction.atomic():
        locked = lock(mapping)
        rows = PlexWebhookLog.objects.held().filter(mapping=locked)
        users = ignoring_users(rows, user)
        locked.ignored_by.add(*users)
        locked.raise_version()
        finish_ignored(rows, users=users)
        for question in locked.conflicts.open():
            close_if_nobody_waits(question)
    return Resolved(show=None, conflict=conflict, is_ignored=True)


def stop_ignoring(mapping: PlexShowMapping, *, user: User) -> None:
    """Plays of this Plex show that arrive from now on count for the user again."""
    with transaction.atomic():
        locked = lock(mapping)
        locked.ignored_by.remove(user)
        locked.raise_version()


def ignoring_users(rows: QuerySet[PlexWebhookLog], user: User) -> set[int]:
    waiting = set(
        rows.filter(account__users__isnull=False).values_list("account__users", flat=True)
    )
    return waiting if user.is_staff and waiting and user.pk not in waiting else {user.pk}


def finish_ignored(rows: QuerySet[PlexWebhookLog], *, users: set[int]) -> None:
    """End the events that wait for these users alone; others' go on waiting, and nobody's yet too."""
    claimed = rows.exclude(action_taken=Action.WAITING_FOR_ACCOUNT)
    accounts = PlexAccount.objects.filter(pk__in=claimed.values("account"))
    theirs = [
        account.pk
        for account in accounts.prefetch_related("users")
        if {person.pk for person in account.users.all()} <= users
    ]
    claimed.filter(account__in=theirs).update(
        status=Status.IGNORED,
        action_taken=Action.SHOW_IGNORED,
        next_attempt_at=None,
        attempts=F("attempts") + 1,
        processed_at=timezone.now(),
    )


def close_if_nobody_waits(conflict: PlexConflict) -> None:
    if PlexWebhookLog.objects.held().filter(conflict=conflict).exists():
        return
    PlexConflict.objects.open().filter(pk=conflict.pk).resolve(
        how=PlexConflict.Resolution.IGNORED, now=timezone.now()
    )
