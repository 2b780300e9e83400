"""From the answer until the watch is there, while nothing else happens."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from plex.models import PlexWebhookLog, Status
from tests.bench.draining import check, plays
from tests.bench.filling import POSTING
from tests.bench.messages import request
from tests.bench.processes import send, wait_for, web_server, worker

LOOK_SECONDS = 0.001
# Of each the first event also makes the show one that is watched; the others are what goes on daily.
SHOWS = 10


def measure(*, secret: str, events: int) -> dict[str, Any]:
    """One event after the other, with pauses, through the real server and worker."""
    path = f"/api/plex/webhook?secret={secret}"
    person = POSTING["latency"]
    milliseconds = []
    with web_server() as (port, _), worker():
        for message in plays(person=person, events=events, shows=SHOWS):
            _, answer = send(port, request(path, message))
            milliseconds.append(1000 * seconds_until_recorded(json.loads(answer)["id"]))
            time.sleep(random.uniform(0.1, 0.4))
    check(person, events)
    return {"milliseconds": sorted(milliseconds)}


def seconds_until_recorded(pk: int) -> float:
    began = time.perf_counter()
    recorded = PlexWebhookLog.objects.filter(pk=pk, status=Status.SUCCESS).order_by()
    wait_for(recorded.exists, f"event {pk} is recorded", every=LOOK_SECONDS)
    return time.perf_counter() - began
