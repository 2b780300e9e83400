"""The database part of a backup on SQLite: its file, copied by SQLite while others write."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

MEMBER = "database.sqlite3"
BUSY_SECONDS = 30.0


def save(archive: zipfile.ZipFile, *, folder: Path) -> dict[str, list[str]]:
    """Add the database as it is at one moment; `folder` is where there is room for a copy."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as draft:
        copy = Path(draft, MEMBER)
        with opened(database_path()) as source, opened(copy) as target:
            # In one step: with several, each write of others would begin it anew.
            source.backup(target)
            # One file: what reads it needs no write-ahead log beside it.
            target.execute("PRAGMA journal_mode = DELETE")
        archive.write(copy, MEMBER)
    return {}


def load(
    archive: zipfile.ZipFile, _tables: dict[str, list[str]], _migrations: dict[str, list[str]]
) -> None:
    """Write the archive's database over ours in one transaction. Raises `ValueError` if it is damaged."""
    path = database_path()
    connection.close()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".restore-") as draft:
        copy = Path(draft, MEMBER)
        with archive.open(MEMBER) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
        with opened(copy) as source_database:
            check(source_database)
            # SQLite's own copying, not a rename: it minds a log that lies beside our file, and
            # whoever reads meanwhile; cut short it is rolled back.
            with opened(path) as target_database:
                source_database.backup(target_database)


def check(database: sqlite3.Connection) -> None:
    try:
        (verdict,) = database.execute("PRAGMA quick_check").fetchone()
    except sqlite3.DatabaseError:
        verdict = "not a database"
    if verdict != "ok":
        raise ValueError(verdict)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database:
        yield database


def database_path() -> Path:
    return Path(str(connection.settings_dict["NAME"]))
