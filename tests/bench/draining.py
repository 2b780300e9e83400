"""How many events a second one worker records."""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.utils import timezone

from plex import inbox
from plex.models import PlexViewing, PlexWebhookLog, Status
from plex.payload import summarise
from tests.bench.filling import FIRST_ACCOUNT
from tests.bench.messages import payload
from tests.bench.processes import memory_megabytes, wait_for, worker
from tracker.models import TVShow, Watch

LOOK_SECONDS = 0.01
DRAIN_SECONDS = 120.0


def measure(*, person: int, events: int, shows: int) -> dict[str, Any]:
    """Give a real worker an inbox full of distinct episodes; the clock runs until it is empty."""
    with worker() as pid:
        messages = plays(person=person, events=events, shows=shows)
        store(person, messages)
        took = until_empty()
        memory = memory_megabytes(pid)
    check(person, events)
    return {"per_second": events / took, "memory": memory}


def until_empty() -> float:
    """The seconds until no event is due."""
    began = time.perf_counter()
    waiting = PlexWebhookLog.objects.filter(next_attempt_at__isnull=False).order_by()
    wait_for(
        lambda: not waiting.exists(),
        "the inbox is empty",
        every=LOOK_SECONDS,
        seconds=DRAIN_SECONDS,
    )
    return time.perf_counter() - began


def plays(*, person: int, events: int, shows: int) -> list[dict[str, Any]]:
    titles = dict(TVShow.objects.filter(pk__lte=shows).values_list("pk", "title"))
    now = int(time.time())
    return [
        payload(
            account=FIRST_ACCOUNT + person,
            show=1 + number % shows,
            number=number // shows,
            title=titles[1 + number % shows],
            viewed_at=now - events + number,
        )
        for number in range(events)
    ]


def store(person: int, messages: list[dict[str, Any]]) -> None:
    """Into the inbox as they are received, but all at once."""
    now = timezone.now()
    with transaction.atomic():
        for message in messages:
            inbox.receive(user_id=person, payload=message, now=now, summary=summarise(message))


def check(person: int, events: int) -> None:
    """Nothing counts that was not recorded in full."""
    recorded = PlexWebhookLog.objects.filter(config=person, status=Status.SUCCESS)
    counts = {
        "events": recorded.exclude(trace=[]).count(),
        "watches": Watch.objects.filter(user=person).count(),
        "viewings": PlexViewing.objects.filter(user=person).count(),
    }
    if set(counts.values()) != {events}:
        raise RuntimeError(f"of {events} events were recorded: {counts}")
