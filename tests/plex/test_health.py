from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from plex.connection import connect
from plex.models import Job
from tests.plex.factories import PlexWebhookLogFactory

pytestmark = pytest.mark.django_db

CALL = "/healthz"


def beat(*, seconds_ago: float) -> None:
    Job.objects.create(
        name=f"worker:here:{seconds_ago}",
        last_run_at=timezone.now() - timedelta(seconds=seconds_ago),
    )


def wait_since(user, **ago: float) -> None:
    PlexWebhookLogFactory(config=connect(user), next_attempt_at=timezone.now() - timedelta(**ago))


def test_is_well_while_a_worker_beats(client, django_assert_num_queries):
    beat(seconds_ago=5)
    beat(seconds_ago=5000)
    with django_assert_num_queries(3):
        answer = client.get(CALL)
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert body["database"] is True
    assert body["worker_heartbeat_seconds"] == pytest.approx(5, abs=2)
    assert body["oldest_due_seconds"] == 0
    assert "no-store" in answer.headers["Cache-Control"]


def test_is_ill_without_a_worker(client):
    answer = client.get(CALL)
    assert answer.status_code == 503
    assert answer.json()["worker_heartbeat_seconds"] is None
    assert "worker" in answer.json()["status"]


def test_is_ill_when_the_worker_fell_silent(client):
    beat(seconds_ago=61)
    assert client.get(CALL).status_code == 503


def test_says_how_long_the_oldest_event_waits(client, viewer):
    beat(seconds_ago=1)
    wait_since(viewer, minutes=2)
    wait_since(viewer, minutes=-5)
    answer = client.get(CALL)
    assert answer.status_code == 200
    assert answer.json()["oldest_due_seconds"] == pytest.approx(120, abs=2)


@pytest.mark.parametrize("needs_network", [False, True])
def test_is_ill_when_the_queue_stands_still(client, viewer, needs_network):
    beat(seconds_ago=1)
    PlexWebhookLogFactory(
        config=connect(viewer),
        needs_network=needs_network,
        next_attempt_at=timezone.now() - timedelta(minutes=11),
    )
    assert client.get(CALL).status_code == 503


def test_says_nothing_about_anybody(client, viewer):
    assert set(client.get(CALL).json()) == {
        "status",
        "database",
        "worker_heartbeat_seconds",
        "oldest_due_seconds",
    }


def test_only_reads(client):
    assert client.post(CALL).status_code == 405
    assert client.head(CALL).status_code == 503
