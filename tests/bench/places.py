"""Where a benchmark works: a data folder and a database of its own, gone afterwards."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.__main__ import find_postgresql

DATABASE_PREFIX = "full_tracker_bench"
# A step that takes longer than this hangs.
STEP_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Place:
    """One installation; `environment` leads every process into it."""

    environment: dict[str, str] = field(repr=False)

    def run(self, step: str, **arguments: Any) -> dict[str, Any]:
        """Carry out one of `tests.bench.steps` here, in a process of its own; returns its answer."""
        command = [sys.executable, "-m", "tests.bench.steps", step, json.dumps(arguments)]
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
            timeout=STEP_SECONDS,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


# A place, and the secrets of the webhook addresses there, by the benchmark that posts to it.
Prepared = tuple[Place, dict[str, str]]


def environment(folder: Path, database_url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "ALLOWED_HOSTS": "localhost",
        "SECRET_KEY": secrets.token_hex(32),
        "LOG_LEVEL": "WARNING",
        # What is measured is not the limit.
        "PLEX_WEBHOOK_RATE": "100000000/m",
        # Nothing listens there: nothing of this may need the network.
        "TMDB_API_URL": "http://127.0.0.1:9/3",
        **dict.fromkeys(("CACHE_URL", "PUBLIC_URL", "TMDB_API_KEY", "TRUSTED_PROXIES"), ""),
    }


@contextmanager
def sqlite_place() -> Iterator[Prepared]:
    with tempfile.TemporaryDirectory(prefix="full-tracker-bench-") as folder:
        place = Place(environment=environment(Path(folder), f"sqlite:///{folder}/bench.sqlite3"))
        yield place, place.run("prepare")


@contextmanager
def postgres_place(server: str, name: str) -> Iterator[Prepared]:
    database = f"{DATABASE_PREFIX}_{name}"
    url = urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
    recreate(server, database, drop_only=False)
    try:
        with tempfile.TemporaryDirectory(prefix="full-tracker-bench-") as folder:
            place = Place(environment=environment(Path(folder), url))
            yield place, place.run("prepare")
    finally:
        recreate(server, database, drop_only=True)


def recreate(server: str, database: str, *, drop_only: bool) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        name = sql.Identifier(database)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        if not drop_only:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


@contextmanager
def new_place(database: str, name: str) -> Iterator[Prepared]:
    """A fresh installation on "SQLite" or on "PostgreSQL"; `name` tells it from others."""
    if database == "SQLite":
        with sqlite_place() as prepared:
            yield prepared
        return
    server = find_postgresql()
    assert server is not None
    with postgres_place(server, name) as prepared:
        yield prepared
