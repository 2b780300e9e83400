from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tracker.models import TVShow
from tracker.progress import ShowProgress
from tracker.queries import calendar, history, show_state, shows_with_progress, up_next

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 1)
AT = datetime(2026, 2, 1, 20, tzinfo=UTC)


def watch(user, show, *places, at=AT):
    return [
        WatchFactory(user=user, episode=episode_of(show, *place), watched_at=at) for place in places
    ]


class TestUpNext:
    def test_shows_the_next_episode_and_the_progress(self, viewer):
        show = make_show(
            "Dark", {0: 2, 1: 2, 2: [{}, {"air_date": date(2026, 3, 2)}, {"air_date": None}]}
        )
        tracked = TrackedShowFactory(user=viewer, show=show)
        watch(viewer, show, (1, 1), (1, 2), (0, 1))
        (card,) = up_next(viewer, TODAY)
        assert (card.tracked, card.show, card.last_watched_at) == (tracked, show, AT)
        assert (card.episode.code, card.episode.season.show.title) == ("S02E01", "Dark")
        assert card.progress == ShowProgress(watched=2, aired=3, total=5)

    def test_goes_on_behind_the_furthest_watched_one(self, viewer):
        show = make_show("Dark", {1: 3, 5: 3})
        TrackedShowFactory(user=viewer, show=show)
        watch(viewer, show, (5, 1))
        assert up_next(viewer, TODAY)[0].episode.code == "S05E02"
        watch(viewer, show, (5, 2), (5, 3))
        assert up_next(viewer, TODAY)[0].episode.code == "S01E01"

    @pytest.mark.parametrize("status", ["plan_to_watch", "completed", "on_hold", "dropped"])
    def test_leaves_out_what_is_not_being_watched(self, viewer, status):
        TrackedShowFactory(user=viewer, show=make_show("Dark"), status=status)
        assert up_next(viewer, TODAY) == []

    def test_leaves_out_shows_with_nothing_to_watch(self, viewer):
        seen = make_show("Seen", {1: 1})
        watch(viewer, seen, (1, 1))
        coming = make_show("Coming", first_air_date=date(2026, 3, 2))
        for show in (seen, coming, make_show("Empty", {}), make_show("Specials", {0: 3})):
            TrackedShowFactory(user=viewer, show=show)
        assert up_next(viewer, TODAY) == []

    @pytest.mark.parametrize(("read_at", "next_ones"), [(None, ["S01E03"]), (AT, [])])
    def test_without_air_dates_only_what_plex_has_goes_on(self, viewer, read_at, next_ones):
        show = make_show("Home videos", {1: [{"air_date": None}] * 4}, first_air_date=None)
        TVShow.objects.update(refreshed_at=read_at, source="plex")
        TrackedShowFactory(user=viewer, show=show)
        watch(viewer, show, (1, 2))
        cards = up_next(viewer, TODAY)
        assert [card.episode.code for card in cards] == next_ones
        assert [card.progress.left for card in cards] == [3] * len(next_ones)
        state = show_state(viewer, TVShow.objects.get(), TODAY)
        assert state.progress == shows_with_progress(viewer, TODAY)[0].progress
        assert state.progress.is_dateless is (not next_ones)

    def test_the_latest_activity_comes_first(self, viewer, time_machine):
        time_machine.move_to(AT - timedelta(days=5), tick=False)
        shows = [make_show(title) for title in ("Old", "New", "Untouched")]
        for show in shows:
            TrackedShowFactory(user=viewer, show=show)
        watch(viewer, shows[0], (1, 1), at=AT - timedelta(days=9))
        watch(viewer, shows[1], (1, 1))
        assert [card.show.title for card in up_next(viewer, TODAY)] == ["New", "Untouched", "Old"]
        assert [card.show.title for card in up_next(viewer, TODAY, limit=1)] == ["New"]

    def test_rewatches_and_removed_watches_do_not_count(self, viewer, stranger):
        show = make_show("Dark", {1: 3})
        TrackedShowFactory(user=viewer, show=show)
        watch(viewer, show, (1, 1))
        WatchFactory(user=viewer, episode=episode_of(show, 1, 1), play=2)
        WatchFactory(user=viewer, episode=episode_of(show, 1, 2), removed_at=AT)
        watch(stranger, show, (1, 3))
        (card,) = up_next(viewer, TODAY)
        assert (card.episode.code, card.progress.watched, card.progress.aired) == ("S01E02", 1, 3)

    def test_needs_as_many_queries_for_three_shows_as_for_thirty(
        self, viewer, django_assert_num_queries
    ):
        for count in (3, 30):
            for number in range(count):
                show = make_show(f"Show {count}-{number}", {1: 3})
                TrackedShowFactory(user=viewer, show=show)
                watch(viewer, show, (1, 1))
            with django_assert_num_queries(6):
                cards = up_next(viewer, TODAY)
                assert {str(card.show.poster_path) + card.episode.code for card in cards} == {
                    "S01E02"
                }


