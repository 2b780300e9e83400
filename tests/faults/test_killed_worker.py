"""kill -9 in the middle of the work: nothing lost, nothing twice, nothing stuck."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from django.db.models import F
from django.utils import timezone

from plex import inbox
from plex.models import Job, PlexViewing, PlexWebhookLog, Status
from tests.factories import make_show
from tests.faults.processes import running, wait_for
from tests.plex.factories import make_config, of_episode
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EVENTS = 500
KILLS = 5


def let_leases_run_out() -> None:
    """What the killed worker held is free again half a minute later; don't wait for it."""
    PlexWebhookLog.objects.filter(next_attempt_at__gt=timezone.now()).update(
        next_attempt_at=timezone.now(), attempts=F("attempts")
    )


def test_a_worker_killed_several_times_in_500_events_records_each_once(owner):
    config, _ = make_config(owner)
    shows = [make_show(f"Show number {number}", {1: 25, 2: 25}) for number in range(10)]
    episodes = Episode.objects.filter(season__show__in=shows).select_related("season__show")
    now = timezone.now()
    for episode in episodes:
        inbox.receive(user_id=config.pk, payload=of_episode(episode), now=now)
    seed = random.randrange(10**6)
    moments = random.Random(seed)

    for kill in range(KILLS):
        expected = EVENTS * kill // (KILLS + 1)
        with running("worker"):
            wait_for(lambda: Watch.objects.count() > expected)  # noqa: B023
            time.sleep(moments.uniform(0, 0.15))
        let_leases_run_out()
    with running("worker") as worker:
        wait_for(lambda: not PlexWebhookLog.objects.pending().exists())
        # It answers to TERM once it works, which its heartbeat says.
        wait_for(lambda: Job.objects.filter(name__endswith=f":{worker.pid}").exists())
        worker.terminate()
        assert worker.wait(timeout=20) == 0, f"seed {seed}"

    assert Counter(PlexWebhookLog.objects.values_list("status", flat=True)) == {
        Status.SUCCESS: EVENTS
    }, f"seed {seed}"
    assert Watch.objects.count() == PlexViewing.objects.count() == EVENTS, f"seed {seed}"
    assert Watch.objects.values("episode").distinct().count() == EVENTS
