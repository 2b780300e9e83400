"""One file that holds an installation: a consistent copy of the database, and the keys where wished.

A zip archive with a manifest. For SQLite it holds the database file, copied by SQLite itself while
others write; for PostgreSQL what COPY gives of each table, all read in one snapshot, so that neither
side needs programs of PostgreSQL's.
"""

from __future__ import annotations

import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DataError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from tracker import backup_postgresql, backup_sqlite
from tracker.encryption import DecryptionError, reveal
from tracker.key_rotation import read_keys, sealed_columns, write_keys
from tracker.keys import write_private

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = {"secret_key": "SECRET_KEY", "encryption_key": "ENCRYPTION_KEY"}
LARGEST_MANIFEST = 1_000_000
STORES: dict[str, Any] = {"sqlite": backup_sqlite, "postgresql": backup_postgresql}


class BackupError(Exception):
    """What is wrong with the file, the place, or the moment; one sentence with what to do."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive says of itself. `tables` are PostgreSQL's, with their columns."""

    version: str
    vendor: str
    created_at: str
    has_keys: bool
    migrations: dict[str, list[str]]
    tables: dict[str, list[str]] = field(default_factory=dict)
    format: int = FORMAT


def make_backup(path: Path, *, with_keys: bool) -> Manifest:
    """Write the archive, complete or not at all, for its owner's eyes only. Raises `BackupError`."""
    if path.exists():
        raise BackupError(f"{path} exists already. Name another file, or move that one away.")
    if not applied_migrations():
        raise BackupError("This database is empty. Does DATABASE_URL name the right one?")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            tables = STORES[connection.vendor].save(archive, folder=path.parent)
            if with_keys:
                save_keys(archive)
            manifest = Manifest(
                version=settings.VERSION,
                vendor=connection.vendor,
                created_at=timezone.now().isoformat(),
                has_keys=with_keys,
                migrations=applied_migrations(),
                tables=tables,
            )
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        sync(draft)
        draft.replace(path)
    except OSError as error:
        raise BackupError(f"{path} can't be written ({error.strerror}).") from None
    finally:
        # Where nothing can be written, nothing can be removed either, and the reason above is to be read.
        with suppress(OSError):
            draft.unlink()
    return manifest


def sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def save_keys(archive: zipfile.ZipFile) -> None:
    for name, setting in KEYS.items():
        path = settings.DATA_DIR / name
        text = getattr(settings, setting) or (path.read_text("utf-8") if path.is_file() else "")
        if not text:
            raise BackupError("There are no keys yet. Run `python manage.py prepare` first.")
        archive.writestr(f"keys/{name}", text.strip())


def applied_migrations() -> dict[str, list[str]]:
    """The migrations that the database has, by app, in their order."""
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationLoader(connection).applied_migrations):
        found.setdefault(app, []).append(name)
    return found


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup that this version and this database can take. Raises `BackupError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = read_manifest(archive)
            refuse_unfit(manifest)
            yield archive, manifest
    except FileNotFoundError:
        raise BackupError(f"There is no file {path}.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise BackupError(f"{path} is no whole backup: it is damaged or cut.") from None


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
            raise ValueError
        found = json.loads(archive.read(MANIFEST))
        if found["format"] != FORMAT:
            raise BackupError("This backup was made by a newer version. Upgrade first.")
        return Manifest(**found)
    except (KeyError, ValueError, TypeError):
        raise BackupError("This file is no backup that `manage.py backup` has made.") from None


def refuse_unfit(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise BackupError(
            f"This backup is of a {manifest.vendor} database, and DATABASE_URL names "
            f"{connection.vendor}. Restore it there; docs/operations.md says how to move."
        )
    known = set(MigrationLoader(None).disk_migrations)
    theirs = {(app, name) for app, names in manifest.migrations.items() for name in names}
    if theirs - known:
        raise BackupError(
            f"This backup was made by version {manifest.version}, which is newer than this one "
            f"({settings.VERSION}). Upgrade first, then restore."
        )


def restore(path: Path) -> Manifest:
    """Put a backup in the place of all data, in one step: as it was, or as it is in the file.

    Nothing else may use the installation meanwhile. The caller migrates afterwards. Raises
    `BackupError`.
    """
    with opened(path) as (archive, manifest):
        if manifest.has_keys:
            restore_keys(archive)
        try:
            STORES[manifest.vendor].load(archive, manifest.tables, manifest.migrations)
        except (KeyError, ValueError, DataError):
            raise BackupError(f"{path} is no whole backup: it is damaged or cut.") from None
        if manifest.has_keys:
            # Last: the one that is here belongs to the data that a failed restore leaves as they are.
            restore_secret_key(archive)
    return manifest


def restore_keys(archive: zipfile.ZipFile) -> None:
    """The archive's keys, in front of those that are here: what these sealed stays readable."""
    encryption = settings.ENCRYPTION_KEY_PATH
    mine = read_keys(encryption) if encryption.is_file() else []
    theirs = archive.read("keys/encryption_key").decode().replace("\n", ",").split(",")
    keys = [text.strip() for text in theirs if text.strip()]
    write_keys(encryption, [*keys, *(key for key in mine if key not in keys)])


def restore_secret_key(archive: zipfile.ZipFile) -> None:
    path = settings.DATA_DIR / "secret_key"
    draft = path.with_name(f".secret_key.{secrets.token_hex(4)}")
    try:
        write_private(draft, archive.read("keys/secret_key").decode())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def has_data() -> bool:
    """Whether somebody uses this database already."""
    with connection.cursor() as cursor:
        if "auth_user" not in connection.introspection.table_names(cursor):
            return False
        cursor.execute("SELECT EXISTS (SELECT 1 FROM auth_user)")
        return bool(cursor.fetchone()[0])


def is_in_use() -> bool:
    """Whether others are connected to the database; only PostgreSQL can tell."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid())"
        )
        return bool(cursor.fetchone()[0])


def unreadable_secrets() -> list[str]:
    """What was sealed with a key that is not here, in words; to be entered anew."""
    found = []
    for model, column in sealed_columns():
        count = 0
        for row in model._default_manager.exclude(**{column: ""}).only("pk", column):
            try:
                reveal(row, column)
            except DecryptionError:
                count += 1
        if count:
            name = column.replace("_", " ")
            found.append(f"{name} ({count} times)" if count > 1 else name)
    return found
