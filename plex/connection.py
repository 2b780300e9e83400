"""A user's connection to Plex: its webhook address, its secret and its settings.

The web processes keep connections in memory by the hash of their secret, so every change here ends
with `forget_config`.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from plex.inbox import forget_config
from plex.models import PlexConfig
from tracker.encryption import DecryptionError, reveal, seal
from tracker.models.site import hash_secret

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SECRET_BYTES = 32
OLD_SECRET_LASTS = timedelta(hours=24)
WEBHOOK_PATH = "/api/plex/webhook"

TokenState = Literal["set", "not_set", "unreadable"]


def connect(user: User) -> PlexConfig:
    """The user's connection, made with a fresh secret where there is none yet.

    Raises `DecryptionError` when a new secret can't be sealed for want of a usable key.
    """
    config = PlexConfig.objects.filter(user=user).first()
    if config is None:
        fresh = PlexConfig(user=user)
        put_secret(fresh, secrets.token_urlsafe(SECRET_BYTES))
        config, _ = PlexConfig.objects.get_or_create(
            user=user,
            defaults={
                "webhook_secret": fresh.webhook_secret,
                "webhook_secret_sha256": fresh.webhook_secret_sha256,
                "sync_started_date": timezone.now(),
            },
        )
    if config.webhook_secret_sha256 is None:
        renew_secret(config, keep_old=False)
    return config


def put_secret(config: PlexConfig, secret: str) -> None:
    """Seal a webhook secret into a connection, with its hash for the look-up; does not save."""
    seal(config, "webhook_secret", secret)
    config.webhook_secret_sha256 = hash_secret(secret)


def webhook_url(config: PlexConfig, *, base_url: str) -> str:
    """The address to enter in Plex; PUBLIC_URL wins over `base_url`. For the connection's owner only.

    Raises `DecryptionError` when the secret was sealed with a key that is not here.
    """
    base = settings.PUBLIC_URL or base_url.rstrip("/")
    return f"{base}{WEBHOOK_PATH}?{urlencode({'secret': reveal(config, 'webhook_secret')})}"


def renew_secret(config: PlexConfig, *, keep_old: bool) -> None:
    """Give the connection a new secret; the old one works for `OLD_SECRET_LASTS` longer, or stops now."""
    with transaction.atomic():
        stored = PlexConfig.objects.select_for_update().get(pk=config.pk)
        config.previous_secret_sha256 = (stored.webhook_secret_sha256 or "") if keep_old else ""
        config.previous_secret_until = timezone.now() + OLD_SECRET_LASTS if keep_old else None
        put_secret(config, secrets.token_urlsafe(SECRET_BYTES))
        config.save(
            update_fields=[
                "webhook_secret",
                "webhook_secret_sha256",
                "previous_secret_sha256",
                "previous_secret_until",
                "updated_at",
            ]
        )
    forget_config(config)


def disconnect(config: PlexConfig) -> None:
    """Stop listening. Which Plex show is which, and what was watched, stays."""
    save_settings(config, enabled=False)


def save_settings(
    config: PlexConfig,
    *,
    plex_token: str | None = None,
    plex_server_url: str | None = None,
    auto_add_shows: bool | None = None,
    auto_add_library: bool | None = None,
    auto_mark_watched: bool | None = None,
    record_rewatches: bool | None = None,
    enabled: bool | None = None,
) -> PlexConfig:
    """Save what is given; None leaves a setting as it is, and the secret is never touched.

    An empty token removes the stored one. Raises `DecryptionError` when a token can't be sealed.
    """
    given: dict[str, Any] = {
        "plex_server_url": plex_server_url,
        "auto_add_shows": auto_add_shows,
        "auto_add_library": auto_add_library,
        "auto_mark_watched": auto_mark_watched,
        "record_rewatches": record_rewatches,
        "enabled": enabled,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    for name, value in changed.items():
        setattr(config, name, value)
    if plex_token is not None:
        seal(config, "plex_token", plex_token)
        changed["plex_token"] = plex_token
    # Only these columns: events that arrive meanwhile write others of the same row.
    config.save(update_fields=[*changed, "updated_at"])
    forget_config(config)
    return config


def token_state(config: PlexConfig) -> TokenState:
    """Whether a Plex token is stored, and whether the key that sealed it is still here."""
    if not config.plex_token:
        return "not_set"
    try:
        reveal(config, "plex_token")
    except DecryptionError:
        return "unreadable"
    return "set"
