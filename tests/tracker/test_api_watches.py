from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.api import caller
from tests.factories import TrackedShowFactory, WatchFactory, episode_of
from tracker.models import Profile, TVShow, Watch

pytestmark = pytest.mark.django_db

AT = datetime(2026, 2, 24, 20, 30, tzinfo=UTC)


@pytest.fixture
def severance(viewer, make_show) -> TVShow:
    show = make_show("Severance", {0: 1, 1: 3})
    TrackedShowFactory(user=viewer, show=show)
    return show


def address(show: TVShow, season_number: int = 1, episode_number: int = 1) -> str:
    return f"/api/shows/{show.pk}/seasons/{season_number}/episodes/{episode_number}/watch"


def test_marks_an_episode_watched_at_a_time(viewer, severance):
    answer = caller(viewer).put(address(severance), {"watched_at": "2026-02-24T21:30:00+01:00"})
    assert answer.status_code == 201
    watch = Watch.objects.get()
    assert (watch.user, watch.watched_at) == (viewer, AT)
    body = answer.json()
    assert body["show"]["title"] == "Severance"
    assert (body["season_number"], body["episode_number"], body["play"]) == (1, 1, 1)
    assert (body["watched_at"], body["source"]) == ("2026-02-24T20:30:00Z", "manual")


def test_marks_it_now_without_a_time(viewer, severance):
    with time_machine.travel(AT, tick=False):
        assert caller(viewer).put(address(severance)).status_code == 201
    assert Watch.objects.get().watched_at == AT


def test_twice_is_once_and_the_first_date_stays(viewer, severance):
    client = caller(viewer)
    client.put(address(severance), {"watched_at": AT.isoformat()})
    again = client.put(address(severance))
    assert again.status_code == 200
    assert again.json()["watched_at"] == "2026-02-24T20:30:00Z"
    assert Watch.objects.get().watched_at == AT


def test_specials_are_season_0(viewer, severance):
    assert caller(viewer).put(address(severance, 0, 1)).status_code == 201


def test_marks_it_not_watched_as_often_as_one_likes(viewer, severance):
    client = caller(viewer)
    client.put(address(severance))
    assert client.delete(address(severance)).status_code == 204
    assert client.delete(address(severance)).status_code == 204
    assert Watch.objects.standing().count() == 0
    assert client.put(address(severance)).status_code == 201


def test_another_person_s_watch_stays(viewer, stranger, severance):
    TrackedShowFactory(user=stranger, show=severance)
    WatchFactory(user=viewer, episode=episode_of(severance, 1, 1))
    assert caller(stranger).delete(address(severance)).status_code == 204
    assert Watch.objects.standing().get().user == viewer


@pytest.mark.parametrize(("season_number", "episode_number"), [(1, 4), (2, 1), (1, 0)])
def test_an_episode_that_there_is_not_is_a_404(viewer, severance, season_number, episode_number):
    call = address(severance, season_number, episode_number)
    assert caller(viewer).put(call).status_code == 404
    assert caller(viewer).delete(call).status_code == 404


@pytest.mark.parametrize(
    "watched_at",
    [
        "yesterday",
        "",
        None,
        12,
        [],
        "2026-02-30T10:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-24T21:30:00+99:00",
        "x\x00",
    ],
)
def test_a_time_that_is_none_is_a_400(viewer, severance, watched_at):
    answer = caller(viewer).put(address(severance), {"watched_at": watched_at})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("watched_at: ")
    assert not Watch.objects.exists()


def test_the_future_is_a_400(viewer, severance):
    later = timezone.now() + timedelta(hours=1)
    answer = caller(viewer).put(address(severance), {"watched_at": later.isoformat()})
    assert answer.status_code == 400
    assert "future" in answer.json()["detail"]


def test_history_has_the_latest_first_and_nobody_else_s(viewer, stranger, severance):
    first = WatchFactory(user=viewer, episode=episode_of(severance, 1, 1), watched_at=AT)
    second = WatchFactory(
        user=viewer, episode=episode_of(severance, 1, 2), watched_at=AT + timedelta(days=1)
    )
    WatchFactory(user=viewer, episode=episode_of(severance, 1, 3), removed_at=AT)
    WatchFactory(user=stranger, episode=episode_of(severance, 1, 1))
    body = caller(viewer).get("/api/history").json()
    assert body["count"] == 2
    assert [row["id"] for row in body["results"]] == [second.pk, first.pk]
    assert body["results"][0]["episode_name"] == "Story 1-2"


def test_up_next_has_the_next_episode_of_one_s_own_shows(viewer, stranger, severance, make_show):
    WatchFactory(user=viewer, episode=episode_of(severance, 1, 1), watched_at=AT)
    TrackedShowFactory(user=stranger, show=make_show("Dark"))
    body = caller(viewer).get("/api/up-next").json()
    assert body["count"] == 1
    (card,) = body["results"]
    assert card["show"]["title"] == "Severance"
    assert (card["episode"]["season_number"], card["episode"]["episode_number"]) == (1, 2)
    assert card["progress"] == {"watched": 1, "aired": 3, "total": 3}
    assert card["last_watched_at"] == "2026-02-24T20:30:00Z"


def test_the_day_is_that_of_the_caller_s_zone(viewer, make_show):
    Profile.objects.update_or_create(user=viewer, defaults={"time_zone": "Pacific/Auckland"})
    show = make_show("Severance", {1: 1}, first_air_date=datetime(2026, 2, 25, tzinfo=UTC).date())
    TrackedShowFactory(user=viewer, show=show)
    client = caller(viewer)
    with time_machine.travel(datetime(2026, 2, 24, 9, 0, tzinfo=UTC), tick=False):
        assert client.get("/api/up-next").json()["count"] == 0
    with time_machine.travel(datetime(2026, 2, 24, 12, 0, tzinfo=UTC), tick=False):
        assert client.get("/api/up-next").json()["count"] == 1
