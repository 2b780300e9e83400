"""From the request to the answer, against a bare view that does one INSERT."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from typing import Any

from plex.models import PlexWebhookLog
from tests.bench import bare
from tests.bench.filling import FIRST_ACCOUNT, POSTING
from tests.bench.messages import payload, request
from tests.bench.processes import send, throughput, web_server

WARM_UP = 50
SENDERS, PROCESSES = 16, 2
THROUGHPUT_SECONDS = 2.0


def measure(*, secret: str, pairs: int, rounds: int, cache_url: str) -> dict[str, Any]:
    """Both under the same server, middleware and database, in turns; one sender to one process, then
    many to two of each."""
    person = POSTING["accept"]
    viewed_at = int(time.time()) - 60
    message = payload(
        account=FIRST_ACCOUNT + person, show=1, number=1, title="Show", viewed_at=viewed_at
    )
    product = request(f"/api/plex/webhook?secret={secret}", message)
    plain = request(bare.PATH, message)
    with both_servers() as (port, bare_port):
        warm_up({port: product, bare_port: plain})
        medians = []
        for _ in range(rounds):
            took = [(send(port, product)[0], send(bare_port, plain)[0]) for _ in range(pairs)]
            medians.append([1000 * statistics.median(times) for times in zip(*took, strict=True)])
    # Several share a cache, or each would count the limit for itself.
    with both_servers(WEB_CONCURRENCY=str(PROCESSES), CACHE_URL=cache_url) as (port, bare_port):
        warm_up({port: product, bare_port: plain})
        rates = rates_of({port: product, bare_port: plain}, rounds)
    # No worker ran, and the next step's must not find these.
    PlexWebhookLog.objects.filter(config=person).order_by()._raw_delete("default")
    return {"milliseconds": medians, "per_second": rates, "bytes": len(product)}


@contextlib.contextmanager
def both_servers(**environment: str) -> Iterator[tuple[int, int]]:
    """The product and the bare view; yields their ports."""
    with (
        web_server(**environment) as (port, _),
        web_server("tests.bench.bare_settings", **environment) as (bare_port, _),
    ):
        yield port, bare_port


def warm_up(requests: dict[int, bytes]) -> None:
    for port, posted in requests.items():
        for _ in range(WARM_UP):
            send(port, posted)


def rates_of(requests: dict[int, bytes], rounds: int) -> list[list[float]]:
    """Requests a second of many senders at each port, in turns."""
    return [
        [
            throughput(port, request, senders=SENDERS, seconds=THROUGHPUT_SECONDS)
            for port, request in requests.items()
        ]
        for _ in range(rounds)
    ]
