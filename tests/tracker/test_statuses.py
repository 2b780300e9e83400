from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone

from tests.factories import TrackedShowFactory, UserFactory, WatchFactory, episode_of, make_show
from tests.threads import at_once
from tracker.models import Episode, TrackedShow, Watch
from tracker.statuses import settle_status, status_after

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def settle(users, shows):
    settle_status(user_ids=[u.pk for u in users], show_ids=[s.pk for s in shows], today=TODAY)


def statuses():
    rows = TrackedShow.objects.values_list("user__username", "show__title", "status")
    return {(user, title): status for user, title, status in rows}


@pytest.mark.parametrize(
    ("before", "fresh", "ended", "all_watched", "after"),
    [
        ("watching", False, True, True, "completed"),
        ("watching", True, False, True, "watching"),
        ("watching", True, True, False, "watching"),
        ("plan_to_watch", True, False, False, "watching"),
        ("on_hold", True, True, True, "completed"),
        ("dropped", False, True, True, "dropped"),
        ("on_hold", False, False, False, "on_hold"),
        ("completed", True, True, False, "completed"),
        ("completed", True, False, True, "watching"),
        ("completed", False, False, True, "completed"),
    ],
)
def test_status_after(before, fresh, ended, all_watched, after):
    assert status_after(before, is_fresh=fresh, has_ended=ended, all_watched=all_watched) == after


def test_settles_several_users_and_shows(viewer, stranger):
    ended = make_show("Ended", {1: 2}, production_status="Ended")
    running = make_show("Running")
    TrackedShowFactory(user=stranger, show=running, status="plan_to_watch")
    for number in (1, 2):
        WatchFactory(user=viewer, episode=episode_of(ended, 1, number))
    WatchFactory(user=viewer, episode=episode_of(running, 1, 1))
    WatchFactory(user=stranger, episode=episode_of(running, 1, 1))
    settle([viewer, stranger], [ended, running])
    assert statuses() == {
        ("viewer", "Ended"): "completed",
        ("viewer", "Running"): "watching",
        ("stranger", "Running"): "watching",
    }
    assert set(TrackedShow.objects.values_list("started_on", flat=True)) == {date(2021, 3, 4)}


def test_another_users_watch_changes_nothing_of_mine(viewer, stranger, time_machine):
    """A batch names users and shows: one who dropped a show, or left it, must not get it back."""
    time_machine.move_to(AT - timedelta(days=2), tick=False)
    dropped, left, seen = make_show("Dropped"), make_show("Left"), make_show("Seen")
    WatchFactory(user=viewer, episode=episode_of(dropped, 1, 1))
    WatchFactory(user=viewer, episode=episode_of(left, 1, 1))
    TrackedShowFactory(user=viewer, show=dropped, status="dropped")
    time_machine.move_to(AT, tick=False)
    WatchFactory(user=viewer, episode=episode_of(seen, 1, 1))
    WatchFactory(user=stranger, episode=episode_of(dropped, 1, 1))
    WatchFactory(user=stranger, episode=episode_of(left, 1, 1))
    settle([viewer, stranger], [dropped, left, seen])
    assert statuses() == {
        ("viewer", "Dropped"): "dropped",
        ("viewer", "Seen"): "watching",
        ("stranger", "Dropped"): "watching",
        ("stranger", "Left"): "watching",
    }


def test_removed_watches_do_not_count(viewer):
    show = make_show("Dark")
    WatchFactory(user=viewer, episode=episode_of(show, 1, 1), removed_at=AT)
    settle([viewer], [show])
    assert not TrackedShow.objects.exists()


def test_nothing_to_settle_is_fine(viewer):
    settle([], [])
    settle([viewer], [])
    settle([], [make_show("Dark")])
    assert not TrackedShow.objects.exists()


def test_needs_as_many_queries_for_one_show_as_for_thirty(viewer, django_assert_num_queries):
    counts = []
    for number in (1, 30):
        shows = [
            make_show(f"Show {number}-{n}", {1: 2}, production_status="Ended")
            for n in range(number)
        ]
        for show in shows:
            WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
        with django_assert_num_queries(10, exact=False) as queries:
            settle([viewer], shows)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_one_query_when_all_is_settled(viewer, django_assert_num_queries):
    shows = [make_show(f"Show {n}", {1: 2}) for n in range(3)]
    for show in shows:
        TrackedShowFactory(user=viewer, show=show, status="watching", started_on=TODAY)
        WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
    with django_assert_num_queries(1):
        settle([viewer], shows)


@pytest.mark.django_db(transaction=True)
def test_batches_at_once_settle_the_same_shows_once():
    users = [UserFactory() for _ in range(2)]
    shows = [make_show(f"Show {n}", {1: 1}, production_status="Ended") for n in range(10)]
    now = timezone.now()
    Watch.objects.bulk_create(
        Watch(user=user, episode=episode, watched_at=now)
        for user in users
        for episode in Episode.objects.all()
    )
    orders = [(users, shows), (users[::-1], shows[::-1])] * 2
    assert at_once([partial(settle, *order) for order in orders]) == [None] * 4
    assert list(TrackedShow.objects.values_list("status", flat=True)) == ["completed"] * 20
