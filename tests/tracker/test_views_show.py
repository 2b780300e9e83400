from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.tracker.page_queries import count_queries
from tracker.models import TrackedShow, TVShow, Watch

SEASON = {"HX-Request": "true", "HX-Target": "season-1"}
SHEET = {"HX-Request": "true", "HX-Target": "sheet-body"}


@pytest.fixture
def show(viewer, client) -> TVShow:
    client.force_login(viewer)
    show = make_show("Harbour Lights", {0: 1, 1: 4, 2: 3}, overview="Fog.")
    TrackedShowFactory(user=viewer, show=show)
    return show


def watched(user) -> list[str]:
    watches = Watch.objects.standing().filter(user=user).select_related("episode__season")
    return sorted(watch.episode.code for watch in watches)


def test_opens_the_season_of_the_next_episode(client, viewer, show):
    for number in range(1, 5):
        WatchFactory(user=viewer, episode=episode_of(show, 1, number))
    page = client.get(f"/shows/{show.pk}/").content.decode()
    assert "4 of 7 watched, 3 left" in page
    assert "Mark S02E01 as watched" in page
    assert "Story 2-1" in page
    assert "Story 1-1" not in page


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("?season=1", "Story 1-2", "Story 2-1"),
        ("?season=0", "Story 0-1", "Story 1-1"),
        ("?season=none", "Season 2", "Story 1-1"),
        ("?season=99&page=5", "Season 1", "Story 1-1"),
        ("?season=1&page=99999999999999999999", "Story 1-1", "Story 2-1"),
    ],
)
def test_a_season_is_opened_by_its_address(client, show, query, there, absent):
    page = client.get(f"/shows/{show.pk}/{query}").content.decode()
    assert there in page
    assert absent not in page


def test_a_season_comes_alone_for_htmx(client, show):
    path = f"/shows/{show.pk}/seasons/1/"
    assert client.get(path).url == f"/shows/{show.pk}/?season=1#season-1"
    text = client.get(path, headers=SEASON).content.decode()
    assert "Story 1-1" in text
    assert "<html" not in text
    assert "Story 1-1" not in client.get(f"{path}?closed=1", headers=SEASON).content.decode()
    assert client.get(f"/shows/{show.pk}/seasons/7/", headers=SEASON).status_code == 404


def test_marking_works_without_javascript(client, viewer, show):
    episode = episode_of(show, 1, 1)
    back = f"/shows/{show.pk}/?season=1"
    answer = client.post(f"/episodes/{episode.pk}/mark/", {"next": back})
    assert answer.url == back
    assert watched(viewer) == ["S01E01"]
    page = client.get(back).content.decode()
    assert "Harbour Lights S01E01 is watched." in page
    assert "/undo/" in page


def test_marking_with_htmx_answers_with_the_season(client, viewer, show):
    episode = episode_of(show, 1, 1)
    text = client.post(f"/episodes/{episode.pk}/mark/", headers=SEASON).content.decode()
    assert text.lstrip().startswith("<section") or 'id="season-1"' in text
    assert 'id="show-progress" hx-swap-oob="true"' in text
    assert 'id="show-actions" hx-swap-oob="true"' in text
    assert "Mark S01E02 as watched" in text
    assert "1 of 7 watched" in text
    assert 'hx-swap-oob="beforeend"' in text


def test_undo_takes_a_mark_back_once(client, viewer, show):
    client.post(f"/episodes/{episode_of(show, 1, 1).pk}/mark/")
    (key,) = client.session["undo"]
    assert client.post(f"/undo/{key}/", {"next": "/shows/"}).url == "/shows/"
    assert watched(viewer) == []
    client.post(f"/undo/{key}/")
    page = client.get("/history/").content.decode()
    assert "be undone any more" in page


def test_undo_brings_removed_plays_back(client, viewer, show):
    episode = episode_of(show, 1, 1)
    at = datetime(2021, 3, 4, 20, 15, tzinfo=UTC)
    WatchFactory(user=viewer, episode=episode, watched_at=at)
    WatchFactory(user=viewer, episode=episode, play=2, watched_at=at + timedelta(days=30))
    client.post(f"/episodes/{episode.pk}/unmark/")
    assert watched(viewer) == []
    (key,) = client.session["undo"]
    client.post(f"/undo/{key}/")
    assert watched(viewer) == ["S01E01", "S01E01"]


def test_a_season_unmarked_comes_back_though_part_of_it_was_marked_again(client, viewer, show):
    season = show.seasons.get(season_number=1)
    client.post(f"/seasons/{season.pk}/mark/")
    client.post(f"/seasons/{season.pk}/unmark/")
    key = list(client.session["undo"])[-1]
    client.post(f"/episodes/{episode_of(show, 1, 1).pk}/mark/")
    client.post(f"/undo/{key}/")
    assert watched(viewer) == ["S01E01", "S01E02", "S01E03", "S01E04"]


