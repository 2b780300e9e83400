"""Periodic work: due, leased, done by one, and what each job does."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from plex import inbox, jobs, retention
from plex.models import Action, Job, PlexViewing, PlexWebhookLog, Status, TmdbLookup
from plex.processing import process_due
from tests.factories import episode_of, make_show
from tests.plex.factories import (
    PlexAccountFactory,
    PlexWebhookLogFactory,
    of_episode,
    scrobble,
)
from tests.threads import at_once
from tracker import library
from tracker.models import TVShow, Watch
from tracker.tmdb import connect

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def counting(runs: list[str], *, error: bool = False) -> jobs.PeriodicJob:
    def run() -> None:
        runs.append("run")
        if error:
            raise ValueError("secret details")

    return jobs.PeriodicJob(name="counting", every=timedelta(hours=1), run=run)


def test_a_job_runs_when_it_is_due_and_not_before(time_machine):
    time_machine.move_to(START, tick=False)
    runs: list[str] = []
    job = counting(runs)
    assert jobs.run_if_due(job)
    assert not jobs.run_if_due(job)
    time_machine.move_to(START + timedelta(hours=1), tick=False)
    assert jobs.run_if_due(job)
    assert len(runs) == 2


def test_a_job_that_raises_says_so_and_runs_again_later(time_machine):
    time_machine.move_to(START, tick=False)
    runs: list[str] = []
    job = counting(runs, error=True)
    assert jobs.run_if_due(job)
    row = Job.objects.get(name="counting")
    assert (row.last_error, row.lease_until) == ("ValueError", None)
    time_machine.move_to(START + timedelta(hours=1), tick=False)
    assert jobs.run_if_due(job)


def test_the_job_of_a_killed_worker_is_taken_over_after_its_lease(time_machine):
    time_machine.move_to(START, tick=False)
    runs: list[str] = []
    job = counting(runs)
    assert jobs.claim(job, now=START)
    assert not jobs.run_if_due(job)
    time_machine.move_to(START + jobs.LEASE + timedelta(seconds=1), tick=False)
    assert jobs.run_if_due(job)


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_runs_a_job():
    runs: list[str] = []
    at_once([lambda: jobs.run_if_due(counting(runs))] * 4)
    assert runs == ["run"]


def test_a_heartbeat_is_one_row_for_each_worker():
    jobs.beat("attic:1")
    jobs.beat("attic:1")
    jobs.beat("attic:2")
    assert Job.objects.filter(name__startswith=Job.WORKER).count() == 2


def test_events_whose_episode_was_missing_are_tried_again_after_a_refresh(play, tmdb):
    tmdb.add_show(700, "Andor", seasons={1: 3})
    show = make_show("Andor", {1: 3}, tmdb_id=700)
    play(of_episode(episode_of(show, 1, 1)))
    log = play(scrobble("Andor", 1, 4))
    assert log.action_taken == Action.EPISODE_NOT_FOUND

    tmdb.add_show(700, "Andor", seasons={1: 4})
    call_command("refresh_shows", "--all")
    jobs.retry_missing_episodes()
    process_due()

    log.refresh_from_db()
    assert log.status == Status.SUCCESS
    assert Watch.objects.filter(episode=episode_of(show, 1, 4)).exists()


KEPT_AND_DELETED = [
    (Status.SUCCESS, "", 89, True),
    (Status.SUCCESS, "", 91, False),
    (Status.IGNORED, "", 91, False),
    (Status.DUPLICATE, "", 91, False),
    (Status.FAILED, "", 91, True),
    (Status.FAILED, "", 366, False),
    (Status.HELD, Action.CONFLICT_CREATED, 400, True),
    (Status.HELD, Action.WAITING_FOR_ACCOUNT, 29, True),
    (Status.HELD, Action.WAITING_FOR_ACCOUNT, 31, False),
    (Status.PENDING, "", 400, True),
]


@pytest.mark.parametrize(("status", "action", "days", "is_kept"), KEPT_AND_DELETED)
def test_retention(status, action, days, is_kept):
    created_at = timezone.now() - timedelta(days=days)
    PlexWebhookLogFactory(status=status, action_taken=action, created_at=created_at)

    call_command("cleanup_webhook_logs", "--dry-run")
    assert PlexWebhookLog.objects.exists()
    call_command("cleanup_webhook_logs")

    assert PlexWebhookLog.objects.exists() is is_kept


def test_plays_of_an_account_that_was_claimed_since_stay_until_they_are_recorded(owner):
    account = PlexAccountFactory()
    created_at = timezone.now() - timedelta(days=31)
    waiting = {"status": Status.HELD, "action_taken": Action.WAITING_FOR_ACCOUNT}
    PlexWebhookLogFactory(account=account, created_at=created_at, **waiting)
    account.users.set([owner])
    assert retention.clean_up(now=timezone.now()) == 0
    account.users.clear()
    assert retention.clean_up(now=timezone.now()) == 1


def test_retention_works_in_batches_and_leaves_the_plays(play, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    show = make_show("Severance", {1: 5})
    for number in range(1, 6):
        play(of_episode(episode_of(show, 1, number)))
    PlexWebhookLog.objects.update(created_at=timezone.now() - timedelta(days=100))

    assert retention.clean_up(now=timezone.now()) == 5

    assert Watch.objects.count() == PlexViewing.objects.count() == 5
    assert not PlexViewing.objects.exclude(log=None).exists()


def test_retention_spares_an_event_that_is_processed_again_meanwhile(play):
    show = make_show("Severance", {1: 1})
    play(of_episode(episode_of(show, 1, 1)))
    PlexWebhookLog.objects.update(created_at=timezone.now() - timedelta(days=100))
    done, *_ = retention.past_their_time(timezone.now())
    (ids,) = itertools.islice(retention.batches(done), 1)

    inbox.requeue(PlexWebhookLog.objects.all(), now=timezone.now())

    assert retention.delete_batch(ids, done) == 0
    assert PlexWebhookLog.objects.pending().count() == 1


def test_cleaning_up_runs_as_a_job():
    long_ago = timezone.now() - timedelta(days=91)
    PlexWebhookLogFactory(status=Status.SUCCESS, created_at=long_ago)
    TmdbLookup.objects.create(key="find:tvdb_id:1", answer={}, fetched_at=long_ago)
    Job.objects.create(name="worker:gone:1", last_run_at=long_ago)

    jobs.clean_up()

    assert not PlexWebhookLog.objects.exists()
    assert not TmdbLookup.objects.exists()
    assert not Job.objects.heartbeats().exists()


def test_a_missing_episode_of_a_season_that_is_another_show(play, tmdb, drain):
    main = make_show("Bleach", {1: 9}, tmdb_id=700)
    war = make_show("Thousand-Year Blood War", {1: 3}, tmdb_id=701)
    tmdb.add_show(700, "Bleach", seasons={1: 9})
    tmdb.add_show(701, "Thousand-Year Blood War", seasons={1: 3})
    mapping = play(of_episode(episode_of(main, 1, 1))).mapping
    mapping.season_mappings.create(plex_season=2, tvshow=war, season_number=1)
    log = play(scrobble("Bleach", 2, 4))
    assert log.action_taken == Action.EPISODE_NOT_FOUND
    tmdb.add_show(701, "Thousand-Year Blood War", seasons={1: 4})
    library.refresh_show(TVShow.objects.get(pk=war.pk), tmdb=connect())
    jobs.retry_missing_episodes()
    drain()
    log.refresh_from_db()
    assert log.status == Status.SUCCESS
