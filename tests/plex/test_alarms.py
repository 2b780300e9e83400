from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_httpserver import HTTPServer

from plex.connection import connect
from plex.models import Alarm, Job, Status
from plex.monitoring import watchdog
from plex.monitoring.alarms import (
    Figures,
    Kind,
    Sample,
    check_alarms,
    standing,
    within_an_hour,
)
from tests.plex.factories import PlexConflictFactory, PlexWebhookLogFactory
from tracker import notification
from tracker.encryption import seal
from tracker.models import SiteSettings
from tracker.notification import NotificationError

PAGE = "/plex/alarms/"


@pytest.mark.parametrize(
    ("figures", "kinds"),
    [
        (Figures(), []),
        (Figures(events=9, failed=9), []),
        (Figures(events=100, failed=10), []),
        (Figures(events=100, failed=11), [Kind.FAILED_EVENTS]),
        (Figures(open_conflicts=50), []),
        (Figures(open_conflicts=51), [Kind.CONFLICTS]),
        (Figures(tmdb_calls=9, tmdb_errors=9), []),
        (Figures(tmdb_calls=10, tmdb_errors=2), []),
        (Figures(tmdb_calls=10, tmdb_errors=3), [Kind.TMDB_ERRORS]),
        (Figures(worker_silent=timedelta(minutes=5)), []),
        (Figures(worker_silent=timedelta(minutes=6)), [Kind.WORKER_SILENT]),
    ],
)
def test_an_alarm_stands_beyond_its_limit(figures, kinds):
    assert list(standing(figures)) == kinds


def test_calls_are_counted_between_samples_also_over_a_restart():
    samples = [
        Sample(at=0, ok=5, errors=1),
        Sample(at=60, ok=15, errors=3),
        Sample(at=120, ok=2, errors=1),
    ]
    assert within_an_hour(samples) == (15, 3)
    assert within_an_hour(samples[:1]) == (0, 0)


@pytest.fixture
def told(db, httpserver: HTTPServer) -> list[str]:
    """What was sent to the one address that is set."""
    site = SiteSettings.load()
    seal(site, "notification_addresses", httpserver.url_for("/told").replace("http", "json", 1))
    site.save()
    bodies: list[str] = []

    def take(request):
        bodies.append(request.json["message"])

    httpserver.expect_request("/told", method="POST").respond_with_handler(take)
    return bodies


def test_a_standing_alarm_is_told_once_and_its_end_too(told, owner):
    config = connect(owner)
    failed = PlexWebhookLogFactory.create_batch(10, config=config, status=Status.FAILED)
    for _ in range(2):
        assert check_alarms() is None
    assert len(told) == 1
    assert "10 of 10 Plex events failed within an hour" in told[0]
    assert Alarm.objects.raised().get().kind == Kind.FAILED_EVENTS
    for log in failed:
        log.delete()
    assert check_alarms() is None
    assert told[1] == "Over: many events fail."
    assert not Alarm.objects.raised().exists()


def test_what_is_switched_off_is_neither_shown_nor_told(told, owner):
    Alarm.objects.create(kind=Kind.FAILED_EVENTS, is_on=False)
    PlexWebhookLogFactory.create_batch(10, config=connect(owner), status=Status.FAILED)
    check_alarms()
    assert told == []
    assert not Alarm.objects.raised().exists()


def test_new_questions_are_told_once_and_old_ones_never(told):
    PlexConflictFactory(plex_title="Old")
    check_alarms()
    PlexConflictFactory(plex_title="Dark")
    PlexConflictFactory(plex_title="Fargo")
    for _ in range(2):
        check_alarms()
    assert told == ["New questions about “Dark”, “Fargo”: answer on the conflicts page."]


def test_a_silent_worker_is_noticed_by_the_web_process(told):
    Job.objects.create(name="worker:here:1", last_run_at=timezone.now() - timedelta(minutes=7))
    watchdog.look()
    watchdog.look()
    assert told == ["The worker was not seen for 7 minutes: events are stored and wait. Start it."]


def test_a_message_that_nobody_took_is_sent_again(told, owner, httpserver):
    PlexWebhookLogFactory.create_batch(10, config=connect(owner), status=Status.FAILED)
    httpserver.clear_all_handlers()
    httpserver.expect_request("/told").respond_with_data("", status=500)
    problem = check_alarms()
    assert problem == "Check the addresses: line 1 did not take the message."
    assert Alarm.objects.raised().exists()
    httpserver.clear_all_handlers()
    httpserver.expect_request("/told").respond_with_handler(lambda request: told.append("sent"))
    assert check_alarms() is None
    assert told == ["sent"]


def test_an_address_that_is_none_is_named_by_its_line_only():
    with pytest.raises(NotificationError) as raised:
        notification.check(["json://127.0.0.1/x", "nothing-secret-word"])
    assert str(raised.value) == "Check the addresses: line 2 is not an address that Apprise knows."


class TestThePage:
    def test_is_for_administrators_only(self, client, viewer):
        client.force_login(viewer)
        assert client.get(PAGE).status_code == 403
        assert client.post(PAGE, {"on": []}).status_code == 403
        assert client.post(f"{PAGE}addresses/", {"addresses": ""}).status_code == 403
        assert client.post(f"{PAGE}test/").status_code == 403

    def test_switches_alarms(self, client, owner):
        client.force_login(owner)
        assert client.get(PAGE).content.count(b" checked") == 5
        client.post(PAGE, {"on": [Kind.CONFLICTS]})
        assert list(Alarm.objects.filter(is_on=True).values_list("kind", flat=True)) == [
            "conflicts"
        ]

    def test_keeps_an_address_and_never_shows_it(self, client, owner, httpserver):
        client.force_login(owner)
        address = httpserver.url_for("/told").replace("http", "json", 1)
        answer = client.post(f"{PAGE}addresses/", {"addresses": address}, follow=True)
        assert b"1 set" in answer.content
        assert address not in answer.content.decode()
        httpserver.expect_oneshot_request("/told").respond_with_data("")
        answer = client.post(f"{PAGE}test/", follow=True)
        assert "The test message was sent." in answer.content.decode()

    def test_refuses_what_is_no_address(self, client, owner):
        client.force_login(owner)
        answer = client.post(f"{PAGE}addresses/", {"addresses": "example"})
        assert answer.status_code == 422
        assert "line 1 is not an address" in answer.content.decode()

    def test_a_raised_alarm_stands_on_the_plex_pages_of_administrators(self, client, owner, viewer):
        Alarm.objects.create(
            kind=Kind.CONFLICTS, raised_at=timezone.now(), sentence="51 questions are open."
        )
        client.force_login(owner)
        assert b"51 questions are open." in client.get("/plex/activity/").content
        client.force_login(viewer)
        assert b"51 questions are open." not in client.get("/plex/activity/").content
