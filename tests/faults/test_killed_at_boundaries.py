"""kill -9 exactly between claim, network, transaction and commit, one after the other."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from plex import inbox
from plex.models import PlexViewing, PlexWebhookLog, Status
from tests.factories import make_show
from tests.faults import sizes
from tests.faults.processes import kill, running, start, wait_for
from tests.faults.senders import let_leases_run_out
from tests.plex.factories import make_config, of_episode, scrobble
from tracker.models import Episode, TVShow, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.fault]
BOUNDARIES = (
    "claimed",
    "before the network",
    "after the network",
    "show fetched, not written",
    "show written, not recorded",
    "before the transaction",
    "within the transaction",
    "before the commit",
    "after the commit",
)
KNOWN, UNKNOWN = 20, 3


def test_a_worker_killed_at_every_boundary_in_turn_records_each_play_once(owner, tmdb):
    config, _ = make_config(owner)
    plays = {}
    show = make_show("Severance", {1: KNOWN * len(BOUNDARIES)})
    episodes = list(Episode.objects.filter(season__show=show).select_related("season__show"))
    environment = {"TMDB_API_URL": tmdb.url, "TMDB_API_KEY": tmdb.key}

    for number, boundary in enumerate(BOUNDARIES):
        now = timezone.now().replace(microsecond=0) - timedelta(hours=number)
        messages = [of_episode(e, viewed_at=now) for e in episodes[number * KNOWN :][:KNOWN]]
        for extra in range(UNKNOWN):
            tmdb_id = 500 + number * UNKNOWN + extra
            tmdb.add_show(tmdb_id, f"Unknown {tmdb_id}", seasons={1: 2})
            tmdb.add_find(9000 + tmdb_id, source="tvdb_id", episode=(tmdb_id, 1, 1))
            ids = (f"tvdb://{9000 + tmdb_id}",)
            messages.append(scrobble(f"Unknown {tmdb_id}", 1, 1, viewed_at=now, ids=ids))
        for message in messages:
            pk = inbox.receive(user_id=config.pk, payload=message, now=timezone.now())
            plays[pk] = now
        worker = start(["-m", "tests.faults.killed_worker", boundary], environment)
        try:
            assert worker.wait(timeout=60) == -signal.SIGKILL, boundary
        finally:
            kill(worker)
        let_leases_run_out()
    with running("worker", **environment):
        wait_for(lambda: not PlexWebhookLog.objects.exclude(next_attempt_at=None).exists())

    assert Counter(PlexWebhookLog.objects.values_list("status", flat=True)) == {
        Status.SUCCESS: len(plays)
    }
    assert TVShow.objects.count() == 1 + UNKNOWN * len(BOUNDARIES)
    assert sorted(Watch.objects.values_list("watched_at", flat=True)) == sorted(plays.values())
    assert Watch.objects.values("episode").distinct().count() == len(plays)
    assert dict(PlexViewing.objects.values_list("log_id", "watch__watched_at")) == plays
    sizes.tell(
        "worker killed at each boundary in turn",
        events=len(plays),
        kills=len(BOUNDARIES),
        result="each recorded once, at its time",
    )
