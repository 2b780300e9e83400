"""`manage.py refresh_shows`: read shows from TMDB again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tracker.library import refresh_due, shows_due_for_refresh
from tracker.models import TVShow
from tracker.tmdb import TmdbError, connect


class Command(BaseCommand):
    help = "Read the shows that are due from TMDB again: running ones daily, every one within 5 months."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="every show, due or not")
        parser.add_argument("--limit", type=int, help="at most so many shows, the stalest first")

    def handle(self, *args: Any, **options: Any) -> None:
        everything = TVShow.objects.filter(tmdb_id__isnull=False).order_by("refreshed_at", "id")
        shows = everything if options["all"] else shows_due_for_refresh(timezone.now())
        try:
            result = refresh_due(shows[: options["limit"]], tmdb=connect())
        except TmdbError as error:
            raise CommandError(str(error)) from None
        for show, reason in result.failed:
            self.stderr.write(f"{show}: {reason}")
        self.stdout.write(f"Refreshed {result.refreshed} shows; {len(result.failed)} failed.")
