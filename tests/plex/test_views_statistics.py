"""How the events of Plex went: part of the statistics page."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from plex.models import Status
from plex.monitoring.reports import ACTIVITY, DayActivity, stats_for
from plex.templatetags.plex_events import duration
from plex.views.drawings import CHART_HEIGHT, activity_drawing
from tests.plex.factories import (
    PlexAccountFactory,
    PlexConfigFactory,
    PlexConflictFactory,
    PlexWebhookLogFactory,
)
from tests.tracker.page_queries import count_queries

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def day(number: int, **counts: int) -> DayActivity:
    return DayActivity(
        day=date(2026, 3, number), counts={**dict.fromkeys(Status.values, 0), **counts}
    )


def log(**fields):
    return PlexWebhookLogFactory(created_at=timezone.now() - timedelta(minutes=5), **fields)


def test_the_figures_are_said(client, owner):
    client.force_login(owner)
    config = PlexConfigFactory(user=owner)
    for milliseconds in (2.0, 4.0, 6.0):
        log(config=config, status=Status.SUCCESS, processing_duration_ms=milliseconds)
    log(config=config, status=Status.HELD, conflict=PlexConflictFactory())

    shown = client.get("/plex/statistics/", headers=HTMX).content.decode()

    assert "<html" not in shown
    assert "<b>75 %</b>" in shown
    assert "<b>4.0 ms</b>" in shown
    assert "<b>6.0 ms</b>" in shown
    assert "open conflict</a>, 1 play held" in shown
    assert "4 events on 1 of 30 days: 3 done, 1 held." in shown
    assert '<th scope="col">Held</th>' in shown


def test_it_is_a_page_by_itself_without_htmx(client, owner):
    client.force_login(owner)
    shown = client.get("/plex/statistics/").content.decode()
    assert "<html" in shown
    assert "Nothing has arrived from Plex in the last 30 days." in shown


def test_the_statistics_page_leads_to_it(client, viewer):
    client.force_login(viewer)
    shown = client.get("/statistics/").content.decode()
    assert 'hx-get="/plex/statistics/"' in shown
    assert 'href="/plex/statistics/"' in shown
    assert "/plex/statistics/" not in client.get("/statistics/?year=2025").content.decode()


def test_nobody_reads_it_signed_out(client):
    assert client.get("/plex/statistics/").status_code == 302


def test_a_person_sees_their_own_events_alone(viewer, stranger, owner):
    mine, theirs = PlexConfigFactory(user=viewer), PlexConfigFactory(user=stranger)
    account = PlexAccountFactory()
    account.users.add(viewer)
    log(config=mine, status=Status.SUCCESS)
    log(config=theirs, account=account, status=Status.SUCCESS)
    log(config=theirs, status=Status.HELD, conflict=PlexConflictFactory())

    own = stats_for(viewer)
    assert (own.events_24h, own.held, own.open_conflicts, own.success_rate) == (2, 0, 0, 1)
    everybody = stats_for(owner)
    assert (everybody.events_24h, everybody.held, everybody.open_conflicts) == (3, 1, 1)


def test_the_number_of_queries_does_not_grow(client, viewer):
    client.force_login(viewer)
    config = PlexConfigFactory(user=viewer)
    log(config=config)
    few = count_queries(client, "/plex/statistics/")
    for number in range(30):
        log(config=config, status=Status.values[number % 6], processing_duration_ms=1.0)
    assert count_queries(client, "/plex/statistics/") <= few + 1  # The p95, once there is any.
    assert few <= 15


def test_a_bar_is_stacked_from_what_went_well_to_what_failed():
    drawing = activity_drawing([day(1), day(2, success=3, failed=1), day(3, success=2)])

    heights = [(piece.outcome, piece.height, piece.y) for piece in drawing.pieces]
    top = drawing.base - CHART_HEIGHT
    assert heights == [
        ("success", 90, top + 30),
        ("failed", 30, top),
        ("success", 60, top + 60),
    ]
    assert drawing.pieces[1].title == "2 March: 1 failed"
    assert [(one.label, one.events) for one in drawing.outcomes] == [("Done", 5), ("Failed", 1)]
    assert [(row.activity.day.day, row.counts) for row in drawing.rows] == [
        (3, [2, 0]),
        (2, [3, 1]),
    ]
    assert drawing.words == "6 events on 2 of 3 days: 5 done, 1 failed."


def test_days_without_events_are_an_empty_drawing():
    drawing = activity_drawing([day(number) for number in range(1, ACTIVITY.days + 1)])
    assert not drawing.pieces
    assert drawing.total == 0
    assert [label.text for label in drawing.labels] == [
        "2 Mar",
        "9 Mar",
        "16 Mar",
        "23 Mar",
        "30 Mar",
    ]


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(None, ""), (3.44, "3.4 ms"), (48.2, "48 ms"), (1234.0, "1.2 s")]
)
def test_a_duration_is_said_in_its_unit(milliseconds, text):
    assert duration(milliseconds) == text
