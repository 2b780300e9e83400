"""Senders that don't give up, and what they send plays of."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from django.db.models import F
from django.utils import timezone

from plex.models import PlexWebhookLog
from tests.factories import make_show
from tests.faults import sizes
from tests.faults.processes import Web
from tracker.models import Episode

EPISODES = 50
# Of a full run: the leases of the last kills run out by themselves.
PATIENCE_SECONDS = 300


class Senders:
    """Send each message until it is accepted, as many at a time as there are senders."""

    def __init__(self, web: Web, secret: str, messages: list[dict[str, Any]]) -> None:
        self.web, self.secret, self.messages = web, secret, list(enumerate(messages))
        self.accepted: dict[int, int] = {}  # The row of each message.
        self.repeats = 0
        self.allowed = threading.Semaphore(0)
        self.given_up = threading.Event()
        self.lock = threading.Lock()

    @contextmanager
    def at_work(self, events: int) -> Iterator[None]:
        """All senders send what is allowed meanwhile, and in the end the rest."""
        with ThreadPoolExecutor(sizes.SENDERS) as pool:
            done = [pool.submit(self.send) for _ in range(sizes.SENDERS)]
            try:
                yield
                self.allowed.release(events + sizes.SENDERS)
                for future in done:
                    future.result(timeout=PATIENCE_SECONDS)
            finally:
                self.given_up.set()

    def send(self) -> None:
        while not self.given_up.is_set():
            if not self.allowed.acquire(timeout=0.2):
                continue
            with self.lock:
                if not self.messages:
                    return
                number, message = self.messages.pop()
            self.send_one(number, message)

    def send_one(self, number: int, message: dict[str, Any]) -> None:
        while not self.given_up.is_set():
            with suppress(OSError, ValueError):
                status, answer = self.web.post(self.secret, message)
                if status == 200:
                    self.accepted[number] = answer["id"]
                    return
                assert status in {500, 502, 503}, answer
            # Plex would not send it again; who sends twice must not be counted twice either.
            self.repeats += 1
            time.sleep(0.05)


def make_episodes(count: int) -> list[Episode]:
    seasons = {1: EPISODES // 2, 2: EPISODES // 2}
    shows = [make_show(f"Show number {n}", seasons) for n in range(-(-count // EPISODES))]
    found = Episode.objects.filter(season__show__in=shows).select_related("season__show")
    return list(found)[:count]


def let_leases_run_out() -> None:
    """What the killed worker held is free again half a minute later; don't wait for it."""
    PlexWebhookLog.objects.filter(next_attempt_at__gt=timezone.now()).update(
        next_attempt_at=timezone.now(), attempts=F("attempts")
    )
