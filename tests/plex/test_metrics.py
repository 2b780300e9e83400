from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from plex.connection import connect
from plex.models import Job
from plex.processing import Lane
from tests.plex.factories import PlexConflictFactory, PlexWebhookLogFactory, make_config
from tracker.models import ApiToken

pytestmark = pytest.mark.django_db


def read(client, owner) -> dict[str, float]:
    """The lines of the answer, by what stands before the number."""
    _, token = ApiToken.make(user=owner)
    answer = client.get("/metrics", headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_is_for_administrators_only(client, viewer, owner):
    assert client.get("/metrics").status_code == 401
    client.force_login(viewer)
    assert client.get("/metrics").status_code == 403
    client.force_login(owner)
    assert client.get("/metrics").status_code == 200


def test_tells_how_the_queue_stands(client, owner):
    config = connect(owner)
    now = timezone.now()
    PlexWebhookLogFactory(config=config, next_attempt_at=now - timedelta(minutes=2))
    PlexWebhookLogFactory(config=config, next_attempt_at=now - timedelta(minutes=1))
    PlexWebhookLogFactory(config=config, next_attempt_at=now + timedelta(minutes=1))
    PlexConflictFactory()
    Job.objects.create(name="worker:here:1", last_run_at=now - timedelta(seconds=5))
    figures = read(client, owner)
    assert figures['full_tracker_due_events{lane="local"}'] == 2
    assert figures['full_tracker_due_events{lane="network"}'] == 0
    oldest = figures['full_tracker_oldest_due_seconds{lane="local"}']
    assert oldest == pytest.approx(120, abs=5)
    assert figures["full_tracker_open_conflicts"] == 1
    assert figures["full_tracker_worker_heartbeat_seconds"] == pytest.approx(5, abs=3)


def test_counts_events_by_outcome_and_requests_by_answer(client, owner):
    ignored = 'full_tracker_plex_events_total{action="event_not_scrobble",status="ignored"}'
    stored = 'full_tracker_webhook_requests_total{status="200"}'
    refused = 'full_tracker_webhook_requests_total{status="401"}'
    spent = "full_tracker_plex_event_seconds_count"
    before = read(client, owner)
    _, secret = make_config(owner)
    address = f"/api/plex/webhook?secret={secret}"
    client.post(
        address, data={"event": "media.play", "user": True}, content_type="application/json"
    )
    client.post("/api/plex/webhook?secret=wrong", data={}, content_type="application/json")
    Lane(network=False).process_due()
    after = read(client, owner)
    counted = {
        name: after[name] - before.get(name, 0) for name in (ignored, stored, refused, spent)
    }
    assert counted == {ignored: 1, stored: 1, refused: 1, spent: 1}
