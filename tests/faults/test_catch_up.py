"""kill -9 in the middle of the catch-up: every play that was missed is recorded once, at its time."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from plex import connection, inbox
from plex.client import HISTORY_PAGE
from plex.history import reading
from plex.models import Job, PlexViewing, PlexWebhookLog
from tests.factories import make_show
from tests.faults import sizes
from tests.faults.processes import running, wait_for
from tests.plex.factories import SERVER, make_config, of_episode
from tests.plex_server import FakePlex
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.fault]
KILLS = 10
PLAYS, MOST_PLAYS = 200, 1000
EPISODES_PER_SHOW = 50
MINUTE = timedelta(minutes=1)


def let_leases_run_out() -> None:
    """What the killed worker held is free again after minutes; don't wait for it."""
    PlexWebhookLog.objects.filter(next_attempt_at__gt=timezone.now()).update(
        next_attempt_at=timezone.now(), attempts=F("attempts")
    )
    Job.objects.filter(name__startswith=reading.JOB_PREFIX).update(lease_until=None)


def test_a_worker_killed_ten_times_in_the_middle_of_the_catch_up_records_each_play_once(
    owner, plex
):
    count = PLAYS if sizes.chosen() == sizes.SIZES["small"] else MOST_PLAYS
    shows = [
        make_show(f"Show number {number}", {1: EPISODES_PER_SHOW // 2, 2: EPISODES_PER_SHOW // 2})
        for number in range(count // EPISODES_PER_SHOW)
    ]
    episodes = list(Episode.objects.filter(season__show__in=shows).select_related("season__show"))
    # Webhooks' times are believed for a day.
    now, apart = timezone.now().replace(microsecond=0), 1000 * MINUTE / len(episodes)
    times = {
        episode.pk: (now - 5 * MINUTE - number * apart).replace(microsecond=0)
        for number, episode in enumerate(episodes)
    }
    config, _ = make_config(owner, sync_started_date=now - 1200 * MINUTE)
    connection.save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)
    for show in shows:
        plex.mirror(show)
    dice = random.Random(seed := random.randrange(10**6))
    add_plays(plex, episodes, times)
    dice.shuffle(plex.history)
    pages = len(plex.history) // HISTORY_PAGE
    for episode in dice.sample(episodes, len(episodes) // 2):
        payload = of_episode(episode, viewed_at=times[episode.pk], account_id=240271337)
        inbox.receive(user_id=config.pk, payload=payload, now=now)
    received = PlexWebhookLog.objects.count()
    plex.server.slow(0.03)
    environment = {"PLEX_TV_URL": plex.tv.url, "PLEX_METADATA_URL": plex.metadata.url}

    killed = 0
    for kill in range(KILLS):
        seen = len(plex.asked("pms", "history"))
        with running("worker", **environment):
            # Within the six hours that are read again, and so each time.
            page = kill % max(1, pages // 3)
            wait_for(lambda: len(plex.asked("pms", "history")) > seen + page)  # noqa: B023
            time.sleep(dice.uniform(0, 0.15))
        killed += is_reading(config.pk)
        let_leases_run_out()
    with running("worker", **environment) as worker:
        wait_for(lambda: is_read_to_the_end(config.pk))
        wait_for(lambda: not PlexWebhookLog.objects.pending().exists())
        worker.terminate()
        assert worker.wait(timeout=20) == 0, f"seed {seed}"

    assert killed >= KILLS // 2, "most of them in the middle"
    assert (received, len(episodes)) == (count // 2, count)
    statuses = Counter(PlexWebhookLog.objects.values_list("status", flat=True))
    assert set(statuses) <= {"success", "duplicate"}, f"seed {seed}: {statuses}"
    assert dict(Watch.objects.values_list("episode_id", "watched_at")) == times, f"seed {seed}"
    assert Watch.objects.count() == PlexViewing.objects.count() == len(episodes), f"seed {seed}"
    assert not PlexViewing.objects.filter(history_key="").exists(), f"seed {seed}"
    sizes.tell("catch-up killed", events=count, kills=killed, result="each play once, at its time")


def add_plays(plex: FakePlex, episodes: list[Episode], times) -> None:
    """Each play, and two films between any two of them: more pages to be killed in."""
    assert plex.uuid == SERVER
    for episode in episodes:
        numbers = episode.season.season_number, episode.episode_number
        for kind in ("episode", "movie", "movie"):
            at = times[episode.pk]
            plex.add_play(episode.season.show.title, *numbers, viewed_at=at, type=kind)


def is_reading(user_id: int) -> bool:
    """Whether the killed worker left the catch-up undone: it still holds the job."""
    job = Job.objects.get(name=reading.job_name(user_id))
    return job.lease_until is not None and job.lease_until > timezone.now()


def is_read_to_the_end(user_id: int) -> bool:
    job = Job.objects.get(name=reading.job_name(user_id))
    return job.lease_until is None and job.last_run_at is not None
