"""Settings of the installation and of each user."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import models

from tracker.encryption import SealedField


def hash_secret(secret: str) -> str:
    """SHA-256 in hex: enough for random secrets of 128 bits and more, which no table can hold."""
    return hashlib.sha256(secret.encode()).hexdigest()


class SiteSettings(models.Model):
    """The one row of settings of this installation; `SiteSettings.load()` returns it."""

    SINGLE = 1

    tmdb_api_key = SealedField("TMDB key", blank=True)
    language = models.CharField(
        max_length=10, default="en-US", help_text="TMDB's language, as in en-US."
    )
    notification_addresses = SealedField(
        blank=True, default="", db_default="", help_text="Apprise addresses, one a line."
    )
    setup_code_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    setup_completed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "site settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="sitesettings_one_row")
        ]

    def __str__(self) -> str:
        return "Site settings"

    @classmethod
    def load(cls) -> SiteSettings:
        return cls.objects.get_or_create(pk=cls.SINGLE)[0]


class Profile(models.Model):
    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="As in Europe/Berlin.")
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.SYSTEM)
    ical_secret = SealedField(blank=True, editable=False)
    ical_secret_sha256 = models.CharField(max_length=64, blank=True, db_index=True, editable=False)

    def __str__(self) -> str:
        return f"Profile of user {self.pk}"


class ApiToken(models.Model):
    """A key to the HTTP API. Only its hash is kept: the token is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name or f"Token {self.pk}"

    @classmethod
    def make(cls, *, user: models.Model, name: str = "") -> tuple[ApiToken, str]:
        """A new token for a user, with the only copy of its text."""
        text = secrets.token_urlsafe(32)
        return cls.objects.create(user=user, name=name, token_sha256=hash_secret(text)), text
