"""Write the keys under which shows are found anew: needed after a rule of `tracker.titles` changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from tracker.library import index_titles
from tracker.models import TVShow


class Command(BaseCommand):
    help = "Write anew under which titles each show is found."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for show in TVShow.objects.iterator():
            with transaction.atomic():
                index_titles(show)
            count += 1
        self.stdout.write(f"{count} shows indexed.")