def test_a_completed_show_is_being_watched_after_an_undo(client, viewer, show):
    ended = make_show("Ended", {1: 2, 2: 2}, production_status="Ended")
    TrackedShowFactory(user=viewer, show=ended)
    client.post(f"/episodes/{episode_of(ended, 2, 2).pk}/up-to-here/")
    assert TrackedShow.objects.get(show=ended).status == "completed"
    (key,) = client.session["undo"]
    client.post(f"/undo/{key}/")
    assert watched(viewer) == []
    assert TrackedShow.objects.get(show=ended).status == "watching"


def test_undoing_much_takes_few_queries(client, viewer, show, django_assert_max_num_queries):
    long = make_show("Long", {1: 200})
    client.post(f"/episodes/{episode_of(long, 1, 200).pk}/up-to-here/")
    (key,) = client.session["undo"]
    with django_assert_max_num_queries(25):
        client.post(f"/undo/{key}/")
    assert watched(viewer) == []
    client.post(f"/seasons/{long.seasons.get().pk}/mark/")
    client.post(f"/seasons/{long.seasons.get().pk}/unmark/")
    key = list(client.session["undo"])[-1]
    with django_assert_max_num_queries(25):
        client.post(f"/undo/{key}/")
    assert len(watched(viewer)) == 200


def test_another_sessions_undo_does_nothing(client, viewer, stranger, show):
    client.post(f"/episodes/{episode_of(show, 1, 1).pk}/mark/")
    (key,) = client.session["undo"]
    client.force_login(stranger)
    client.post(f"/undo/{key}/")
    assert watched(viewer) == ["S01E01"]


def test_up_to_here_and_its_undo(client, viewer, show):
    WatchFactory(user=viewer, episode=episode_of(show, 1, 2))
    client.post(f"/episodes/{episode_of(show, 2, 1).pk}/up-to-here/")
    assert watched(viewer) == ["S01E01", "S01E02", "S01E03", "S01E04", "S02E01"]
    (key,) = client.session["undo"]
    client.post(f"/undo/{key}/")
    assert watched(viewer) == ["S01E02"]


def test_a_season_marked_and_unmarked(client, viewer, show):
    season = show.seasons.get(season_number=1)
    client.post(f"/seasons/{season.pk}/mark/")
    assert len(watched(viewer)) == 4
    client.post(f"/seasons/{season.pk}/unmark/")
    assert watched(viewer) == []


def test_the_day_can_be_picked(client, viewer, show):
    episode = episode_of(show, 1, 1)
    client.post(f"/episodes/{episode.pk}/mark/", {"watched_at": "2024-02-24T21:30"})
    assert Watch.objects.get().watched_at == datetime(2024, 2, 24, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2999-01-01T10:00", "yesterday", "2024-13-45T10:00", "0001-01-01T00:00x"]
)
def test_a_time_that_can_not_be_marks_nothing(client, viewer, show, text):
    client.post(f"/episodes/{episode_of(show, 1, 1).pk}/mark/", {"watched_at": text})
    assert watched(viewer) == []
    assert client.get("/history/").context["messages"]


def test_the_dialog_of_an_episode(client, viewer, show):
    episode = episode_of(show, 1, 1)
    part = client.get(f"/episodes/{episode.pk}/", headers=SHEET).content.decode()
    assert "<html" not in part
    assert "All up to here" in part
    assert "<html" in client.get(f"/episodes/{episode.pk}/").content.decode()
    WatchFactory(user=viewer, episode=episode)
    assert (
        "Watched once more"
        in client.get(f"/episodes/{episode.pk}/", headers=SHEET).content.decode()
    )
    client.post(f"/episodes/{episode.pk}/again/", {"watched_at": "2024-02-24T21:30"})
    assert [watch.play for watch in Watch.objects.order_by("play")] == [1, 2]


def test_status_rating_and_notes(client, viewer, show):
    form = {"status": "on_hold", "rating": "8", "notes": "After winter."}
    client.post(f"/shows/{show.pk}/details/", form)
    tracked = TrackedShow.objects.get()
    assert (tracked.status, tracked.rating, tracked.notes) == ("on_hold", 8, "After winter.")
    client.post(f"/shows/{show.pk}/details/", {**form, "rating": "99"})
    client.post(f"/shows/{show.pk}/details/", {**form, "status": "nonsense"})
    tracked.refresh_from_db()
    assert (tracked.status, tracked.rating) == ("on_hold", 8)
    client.post(f"/shows/{show.pk}/details/", {**form, "rating": ""})
    tracked.refresh_from_db()
    assert tracked.rating is None


