"""A person says whose plays an account's are."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from plex.inbox import requeue
from plex.models import Action, PlexAccount, PlexWebhookLog
from plex.models.webhook_log import PlexWebhookLogQuerySet
from plex.resolution.answers import ResolutionError, Resolved, replay


def assign_account(
    account: PlexAccount, *, by: User, users: Iterable[User], never: bool = False
) -> int:
    """Say whose plays an account's are; returns how many held events can now be replayed.

    Raises `ResolutionError`: only staff decide about others, or about what others decided.
    """
    wanted = {user.pk for user in users}
    before = set(account.users.values_list("pk", flat=True))
    if not by.is_staff and (wanted ^ before) - {by.pk}:
        raise ResolutionError("Only an administrator can assign an account to somebody else.")
    if not by.is_staff and not PlexAccount.objects.visible_to(by).filter(pk=account.pk).exists():
        raise ResolutionError("This account never came through your own webhook.")
    with transaction.atomic():
        account.users.set(wanted)
        account.never = never and not wanted
        account.save(update_fields=["never"])
        if account.never:
            held = held_of(account).without_bodies()
            (held if by.is_staff else held.filter(config__user=by)).delete()
    return held_of(account).count() if wanted else 0


def held_of(account: PlexAccount) -> PlexWebhookLogQuerySet:
    return PlexWebhookLog.objects.held().filter(
        account=account, action_taken=Action.WAITING_FOR_ACCOUNT
    )


def replay_account(account: PlexAccount) -> Resolved:
    """Record the plays that waited until somebody said whose they are, with their own times."""
    ids = list(held_of(account).order_by("pk").values_list("pk", flat=True))
    requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    return replay(ids, show=None)
