from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import TrackedShowFactory, WatchFactory, episode_of
from tracker.library import (
    refresh_show,
    shows_due_for_refresh,
)
from tracker.models import Episode, TVShow, Watch
from tracker.tmdb import TmdbError, connect

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def numbers(show):
    return list(
        Episode.objects.filter(season__show=show)
        .in_order()
        .values_list("season__season_number", "episode_number", "tmdb_id")
    )


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

    def test_a_show_that_tmdb_has_no_longer_is_not_due_again_at_once(self, tmdb, make_show):
        show = make_show("Gone", tmdb_id=7)
        with pytest.raises(TmdbError):
            refresh_show(show, tmdb=connect())
        assert shows_due_for_refresh(timezone.now()).count() == 0
