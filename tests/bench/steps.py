"""`python -m tests.bench.steps STEP ARGUMENTS`: one piece of work in one place; answers in JSON.

The place comes by the environment (see `tests.bench.places`). A process for each, because Django
knows one set of settings, and the rounds of several places take turns.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from plex.monitoring.activity_days import settle_days  # noqa: E402
from tests.bench import (  # noqa: E402
    accepting,
    draining,
    filling,
    importing,
    matching,
    pages,
    resting,
    sharing,
    waiting,
)

Answer = dict[str, Any]


def prepare() -> Answer:
    """The tables, keys and static files, as before a first start, and the people."""
    call_command("prepare", stdout=io.StringIO())
    with connection.cursor() as cursor:
        key = (
            "bigserial"
            if connection.vendor == "postgresql"
            else "integer PRIMARY KEY AUTOINCREMENT"
        )
        primary = ", PRIMARY KEY (id)" if connection.vendor == "postgresql" else ""
        cursor.execute(f"CREATE TABLE bench_events (id {key}, payload text NOT NULL{primary})")
    return dict(filling.fill_people())


def fill(*, shows: int = 0, past: int = 0, episodes: bool = True) -> Answer:
    filling.fill_shows(shows, episodes=episodes)
    if past:
        filling.fill_past(past)
        settle_days()  # As a worker has by then.
    return {}


STEPS: dict[str, Callable[..., Answer]] = {
    "prepare": prepare,
    "fill": fill,
    "accept": accepting.measure,
    "drain": draining.measure,
    "share": sharing.drain,
    "share_accept": sharing.accept,
    "importing": importing.measure,
    "latency": waiting.measure,
    "matching": matching.measure,
    "memory": resting.measure,
    "pages": pages.measure,
}


def main(step: str, arguments: str) -> None:
    answer = STEPS[step](**json.loads(arguments))
    connections.close_all()
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
