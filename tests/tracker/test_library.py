from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tracker.library import (
    add_show,
    index_titles,
    refresh_show,
    save_show,
    shows_due_for_refresh,
    stop_tracking,
    track_show,
)
from tracker.models import Episode, ShowTitle, TrackedShow, TVShow, Watch
from tracker.tmdb import EpisodeData, SeasonData, ShowData, TmdbError, connect

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def numbers(show):
    return list(
        Episode.objects.filter(season__show=show)
        .in_order()
        .values_list("season__season_number", "episode_number", "tmdb_id")
    )


class TestAddShow:
    def test_adds_a_show_with_all_its_seasons(self, tmdb):
        tmdb.add_show(7, "Dark", seasons={0: 1, 1: 10, 2: 8}, tvdb_id=334824, imdb_id="tt5753856")
        show = add_show(tmdb_id=7, tmdb=connect(), source=TVShow.Source.PLEX)
        assert (show.title, show.tvdb_id, show.imdb_id) == ("Dark", 334824, "tt5753856")
        assert (show.source, show.refreshed_at is not None) == ("plex", True)
        assert Episode.objects.filter(season__show=show).count() == 19
        assert list(show.seasons.values_list("season_number", flat=True)) == [0, 1, 2]

    def test_does_not_ask_for_a_show_that_is_there(self, tmdb, make_show):
        show = make_show("Dark", tmdb_id=7)
        assert add_show(tmdb_id=7, tmdb=connect()) == show
        assert tmdb.requests == []

    def test_completes_a_row_that_has_no_seasons_yet(self, tmdb):
        bare = TVShow.objects.create(title="Dark", tmdb_id=7)
        tmdb.add_show(7, "Dark")
        assert add_show(tmdb_id=7, tmdb=connect()) == bare
        assert bare.seasons.count() == 1

    @pytest.mark.parametrize("ids", [{"tvdb_id": 334824}, {"imdb_id": "tt5753856"}])
    def test_takes_over_a_row_that_has_only_another_id(self, tmdb, ids):
        mine = TVShow.objects.create(title="Dark from my list", source=TVShow.Source.IMPORT, **ids)
        tmdb.add_show(7, "Dark", tvdb_id=334824, imdb_id="tt5753856")
        show = add_show(tmdb_id=7, tmdb=connect())
        assert show == mine
        assert (show.tmdb_id, show.title, show.source) == (7, "Dark", "import")

    def test_takes_over_no_row_of_another_show(self, tmdb):
        TVShow.objects.create(title="Dark", tmdb_id=8, tvdb_id=334824)
        TVShow.objects.create(title="No ids")
        tmdb.add_show(7, "Dark", tvdb_id=334824)
        add_show(tmdb_id=7, tmdb=connect())
        assert TVShow.objects.count() == 3

    def test_writes_nothing_when_tmdb_fails(self, tmdb):
        tmdb.down()
        with pytest.raises(TmdbError):
            add_show(tmdb_id=7, tmdb=connect())
        assert not TVShow.objects.exists()

    def test_cuts_texts_to_their_columns(self, tmdb):
        tmdb.add_show(7, "D" * 900, network="N" * 900, seasons={1: ["E" * 900]}, status="S" * 90)
        show = add_show(tmdb_id=7, tmdb=connect())
        show.refresh_from_db()
        assert (len(show.title), len(show.network), len(show.production_status)) == (500, 200, 40)
        assert len(Episode.objects.get().name) == 500

    def test_indexes_every_title_once(self, tmdb):
        tmdb.add_show(
            7,
            "Dark",
            original_title="DARK",
            alternative_titles=["Dunkel", "dark!"],
            translations=["다크"],
        )
        show = add_show(tmdb_id=7, tmdb=connect())
        titles = set(show.titles.values_list("title", "kind"))
        assert titles == {("Dark", "title"), ("Dunkel", "alternative"), ("다크", "alternative")}

    def test_rewrites_only_the_titles_that_changed(self, make_show):
        show = make_show("Dark", alternative_titles=["Dunkel"])
        before = dict(show.titles.values_list("title", "pk"))
        show.alternative_titles = ["Finster"]
        index_titles(show)
        after = dict(show.titles.values_list("title", "pk"))
        assert set(after) == {"Dark", "Finster"}
        assert after["Dark"] == before["Dark"]