@pytest.mark.parametrize(("watches", "left"), [("keep", 1), ("forget", 0)])
def test_stop_tracking_asks_about_the_watches(client, viewer, show, watches, left):
    WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
    assert "You have 1 watch of it" in client.get(f"/shows/{show.pk}/stop/").content.decode()
    assert client.post(f"/shows/{show.pk}/stop/", {"watches": watches}).url == "/shows/"
    assert not TrackedShow.objects.exists()
    assert len(watched(viewer)) == left


def test_an_untracked_show_can_be_tracked(client, viewer, show):
    other = make_show("Paper Moons")
    page = client.get(f"/shows/{other.pk}/").content.decode()
    assert "Track this show" in page
    client.post(f"/shows/{other.pk}/track/", {"status": "plan_to_watch"})
    assert TrackedShow.objects.get(show=other).status == "plan_to_watch"


def test_a_refresh_reads_tmdb_and_says_when_it_can_not(client, viewer, show, tmdb):
    tmdb.add_show(show.tmdb_id, "Harbour Lights", seasons={1: 4, 2: 5})
    client.post(f"/shows/{show.pk}/refresh/")
    assert show.seasons.get(season_number=2).episodes.count() == 5
    tmdb.down()
    answer = client.post(f"/shows/{show.pk}/refresh/", follow=True)
    assert [message.level_tag for message in answer.context["messages"]][-1] == "error"


def test_a_long_season_comes_in_pages(client, viewer, show):
    soap = make_show("Soap", {1: 260})
    TrackedShowFactory(user=viewer, show=soap)
    answer = client.get(f"/shows/{soap.pk}/")
    assert len(answer.content) < 100_000
    assert "page=2" in answer.content.decode()
    assert "Story 1-61" in client.get(f"/shows/{soap.pk}/?season=1&page=2").content.decode()
    for number in range(1, 62):
        WatchFactory(user=viewer, episode=episode_of(soap, 1, number))
    assert "Story 1-62" in client.get(f"/shows/{soap.pk}/").content.decode()


def test_one_and_the_same_number_of_queries(client, viewer, show):
    few = count_queries(client, f"/shows/{show.pk}/")
    long = make_show("Long", dict.fromkeys(range(1, 20), 30))
    TrackedShowFactory(user=viewer, show=long)
    for number in range(1, 30):
        WatchFactory(user=viewer, episode=episode_of(long, 1, number))
    assert count_queries(client, f"/shows/{long.pk}/") == few
    assert few <= 14


def test_an_episode_that_has_not_aired_can_only_be_marked_in_its_dialog(client, viewer, show):
    coming = make_show("Coming", {1: 2}, first_air_date=timezone.localdate() + timedelta(days=3))
    TrackedShowFactory(user=viewer, show=coming)
    page = client.get(f"/shows/{coming.pk}/").content.decode()
    assert "Nothing has aired yet" in page
    assert "/mark/" not in page.split('id="season-1"')[1].split("season-foot")[0].split("<ul")[1]


def test_saving_a_rating_keeps_the_status_that_came_meanwhile(client, viewer):
    """The show page is open, the last episode is marked on it, then it is rated."""
    client.force_login(viewer)
    show = make_show("Show", {1: 2}, production_status="Ended")
    TrackedShowFactory(user=viewer, show=show, status="watching")
    WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
    form = client.get(f"/shows/{show.pk}/").context["form"]
    shown = {name: form[name].value() or "" for name in form.fields}
    extra = {form[n].html_initial_name: form[n].value() or "" for n in form.fields}
    client.post(
        f"/episodes/{episode_of(show, 1, 2).pk}/mark/",
        headers={"HX-Request": "true", "HX-Target": "season-1"},
    )
    assert TrackedShow.objects.get(user=viewer).status == "completed"
    client.post(f"/shows/{show.pk}/details/", {**extra, **shown, "rating": "9"})
    row = TrackedShow.objects.get(user=viewer)
    assert (row.status, row.rating) == ("completed", 9)


def test_the_page_holds_the_status_that_it_showed(client, viewer):
    client.force_login(viewer)
    show = make_show("Show", {1: 2})
    TrackedShowFactory(user=viewer, show=show, status="watching")
    page = client.get(f"/shows/{show.pk}/").content.decode()
    assert 'name="initial-status" value="watching"' in page
    chosen = {"initial-status": "watching", "status": "dropped", "rating": "", "notes": "x"}
    client.post(f"/shows/{show.pk}/details/", chosen)
    row = TrackedShow.objects.get()
    assert (row.status, row.notes) == ("dropped", "x")
