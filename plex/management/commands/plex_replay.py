"""Send stored Plex events through the integration again, as if Plex had just sent them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from plex.inbox import receive
from plex.management.inputs import find_config, read_payloads
from plex.models import PlexWebhookLog
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
        config = find_config(options["user"], makes=True)
        pks = [
            receive(user_id=config.pk, payload=payload, now=timezone.now()) for payload in payloads
        ]
        process_due(ids=pks)
        logs = PlexWebhookLog.objects.in_bulk(pks)
        for number, pk in enumerate(pks, start=1):
            self.stdout.write(f"{number}: {describe(logs[pk])}")


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
