"""Every address of the site, and an installation in which none of them is empty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Max, Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from plex import connection, inbox
from plex.models import PlexAccount, PlexConflict, PlexRule, PlexShowMapping, PlexWebhookLog
from plex.processing import process_due
from tests.factories import episode_of, make_show
from tests.plex.factories import make_config, of_episode, scrobble
from tracker.encryption import reveal, seal
from tracker.models import SiteSettings, TVShow

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
GROUP = re.compile(r"\(\?P<app_label>[^)]*\)")
# Signing out ends the crawl; the last pattern of the admin and of the API catches what is no page;
# each call of the API answers with a slash at its end, too.
LEFT_OUT = re.compile(r"logout|sign-out|\(\?P<url>|^/api/.*/$|static|media")
NUMBERS = {"number": "1", "season_number": "1", "episode_number": "1", "content_type_id": "1"}


@dataclass(frozen=True, kw_only=True)
class Household:
    """One person's installation, all of its secrets, and words that stand in nobody else's data."""

    user: User
    show: TVShow
    secrets: dict[str, str]
    words: tuple[str, ...]
    ids: dict[str, int]


def furnish(user: User, *, word: str) -> Household:
    """Connect a person to Plex and let events of each kind arrive: done, held, failed, a stranger's."""
    config, old_secret = make_config(user)
    connection.renew_secret(config, keep_old=True)
    token = f"plex-token-of-{word}-0123456789"
    connection.save_settings(config, plex_token=token)
    show = make_show(f"A Show Of {word.title()}", {0: 1, 1: 4})
    server = f"server-of-{word}"
    now = timezone.now() - timedelta(hours=1)
    messages: list[dict[str, Any]] = [
        of_episode(episode_of(show, 1, 1), server=server, account_title=f"{word}-account"),
        of_episode(episode_of(show, 1, 1), server=server, account_title=f"{word}-account"),
        scrobble(f"{word} unknown", 1, 1, server=server, account_title=f"{word}-account"),
        of_episode(
            episode_of(show, 1, 2),
            server=server,
            account_id=f"9{len(word)}",
            account_title=f"{word}-guest",
            is_user=False,
        ),
    ]
    for message in messages:
        inbox.receive(user_id=user.pk, payload=message, now=now)
    inbox.receive_unreadable(user_id=user.pk, body=f"{word} cut", reason="It was cut.", now=now)
    process_due()
    PlexRule.objects.create(user=user, pattern=f"{word} pattern", verdict=PlexRule.Verdict.IGNORE)
    config.refresh_from_db()
    return Household(
        user=user,
        show=show,
        secrets={
            "token": token,
            "secret": reveal(config, "webhook_secret"),
            "previous secret": old_secret,
        },
        words=(
            f"{word} pattern",
            f"{word}-account",
            f"{word}-guest",
            f"{word} unknown",
            f"{word} cut",
            server,
        ),
        ids=ids_of(user, word),
    )


def seal_tmdb_key() -> str:
    """Enter a TMDB key, as the settings page does; returns it."""
    key = "tmdb-key-0123456789abcdef"
    site = SiteSettings.load()
    seal(site, "tmdb_api_key", key)
    site.save()
    return key


def ids_of(user: User, word: str) -> dict[str, int]:
    return {
        "log": PlexWebhookLog.objects.filter(config=user.pk).order_by("pk")[0].pk,
        "conflict": PlexConflict.objects.get(plex_title=f"{word} unknown").pk,
        "mapping": PlexShowMapping.objects.get(plex_title=f"{word} unknown").pk,
        "account": PlexAccount.objects.get(account_title=f"{word}-account").pk,
        "guest": PlexAccount.objects.get(account_title=f"{word}-guest").pk,
    }


def patterns(
    found: list[URLPattern | URLResolver] | None = None, prefix: str = "/"
) -> Iterator[str]:
    for pattern in get_resolver().url_patterns if found is None else found:
        address = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, address)
        elif not LEFT_OUT.search(address):
            yield GROUP.sub("plex", address).removesuffix("$").removesuffix(r"\Z")


def addresses(about: Household | None = None) -> Iterator[str]:
    """Every address of a page or call, about the newest row of each table and somebody's own."""
    tables: list[type[Model]] = [
        User,
        *apps.get_app_config("plex").get_models(),
        *apps.get_app_config("tracker").get_models(),
    ]
    newest = {
        model._meta.model_name: model._base_manager.aggregate(pk=Max("pk"))["pk"]
        for model in tables
        if model._meta.managed
    }
    keys = {str(key) for key in newest.values() if isinstance(key, int)}
    keys |= {str(key) for key in about.ids.values()} if about else set()
    for pattern in patterns():
        own = set(PARAMETER.findall(pattern)) - NUMBERS.keys()
        in_admin = re.match(r"/admin/\w+/(\w+)/", pattern)
        own_keys = {str(newest.get(in_admin[1], 1))} if in_admin else keys
        for key in sorted(own_keys) if own else [""]:
            values = {**NUMBERS, **dict.fromkeys(own, key)}
            yield PARAMETER.sub(lambda found: values[found[1]], pattern)  # noqa: B023


def crawl(client: Client, *, about: Household | None = None) -> Iterator[tuple[str, Any]]:
    """Get every address; yields each with its answer."""
    client.raise_request_exception = False
    for address in addresses(about):
        yield address, client.get(address)


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{dict(answer.headers)} {content.decode(errors='replace')}"


def stored_text() -> str:
    """All that the database holds, as text."""
    return "\n".join(
        repr(row)
        for model in apps.get_models()
        if model._meta.managed
        for row in model._base_manager.values_list()
    )


def sealed_parts() -> list[str]:
    """The ciphertexts: they are no secrets, but have no business on any page."""
    site = SiteSettings.load()
    columns = apps.get_model("plex", "PlexConfig").objects.values_list(
        "plex_token", "webhook_secret"
    )
    return [value for row in columns for value in row if value] + [site.tmdb_api_key]
