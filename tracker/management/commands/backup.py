"""`manage.py backup FILE`: everything in one file, while web and worker go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracker.backup import BackupError, make_backup


class Command(BaseCommand):
    help = (
        "Write a consistent copy of the database into one file, while everything goes on. "
        "`manage.py restore FILE` brings it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="with the keys: whoever has the file can then read the Plex token in it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"].absolute()
        try:
            manifest = make_backup(path, with_keys=options["with_keys"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        size = path.stat().st_size / 1_000_000
        self.stdout.write(f"Wrote {path} ({size:.1f} MB, {manifest.vendor}).")
        if manifest.has_keys:
            self.stdout.write("It holds the keys too: keep it where nobody else can read it.")
        else:
            self.stdout.write(
                "Without the keys: keep data/secret_key and data/encryption_key elsewhere, or "
                "enter the Plex token and the TMDB key again after a restore."
            )
