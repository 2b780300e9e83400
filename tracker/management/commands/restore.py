"""`manage.py restore FILE`: what `manage.py backup` wrote, in the place of all data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracker import backup
from tracker.backup import BackupError
from tracker.keys import DataFolderError, make_keys, only_one, prepare_folder
from tracker.running import is_running


class Command(BaseCommand):
    help = (
        "Put the data of a backup in the place of all that is here, then bring it up to date. "
        "Stop web and worker first."
    )
    # The keys that the checks ask for may come with the backup.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--force", action="store_true", help="also over existing data, or while others run"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            prepare_folder(settings.DATA_DIR)
            with only_one(settings.DATA_DIR):
                self.restore(options["file"].absolute(), force=options["force"])
        except (BackupError, DataFolderError) as error:
            raise CommandError(str(error)) from None

    def restore(self, path: Path, *, force: bool) -> None:
        with backup.opened(path) as (_, manifest):
            self.stdout.write(f"A backup of {manifest.created_at}, version {manifest.version}.")
        if not force:
            refuse_to_harm()
        backup.restore(path)
        make_keys(settings.DATA_DIR)
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("Restored.")
        if unreadable := backup.unreadable_secrets():
            self.stdout.write(
                "Sealed with keys that are not here, so enter them again on the Plex settings page: "
                f"{', '.join(unreadable)}. The webhook address works on, but can't be shown: "
                "renew it there and put the new one into Plex."
            )


def refuse_to_harm() -> None:
    """Raises `BackupError` where something runs, or where data would be lost."""
    if is_running(settings.DATA_DIR) or backup.is_in_use():
        raise BackupError(
            "Web server or worker run, or somebody else is connected to the database. "
            "Stop them first, or add --force."
        )
    if backup.has_data():
        raise BackupError(
            "There is data here already, which the restore would replace. Make a backup of it, "
            "then add --force."
        )
