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

SERVER_COLUMNS = ("plex_server_url", "plex_server_uuid", "plex_server_name", "plex_server_token")

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
        config.webhook_registered_at = None
        put_secret(config, secrets.token_urlsafe(SECRET_BYTES))
        config.save(
            update_fields=[
                "webhook_secret",
                "webhook_secret_sha256",
                "previous_secret_sha256",
                "previous_secret_until",
                "webhook_registered_at",
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
    if plex_server_url is not None and is_other_server(config, plex_server_url):
        changed |= dict.fromkeys(("plex_server_uuid", "plex_server_name", "plex_server_token"), "")
    for name, value in changed.items():
        setattr(config, name, value)
    if plex_token is not None:
        seal(config, "plex_token", plex_token)
        # Found out with the token before.
        config.plex_username, config.token_refused_at = "", None
        changed |= dict.fromkeys(("plex_token", "plex_username", "token_refused_at"))
        if not plex_token and config.plex_server_token:
            # Without its own token, somebody else's server would get the account's next one.
            forget_server(config)
            changed |= dict.fromkeys(SERVER_COLUMNS)
    # Only these columns: events that arrive meanwhile write others of the same row.
    config.save(update_fields=[*changed, "updated_at"])
    forget_config(config)
    return config


def is_other_server(config: PlexConfig, url: str) -> bool:
    """Whether another server may answer there: nothing that is known of the old one holds for it."""
    return not PlexConfig.objects.filter(pk=config.pk, plex_server_url__in=("", url)).exists()


def save_token(config: PlexConfig, token: str, *, username: str = "") -> None:
    """Keep a Plex token, and whose it is where that is known. Raises `DecryptionError`."""
    save_settings(config, plex_token=token)
    config.plex_username = username
    config.save(update_fields=["plex_username", "updated_at"])


def save_server(config: PlexConfig, *, url: str, uuid: str, name: str, token: str = "") -> None:
    """Keep which server is the connection's; `token` is that of somebody else's server.

    Raises `DecryptionError` when a token can't be sealed.
    """
    config.plex_server_url, config.plex_server_uuid, config.plex_server_name = url, uuid, name
    seal(config, "plex_server_token", token)
    config.save(update_fields=[*SERVER_COLUMNS, "updated_at"])


def forget_server(config: PlexConfig) -> None:
    """Empty all that is known of the server; does not save."""
    for column in SERVER_COLUMNS:
        setattr(config, column, "")


def token_of(config: PlexConfig) -> str:
    """The account's token, "" where there is none that can be read."""
    return revealed(config, "plex_token")


def server_token_of(config: PlexConfig) -> str:
    """The token for the server: its own where it is somebody else's, the account's for one's own."""
    column = "plex_server_token" if config.plex_server_token else "plex_token"
    return revealed(config, column)


def revealed(config: PlexConfig, column: str) -> str:
    try:
        return reveal(config, column)
    except DecryptionError:
        return ""


def note_refused_token(config: PlexConfig) -> None:
    """Plex no longer takes the token; the settings page says so until there is a new one."""
    same = PlexConfig.objects.filter(
        pk=config.pk, plex_token=config.plex_token, token_refused_at=None
    )
    same.update(token_refused_at=timezone.now())


def note_registered(config: PlexConfig) -> None:
    """The address was entered in Plex's list just now."""
    PlexConfig.objects.filter(
        pk=config.pk, webhook_secret_sha256=config.webhook_secret_sha256
    ).update(webhook_registered_at=timezone.now())


def token_state(config: PlexConfig) -> TokenState:
    """Whether a Plex token is stored, and whether the key that sealed it is still here."""
    if not config.plex_token:
        return "not_set"
    try:
        reveal(config, "plex_token")
    except DecryptionError:
        return "unreadable"
    return "set"
