"""A day and longer of mixed traffic in simulated time: memory stays flat, and the log has a bound."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import reset_queries
from django.test import Client
from django.utils import timezone

from plex.models import Job, PlexWebhookLog, TmdbLookup
from plex.retention import DONE_KEPT
from tests.factories import make_show
from tests.faults import sizes
from tests.faults.simulated import Household
from tests.plex.factories import form, make_config, of_episode, scrobble
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.fault]
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
EVERY, AT_ONCE = timedelta(minutes=5), 5
SPAN = timedelta(days=10)
# Caches that fill up at first.
SETTLED_AFTER = 0.25
GROWTH = 1.15
PAGES = ("/", "/shows/", "/plex/", "/plex/activity/", "/plex/conflicts/", "/statistics/")


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1_000_000


class Traffic:
    """One message a minute: finished plays, other events, repeats, nonsense, unknown shows; and pages."""

    def __init__(self, client: Client, secret: str) -> None:
        self.client, self.secret = client, secret
        shows = [make_show(f"Show number {number}", {1: 25, 2: 25}) for number in range(40)]
        found = Episode.objects.filter(season__show__in=shows).select_related("season__show")
        self.episodes = list(found)
        self.statuses: set[int] = set()

    def send(self, number: int) -> None:
        episode = self.episodes[number % len(self.episodes)]
        payload = of_episode(episode, viewed_at=timezone.now())
        kinds = (payload, {**payload, "event": "media.play"}, payload, {"event": "media.stop"})
        message = kinds[number % 4]
        if number % 7 == 0:
            message = scrobble(f"Unlike {number % 20}", 1, number % 9 + 1)
        answer = self.client.post(f"/api/plex/webhook?secret={self.secret}", form(message))
        self.statuses.add(answer.status_code)
        if number % 11 == 0:
            self.statuses.add(self.client.get(PAGES[number % len(PAGES)]).status_code)
        reset_queries()


@pytest.fixture
def traffic(client, owner, time_machine, settings) -> Traffic:
    time_machine.move_to(START, tick=False)
    settings.PLEX_WEBHOOK_RATE = "100000000/m"
    _, secret = make_config(owner, record_rewatches=True)
    client.force_login(owner)
    return Traffic(client, secret)


def test_a_day_of_mixed_traffic_leaves_memory_flat(traffic, time_machine):
    hours = sizes.chosen().hours
    house = Household(time_machine)
    curve: list[float] = []

    def happen(number: int) -> None:
        for one in range(AT_ONCE):
            traffic.send(number * AT_ONCE + one)
        if number % 3 == 0:
            gc.collect()
            curve.append(resident_megabytes())

    house.live(timedelta(hours=hours), every=EVERY, then=happen)

    assert traffic.statuses == {200}
    settled = curve[int(len(curve) * SETTLED_AFTER)]
    told = ", ".join(f"{value:.0f}" for value in curve[:: max(1, len(curve) // 12)])
    assert curve[-1] < settled * GROWTH, told
    assert Job.objects.count() < 30
    sizes.tell(
        f"{hours} hours of mixed traffic",
        events=PlexWebhookLog.objects.count(),
        result=f"resident MB over the day: {told}",
    )


def test_the_log_has_a_bound(traffic, time_machine):
    """Half a year with an hour of traffic in each ten days: no more than the days that are kept."""
    house = Household(time_machine)
    each, counts = min(40, 6 * sizes.chosen().hours), []
    for span in range(18):
        for number in range(each):
            traffic.send(span * each + number)
        house.work()
        time_machine.shift(SPAN)
        house.work()
        counts.append(PlexWebhookLog.objects.count())

    held = PlexWebhookLog.objects.held().count()
    assert max(counts) <= (DONE_KEPT // SPAN + 1) * each + held, counts
    old = PlexWebhookLog.objects.filter(created_at__lt=timezone.now() - DONE_KEPT)
    assert old.count() == old.held().count(), "what is done stays for ever"
    assert TmdbLookup.objects.count() <= 20
    assert Watch.objects.exists()
    sizes.tell(
        "half a year of traffic",
        events=18 * each,
        result=f"rows in the log over time: {', '.join(map(str, counts[::3]))}",
    )
