"""kill -9 in the middle of an import: every past play is recorded once, at its own time."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from plex import connection
from plex.imports import lifecycle
from plex.models import Job, PlexImport, PlexViewing, PlexWebhookLog
from tests.factories import make_show
from tests.faults.processes import running, wait_for
from tests.plex.factories import make_config
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KILLS = 4
HOUR = timedelta(hours=1)
State = PlexImport.State


def let_leases_run_out() -> None:
    """What the killed worker held is free again after a while; don't wait for it."""
    PlexWebhookLog.objects.filter(next_attempt_at__gt=timezone.now()).update(
        next_attempt_at=timezone.now(), attempts=F("attempts")
    )
    Job.objects.heartbeats().update(last_run_at=timezone.now() - timedelta(minutes=1))


def test_a_worker_killed_in_the_middle_of_an_import_records_each_play_once(owner, plex):
    shows = [make_show(f"Show number {number}", {1: 100, 2: 100}) for number in range(4)]
    episodes = list(Episode.objects.filter(season__show__in=shows).select_related("season__show"))
    began = timezone.now().replace(microsecond=0) - 20_000 * HOUR
    times = {episode.pk: began + number * HOUR for number, episode in enumerate(episodes)}
    config, _ = make_config(owner)
    connection.save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)
    for show in shows:
        plex.mirror(show)
    for episode in episodes:
        numbers = episode.season.season_number, episode.episode_number
        plex.add_play(episode.season.show.title, *numbers, viewed_at=times[episode.pk])
    task = lifecycle.start(config, PlexImport.Kind.PLAYS)
    dice = random.Random(seed := random.randrange(10**6))
    environment = {"PLEX_TV_URL": plex.tv.url, "PLEX_METADATA_URL": plex.metadata.url}
    plex.server.slow(0.05)

    for kill in range(KILLS):
        seen = len(plex.asked("pms", "history"))
        with running("worker", **environment):
            wait_for(lambda: is_at(task, seen + 2 + kill, plex))  # noqa: B023
            time.sleep(dice.uniform(0, 0.3))
        let_leases_run_out()
    with running("worker", **environment) as worker:
        wait_for(lambda: is_over(task))
        wait_for(lambda: not PlexWebhookLog.objects.pending().exists())
        worker.terminate()
        assert worker.wait(timeout=20) == 0, f"seed {seed}"

    assert dict(Watch.objects.values_list("episode_id", "watched_at")) == times, f"seed {seed}"
    assert Watch.objects.count() == PlexViewing.objects.count() == len(episodes), f"seed {seed}"
    assert PlexWebhookLog.objects.count() == len(episodes), f"seed {seed}"
    task.refresh_from_db()
    assert task.counts["results"] == {"recorded": len(episodes)}, f"seed {seed}"


def is_at(task: PlexImport, calls: int, plex) -> bool:
    """Whether so many pages were asked for; says go as soon as that can be said."""
    return is_over(task) or len(plex.asked("pms", "history")) >= calls


def is_over(task: PlexImport) -> bool:
    task.refresh_from_db()
    assert task.state != State.FAILED, task.error
    if task.state == State.READY:
        lifecycle.go(task, chosen=[])
    return task.state == State.FINISHED
