"""Send stored Plex events through the integration again, as if Plex had just sent them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from plex.connection import connect
from plex.inbox import receive
from plex.models import PlexConfig, PlexWebhookLog
from plex.payload import PayloadError, read_json
from plex.processing import process_due

POST_SECONDS = 30


class Command(BaseCommand):
    help = (
        "Send stored Plex payloads (a JSON object, a list of them, or one object a line) through the "
        "integration, and say what became of each."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--user", help="Whose connection takes the events; needed if there are several."
        )
        parser.add_argument(
            "--url", help="Post to this webhook address, as Plex does, instead of storing here."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        payloads = [payload for file in options["files"] for payload in read_payloads(file)]
        if not payloads:
            raise CommandError("There is no event in the file.")
        if options["url"]:
            for number, payload in enumerate(payloads, start=1):
                self.stdout.write(f"{number}: {post(options['url'], payload)}")
            return
        config = find_config(options["user"])
        pks = [
            receive(user_id=config.pk, payload=payload, now=timezone.now()) for payload in payloads
        ]
        process_due(ids=pks)
        logs = PlexWebhookLog.objects.in_bulk(pks)
        for number, pk in enumerate(pks, start=1):
            self.stdout.write(f"{number}: {describe(logs[pk])}")


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


def find_config(username: str | None) -> PlexConfig:
    """The connection that takes the events; a named user's is made if need be."""
    if username:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        return connect(user)
    configs = list(PlexConfig.objects.all()[:2])
    if len(configs) != 1:
        raise CommandError("Say whose connection takes the events: --user NAME.")
    return configs[0]


def post(url: str, payload: dict[str, Any]) -> str:
    """Post one event as Plex does; the answer in words, without the address and its secret."""
    form = {"payload": (None, json.dumps(payload), "application/json")}
    try:
        response = requests.post(url, files=form, timeout=POST_SECONDS)
    except requests.RequestException as error:
        raise CommandError(f"The address does not answer ({type(error).__name__}).") from None
    return f"{response.status_code} {response.text.strip()[:300]}"


def describe(log: PlexWebhookLog) -> str:
    """What became of one event, as a line."""
    what = " ".join(part for part in (log.plex_title, log.episode_code) if part) or log.event_type
    sentence = log.get_action_taken_display() or log.error_message
    return f"{what or 'event'}: {log.get_status_display().lower()}. {sentence}".strip()
