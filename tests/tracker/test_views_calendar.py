from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.tracker.page_queries import count_queries
from tracker.models import Profile
from tracker.views.feed import escape, fold


@pytest.fixture
def show(viewer, client):
    client.force_login(viewer)
    show = make_show("Harbour Lights; Fog, and more", {1: 3}, first_air_date=date(2026, 2, 2))
    TrackedShowFactory(user=viewer, show=show)
    return show


def test_a_month_with_what_airs_and_what_is_watched(client, viewer, show):
    WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
    answer = client.get("/calendar/?month=2026-02")
    text = answer.content.decode()
    assert "February 2026" in text
    assert [len(day.airings) for day in answer.context["agenda"]] == [1, 1, 1]
    assert ", watched" in text
    assert "?month=2026-01" in text
    assert "?month=2026-03" in text


def test_a_whole_season_on_one_day_is_one_entry(client, viewer, show):
    day = date(2026, 3, 1)
    at_once = make_show("At Once", {1: [{"air_date": day} for _ in range(8)]}, first_air_date=day)
    TrackedShowFactory(user=viewer, show=at_once)
    agenda = client.get("/calendar/?month=2026-03").context["agenda"]
    assert [airing.episodes for airing in agenda[0].airings] == [8]


@pytest.mark.parametrize(
    "month", ["", "2026", "2026-13", "0001-01", "9999-12", "2026-2", "x-y", "2026-02-01", "٢٠٢٦-٠٢"]
)
def test_any_other_month_is_the_current_one(client, show, month):
    answer = client.get("/calendar/", {"month": month})
    assert answer.status_code == 200
    assert answer.context["is_now"]


def address_of(client) -> str:
    client.post("/calendar/address/")
    return client.get("/calendar/").context["feed"].removeprefix("http://testserver")


def test_the_address_is_private_and_can_be_renewed(client, viewer, stranger, show, time_machine):
    time_machine.move_to(date(2026, 2, 10))
    first = address_of(client)
    answer = Client().get(first)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.content.decode().count("BEGIN:VEVENT") == 3
    assert "\\; Fog\\, and more" in answer.content.decode().replace("\r\n ", "")
    second = address_of(client)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    assert Client().get("/calendar.ics").status_code == 404
    assert Client().get("/calendar.ics?key=").status_code == 404
    secret = second.partition("key=")[2]
    assert secret not in Profile.objects.get(user=viewer).ical_secret
    viewer.is_active = False
    viewer.save()
    assert Client().get(second).status_code == 404


def test_no_line_of_it_is_too_long(client, viewer, show):
    TrackedShowFactory(
        user=viewer, show=make_show("Ä" * 200, {1: 1}, first_air_date=timezone.localdate())
    )
    for line in Client().get(address_of(client)).content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()


def test_text_values_are_escaped_and_folded():
    assert escape("a\nb;c,d\\e") == "a b\\;c\\,d\\\\e"
    assert list(fold(["x" * 75, "y" * 76])) == ["x" * 75, "y" * 75, " y"]


def test_one_and_the_same_number_of_queries(client, viewer, show):
    few = count_queries(client, "/calendar/?month=2026-02")
    for number in range(27):
        more = make_show(f"Show {number}", {1: 4}, first_air_date=date(2026, 2, 3))
        TrackedShowFactory(user=viewer, show=more)
    assert count_queries(client, "/calendar/?month=2026-02") == few
    assert few <= 10


def test_without_a_usable_key_a_new_address_says_what_to_do(client, viewer, settings):
    settings.ENCRYPTION_KEY = "no key at all"
    client.force_login(viewer)
    response = client.post(reverse("tracker:calendar-address"), follow=True)
    assert response.status_code == 200
    assert "An encryption key must be 32 bytes" in response.content.decode()