@pytest.mark.django_db(transaction=True)
def test_two_adds_at_once_make_one_show(tmdb):
    tmdb.add_show(7, "Dark", seasons={1: 10, 2: 8})
    tmdb.slow(0.1)
    clients = [connect() for _ in range(4)]
    barrier = threading.Barrier(len(clients))
    shows, errors = [], []

    def add(client):
        try:
            barrier.wait()
            shows.append(add_show(tmdb_id=7, tmdb=client).pk)
        except Exception as error:  # noqa: BLE001 - a thread's error is the test's
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert shows == [TVShow.objects.get().pk] * len(clients)
    assert Episode.objects.count() == 18
    assert ShowTitle.objects.count() == 1


class TestRefreshShow:
    def test_keeps_watches_when_tmdb_shifts_the_numbers(self, tmdb, make_show, viewer):
        show = make_show("Dark", {1: 5}, tmdb_id=7)
        watched = [
            WatchFactory(user=viewer, episode=episode_of(show, 1, n)).episode for n in (1, 2, 5)
        ]
        entry = tmdb.add_show(7, "Dark", seasons={1: 5, 2: 1})
        for episode in entry["season/1"]["episodes"]:
            episode["episode_number"] = episode["episode_number"] % 5 + 1
        refresh_show(show, tmdb=connect())
        for before in watched:
            after = Episode.objects.get(pk=before.pk)
            assert (after.tmdb_id, after.name) == (before.tmdb_id, before.name)
            assert after.episode_number == before.episode_number % 5 + 1
        assert Watch.objects.standing().count() == 3

    def test_keeps_watches_when_tmdb_moves_episodes_to_another_season(
        self, tmdb, make_show, viewer
    ):
        show = make_show("Dark", {1: 4}, tmdb_id=7)
        watched = WatchFactory(user=viewer, episode=episode_of(show, 1, 3)).episode
        entry = tmdb.add_show(7, "Dark", seasons={1: 4, 2: 2})
        moved = entry["season/1"]["episodes"][2:]
        del entry["season/1"]["episodes"][2:]
        entry["season/2"]["episodes"] = [{**e, "episode_number": n} for n, e in enumerate(moved, 1)]
        refresh_show(show, tmdb=connect())
        watched.refresh_from_db()
        assert (watched.season.season_number, watched.episode_number) == (2, 1)
        assert len(numbers(show)) == 4

    def test_takes_an_entry_that_was_made_anew(self, tmdb, make_show, viewer):
        show = make_show("Dark", {1: ["Secrets", "Lies"]}, tmdb_id=7)
        watched = WatchFactory(user=viewer, episode=episode_of(show, 1, 2)).episode
        tmdb.add_show(7, "Dark", seasons={1: ["Secrets", {"name": "Lies", "tmdb_id": 999}]})
        refresh_show(show, tmdb=connect())
        watched.refresh_from_db()
        assert (watched.tmdb_id, watched.watches.count()) == (999, 1)
        assert len(numbers(show)) == 2

    def test_lets_go_what_nobody_watched_and_keeps_the_rest(self, tmdb, make_show, viewer):
        show = make_show("Dark", {1: 4, 2: 2, 3: 2}, tmdb_id=7)
        kept = WatchFactory(user=viewer, episode=episode_of(show, 1, 4)).episode
        tombstone = WatchFactory(
            user=viewer, episode=episode_of(show, 2, 1), removed_at=NOW
        ).episode
        tmdb.add_show(7, "Dark", seasons={1: 2})
        refresh_show(show, tmdb=connect())
        rows = Episode.objects.filter(season__show=show).in_order()
        assert [row.pk for row in rows][2:] == [kept.pk, tombstone.pk]
        assert [row.episode_number for row in rows] == [1, 2, 4, 1]
        assert list(show.seasons.values_list("season_number", flat=True)) == [1, 2]

    def test_makes_room_for_another_episode_in_the_place_of_a_watched_one(
        self, tmdb, make_show, viewer
    ):
        show = make_show("Dark", {1: 2}, tmdb_id=7)
        watched = WatchFactory(user=viewer, episode=episode_of(show, 1, 1)).episode
        other = {"name": "Another", "tmdb_id": 999, "air_date": date(1999, 1, 1)}
        tmdb.add_show(7, "Dark", seasons={1: [other, {}]})
        refresh_show(show, tmdb=connect())
        watched.refresh_from_db()
        assert (watched.name, watched.episode_number) == ("Story 1-1", 3)
        assert episode_of(show, 1, 1).tmdb_id == 999

    def test_leaves_an_id_empty_that_stands_on_another_show(self, tmdb, make_show, caplog):
        show = make_show("Dark", {1: 1}, tmdb_id=7)
        other = make_show("Other", {1: [{"tmdb_id": 999}]})
        tmdb.add_show(7, "Dark", seasons={1: [{}, {"tmdb_id": 999}]})
        with caplog.at_level(logging.WARNING, logger="tracker"):
            refresh_show(show, tmdb=connect())
        assert episode_of(show, 1, 2).tmdb_id is None
        assert episode_of(other, 1, 1).tmdb_id == 999
        assert "stand on another show's episodes" in caplog.text

    def test_keeps_ids_that_tmdb_does_not_know(self, tmdb, make_show):
        show = make_show("Dark", tmdb_id=7, tvdb_id=334824, imdb_id="tt5753856")
        tmdb.add_show(7, "Dark")
        show = refresh_show(show, tmdb=connect())
        assert (show.tvdb_id, show.imdb_id) == (334824, "tt5753856")

    def test_notes_when_it_was_read(self, tmdb, make_show, time_machine):
        time_machine.move_to(NOW, tick=False)
        show = make_show("Dark", tmdb_id=7)
        tmdb.add_show(7, "Dark", status="Ended")
        time_machine.shift(timedelta(days=1))
        show = refresh_show(show, tmdb=connect())
        assert show.refreshed_at == show.updated_at == NOW + timedelta(days=1)
        assert show.production_status == "Ended"

    def test_does_not_touch_what_plex_notes_on_the_row(self, tmdb, make_show):
        show = make_show("Dark", tmdb_id=7)
        tmdb.add_show(7, "Dark")
        TVShow.objects.update(plex_synced=True, plex_last_sync=NOW)
        refresh_show(show, tmdb=connect())
        show.refresh_from_db()
        assert (show.plex_synced, show.plex_last_sync) == (True, NOW)

    def test_a_second_time_writes_no_episode(self, tmdb, make_show, django_assert_max_num_queries):
        show = make_show("Dark", {1: 30, 2: 30}, tmdb_id=7)
        tmdb.add_show(7, "Dark", seasons={1: 30, 2: 30})
        client = connect()
        refresh_show(show, tmdb=client)
        with django_assert_max_num_queries(16) as queries:
            refresh_show(show, tmdb=client)
        written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert [sql for sql in written if "tracker_" in sql] == []

    def test_completes_the_shows_of_those_who_have_seen_all(self, tmdb, make_show, viewer):
        show = make_show("Dark", {1: 1}, tmdb_id=7)
        WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
        mine = TrackedShowFactory(user=viewer, show=show)
        others = TrackedShowFactory(show=show)
        tmdb.add_show(7, "Dark", seasons={1: 1}, status="Ended")
        refresh_show(show, tmdb=connect())
        mine.refresh_from_db()
        others.refresh_from_db()
        assert (mine.status, others.status) == ("completed", "watching")

    def test_a_revived_show_is_being_watched_again(self, tmdb, make_show, viewer):
        show = make_show("Dark", tmdb_id=7, production_status="Ended")
        mine = TrackedShowFactory(user=viewer, show=show, status="completed", finished_on=NOW)
        dropped = TrackedShowFactory(show=show, status="dropped")
        tmdb.add_show(7, "Dark", status="Returning Series")
        refresh_show(show, tmdb=connect())
        mine.refresh_from_db()
        dropped.refresh_from_db()
        assert (mine.status, mine.finished_on, dropped.status) == ("watching", None, "dropped")

    def test_needs_a_tmdb_id(self, tmdb, viewer):
        show = TVShow.objects.create(title="By hand")
        with pytest.raises(TmdbError, match="no TMDB id") as raised:
            refresh_show(show, tmdb=connect())
        assert raised.value.permanent


