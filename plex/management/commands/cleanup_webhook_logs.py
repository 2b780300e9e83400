"""Delete Plex events that are past their time; the worker does the same every hour."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from plex import retention


class Command(BaseCommand):
    help = "Delete Plex events past their time: 90 days, failed ones a year, strangers' 30 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say how many.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["dry_run"]:
            self.stdout.write(f"{retention.count_expired(now)} events are past their time.")
        else:
            self.stdout.write(f"{retention.clean_up(now=now)} events deleted.")
