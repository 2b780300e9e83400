from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from tests.api import caller
from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tracker import watching
from tracker.api import shows
from tracker.library import track_show
from tracker.models import TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db

CALL = "/api/shows"
AT = datetime(2024, 5, 6, 20, 15, tzinfo=UTC)


@pytest.fixture
def severance(viewer, make_show) -> TVShow:
    """A show that the viewer tracks, with one episode watched."""
    show = make_show("Severance", {0: 1, 1: 2, 2: 2})
    TrackedShowFactory(user=viewer, show=show, rating=9)
    WatchFactory(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
    return show


def test_lists_one_s_own_shows_with_progress(viewer, stranger, severance, make_show):
    TrackedShowFactory(user=stranger, show=make_show("Dark"))
    body = caller(viewer).get(CALL).json()
    assert body["count"] == 1
    (found,) = body["results"]
    assert (found["id"], found["title"], found["year"]) == (severance.pk, "Severance", 2020)
    assert found["tracking"]["status"] == "watching"
    assert found["tracking"]["rating"] == 9
    assert found["progress"] == {"watched": 1, "aired": 4, "total": 4}
    assert found["last_watched_at"] == "2024-05-06T20:15:00Z"
    assert "seasons" not in found


def test_staff_see_their_own_shows_too_not_everybody_s(owner, severance):
    assert caller(owner).get(CALL).json()["count"] == 0
    assert caller(owner).get(f"{CALL}/{severance.pk}").status_code == 404


def test_filters_by_status(viewer, severance):
    client = caller(viewer)
    assert client.get(f"{CALL}?status=watching").json()["count"] == 1
    assert client.get(f"{CALL}?status=dropped").json()["count"] == 0
    refused = client.get(f"{CALL}?status=lost")
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith("status: ")


def test_pages_by_title(viewer, make_show):
    for title in ("Cheers", "Andor", "Bones"):
        TrackedShowFactory(user=viewer, show=make_show(title))
    client = caller(viewer)
    first = client.get(f"{CALL}?limit=2").json()
    assert [show["title"] for show in first["results"]] == ["Andor", "Bones"]
    assert first["count"] == 3
    assert [show["title"] for show in client.get(first["next"]).json()["results"]] == ["Cheers"]


@pytest.mark.parametrize("call", [CALL, "/api/history", "/api/up-next"])
def test_needs_the_same_number_of_queries_for_3_and_30(
    viewer, make_show, django_assert_max_num_queries, call
):
    client = caller(viewer)
    client.get(call)
    counts = []
    for number in (3, 27):
        for _ in range(number):
            show = make_show("Severance", {1: 2})
            TrackedShowFactory(user=viewer, show=show)
            WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
        with django_assert_max_num_queries(20) as queries:
            assert client.get(call).json()["count"] == (3 if number == 3 else 30)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_one_show_needs_the_same_number_of_queries_whatever_its_size(
    viewer, make_show, django_assert_max_num_queries
):
    client = caller(viewer)
    client.get(CALL)
    counts = []
    for seasons in ({1: 3}, dict.fromkeys(range(1, 11), 3)):
        show = make_show("Severance", seasons)
        TrackedShowFactory(user=viewer, show=show)
        with django_assert_max_num_queries(20) as queries:
            client.get(f"{CALL}/{show.pk}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_adds_a_show_from_tmdb_and_tracks_it(viewer, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 3})
    client = caller(viewer)
    answer = client.post(CALL, {"tmdb_id": 95396, "status": "watching"})
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    show = TVShow.objects.get(tmdb_id=95396)
    assert (body["id"], body["tracking"]["status"]) == (show.pk, "watching")
    assert body["progress"]["total"] == 3
    again = client.post(CALL, {"tmdb_id": 95396, "status": "dropped"})
    assert again.status_code == 200
    assert again.json()["tracking"]["status"] == "watching"


def test_a_show_that_is_here_needs_no_tmdb(viewer, stranger, severance):
    answer = caller(stranger).post(CALL, {"tmdb_id": severance.tmdb_id})
    assert answer.status_code == 201
    assert answer.json()["tracking"]["status"] == "plan_to_watch"
    assert answer.json()["progress"]["watched"] == 0


def test_without_a_key_it_says_what_to_do(viewer):
    answer = caller(viewer).post(CALL, {"tmdb_id": 95396})
    assert answer.status_code == 409
    assert "TMDB key" in answer.json()["detail"]


def test_a_refused_key_is_a_409_and_not_repeated(viewer, tmdb, settings):
    settings.TMDB_API_KEY = "wrong-key-1234"
    answer = caller(viewer).post(CALL, {"tmdb_id": 95396})
    assert answer.status_code == 409
    assert "wrong-key-1234" not in answer.content.decode()


def test_while_tmdb_is_down_it_is_a_503(viewer, tmdb):
    tmdb.down()
    answer = caller(viewer).post(CALL, {"tmdb_id": 95396})
    assert answer.status_code == 503
    assert "TMDB" in answer.json()["detail"]
    assert not TVShow.objects.exists()


def test_a_show_that_tmdb_does_not_have_is_a_400(viewer, tmdb):
    answer = caller(viewer).post(CALL, {"tmdb_id": 1})
    assert answer.status_code == 400
    assert "TMDB" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tmdb_id": "x"},
        {"tmdb_id": 0},
        {"tmdb_id": -5},
        {"tmdb_id": 2**31},
        {"tmdb_id": 10**40},
        {"tmdb_id": 1.5},
        {"tmdb_id": None},
        {"tmdb_id": [1]},
        {"tmdb_id": 1, "status": "lost"},
        {"tmdb_id": 1, "status": None},
    ],
)
def test_what_can_t_be_added_is_a_400(viewer, body):
    answer = caller(viewer).post(CALL, body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_shows_one_with_seasons_and_watches(viewer, severance):
    body = caller(viewer).get(f"{CALL}/{severance.pk}").json()
    assert [season["season_number"] for season in body["seasons"]] == [0, 1, 2]
    assert body["seasons"][1]["progress"] == {"watched": 1, "aired": 2, "total": 2}
    first, second = body["seasons"][1]["episodes"]
    assert (first["watched_at"], first["play_count"]) == ("2024-05-06T20:15:00Z", 1)
    assert (second["watched_at"], second["play_count"]) == (None, 0)
    assert body["next_episode"]["id"] == second["id"]
    assert (body["next_episode"]["season_number"], body["next_episode"]["episode_number"]) == (1, 2)


def test_another_person_s_watches_are_not_in_it(stranger, severance):
    track_show(user=stranger, show=severance)
    body = caller(stranger).get(f"{CALL}/{severance.pk}").json()
    assert body["progress"]["watched"] == 0
    assert body["seasons"][1]["episodes"][0]["watched_at"] is None


def test_a_show_that_one_does_not_track_is_a_404(stranger, severance):
    client = caller(stranger)
    address = f"{CALL}/{severance.pk}"
    for answer in (
        client.get(address),
        client.patch(address, {"rating": 1}),
        client.delete(address),
        client.put(f"{address}/seasons/1/episodes/1/watch"),
        client.delete(f"{address}/seasons/1/episodes/1/watch"),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"]
    assert TrackedShow.objects.get().rating == 9
    assert Watch.objects.standing().count() == 1


def test_changes_what_one_keeps_about_it(viewer, severance):
    change = {"status": "on_hold", "rating": None, "notes": "Later.", "started_on": "2024-05-06"}
    answer = caller(viewer).patch(f"{CALL}/{severance.pk}", change)
    assert answer.status_code == 200
    assert answer.json()["tracking"] == {**change, "finished_on": None}
    tracked = TrackedShow.objects.get()
    assert (tracked.status, tracked.rating, tracked.started_on) == (
        "on_hold",
        None,
        date(2024, 5, 6),
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"status": None}, "status"),
        ({"rating": 0}, "rating"),
        ({"rating": 11}, "rating"),
        ({"rating": 10**30}, "rating"),
        ({"rating": "nine"}, "rating"),
        ({"notes": None}, "notes"),
        ({"notes": "x" * 10_001}, "notes"),
        ({"notes": "x\x00"}, "notes"),
        ({"started_on": "yesterday"}, "started_on"),
        ({"started_on": "2024-02-30"}, "started_on"),
        ({"user": 1}, "user"),
        ({"id": 1}, "id"),
    ],
)
def test_what_can_t_be_changed_is_a_400_that_names_it(viewer, severance, change, field):
    answer = caller(viewer).patch(f"{CALL}/{severance.pk}", change)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_stops_tracking_and_keeps_the_watches(viewer, severance):
    client = caller(viewer)
    assert client.delete(f"{CALL}/{severance.pk}").status_code == 204
    assert client.get(f"{CALL}/{severance.pk}").status_code == 404
    assert Watch.objects.standing().count() == 1


def test_stops_tracking_and_forgets_the_watches(viewer, severance):
    address = f"{CALL}/{severance.pk}?forget_watches"
    assert caller(viewer).delete(f"{address}=perhaps").status_code == 400
    assert caller(viewer).delete(f"{address}=true").status_code == 204
    assert Watch.objects.standing().count() == 0


def test_a_patch_writes_only_what_it_names(viewer, monkeypatch):
    show = make_show("Show", {1: 1}, production_status="Ended")
    TrackedShowFactory(user=viewer, show=show, status="watching")
    found = shows.find_tracked
    seen: list[int] = []

    def find(request, pk):
        row = found(request, pk)
        if not seen:
            seen.append(1)
            episode = episode_of(show, 1, 1)
            watching.mark_watched(user=viewer, episode=episode, watched_at=timezone.now())
        return row

    monkeypatch.setattr(shows, "find_tracked", find)
    assert caller(viewer).patch(f"/api/shows/{show.pk}", {"notes": "Later."}).status_code == 200
    assert TrackedShow.objects.get().status == "completed"
