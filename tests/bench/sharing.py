"""Several workers on one database, and several web processes: how much more they do together."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

from django.db import transaction
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from plex.models import PlexWebhookLog
from tests.bench.accepting import SENDERS, THROUGHPUT_SECONDS
from tests.bench.draining import check, plays, store, until_empty
from tests.bench.filling import FIRST_ACCOUNT, POSTING
from tests.bench.messages import payload, request
from tests.bench.processes import throughput, web_server, worker
from tracker import metrics

PEOPLE = 3  # As in tests.bench.__main__, which does without Django.


def drain(*, first_person: int, workers: int, events: int, shows: int) -> dict[str, Any]:
    """The plays of three people, all due at once; what each worker did of them, by its own count."""
    people = range(first_person, first_person + PEOPLE)
    messages = {
        person: plays(person=person, events=events // PEOPLE, shows=shows) for person in people
    }
    with contextlib.ExitStack() as folders_open:
        folders = [
            folders_open.enter_context(tempfile.TemporaryDirectory()) for _ in range(workers)
        ]
        with contextlib.ExitStack() as running:
            for folder in folders:
                running.enter_context(worker(**{metrics.FOLDER: folder}))
            # At one moment, that of the commit.
            with transaction.atomic():
                for person, played in messages.items():
                    store(person, played)
            took = until_empty()
        # Stopped: a worker counts a round after it has committed it.
        shares = [events_counted(Path(folder)) for folder in folders]
    for person in people:
        check(person, events // PEOPLE)
    return {"per_second": events / took, "shares": shares}


def events_counted(folder: Path) -> int:
    """How many events the process that counts in this folder has finished."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))
    return int(
        sum(
            sample.value
            for metric in registry.collect()
            for sample in metric.samples
            if sample.name == "full_tracker_plex_events_total"
        )
    )


def accept(*, secret: str, processes: int, cache_url: str) -> dict[str, Any]:
    """Sixteen senders without a pause, to one or several web processes that share a cache."""
    message = payload(
        account=FIRST_ACCOUNT + POSTING["accept"],
        show=1,
        number=1,
        title="Show",
        viewed_at=int(time.time()) - 60,
    )
    posted = request(f"/api/plex/webhook?secret={secret}", message)
    shared = {"WEB_CONCURRENCY": str(processes), "CACHE_URL": cache_url} if processes > 1 else {}
    with web_server(**shared) as (port, _):
        throughput(port, posted, senders=SENDERS, seconds=1)
        rate = throughput(port, posted, senders=SENDERS, seconds=THROUGHPUT_SECONDS)
    PlexWebhookLog.objects.filter(config=POSTING["accept"]).order_by()._raw_delete("default")
    return {"per_second": rate}
