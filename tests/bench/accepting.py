"""From the request to the answer, against a bare view that does one INSERT."""

from __future__ import annotations

import statistics
import time
from typing import Any

from plex.models import PlexWebhookLog
from tests.bench import bare
from tests.bench.filling import FIRST_ACCOUNT, POSTING
from tests.bench.messages import payload, request
from tests.bench.processes import send, throughput, web_server

WARM_UP = 50
SENDERS = 16
THROUGHPUT_SECONDS = 3.0


def measure(*, secret: str, pairs: int, rounds: int) -> dict[str, Any]:
    """Both under the same server, middleware and database, in turns."""
    person = POSTING["accept"]
    viewed_at = int(time.time()) - 60
    message = payload(
        account=FIRST_ACCOUNT + person, show=1, number=1, title="Show", viewed_at=viewed_at
    )
    product = request(f"/api/plex/webhook?secret={secret}", message)
    plain = request(bare.PATH, message)
    with web_server() as (port, _), web_server("tests.bench.bare_settings") as (bare_port, _):
        for _ in range(WARM_UP):
            send(port, product)
            send(bare_port, plain)
        medians = []
        for _ in range(rounds):
            took = [(send(port, product)[0], send(bare_port, plain)[0]) for _ in range(pairs)]
            medians.append([1000 * statistics.median(times) for times in zip(*took, strict=True)])
        rates = [
            [
                throughput(port, product, senders=SENDERS, seconds=THROUGHPUT_SECONDS),
                throughput(bare_port, plain, senders=SENDERS, seconds=THROUGHPUT_SECONDS),
            ]
            for _ in range(2)
        ]
    # No worker ran, and the next step's must not find these.
    PlexWebhookLog.objects.filter(config=person).order_by()._raw_delete("default")
    return {"milliseconds": medians, "per_second": rates, "bytes": len(product)}
