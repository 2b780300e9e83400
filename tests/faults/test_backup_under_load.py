"""A backup made while events come in and are recorded: all that was accepted before it is in it."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from plex.models import PlexViewing, PlexWebhookLog, Status
from plex.processing import process_due
from tests.faults import sizes
from tests.faults.processes import running, serving, wait_for
from tests.faults.senders import Senders, let_leases_run_out, make_episodes
from tests.plex.factories import make_config, of_episode
from tracker.models import Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.fault]


def test_a_backup_under_load_is_whole(owner, tmp_path):
    size = sizes.chosen()
    events = min(size.events, 2_000)
    _, secret = make_config(owner)
    now = timezone.now()
    messages = [of_episode(episode, viewed_at=now) for episode in make_episodes(events)]
    file = tmp_path / "backup.zip"
    before: set[int] = set()

    with serving() as web, running("worker"):
        senders = Senders(web, secret, messages)
        with senders.at_work(events):
            senders.allowed.release(events // 2)
            wait_for(lambda: Watch.objects.count() > events // 20)
            before = set(senders.accepted.values())
            call_command("backup", str(file), verbosity=0)
            time.sleep(0.1)
    assert len(senders.accepted) == events
    connection.close()
    call_command("restore", str(file), force=True, verbosity=0)

    rows = set(PlexWebhookLog.objects.values_list("pk", flat=True))
    assert before <= rows, "an event that was accepted before the backup is not in it"
    assert len(rows) < events, "the backup was made after everything"
    recorded = PlexWebhookLog.objects.filter(status=Status.SUCCESS).count()
    assert recorded == Watch.objects.count() == PlexViewing.objects.count(), "half a decision"
    let_leases_run_out()
    process_due()
    statuses = Counter(PlexWebhookLog.objects.values_list("status", flat=True))
    assert statuses == {Status.SUCCESS: len(rows)}
    assert Watch.objects.count() == PlexViewing.objects.count() == len(rows)
    sizes.tell(
        "backup while events come in, and restore",
        events=events,
        result=f"{len(rows)} events in it, {recorded} of them recorded; all recorded in the end",
    )
