from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from plex.models import PlexActivityDay, PlexWebhookActivity, PlexWebhookLog, Status
from plex.monitoring.activity_days import settle_days
from tests.plex.factories import PlexConfigFactory, PlexWebhookLogFactory

pytestmark = pytest.mark.django_db


def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def _a_month() -> None:
    config = PlexConfigFactory()
    for days in (0, 0, 1, 2, 2, 3, 7, 29, 31, 40):
        for status, event_type in ((Status.SUCCESS, "media.scrobble"), (Status.HELD, "media.play")):
            PlexWebhookLogFactory(
                config=config,
                created_at=timezone.now() - timedelta(days=days),
                status=status,
                event_type=event_type,
                processing_duration_ms=days,
            )


def activity() -> list[tuple[Any, ...]]:
    rows = PlexWebhookActivity.objects.order_by("-day", "event_type", "status")
    return list(
        rows.values_list("id", "day", "event_type", "status", "event_count", "avg_duration_ms")
    )


def test_the_view_says_the_same_with_days_counted_in_advance():
    live = activity()
    assert len(live) == 12
    settle_days()
    assert PlexActivityDay.objects.count() == 8
    assert activity() == live


def test_days_that_are_over_are_not_counted_again_until_the_next_time():
    settle_days()
    PlexWebhookLog.objects.update(status=Status.FAILED)
    by_day = {(day, status) for _, day, _, status, *_ in activity()}
    assert (today(), Status.FAILED) in by_day
    assert (today() - timedelta(days=7), Status.SUCCESS) in by_day
    settle_days()
    assert {status for _, _, _, status, *_ in activity()} == {Status.FAILED}


def test_what_is_older_than_a_month_goes():
    settle_days()
    long_ago = today() - timedelta(days=50)
    PlexActivityDay.objects.create(
        day=long_ago, event_type="media.play", status=Status.HELD, event_count=1
    )
    assert len(activity()) == 12
    settle_days()
    assert not PlexActivityDay.objects.filter(day=long_ago).exists()
