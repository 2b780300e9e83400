"""Fixtures of the Plex side: a connected owner, posting, draining."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from plex.connection import save_settings, save_token
from plex.models import PlexConfig, PlexWebhookLog
from plex.processing import process_due
from tests.factories import make_show
from tests.plex.factories import form, make_config
from tests.plex_server import FakePlex
from tracker.models import TVShow


@pytest.fixture
def connected(owner: User) -> tuple[PlexConfig, str]:
    """The owner's connection and its secret."""
    return make_config(owner)


@pytest.fixture
def with_token(connected: tuple[PlexConfig, str], plex: FakePlex) -> PlexConfig:
    """The owner's connection after signing in to Plex; no server is chosen yet."""
    config, _ = connected
    save_token(config, plex.token)
    return config


@pytest.fixture
def readable(connected: tuple[PlexConfig, str], plex: FakePlex) -> PlexConfig:
    """The owner's connection with a token and a server's address, entered by hand."""
    config, _ = connected
    return save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)


@pytest.fixture
def linked(connected: tuple[PlexConfig, str], plex: FakePlex) -> PlexConfig:
    """The owner's connection after signing in to Plex and finding the server."""
    config, _ = connected
    plex.link(config)
    return config


@pytest.fixture
def show(db: None, plex: FakePlex) -> TVShow:
    """A season of nine episodes, which the tracker and the Plex server have alike."""
    show = make_show("Severance", {1: 9})
    plex.mirror(show)
    return show


@pytest.fixture
def post(connected: tuple[PlexConfig, str], client: Client) -> Callable[..., Any]:
    """Post a message as Plex does: multipart, with a picture."""

    def send(
        payload: dict[str, Any] | str, *, secret: str = connected[1], status: int = 200
    ) -> Any:
        response = client.post(f"/api/plex/webhook?secret={secret}", form(payload))
        assert response.status_code == status, response.content
        return response.json()

    return send


@pytest.fixture
def drain() -> Callable[[], int]:
    """Process all that is due, in both lanes, as the worker does."""
    return process_due


@pytest.fixture
def play(
    post: Callable[..., Any], drain: Callable[[], int]
) -> Callable[[dict[str, Any]], PlexWebhookLog]:
    """Post a message, process it, and return its row."""

    def send_and_drain(payload: dict[str, Any]) -> PlexWebhookLog:
        pk = post(payload)["id"]
        drain()
        return PlexWebhookLog.objects.get(pk=pk)

    return send_and_drain


@pytest.fixture
def signed_in(client: Client, owner: User) -> Client:
    """The browser of the owner."""
    client.force_login(owner)
    return client