def test_a_thousand_episodes_take_less_than_a_second():
    def data(prefix):
        seasons = tuple(
            SeasonData(
                season_number=number,
                episodes=tuple(
                    EpisodeData(episode_number=n, name=f"{prefix}{n}", tmdb_id=number * 1000 + n)
                    for n in range(1, 101)
                ),
            )
            for number in range(1, 11)
        )
        return ShowData(tmdb_id=9, title="Long", seasons=seasons)

    for prefix in ("A", "B"):
        started = time.monotonic()
        save_show(data(prefix), source="manual")
        assert time.monotonic() - started < 1
        assert Episode.objects.filter(name__startswith=prefix).count() == 1000


class TestTracking:
    def test_begins_with_the_status_given(self, viewer, make_show):
        tracked = track_show(user=viewer, show=make_show("Dark"), status="watching")
        assert tracked.status == "watching"

    @pytest.mark.parametrize(
        ("before", "asked", "after"),
        [
            ("plan_to_watch", "watching", "watching"),
            ("watching", "plan_to_watch", "watching"),
            ("completed", "watching", "completed"),
            ("dropped", "watching", "dropped"),
            ("on_hold", "plan_to_watch", "on_hold"),
        ],
    )
    def test_never_lowers_a_status(self, viewer, make_show, before, asked, after):
        show = make_show("Dark")
        TrackedShowFactory(user=viewer, show=show, status=before)
        assert track_show(user=viewer, show=show, status=asked).status == after
        assert TrackedShow.objects.get().status == after

    @pytest.mark.parametrize(("forget", "standing"), [(True, 1), (False, 2)])
    def test_stopping_keeps_or_forgets_the_watches(
        self, viewer, stranger, make_show, forget, standing
    ):
        show = make_show("Dark")
        for user in (viewer, stranger):
            TrackedShowFactory(user=user, show=show)
            WatchFactory(user=user, episode=episode_of(show, 1, 1))
        stop_tracking(user=viewer, show=show, forget_watches=forget)
        assert TrackedShow.objects.get().user == stranger
        assert Watch.objects.standing().count() == standing
        assert Watch.objects.count() == 2


def test_lists_the_shows_that_are_due_the_stalest_first():
    def show(title, status, **age):
        refreshed_at = NOW - timedelta(**age) if age else None
        return make_show(title, {}, production_status=status, refreshed_at=refreshed_at)

    show("Ended yesterday", "Ended", days=1)
    show("Ended long ago", "Canceled", days=151)
    show("Running today", "Returning Series", hours=23)
    show("Running yesterday", "Returning Series", hours=24)
    show("Unknown yesterday", "", days=2)
    show("Never", "Ended")
    TVShow.objects.create(title="Without an id")
    due = [row.title for row in shows_due_for_refresh(NOW)]
    assert due == ["Never", "Ended long ago", "Unknown yesterday", "Running yesterday"]
