"""What the commands about events are given: files of events, and whose connection takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from plex.connection import connect
from plex.models import PlexConfig
from plex.payload import PayloadError, read_json


def read_payloads(file: Path) -> list[dict[str, Any]]:
    """The events in a file. Raises `CommandError` with the place of the first that is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
    payloads = []
    for number, part in enumerate(split(text), start=1):
        try:
            payloads.append(read_json(part))
        except PayloadError as error:
            raise CommandError(f"{file}, event {number}: {error}") from error
    return payloads


def split(text: str) -> Iterator[str]:
    """The JSON text of each event: of a list, of one object, or of one object a line."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from (line for line in text.splitlines() if line.strip())
        return
    if isinstance(whole, list):
        yield from (json.dumps(item) for item in whole)
    else:
        yield text


def find_config(username: str | None, *, makes: bool) -> PlexConfig:
    """The connection of the named user, or else the only one there is. Raises `CommandError`.

    `makes`: a user who has none yet gets one.
    """
    if not username:
        configs = list(PlexConfig.objects.select_related("user")[:2])
        if len(configs) != 1:
            raise CommandError("Say whose connection takes the events: --user NAME.")
        return configs[0]
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user {username}.")
    if makes:
        return connect(user)
    config = PlexConfig.objects.select_related("user").filter(user=user).first()
    if config is None:
        raise CommandError(f"{username} has no Plex connection.")
    return config
