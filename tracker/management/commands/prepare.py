from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.utils import OperationalError

from tracker.keys import DataFolderError, make_keys, make_private, only_one, prepare_folder
from tracker.models.site import SiteSettings, hash_secret

DATABASE_TRIES = 15
OLDEST_POSTGRESQL = 150000
# The same number in every process, so that of several machines one migrates at a time.
MIGRATION_LOCK = 7_460_118_255
LOCK_LOOK_SECONDS = 0.5
STAMP = ".collected"


class Command(BaseCommand):
    help = (
        "Make the data folder and its keys, bring the database up to date and gather the static "
        "files. Needed once before the first start and after an update; `run` does it too."
    )
    # The keys that the checks ask for are made here.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        prepare(self.stdout)
        self.check()
        if path := new_setup_path():
            self.stdout.write(
                f"Create the first account at {settings.PUBLIC_URL or 'your address'}{path}"
            )
        self.stdout.write("Ready.")


def prepare(out: OutputWrapper) -> None:
    """Everything that has to be there before web and worker start; safe to run twice at once."""
    try:
        prepare_folder(settings.DATA_DIR)
    except DataFolderError as error:
        raise CommandError(str(error)) from None
    with only_one(settings.DATA_DIR):
        for name in make_keys(settings.DATA_DIR):
            out.write(f"Made {settings.DATA_DIR / name}. Keep a copy of it with your backups.")
        if connection.vendor == "sqlite":
            # SQLite gives its other files the mode of this one.
            make_private(Path(connection.settings_dict["NAME"]))
        wait_for_database(out)
        with migration_lock():
            call_command("migrate", interactive=False, verbosity=0)
        collect_static_files()


def wait_for_database(out: OutputWrapper) -> None:
    """Connect, with patience: a database that starts together with us needs a moment."""
    for attempt in range(1, DATABASE_TRIES + 1):
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if attempt == DATABASE_TRIES:
                raise CommandError(
                    f"The database does not answer: {first_line(error)}. Check DATABASE_URL."
                ) from None
            if attempt == 1:
                out.write(f"Waiting for the database: {first_line(error)}")
            time.sleep(1)
        else:
            break
    if connection.vendor == "postgresql":
        check_postgresql(connection)


def check_postgresql(database: Any) -> None:
    """Raise CommandError where the server is too old, or not every title can be stored."""
    if database.pg_version < OLDEST_POSTGRESQL:
        raise CommandError("This PostgreSQL is too old: version 15 or newer is needed.")
    encoding = database.connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise CommandError(
            f"The database's encoding is {encoding}, in which not every title can be stored. "
            "Make one with ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL."
        )


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]


@contextmanager
def migration_lock() -> Iterator[None]:
    """On PostgreSQL, wait for other machines that migrate; on SQLite the data folder's lock is enough."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        while not has_lock(cursor):
            time.sleep(LOCK_LOOK_SECONDS)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def has_lock(cursor: CursorWrapper) -> bool:
    """Asked again and again: an index that is built beside what goes on waits for every query that was
    there before, so two machines, one of them waiting inside a query, would wait for each other."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
    return bool(cursor.fetchone()[0])


def collect_static_files() -> None:
    """Gather and compress the static files, unless nothing changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / STAMP
    fingerprint = static_fingerprint()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    # Of the two viewers that the API documentation's package brings, one is used.
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["redoc"])
    stamp.write_text(fingerprint, encoding="ascii")


def static_fingerprint() -> str:
    """Changes when any static file does, of ours or of a library."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}\n{status.st_size}\n{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def new_setup_path() -> str | None:
    """A fresh one-time address for making the first admin, or None once there has been one.

    Only the hash of its code is kept; each call makes the addresses before it invalid.
    """
    site = SiteSettings.load()
    if site.setup_completed_at or get_user_model().objects.filter(is_superuser=True).exists():
        return None
    code = secrets.token_hex(16)
    SiteSettings.objects.filter(pk=site.pk).update(setup_code_sha256=hash_secret(code))
    return f"/setup/{code}/"
