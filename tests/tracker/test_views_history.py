from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.tracker.page_queries import count_queries
from tracker.models import TrackedShow, Watch

SHEET = {"HX-Request": "true", "HX-Target": "sheet-body"}


@pytest.fixture
def watch(viewer, client) -> Watch:
    client.force_login(viewer)
    show = make_show("Harbour Lights", {1: 5})
    return WatchFactory(user=viewer, episode=episode_of(show, 1, 1), source="plex")


def test_every_watch_by_day(client, viewer, watch):
    other = make_show("Paper Moons")
    WatchFactory(
        user=viewer, episode=episode_of(other, 1, 1), watched_at=datetime(2021, 3, 5, 8, tzinfo=UTC)
    )
    text = client.get("/history/").content.decode()
    assert text.index("Paper Moons</a>") < text.index("Harbour Lights</a>")
    assert "20:15" in text


def test_filters(client, viewer, watch):
    other = make_show("Paper Moons")
    WatchFactory(user=viewer, episode=episode_of(other, 1, 1))

    def shown(query: str) -> list[str]:
        watches = client.get(query).context["watches"]
        return [row.episode.season.show.title for _, row in watches]

    assert shown(f"/history/?show={other.pk}") == ["Paper Moons"]
    assert shown("/history/?source=plex") == ["Harbour Lights"]
    assert shown(f"/history/?show={other.pk}&source=plex") == []
    assert len(shown("/history/?show=x&source=y&page=z")) == 2
    assert len(shown("/history/?show=99999999999999999999")) == 2


def test_the_time_can_be_corrected(client, watch):
    assert "2021-03-04T20:15" in client.get(f"/history/{watch.pk}/", headers=SHEET).content.decode()
    path = f"/history/{watch.pk}/"
    assert (
        client.post(path, {"watched_at": "2021-03-01T22:00", "next": "/history/?page=1"}).url
        == "/history/?page=1"
    )
    watch.refresh_from_db()
    assert watch.watched_at == datetime(2021, 3, 1, 22, tzinfo=UTC)
    answer = client.post(path, {"watched_at": "2999-03-01T22:00"})
    assert answer.status_code == 422
    assert "in the future" in answer.content.decode()
    assert client.post(path, {"watched_at": "0001-01-01T00:00"}).status_code in {302, 422}


def test_removed_with_undo(client, viewer, watch):
    client.post(f"/history/{watch.pk}/remove/")
    assert not Watch.objects.standing().exists()
    assert client.get(f"/history/{watch.pk}/").status_code == 404
    (key,) = client.session["undo"]
    client.post(f"/undo/{key}/")
    assert Watch.objects.standing().get() == watch


def test_one_and_the_same_number_of_queries(client, viewer, watch):
    few = count_queries(client, "/history/")
    for number in range(29):
        WatchFactory(user=viewer, episode=episode_of(make_show(f"Show {number}"), 1, 1))
    assert count_queries(client, "/history/") == few
    assert few <= 10


@pytest.mark.parametrize("status", ["dropped", "on_hold"])
def test_undoing_a_removal_leaves_a_dropped_show_dropped(client, viewer, status):
    client.force_login(viewer)
    show = make_show("Show", {1: 3})
    watch = WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
    TrackedShowFactory(user=viewer, show=show, status=status)
    client.post(f"/history/{watch.pk}/remove/")
    assert TrackedShow.objects.get(user=viewer).status == status
    (key,) = client.session["undo"]
    client.post(f"/undo/{key}/")
    assert Watch.objects.standing().count() == 1
    assert TrackedShow.objects.get(user=viewer).status == status
