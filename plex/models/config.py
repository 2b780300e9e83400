"""One user's connection to Plex."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from tracker.encryption import SealedField


class PlexConfigQuerySet(models.QuerySet["PlexConfig"]):
    def with_token(self) -> PlexConfigQuerySet:
        """Those for which Plex can be asked by itself: switched on, and with an account's token."""
        return self.filter(enabled=True).exclude(plex_token="")

    def with_server(self) -> PlexConfigQuerySet:
        """Those whose server can be read by itself."""
        return self.with_token().exclude(plex_server_url="")

    def with_secret_sha256(self, digest: str, *, now: datetime) -> PlexConfigQuerySet:
        """The config whose secret, or previous secret while it is still valid, has this SHA-256."""
        return self.filter(
            Q(webhook_secret_sha256=digest)
            | Q(previous_secret_sha256=digest, previous_secret_until__gt=now)
        )


class PlexConfig(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="plex_config"
    )
    plex_token = SealedField("Plex token", blank=True)
    plex_username = models.CharField(
        "Plex account", max_length=255, blank=True, default="", db_default=""
    )
    has_plex_pass = models.BooleanField(
        "Plex Pass", null=True, blank=True, help_text="Unknown until Plex was asked."
    )
    token_refused_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when Plex refuses the token."
    )
    plex_server_url = models.CharField("server address", max_length=500, blank=True)
    plex_server_name = models.CharField("server name", max_length=255, blank=True)
    plex_server_uuid = models.CharField("server id", max_length=255, blank=True)
    plex_server_token = SealedField(
        "server's own token",
        blank=True,
        default="",
        db_default="",
        help_text="Only of somebody else's server, which must never get the account's token.",
    )
    webhook_registered_at = models.DateTimeField(
        null=True, blank=True, help_text="When this address was entered in Plex from here."
    )
    webhook_registered_base = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Under which address of the tracker it was entered.",
    )
    webhook_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when Plex knew an address that it no longer knows."
    )
    webhook_secret = SealedField(blank=True)
    webhook_secret_sha256 = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - null repeats
    previous_secret_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    auto_add_shows = models.BooleanField("add unknown shows", default=True)
    auto_add_library = models.BooleanField("add shows that are new in the library", default=False)
    auto_mark_watched = models.BooleanField("mark episodes watched", default=True)
    record_rewatches = models.BooleanField("record rewatches", default=False)
    scan_watched = models.BooleanField(
        "find what was marked by hand in Plex", default=False, db_default=False
    )
    scan_started_at = models.DateTimeField(
        null=True, blank=True, help_text="Marks from before are left alone."
    )
    sync_started_date = models.DateTimeField(null=True, blank=True)
    last_webhook_received = models.DateTimeField(null=True, blank=True)
    # Events that were refused and are therefore not in the log.
    refused_rate_count = models.PositiveIntegerField(default=0)
    refused_size_count = models.PositiveIntegerField(default=0)
    account = models.ForeignKey(
        "PlexAccount",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="bound_configs",
        help_text="The Plex account that owns this webhook: the first that arrived as such.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PlexConfigQuerySet.as_manager()

    class Meta:
        db_table = "plex_config"
        verbose_name = "Plex connection"

    def __str__(self) -> str:
        return f"Plex connection of user {self.pk}"
