from __future__ import annotations

import pytest
from django.utils import timezone

from plex.connection import connect
from plex.models import PlexConfig
from tests.api import caller
from tests.plex.factories import PlexWebhookLogFactory

pytestmark = pytest.mark.django_db

CALL = "/api/plex/stats"


def test_reports_on_one_s_own_connection(viewer, stranger):
    now = timezone.now()
    for user, status, duration in [
        (viewer, "success", 10.0),
        (viewer, "failed", 30.0),
        (stranger, "success", 500.0),
    ]:
        PlexWebhookLogFactory(
            config=connect(user),
            status=status,
            processing_duration_ms=duration,
            created_at=now,
            next_attempt_at=None,
        )
    body = caller(viewer).get(CALL).json()
    assert body["success_rate"] == 0.5
    assert body["average_duration_ms"] == 20.0
    assert body["p95_duration_ms"] == 30.0
    assert body["events_24h"] == 2
    assert len(body["activity"]) == 30
    assert body["activity"][-1]["total"] == 2
    assert body["activity"][-1]["counts"]["failed"] == 1


def test_without_a_connection_it_is_all_zeros_and_nobody_else_s(viewer, stranger):
    PlexWebhookLogFactory(config=connect(stranger), created_at=timezone.now())
    body = caller(viewer).get(CALL).json()
    assert (body["success_rate"], body["events_24h"], body["open_conflicts"]) == (None, 0, 0)
    assert not PlexConfig.objects.filter(user=viewer).exists()