class TestShowsWithProgress:
    @pytest.fixture
    def shows(self, viewer, stranger):
        dark = make_show(
            "Dark", {1: 2}, genres=["Crime"], network="Netflix", alternative_titles=["Dunkel"]
        )
        office = make_show("The Office", {1: 2}, genres=["Comedy"], network="NBC", source="plex")
        TrackedShowFactory(user=viewer, show=dark, status="completed")
        TrackedShowFactory(user=viewer, show=office)
        TrackedShowFactory(user=stranger, show=make_show("Not mine"))
        watch(viewer, dark, (1, 1))
        return dark, office

    @pytest.mark.parametrize(
        ("filters", "titles"),
        [
            ({}, {"Dark", "The Office"}),
            ({"status": "completed"}, {"Dark"}),
            ({"source": "plex"}, {"The Office"}),
            ({"network": "NBC"}, {"The Office"}),
            ({"genre": "Crime"}, {"Dark"}),
            ({"genre": "Crime", "network": "NBC"}, set()),
            ({"text": "dunk"}, {"Dark"}),
            ({"text": "OFFICE"}, {"The Office"}),
            ({"text": "not mine"}, set()),
            ({"text": "%"}, set()),
        ],
    )
    def test_filters(self, viewer, shows, filters, titles):
        found = shows_with_progress(viewer, TODAY, **filters)
        assert {card.show.title for card in found} == titles

    def test_carries_the_progress(self, viewer, shows):
        cards = {card.show.title: card for card in shows_with_progress(viewer, TODAY)}
        assert cards["Dark"].progress == ShowProgress(watched=1, aired=2, total=2)
        assert cards["Dark"].last_watched_at == AT
        assert cards["The Office"].progress == ShowProgress(watched=0, aired=2, total=2)

    def test_needs_three_queries(self, viewer, shows, django_assert_num_queries):
        with django_assert_num_queries(3):
            shows_with_progress(viewer, TODAY, text="a")


def test_one_shows_state_by_season(viewer, django_assert_num_queries):
    show = make_show("Dark", {0: 2, 1: 2, 2: [{}, {"air_date": None}]})
    watch(viewer, show, (0, 1), (1, 1), (1, 2))
    with django_assert_num_queries(1):
        state = show_state(viewer, show, TODAY)
    assert state.progress == ShowProgress(watched=2, aired=3, total=4)
    assert state.seasons == {
        0: ShowProgress(watched=1, aired=2, total=2),
        1: ShowProgress(watched=2, aired=2, total=2),
        2: ShowProgress(watched=0, aired=1, total=2),
    }
    assert state.next is not None
    assert state.next.place == (2, 1)


class TestCalendar:
    def test_lists_what_airs_of_tracked_shows(self, viewer, stranger, django_assert_num_queries):
        march = date(2026, 3, 1)
        dark = make_show("Dark", {0: 1, 1: 6}, first_air_date=march - timedelta(days=7))
        TrackedShowFactory(user=viewer, show=dark, status="plan_to_watch")
        dropped, not_mine = (
            make_show("Dropped", first_air_date=march),
            make_show("B", first_air_date=march),
        )
        TrackedShowFactory(user=viewer, show=dropped, status="dropped")
        TrackedShowFactory(user=stranger, show=not_mine)
        watch(viewer, dark, (1, 2))
        watch(stranger, dark, (1, 3))
        with django_assert_num_queries(1):
            entries = calendar(viewer, march, date(2026, 3, 15))
            listed = [(e.show.title, e.episode.code, e.is_watched) for e in entries]
        assert listed == [
            ("Dark", "S01E02", True),
            ("Dark", "S01E03", False),
            ("Dark", "S01E04", False),
        ]


class TestHistory:
    def test_lists_the_watches_the_latest_first(self, viewer, stranger, django_assert_num_queries):
        dark, office = make_show("Dark"), make_show("The Office")
        (first,) = watch(viewer, dark, (1, 1))
        (second,) = watch(viewer, office, (1, 1), at=AT + timedelta(hours=1))
        plex = WatchFactory(
            user=viewer, episode=episode_of(dark, 1, 2), source="plex", watched_at=AT
        )
        WatchFactory(user=viewer, episode=episode_of(dark, 1, 3), removed_at=AT)
        watch(stranger, dark, (1, 1))
        with django_assert_num_queries(1):
            rows = list(history(viewer))
            assert [row.episode.season.show.title for row in rows] == ["The Office", "Dark", "Dark"]
        assert rows == [second, plex, first]
        assert list(history(viewer, show=dark)) == [plex, first]
        assert list(history(viewer, source="plex")) == [plex]
