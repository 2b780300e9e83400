"""The people whose plays arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from plex.models.config import PlexConfig

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class PlexAccountQuerySet(models.QuerySet["PlexAccount"]):
    def visible_to(self, user: User) -> PlexAccountQuerySet:
        """All for staff; else those that came through the user's own hook, or are the user's."""
        if user.is_staff:
            return self
        return self.filter(models.Q(seen_by__user=user) | models.Q(users=user)).distinct()

    def undecided(self) -> PlexAccountQuerySet:
        """Nobody has said yet whose plays these are."""
        return self.filter(users=None, never=False)


class PlexAccount(models.Model):
    """One (server, account) pair that ever sent an event.

    Whose plays they are: `users` (several for a shared living room), nobody's yet (no users), or
    nobody's ever (`never`: counted, not stored).
    """

    server_uuid = models.CharField("server id", max_length=255, blank=True)
    server_title = models.CharField("server", max_length=255, blank=True)
    account_id = models.CharField(
        max_length=64, blank=True, help_text="As sent: 1 or a plex.tv id; may be missing."
    )
    account_title = models.CharField("account", max_length=255, blank=True)
    account_key = models.CharField(
        max_length=330, editable=False, help_text="The id, or the title where no id is sent."
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="plex_accounts"
    )
    seen_by = models.ManyToManyField(PlexConfig, blank=True, related_name="seen_accounts")
    never = models.BooleanField("never counts", default=False)
    ignored_count = models.PositiveIntegerField(default=0)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PlexAccountQuerySet.as_manager()

    class Meta:
        db_table = "plex_accounts"
        verbose_name = "Plex account"
        constraints = [
            models.UniqueConstraint(fields=["server_uuid", "account_key"], name="plexaccount_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_title or self.account_id or 'Unnamed account'} on {self.server_title or 'a server'}"
