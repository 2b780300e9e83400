"""Simulated time: the worker's rounds, without waiting for the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min
from django.utils import timezone

from plex import jobs
from plex.history import reading
from plex.imports import lifecycle
from plex.models import PlexWebhookLog
from plex.processing import Lane

# Longer steps would miss when periodic jobs are due.
LONGEST_STEP = timedelta(minutes=10)
SHORTEST_STEP = timedelta(seconds=15)


class Household:
    """A worker whose clock is moved from one thing that is due to the next."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.lanes = Lane(network=False), Lane(network=True)
        self.is_starting = True

    def work(self) -> None:
        """What the worker does in one round of its three threads."""
        local, network = self.lanes
        while local.process_due() or network.process_due():
            pass
        jobs.run_due_jobs(is_starting=self.is_starting)
        self.is_starting = False
        lifecycle.work_on_imports(reading.never)
        while local.process_due() or network.process_due():
            pass

    def live(
        self, length: timedelta, *, every: timedelta, then: Callable[[int], None] = lambda _: None
    ) -> None:
        """Let time pass; after each `every`, something happens."""
        end = timezone.now() + length
        happens_at, number = timezone.now(), 0
        while timezone.now() < end:
            if timezone.now() >= happens_at:
                then(number)
                happens_at, number = happens_at + every, number + 1
            self.work()
            self.clock.move_to(min(self.next_time(), max(happens_at, self.soonest())), tick=False)

    @staticmethod
    def soonest() -> datetime:
        return timezone.now() + SHORTEST_STEP

    def next_time(self) -> datetime:
        """When the next row is due, but not so late that a job would wait."""
        now = timezone.now()
        queued = PlexWebhookLog.objects.filter(next_attempt_at__gt=now).order_by()
        due: datetime | None = queued.aggregate(at=Min("next_attempt_at"))["at"]
        latest = now + LONGEST_STEP
        return latest if due is None else max(self.soonest(), min(due, latest))
