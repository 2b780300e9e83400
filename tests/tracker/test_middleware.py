from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from tests.factories import WatchFactory
from tracker.models import Profile


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "Friday 5 March"),
        ("America/Los_Angeles", "Thursday 4 March"),
        ("", "Thursday 4 March"),
        ("Mars/Olympus", "Thursday 4 March"),
    ],
)
def test_times_are_shown_in_the_zone_of_the_profile(client, viewer, time_machine, zone, shown):
    time_machine.move_to(datetime(2021, 6, 1, 12, tzinfo=UTC))
    WatchFactory(user=viewer, watched_at=datetime(2021, 3, 4, 23, 30, tzinfo=UTC))
    Profile.objects.create(user=viewer, time_zone=zone)
    client.force_login(viewer)
    assert shown in client.get("/history/").content.decode()


def test_the_zone_of_one_person_is_not_left_behind(client, viewer, stranger):
    Profile.objects.create(user=viewer, time_zone="Asia/Tokyo")
    client.force_login(viewer)
    client.get("/history/")
    assert str(timezone.get_current_timezone()) == "UTC"


def test_without_a_session_nothing_is_asked_of_the_database(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/manifest.webmanifest")
