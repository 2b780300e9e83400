"""Tell what would become of Plex events if they were decided now; nothing is written."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from plex.inspection import Inspection, inspect, unstored_event
from plex.management.inputs import find_config, read_payloads
from plex.models import PlexWebhookLog
from plex.story import StoryStep, story_of


class Command(BaseCommand):
    help = (
        "Tell the story of Plex events as it would go now: the ids, each step, the candidates with "
        "their scores, the decision, and what it would change. Nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "event",
            metavar="FILE|LOG_ID",
            help="The number of a stored event, or a file with events as for plex_replay.",
        )
        parser.add_argument(
            "--user", help="Whose connection takes the events of a file; needed if several."
        )
        parser.add_argument("--network", action="store_true", help="Ask TMDB and Plex, too.")

    def handle(self, *args: Any, **options: Any) -> None:
        for log in find_events(options["event"], user=options["user"]):
            self.tell(inspect(log, network=options["network"]))

    def tell(self, inspection: Inspection) -> None:
        for step in story_of(inspection.event):
            self.tell_step(step)
        self.stdout.write(f"Decision: {inspection.outcome}")
        self.stdout.write("If done now:" if inspection.changes else "If done now, nothing changes.")
        for change in inspection.changes:
            self.stdout.write(f"  {change}")
        self.stdout.write("")

    def tell_step(self, step: StoryStep) -> None:
        self.stdout.write(f"{step.name}: {step.text}" if step.name else step.text)
        for name in step.ids:
            self.stdout.write(f"  {name}")
        for look in step.looks:
            year = f" ({look.year})" if look.year else ""
            score = "" if look.score is None else f" {look.score:.2f}"
            reasons = f": {', '.join(look.reasons)}" if look.reasons else ""
            self.stdout.write(f"  {look.title}{year}{score}{reasons}")
        for line in step.data.splitlines():
            self.stdout.write(f"  {line}")


def find_events(text: str, *, user: str | None) -> list[PlexWebhookLog]:
    """The stored event of a number, or the events of a file. Raises `CommandError`."""
    file = Path(text)
    if file.exists() or not text.isdecimal():
        config, now = find_config(user, makes=False), timezone.now()
        return [unstored_event(payload, config=config, now=now) for payload in read_payloads(file)]
    log = PlexWebhookLog.objects.select_related("account").filter(pk=int(text)).first()
    if log is None:
        raise CommandError(f"There is no event {text}, and no such file.")
    if log.payload is None:
        raise CommandError(f"Event {text} could not be read, so nothing can be decided about it.")
    return [log]
