"""Clocks that are set: back an hour, forward a day, there and back again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from plex import inbox, jobs
from plex.models import Job, PlexWebhookLog, Status
from plex.processing import Lane, process_due
from tests.factories import episode_of, make_show
from tests.faults import sizes
from tests.plex.factories import make_config, of_episode, scrobble
from tracker.models import Watch

pytestmark = [pytest.mark.django_db, pytest.mark.fault]
START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def user_id(owner) -> int:
    return make_config(owner)[0].pk


@pytest.fixture
def show():
    return make_show("Severance", {1: 30})


def receive(user_id: int, message) -> PlexWebhookLog:
    pk = inbox.receive(user_id=user_id, payload=message, now=timezone.now())
    return PlexWebhookLog.objects.get(pk=pk)


def work() -> None:
    """A round of the worker."""
    jobs.run_due_jobs()
    process_due()


def statuses() -> list[str]:
    return list(PlexWebhookLog.objects.order_by("pk").values_list("status", flat=True))


@pytest.mark.parametrize("back", [SECOND * 20, HOUR, DAY, 400 * DAY])
def test_set_back_while_events_wait(clock, user_id, show, back):
    """One is due, one is claimed by a worker that was killed."""
    receive(user_id, of_episode(episode_of(show, 1, 1)))
    Lane(network=False)
    assert inbox.claim(limit=1, now=timezone.now(), needs_network=False)
    receive(user_id, of_episode(episode_of(show, 1, 2)))

    clock.move_to(START - back, tick=False)
    for _ in range(6):
        work()
        clock.shift(SECOND * 15)

    assert statuses() == [Status.SUCCESS] * 2
    assert Watch.objects.count() == 2
    sizes.tell(f"clock set back by {back}", events=2, result="recorded within 90 seconds")


def test_a_worker_that_is_at_it_when_the_clock_is_set_back_records_once(clock, user_id, show):
    receive(user_id, of_episode(episode_of(show, 1, 1)))
    lane = Lane(network=False)
    rows = inbox.claim(limit=5, now=timezone.now(), needs_network=False)
    clock.move_to(START - HOUR, tick=False)
    work()
    lane.process(rows, now=timezone.now())
    assert statuses() == [Status.SUCCESS]
    assert Watch.objects.count() == 1


def test_a_claim_after_the_clock_was_set_back_is_left_alone(clock, user_id, show):
    receive(user_id, of_episode(episode_of(show, 1, 1)))
    clock.move_to(START - HOUR, tick=False)
    jobs.run_due_jobs()
    assert inbox.claim(limit=5, now=timezone.now(), needs_network=False)
    jobs.run_due_jobs()
    assert not inbox.claim(limit=5, now=timezone.now(), needs_network=False)


def test_forward_a_day_ends_leases_and_counts_nothing_twice(clock, user_id, show):
    receive(user_id, of_episode(episode_of(show, 1, 1)))
    slow, other = Lane(network=False), Lane(network=False)
    rows = inbox.claim(limit=5, now=timezone.now(), needs_network=False)
    clock.move_to(START + DAY, tick=False)
    assert other.process_due() == 1
    slow.process(rows, now=timezone.now())
    assert statuses() == [Status.SUCCESS]
    assert Watch.objects.count() == 1
    sizes.tell("clock set forward by a day, two workers", events=1, result="recorded once")


def test_forward_a_day_and_back_again(clock, user_id, show, tmdb):
    """What was put off by the wrong clock is not waited for."""
    tmdb.down()
    clock.move_to(START + DAY, tick=False)
    receive(user_id, scrobble("Unlike", 1, 1, ids=("tvdb://9001",)))
    receive(user_id, of_episode(episode_of(show, 1, 1)))
    work()
    tmdb.up()
    tmdb.add_show(700, "Unlike", seasons={1: 2})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 1))

    clock.move_to(START, tick=False)
    for _ in range(6):
        work()
        clock.shift(SECOND * 15)

    assert statuses() == [Status.SUCCESS] * 2


def test_periodic_jobs_go_on_after_the_clock_was_set_back(clock, user_id):
    Job.objects.create(name="clean_up", last_run_at=START, lease_until=START + jobs.LEASE)
    clock.move_to(START - 30 * DAY, tick=False)
    work()
    clock.shift(HOUR + SECOND)
    work()
    ran_at = Job.objects.get(name="clean_up").last_run_at
    assert ran_at == timezone.now()
