"""kill -9 of web and worker at random moments while 16 senders send: each event once, none stuck."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from plex.models import Job, PlexViewing, PlexWebhookLog, Status
from tests.faults import sizes
from tests.faults.processes import ROOT, Web, kill, serving, start, wait_for
from tests.faults.senders import PATIENCE_SECONDS, Senders, let_leases_run_out, make_episodes
from tests.plex.factories import make_config, of_episode
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.fault]


class Killer:
    """Kills web and worker in turns at random moments; each starts again at once."""

    def __init__(self, web: Web, dice: random.Random) -> None:
        self.web, self.dice = web, dice
        self.worker = self.start_worker()

    @staticmethod
    def start_worker() -> subprocess.Popen[bytes]:
        return start([str(ROOT / "manage.py"), "worker"], {})

    def worker_works(self) -> bool:
        return Job.objects.filter(name__endswith=f":{self.worker.pid}").exists()

    def kill_web(self, send: Callable[[], None]) -> None:
        wait_for(self.web.answers)
        send()
        time.sleep(self.dice.uniform(0, 0.3))
        self.web.restart()

    def kill_worker(self, send: Callable[[], None]) -> None:
        wait_for(self.worker_works)
        send()
        time.sleep(self.dice.uniform(0, 0.3))
        kill(self.worker)
        self.worker = self.start_worker()


def test_every_accepted_event_ends_in_one_state_however_often_web_and_worker_are_killed(owner):
    size = sizes.chosen()
    _, secret = make_config(owner)
    episodes = make_episodes(size.events)
    now = timezone.now()
    messages = [of_episode(episode, viewed_at=now) for episode in episodes]
    dice = random.Random(seed := random.randrange(10**6))
    dice.shuffle(messages)

    with serving() as web:
        senders, killer = Senders(web, secret, messages), Killer(web, dice)
        try:
            with senders.at_work(size.events):
                for number in range(size.kills):
                    end = killer.kill_web if number % 2 else killer.kill_worker
                    end(lambda: senders.allowed.release(size.events // size.kills))
            if size == sizes.SIZES["small"]:
                let_leases_run_out()
            wait_for(lambda: not waiting().exists(), seconds=PATIENCE_SECONDS)
        finally:
            kill(killer.worker)

    check(senders, episodes, note=f"seed {seed}")
    again = PlexWebhookLog.objects.filter(attempts__gt=1).count()
    sizes.tell(
        "web and worker killed while 16 senders send",
        events=size.events,
        kills=size.kills,
        result=f"each recorded once; {senders.repeats} sent again, {again} rows taken up again",
    )


def waiting() -> Any:
    return PlexWebhookLog.objects.exclude(next_attempt_at=None).order_by()


def check(senders: Senders, episodes: list[Episode], *, note: str) -> None:
    """Every row final, every 200 a row, every episode watched exactly once."""
    statuses = Counter(PlexWebhookLog.objects.values_list("status", flat=True))
    assert set(statuses) <= {Status.SUCCESS, Status.DUPLICATE}, f"{note}: {statuses}"
    assert statuses[Status.SUCCESS] == len(episodes), f"{note}: {statuses}"
    assert len(senders.accepted) == len(set(senders.accepted.values())) == len(episodes), note
    rows = set(PlexWebhookLog.objects.values_list("pk", flat=True))
    assert set(senders.accepted.values()) <= rows, note
    watched = Counter(Watch.objects.values_list("episode_id", flat=True))
    assert watched == dict.fromkeys((episode.pk for episode in episodes), 1), note
    assert PlexViewing.objects.count() == len(episodes), note
