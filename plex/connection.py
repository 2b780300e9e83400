"""A user's connection to Plex: its webhook address, its secret and its settings.

The web processes keep connections in memory by the hash of their secret, so every change here ends
with `forget_hooks`.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from plex import host_circuits
from plex.answers import PlexError
from plex.inbox import forget_hooks
from plex.models import Job, PlexConfig
from tracker.encryption import DecryptionError, reveal, seal
from tracker.models.site import hash_secret

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SECRET_BYTES = 32
OLD_SECRET_LASTS = timedelta(hours=24)
WEBHOOK_PATH = "/api/plex/webhook"

SERVER_COLUMNS = ("plex_server_url", "plex_server_uuid", "plex_server_name", "plex_server_token")

TokenState = Literal["set", "not_set", "unreadable"]


class Switches(TypedDict, total=False):
    """What a person switches on and off: columns of the connection."""

    enabled: bool | None
    auto_mark_watched: bool | None
    auto_add_shows: bool | None
    auto_add_library: bool | None
    record_rewatches: bool | None
    scan_watched: bool | None


SWITCHES = tuple(Switches.__annotations__)


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
        # What Plex knows is not this connection's address any more, or not for long.
        config.webhook_registered_at, config.webhook_removed_at = None, timezone.now()
        put_secret(config, secrets.token_urlsafe(SECRET_BYTES))
        config.save(
            update_fields=[
                "webhook_secret",
                "webhook_secret_sha256",
                "previous_secret_sha256",
                "previous_secret_until",
                "webhook_registered_at",
                "webhook_removed_at",
                "updated_at",
            ]
        )
    forget_hooks()


def disconnect(config: PlexConfig) -> None:
    """Stop listening. Which Plex show is which, and what was watched, stays."""
    save_settings(config, enabled=False)


def save_settings(
    config: PlexConfig,
    *,
    plex_token: str | None = None,
    plex_server_url: str | None = None,
    **switches: Unpack[Switches],
) -> PlexConfig:
    """Save what is given; None leaves a setting as it is, and the secret is never touched.

    An empty token removes the stored one. Raises `DecryptionError` when a token can't be sealed.
    """
    columns = put_switches(config, switches)
    if plex_server_url is not None:
        columns |= put_address(config, plex_server_url)
    if plex_token is not None:
        columns |= put_token(config, plex_token)
    # Only these columns: events that arrive meanwhile write others of the same row.
    config.save(update_fields=[*columns, "updated_at"])
    forget_hooks()
    if plex_token or plex_server_url:
        read_soon(config)
    return config


def put_switches(config: PlexConfig, switches: Switches) -> set[str]:
    """Set the switches that are given; does not save. Returns the columns that changed."""
    given = {name: value for name, value in switches.items() if value is not None}
    # As it is stored: the admin's form has changed the object by now.
    if (
        given.get("scan_watched")
        and not PlexConfig.objects.filter(pk=config.pk, scan_watched=True).exists()
    ):
        given["scan_started_at"] = timezone.now()
    for name, value in given.items():
        setattr(config, name, value)
    return set(given)


def put_address(config: PlexConfig, url: str) -> set[str]:
    """Set the server's address, and forget what is known of another server; does not save.

    Returns the columns that changed.
    """
    columns = {"plex_server_url"}
    if is_other_server(config, url):
        forget_server(config)
        columns.update(SERVER_COLUMNS)
    config.plex_server_url = url
    return columns


def put_token(config: PlexConfig, token: str) -> set[str]:
    """Seal a token, and forget what was found out with the one before; does not save.

    Returns the columns that changed.
    """
    seal(config, "plex_token", token)
    config.plex_username, config.token_refused_at, config.has_plex_pass = "", None, None
    columns = {"plex_token", "plex_username", "token_refused_at", "has_plex_pass"}
    if not token and config.plex_server_token:
        # Without its own token, somebody else's server would get the account's next one.
        forget_server(config)
        columns.update(SERVER_COLUMNS)
    return columns


def read_soon(config: PlexConfig) -> None:
    """Have the worker read the server at once, and forget what kept it from that before."""
    names = [f"{kind}{config.pk}" for kind in (Job.CATCH_UP, Job.SCAN)]
    Job.objects.filter(name__in=names).update(last_run_at=None, last_error="")
    host_circuits.let_through(config)


def is_other_server(config: PlexConfig, url: str) -> bool:
    """Whether another server may answer there: nothing that is known of the old one holds for it."""
    return not PlexConfig.objects.filter(pk=config.pk, plex_server_url__in=("", url)).exists()


def save_token(
    config: PlexConfig, token: str, *, username: str = "", has_plex_pass: bool | None = None
) -> None:
    """Keep a Plex token, and what is known of its person. Raises `DecryptionError`."""
    save_settings(config, plex_token=token)
    config.plex_username, config.has_plex_pass = username, has_plex_pass
    config.save(update_fields=["plex_username", "has_plex_pass", "updated_at"])


def save_server(config: PlexConfig, *, url: str, uuid: str, name: str, token: str = "") -> None:
    """Keep which server is the connection's; `token` is that of somebody else's server.

    Raises `DecryptionError` when a token can't be sealed.
    """
    config.plex_server_url, config.plex_server_uuid, config.plex_server_name = url, uuid, name
    seal(config, "plex_server_token", token)
    config.save(update_fields=[*SERVER_COLUMNS, "updated_at"])
    read_soon(config)


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


def note_refusal(config: PlexConfig, error: PlexError, *, sent: str) -> None:
    """Remember a refusal of the account's token. A server of somebody else has a token of its own,
    and what `sent` with it says nothing about the account's."""
    if error.kind == "unauthorised" and sent and sent == token_of(config):
        note_refused_token(config)


def note_registered(config: PlexConfig, *, base: str) -> None:
    """The address was entered in Plex's list just now, with the tracker found at `base`."""
    PlexConfig.objects.filter(
        pk=config.pk, webhook_secret_sha256=config.webhook_secret_sha256
    ).update(
        webhook_registered_at=timezone.now(),
        webhook_registered_base=base,
        webhook_removed_at=None,
        has_plex_pass=True,
    )


def note_deregistered(config: PlexConfig) -> None:
    """The address was taken out of Plex's list just now."""
    PlexConfig.objects.filter(pk=config.pk).update(
        webhook_registered_at=None, webhook_removed_at=timezone.now()
    )


def note_plex_pass(config: PlexConfig, *, has_plex_pass: bool) -> None:
    """What the account service says: without it there are no webhooks."""
    PlexConfig.objects.filter(pk=config.pk, plex_token=config.plex_token).update(
        has_plex_pass=has_plex_pass
    )


def token_state(config: PlexConfig) -> TokenState:
    """Whether a Plex token is stored, and whether the key that sealed it is still here."""
    if not config.plex_token:
        return "not_set"
    try:
        reveal(config, "plex_token")
    except DecryptionError:
        return "unreadable"
    return "set"
