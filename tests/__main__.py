"""`python -m tests`: the suite on SQLite, then on PostgreSQL where a server answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import psycopg

from tracker.environment import env, env_bool

LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"
# A distribution's server often lets the user of the same name in by its socket only.
SOCKET = "postgres:///postgres"


def find_postgresql() -> str | None:
    """The address of a server that answers: TEST_POSTGRES_URL's, else a local one."""
    given = env("TEST_POSTGRES_URL")
    for url in [given] if given else [LOCAL, SOCKET]:
        try:
            psycopg.connect(url, connect_timeout=3).close()
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
        else:
            return url
    sys.stdout.write(f"PostgreSQL: no server answers ({reason}). Name one in TEST_POSTGRES_URL.\n")
    return None


def run(name: str, arguments: Sequence[str], **environment: str) -> int:
    sys.stdout.write(f"\n== {name} ==\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    codes = [run("SQLite", arguments, TEST_DATABASE_URL="")]
    if url := find_postgresql():
        codes.append(run("PostgreSQL", arguments, TEST_DATABASE_URL=url))
    elif env_bool("CI"):
        sys.stdout.write("Under CI=true the tests must run on PostgreSQL too.\n")
        codes.append(1)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
