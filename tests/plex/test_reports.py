"""The figures of the sync report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from plex.models import PlexWebhookLog, Status
from plex.monitoring.reports import stats
from tests.plex.factories import (
    PlexConfigFactory,
    PlexConflictFactory,
    PlexWebhookLogFactory,
)

pytestmark = pytest.mark.django_db


def log(minutes_ago: float, **fields) -> PlexWebhookLog:
    created_at = timezone.now() - timedelta(minutes=minutes_ago)
    return PlexWebhookLogFactory(created_at=created_at, **fields)


def test_without_events_there_are_no_rates():
    report = stats(None)

    assert report.success_rate is None
    assert report.average_duration_ms is None
    assert report.p95_duration_ms is None
    assert report.events_24h == report.held == report.open_conflicts == 0
    assert len(report.activity) == 30
    assert all(day.total == 0 for day in report.activity)


def test_the_success_rate_is_of_plays_that_were_to_be_recorded():
    config = PlexConfigFactory()
    for status in (Status.SUCCESS, Status.SUCCESS, Status.SUCCESS, Status.FAILED):
        log(10, config=config, status=status)
    for status in (Status.IGNORED, Status.DUPLICATE, Status.PENDING):
        log(10, config=config, status=status)
    log(60 * 25, config=config, status=Status.FAILED)

    report = stats(config)

    assert report.success_rate == 0.75
    assert report.events_24h == 7


def test_average_and_p95_of_the_durations():
    config = PlexConfigFactory()
    for duration in range(1, 101):
        log(5, config=config, processing_duration_ms=float(duration))
    log(5, config=config, processing_duration_ms=None)
    log(60 * 30, config=config, processing_duration_ms=9999.0)

    report = stats(config)

    assert report.average_duration_ms == pytest.approx(50.5)
    assert report.p95_duration_ms == 95.0


def test_p95_of_a_single_event_is_its_own():
    log(1, processing_duration_ms=12.5)

    assert stats(None).p95_duration_ms == 12.5


def test_a_connections_report_holds_nothing_of_others():
    mine, theirs = PlexConfigFactory(), PlexConfigFactory()
    question = PlexConflictFactory()
    log(5, config=mine, status=Status.HELD, conflict=question)
    log(5, config=mine, status=Status.HELD, conflict=question)
    log(5, config=theirs, status=Status.HELD, conflict=PlexConflictFactory())
    log(5, config=theirs, status=Status.HELD, conflict=PlexConflictFactory(resolved=True))

    assert (stats(mine).open_conflicts, stats(mine).held) == (1, 2)
    assert (stats(None).open_conflicts, stats(None).held) == (2, 4)
    assert sum(day.total for day in stats(mine).activity) == 2


def test_activity_counts_by_day_and_status_in_the_active_time_zone():
    with time_machine.travel(datetime(2026, 3, 10, 12, 0, tzinfo=UTC), tick=False):
        late = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
        PlexWebhookLogFactory(created_at=late, status=Status.SUCCESS)
        PlexWebhookLogFactory(created_at=late, status=Status.HELD)
        PlexWebhookLogFactory(created_at=late - timedelta(days=60))

        with timezone.override("UTC"):
            in_utc = {day.day: day for day in stats(None).activity}
        with timezone.override("Europe/Berlin"):
            in_berlin = {day.day: day for day in stats(None).activity}

    assert in_utc[date(2026, 3, 9)].counts["success"] == 1
    assert in_utc[date(2026, 3, 9)].total == 2
    assert in_utc[date(2026, 3, 10)].total == 0
    assert in_berlin[date(2026, 3, 10)].total == 2
    assert min(in_utc) == date(2026, 2, 9)
    assert max(in_utc) == date(2026, 3, 10)


def test_the_number_of_queries_does_not_grow(django_assert_num_queries):
    for number in range(40):
        log(number * 60, processing_duration_ms=1.0, status=Status.values[number % 6])

    with django_assert_num_queries(6):
        stats(None)
    with django_assert_num_queries(5):
        stats(None)


def test_what_is_older_than_yesterday_is_counted_once_in_a_while():
    log(5)
    log(60 * 24 * 10)
    assert [day.total for day in stats(None).activity if day.total] == [1, 1]
    log(5)
    log(60 * 24 * 10)

    assert [day.total for day in stats(None).activity if day.total] == [1, 2]

    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert sum(day.total for day in stats(None).activity) == 4
