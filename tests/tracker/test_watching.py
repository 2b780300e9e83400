from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.threads import at_once
from tracker.models import Profile, TrackedShow, Watch
from tracker.watching import (
    mark_season,
    mark_up_to,
    mark_watched,
    record_rewatch,
    remove_watch,
    restore_watch,
    unmark,
    unmark_season,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
TODAY = date(2026, 3, 1)


@pytest.fixture
def show(db):
    return make_show("Dark", {0: 2, 1: 3, 2: 3}, production_status="Ended")


@pytest.fixture
def running(db):
    return make_show("Running", {1: [{}, {}, {"air_date": date(2026, 3, 2)}, {"air_date": None}]})


def places(watches):
    return [(w.episode.season.season_number, w.episode.episode_number) for w in watches]


class TestMarkWatched:
    def test_makes_one_watch_and_tracks_the_show(self, viewer, show):
        episode = episode_of(show, 1, 2)
        watch, created = mark_watched(user=viewer, episode=episode, watched_at=AT, source="plex")
        assert created
        assert (watch.play, watch.watched_at, watch.source) == (1, AT, "plex")
        tracked = TrackedShow.objects.get()
        assert (tracked.user, tracked.show, tracked.status) == (viewer, show, "watching")
        assert (tracked.started_on, tracked.finished_on) == (TODAY, None)

    def test_keeps_the_first_date(self, viewer, show):
        episode = episode_of(show, 1, 2)
        first, _ = mark_watched(user=viewer, episode=episode, watched_at=AT)
        again, created = mark_watched(
            user=viewer, episode=episode, watched_at=AT + timedelta(days=1)
        )
        assert (again, created, again.watched_at) == (first, False, AT)

    def test_is_each_users_own(self, viewer, stranger, show):
        episode = episode_of(show, 1, 2)
        mark_watched(user=viewer, episode=episode, watched_at=AT)
        assert mark_watched(user=stranger, episode=episode, watched_at=AT)[1]

    def test_counts_as_watched_while_a_rewatch_stands(self, viewer, show):
        episode = episode_of(show, 1, 2)
        first, _ = mark_watched(user=viewer, episode=episode, watched_at=AT)
        second = record_rewatch(user=viewer, episode=episode, watched_at=AT)
        remove_watch(first, now=AT)
        assert mark_watched(user=viewer, episode=episode, watched_at=AT) == (second, False)

    def test_after_unmarking_it_is_a_new_watch(self, viewer, show):
        episode = episode_of(show, 1, 2)
        mark_watched(user=viewer, episode=episode, watched_at=AT)
        unmark(user=viewer, episode=episode, now=AT)
        assert mark_watched(user=viewer, episode=episode, watched_at=AT)[1]
        assert Watch.objects.count() == 2


class TestStatus:
    @pytest.mark.parametrize("before", ["plan_to_watch", "on_hold", "dropped", "watching"])
    def test_a_new_watch_means_watching(self, viewer, show, before):
        TrackedShowFactory(user=viewer, show=show, status=before)
        mark_watched(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
        assert TrackedShow.objects.get().status == "watching"

    def test_watching_again_what_is_watched_changes_nothing(self, viewer, show):
        mark_watched(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
        TrackedShow.objects.update(status="dropped")
        mark_watched(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
        assert TrackedShow.objects.get().status == "dropped"

    def test_an_ended_show_is_completed_with_its_last_episode(self, viewer, show):
        for number in (1, 2):
            for episode in (1, 2, 3):
                tracked = TrackedShow.objects.filter(user=viewer).first()
                assert tracked is None or tracked.status == "watching"
                at = AT + timedelta(days=number * 3 + episode)
                mark_watched(user=viewer, episode=episode_of(show, number, episode), watched_at=at)
        tracked = TrackedShow.objects.get()
        assert (tracked.status, tracked.started_on) == ("completed", date(2026, 3, 5))
        assert tracked.finished_on == date(2026, 3, 10)

    def test_specials_complete_nothing(self, viewer, show):
        for number in (1, 2):
            mark_watched(user=viewer, episode=episode_of(show, 0, number), watched_at=AT)
        assert TrackedShow.objects.get().status == "watching"

    def test_a_running_show_is_never_completed_by_watching(self, viewer, running):
        mark_season(user=viewer, season=running.seasons.get(), watched_at=AT, today=TODAY)
        assert TrackedShow.objects.get().status == "watching"

    def test_a_completed_show_that_goes_on_is_watched_again(self, viewer, running):
        TrackedShowFactory(user=viewer, show=running, status="completed", finished_on=TODAY)
        mark_watched(user=viewer, episode=episode_of(running, 1, 1), watched_at=AT)
        tracked = TrackedShow.objects.get()
        assert (tracked.status, tracked.finished_on) == ("watching", None)

    def test_a_completed_show_that_has_ended_stays_completed(self, viewer, show):
        TrackedShowFactory(user=viewer, show=show, status="completed")
        mark_watched(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
        assert TrackedShow.objects.get().status == "completed"

    @pytest.mark.parametrize(
        ("zone", "day"), [("Asia/Tokyo", 2), ("America/New_York", 1), ("", 1), ("Not/AZone", 1)]
    )
    def test_days_are_those_of_the_users_calendar(self, viewer, show, zone, day):
        Profile.objects.create(user=viewer, time_zone=zone)
        for season in show.seasons.exclude(season_number=0):
            mark_season(user=viewer, season=season, watched_at=AT)
        tracked = TrackedShow.objects.get()
        assert tracked.started_on == tracked.finished_on == date(2026, 3, day)

    def test_unmarking_takes_completed_back(self, viewer, show):
        for season in show.seasons.all():
            mark_season(user=viewer, season=season, watched_at=AT)
        unmark(user=viewer, episode=episode_of(show, 0, 1), now=AT)
        assert TrackedShow.objects.get().status == "completed"
        unmark(user=viewer, episode=episode_of(show, 1, 1), now=AT)
        tracked = TrackedShow.objects.get()
        assert (tracked.status, tracked.finished_on) == ("watching", None)


class TestManyAtOnce:
    def test_a_season_is_marked_as_far_as_it_has_aired(self, viewer, running):
        mark_watched(user=viewer, episode=episode_of(running, 1, 1), watched_at=AT)
        watches = mark_season(user=viewer, season=running.seasons.get(), watched_at=AT, today=TODAY)
        assert places(watches) == [(1, 2)]
        assert all(watch.pk for watch in watches)
        assert (
            mark_season(user=viewer, season=running.seasons.get(), watched_at=AT, today=TODAY) == []
        )

    def test_up_to_here_leaves_the_specials_out(self, viewer, show):
        watches = mark_up_to(user=viewer, episode=episode_of(show, 2, 2), watched_at=AT)
        assert places(watches) == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]

    def test_up_to_a_special_is_that_special(self, viewer, show):
        watches = mark_up_to(user=viewer, episode=episode_of(show, 0, 2), watched_at=AT)
        assert places(watches) == [(0, 2)]

    def test_up_to_here_leaves_out_what_has_not_aired(self, viewer, running):
        watches = mark_up_to(
            user=viewer, episode=episode_of(running, 1, 4), watched_at=AT, today=TODAY
        )
        assert places(watches) == [(1, 1), (1, 2)]

    def test_needs_the_same_few_queries_for_any_season(self, viewer, django_assert_num_queries):
        counts = []
        for episodes in (3, 60):
            season = make_show("Dark", {1: episodes}).seasons.get()
            with django_assert_num_queries(20, exact=False) as queries:
                mark_season(user=viewer, season=season, watched_at=AT)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_unmarking_a_season_leaves_tombstones(self, viewer, stranger, show):
        for user in (viewer, stranger):
            mark_season(user=user, season=show.seasons.get(season_number=1), watched_at=AT)
        assert unmark_season(user=viewer, season=show.seasons.get(season_number=1), now=AT) == 3
        assert Watch.objects.filter(user=viewer, removed_at=AT).count() == 3
        assert Watch.objects.standing().count() == 3


class TestUndo:
    def test_unmarking_removes_every_play(self, viewer, show):
        episode = episode_of(show, 1, 1)
        mark_watched(user=viewer, episode=episode, watched_at=AT)
        record_rewatch(user=viewer, episode=episode, watched_at=AT)
        assert unmark(user=viewer, episode=episode, now=AT) == 2
        assert unmark(user=viewer, episode=episode, now=AT) == 0

    def test_rewatches_are_numbered(self, viewer, show):
        episode = episode_of(show, 1, 1)
        plays = [record_rewatch(user=viewer, episode=episode, watched_at=AT).play for _ in range(3)]
        assert plays == [1, 2, 3]

    def test_removing_one_play_leaves_the_others(self, viewer, show):
        TrackedShowFactory(user=viewer, show=show, status="completed")
        episode = episode_of(show, 1, 1)
        plays = [record_rewatch(user=viewer, episode=episode, watched_at=AT) for _ in range(2)]
        remove_watch(plays[0], now=AT)
        assert plays[0].removed_at == AT
        assert TrackedShow.objects.get().status == "completed"
        remove_watch(plays[1], now=AT)
        assert TrackedShow.objects.get().status == "watching"

    def test_removing_twice_keeps_the_first_time(self, viewer, show):
        watch, _ = mark_watched(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
        remove_watch(watch, now=AT)
        remove_watch(watch, now=AT + timedelta(days=1))
        assert Watch.objects.get().removed_at == AT

    def test_restores_what_was_removed(self, viewer, show):
        for season in show.seasons.exclude(season_number=0):
            mark_season(user=viewer, season=season, watched_at=AT)
        watch = Watch.objects.first()
        assert watch is not None
        remove_watch(watch, now=AT)
        assert restore_watch(watch) == watch
        assert Watch.objects.standing().count() == 6
        assert TrackedShow.objects.get().status == "completed"

    def test_restores_nothing_over_a_new_watch(self, viewer, show):
        episode = episode_of(show, 1, 1)
        old, _ = mark_watched(user=viewer, episode=episode, watched_at=AT)
        remove_watch(old, now=AT)
        new, _ = mark_watched(user=viewer, episode=episode, watched_at=AT)
        assert restore_watch(old) == new
        assert Watch.objects.standing().get() == new

    def test_restoring_what_stands_changes_nothing(self, viewer, show):
        watch, _ = mark_watched(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
        assert restore_watch(watch) == watch


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_one_episode_marked_eight_times_is_watched_once(self, viewer, show):
        episode = episode_of(show, 1, 1)
        calls = [lambda: mark_watched(user=viewer, episode=episode, watched_at=AT)] * 8
        results = at_once(calls)
        assert sorted(created for _, created in results) == [False] * 7 + [True]
        assert {watch.pk for watch, _ in results} == {Watch.objects.get().pk}
        assert TrackedShow.objects.count() == 1

    def test_twenty_episodes_at_once_are_twenty_watches(self, viewer):
        show = make_show("Dark", {1: 20}, production_status="Ended")
        episodes = [episode_of(show, 1, number) for number in range(1, 21)]
        calls = [
            lambda episode=episode: mark_watched(user=viewer, episode=episode, watched_at=AT)
            for episode in episodes
        ]
        assert all(created for _, created in at_once(calls))
        assert Watch.objects.count() == 20
        assert TrackedShow.objects.get().started_on == TODAY

    def test_a_season_marked_twice_at_once_is_marked_once(self, viewer, show):
        season = show.seasons.get(season_number=1)
        results = at_once([lambda: mark_season(user=viewer, season=season, watched_at=AT)] * 4)
        assert sorted(len(made) for made in results) == [0, 0, 0, 3]

    def test_rewatches_at_once_all_count(self, viewer, show):
        episode = episode_of(show, 1, 1)
        results = at_once([lambda: record_rewatch(user=viewer, episode=episode, watched_at=AT)] * 4)
        assert sorted(watch.play for watch in results) == [1, 2, 3, 4]

    def test_restoring_and_marking_at_once_leave_one_watch(self, viewer, show):
        episode = episode_of(show, 1, 1)
        old = WatchFactory(user=viewer, episode=episode, removed_at=timezone.now())
        at_once(
            [
                lambda: restore_watch(old),
                lambda: mark_watched(user=viewer, episode=episode, watched_at=AT),
            ]
            * 2
        )
        assert Watch.objects.standing().count() == 1
