"""`manage.py rotate_encryption_key`: seal every secret with a new key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tracker import key_rotation
from tracker.encryption import DecryptionError, load_keys


class Command(BaseCommand):
    help = (
        "Make a new encryption key and seal every stored secret with it. Old keys stay, so that "
        "running processes and backups go on working, until --drop-old."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--drop-old",
            action="store_true",
            help="make no new key, but seal with the newest and remove the keys that seal nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            load_keys()
            self.rotate(drop_old=options["drop_old"])
        except DecryptionError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(
                f"The key file {settings.ENCRYPTION_KEY_PATH} can't be written ({error.strerror})."
            ) from None

    def rotate(self, *, drop_old: bool) -> None:
        path = settings.ENCRYPTION_KEY_PATH
        if not key_rotation.uses_key_file():
            self.stdout.write(
                "The keys come from ENCRYPTION_KEY, which only you can change: put a new key in "
                "front of the old ones, separated by a comma. Sealing with the first of them."
            )
        elif not drop_old:
            key_rotation.add_key(path)
        result = key_rotation.reseal_everything()
        self.stdout.write(f"Sealed anew: {result.count} values.")
        for place in result.unreadable:
            self.stderr.write(f"Can't be opened, so left as it is: {place}")
        if drop_old and key_rotation.uses_key_file():
            dropped = key_rotation.drop_unused_keys(path)
            self.stdout.write(f"Old keys removed: {dropped}.")
        if result.unreadable:
            raise CommandError(
                f"{len(result.unreadable)} values could not be opened. Put the key back that they "
                "were sealed with, or enter them again."
            )
