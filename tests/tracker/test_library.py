from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.threads import at_once
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
    calls = [lambda: add_show(tmdb_id=7, tmdb=connect()).pk] * 4
    assert at_once(calls) == [TVShow.objects.get().pk] * 4
    assert Episode.objects.count() == 18
    assert ShowTitle.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_refreshes_at_once_plan_from_one_state(tmdb, make_show):
    show = make_show("Dark", {1: 4}, tmdb_id=7)
    entry = tmdb.add_show(7, "Dark", seasons={1: 4, 2: 3})
    for episode in entry["season/1"]["episodes"]:
        episode["episode_number"] = episode["episode_number"] % 4 + 1
    calls = [lambda: refresh_show(show, tmdb=connect()).pk] * 4
    assert at_once(calls) == [show.pk] * 4
    assert Episode.objects.count() == 7


def test_a_thousand_episodes_take_a_few_queries(django_assert_max_num_queries):
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
        with django_assert_max_num_queries(60):
            save_show(data(prefix), source="manual")
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
