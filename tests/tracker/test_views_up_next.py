from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.plex.factories import PlexConflictFactory
from tests.tracker.page_queries import count_queries
from tracker.models import Watch


@pytest.fixture
def show(viewer, client):
    client.force_login(viewer)
    show = make_show("Harbour Lights", {1: 3})
    TrackedShowFactory(user=viewer, show=show)
    WatchFactory(user=viewer, episode=episode_of(show, 1, 1), watched_at=timezone.now())
    return show


def test_the_latest_show_comes_first_and_large(client, viewer, show):
    older = make_show("Orchard")
    TrackedShowFactory(user=viewer, show=older)
    WatchFactory(user=viewer, episode=episode_of(older, 1, 1))
    answer = client.get("/")
    assert answer.context["hero"].show == show
    assert answer.context["cards"][-1].show == older
    assert "S01E02" in answer.content.decode()


def test_shows_of_one_title_are_told_apart_by_their_years(client, viewer, show):
    assert "2020</small>" not in client.get("/").content.decode()
    for year in (2001, 2005):
        namesake = make_show("The Office", first_air_date=date(year, 3, 24))
        TrackedShowFactory(user=viewer, show=namesake)
    for path in ("/", "/shows/"):
        page = client.get(path).content.decode()
        assert ">2001</small>" in page
        assert ">2005</small>" in page


@pytest.mark.parametrize("large", [{}, {"large": "1"}])
def test_one_click_marks_it_and_brings_the_next(client, viewer, show, large):
    headers = {
        "HX-Request": "true",
        "HX-Target": f"up-next-{show.pk}",
        "HX-Current-URL": "http://testserver/",
    }
    path = f"/episodes/{episode_of(show, 1, 2).pk}/mark/"
    text = client.post(path, large, headers=headers).content.decode()
    assert "S01E03" in text
    assert f'id="up-next-{show.pk}"' in text
    assert 'hx-swap-oob="beforeend"' in text
    assert "Undo" in text
    last = client.post(f"/episodes/{episode_of(show, 1, 3).pk}/mark/", large, headers=headers)
    assert "All caught up" in last.content.decode()
    assert Watch.objects.count() == 3


def test_without_javascript_it_comes_back_here(client, show):
    answer = client.post(f"/episodes/{episode_of(show, 1, 2).pk}/mark/", {"next": "/"})
    assert answer.url == "/"
    assert "S01E03" in client.get("/").content.decode()


def test_nobody_is_sent_elsewhere(client, show):
    path = f"/episodes/{episode_of(show, 1, 2).pk}/mark/"
    answer = client.post(path, {"next": "https://evil.example/"})
    assert answer.url == f"/shows/{show.pk}/?season=1"


def test_what_airs_soon(client, viewer, show):
    coming = make_show("Coming", {1: 2}, first_air_date=timezone.localdate() + timedelta(days=1))
    TrackedShowFactory(user=viewer, show=coming)
    text = client.get("/").content.decode()
    assert "Airing soon" in text
    assert "Tomorrow" in text


def test_what_needs_a_decision(client, owner, show):
    client.force_login(owner)
    assert "your answer" not in client.get("/").content.decode()
    PlexConflictFactory()
    assert "1 thing from Plex needs your answer" in client.get("/").content.decode()


def test_one_and_the_same_number_of_queries(client, viewer, show):
    few = count_queries(client, "/")
    for number in range(27):
        TrackedShowFactory(user=viewer, show=make_show(f"Show {number}", {1: 4}))
    assert count_queries(client, "/") == few
    assert few <= 20


def test_a_full_page_stays_small(client, viewer, show):
    for number in range(60):
        TrackedShowFactory(
            user=viewer, show=make_show(f"A show with a longish title {number}", {1: 4})
        )
        WatchFactory(
            user=viewer,
            episode=episode_of(viewer.tracked_shows.last().show, 1, 1),
            watched_at=timezone.now() - timedelta(days=3 * number),
        )
    assert len(client.get("/").content) < 100_000
    assert len(client.get("/shows/").content) < 100_000
    assert len(client.get("/history/").content) < 100_000
    assert len(client.get("/statistics/").content) < 100_000
