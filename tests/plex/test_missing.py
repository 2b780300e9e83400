"""The daily comparison with Plex's history: what is missing, why, and bringing it in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from plex import connection, inbox, jobs
from plex.history import missing, reading
from plex.history.missing import Comparing, Comparison
from plex.models import (
    Action,
    Job,
    PlexAccount,
    PlexConfig,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.processing import process_due
from tests.factories import episode_of, make_show
from tests.plex.factories import PlexAccountFactory, of_episode
from tests.plex_server import FakePlex
from tracker.models import Episode, Watch

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MY_ID = 240271337


@pytest.fixture
def config(readable) -> PlexConfig:
    """60 days old."""
    readable.sync_started_date = NOW - 60 * DAY
    readable.save()
    return readable


@pytest.fixture
def show(config, plex: FakePlex, show):
    """With plays of yesterday that were caught up, so that people are known."""
    plex.add_play("Severance", 1, 1, viewed_at=NOW - DAY)
    run(config, reading.JOB_PREFIX)
    return show


def run(config: PlexConfig, name: str = missing.JOB_PREFIX) -> str:
    """One run of a job as the worker does it; returns what the job says went wrong."""
    name = f"{name}{config.pk}"
    Job.objects.filter(name=name).update(last_run_at=None)
    due = jobs.catch_ups(is_starting=False, should_stop=reading.never)
    assert jobs.run_if_due(next(job for job in due if job.name == name))
    process_due()
    return Job.objects.get(name=name).last_error


def result(config: PlexConfig) -> Comparison:
    found = Comparison.read(Job.objects.get(name=missing.job_name(config.pk)).found)
    return replace(found, server_uuid="")


def receive(config: PlexConfig, episode: Episode, at: datetime, **fields) -> None:
    payload = of_episode(episode, viewed_at=at, account_id=MY_ID, **fields)
    inbox.receive(user_id=config.pk, payload=payload, now=min(at, timezone.now()))
    process_due()


def test_nothing_is_missing_where_everything_arrived(config, plex, show):
    receive(config, episode_of(show, 1, 2), NOW - 5 * HOUR)
    plex.add_play("Severance", 1, 2, viewed_at=NOW - 5 * HOUR)
    assert run(config) == ""
    assert result(config) == Comparison()
    assert PlexViewing.objects.exclude(history_key="").count() == 2


def test_a_play_that_plex_wrote_down_late_is_listed_and_brought_in(config, plex, show):
    row = plex.add_play("Severance", 1, 3, viewed_at=NOW - 9 * DAY)
    run(config, reading.JOB_PREFIX)
    assert Watch.objects.count() == 1, "the catch-up is further by now"

    assert run(config) == ""

    (play,) = result(config).plays
    assert (play.show, play.code, play.title) == ("Severance", "S01E03", row["title"])
    assert (play.viewed_at, play.why) == (NOW - 9 * DAY, missing.LATE)
    assert not PlexWebhookLog.objects.filter(plex_episode=3).exists()

    assert missing.bring_in(config)
    assert result(config).is_wanted
    assert run(config) == ""
    assert Watch.objects.get(episode=episode_of(show, 1, 3)).watched_at == NOW - 9 * DAY
    assert result(config) == Comparison(brought=1)
    assert not missing.bring_in(config)
    assert run(config) == ""
    assert result(config) == Comparison()


def test_the_button_pressed_while_the_next_list_is_made_counts(config, plex, show, monkeypatch):
    plex.add_play("Severance", 1, 3, viewed_at=NOW - 9 * DAY)
    run(config, reading.JOB_PREFIX)
    run(config)
    presses = iter([True])
    look = Comparing.missing_of

    def look_and_press(self, *args):
        if next(presses, False):
            missing.bring_in(config)
        return look(self, *args)

    monkeypatch.setattr(Comparing, "missing_of", look_and_press)
    assert run(config) == ""
    assert result(config) == Comparison(brought=1)
    assert Watch.objects.filter(episode=episode_of(show, 1, 3)).exists()


def test_what_was_refused_is_given_as_a_reason(config, plex, show):
    PlexConfig.objects.update(refused_rate_count=3, refused_size_count=1)
    plex.add_play("Severance", 1, 3, viewed_at=NOW - 9 * DAY)
    run(config)
    assert "among the 4 events that were refused" in result(config).plays[0].why


def test_what_the_catch_up_has_not_come_to_is_told_apart(config, plex, show):
    Job.objects.filter(name=reading.job_name(config.pk)).update(cursor="")
    plex.add_play("Severance", 1, 3, viewed_at=NOW - 2 * HOUR)
    run(config)
    assert result(config).plays[0].why == missing.UNREAD


def test_an_event_that_failed_is_tried_again(config, plex, show):
    log = PlexWebhookLog.objects.get()
    Watch.objects.all().delete()
    PlexWebhookLog.objects.update(
        status=Status.FAILED, action_taken=Action.PROCESSING_ERROR, error_message="It broke."
    )
    run(config)
    assert [(play.why, play.log) for play in result(config).plays] == [("It broke.", log.pk)]
    missing.bring_in(config)
    run(config)
    log.refresh_from_db()
    assert (log.status, log.action_taken) == (Status.SUCCESS, Action.MARKED_WATCHED)


def test_plays_from_while_marking_was_switched_off_are_missing_once_it_is_on(config, plex, show):
    connection.save_settings(config, auto_mark_watched=False)
    plex.add_play("Severance", 1, 2, viewed_at=NOW - 3 * HOUR)
    run(config, reading.JOB_PREFIX)
    run(config)
    assert result(config) == Comparison()
    connection.save_settings(config, auto_mark_watched=True)
    run(config)
    assert [play.why for play in result(config).plays] == [missing.SWITCHED_OFF]
    missing.bring_in(config)
    run(config)
    assert Watch.objects.count() == 2


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (Status.IGNORED, Action.SHOW_IGNORED),
        (Status.IGNORED, Action.SYNC_DISABLED),
        (Status.IGNORED, Action.REMOVED_BY_USER),
        (Status.HELD, Action.CONFLICT_CREATED),
        (Status.PENDING, ""),
        (Status.DUPLICATE, Action.IGNORED_DUPLICATE),
    ],
)
def test_what_people_wished_or_are_asked_about_is_not_missing(config, show, status, action):
    PlexWebhookLog.objects.update(status=status, action_taken=action)
    run(config)
    assert result(config) == Comparison()


def test_a_webhook_that_waits_for_an_answer_is_not_missing(config, plex, show):
    receive(config, episode_of(show, 1, 2), NOW - 9 * DAY)
    Watch.objects.filter(episode__episode_number=2).delete()
    PlexWebhookLog.objects.filter(plex_episode=2).update(
        status=Status.HELD, action_taken=Action.CONFLICT_CREATED, viewed_at=NOW - 9 * DAY
    )
    plex.add_play("Severance", 1, 2, viewed_at=NOW - 9 * DAY + HOUR / 3)
    run(config)
    assert result(config) == Comparison()


def test_only_accounts_that_count_the_last_month_and_what_is_not_fresh(config, plex, show):
    PlexAccountFactory(account_id="78", never=True)
    PlexAccountFactory(account_id="79")
    for account in (77, 78, 79):
        plex.add_play("Severance", 1, 4, viewed_at=NOW - 9 * DAY, account_id=account)
    plex.add_play("Severance", 1, 5, viewed_at=NOW - 31 * DAY)
    plex.add_play("Severance", 1, 6, viewed_at=NOW - HOUR / 2)
    run(config)
    assert result(config) == Comparison()
    PlexAccount.objects.get(account_id="79").users.add(config.user)
    run(config)
    assert result(config).total == 1


def test_the_list_is_bounded(config, plex, monkeypatch):
    monkeypatch.setattr(missing, "MOST_LISTED", 4)
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=NOW - DAY)
    run(config, reading.JOB_PREFIX)
    for number in range(2, 10):
        plex.add_play("Severance", 1, number, viewed_at=NOW - 9 * DAY)
    run(config)
    assert (len(result(config).plays), result(config).total) == (4, 8)
    missing.bring_in(config)
    run(config)
    assert result(config).brought == 8
    assert Watch.objects.count() == 9


def test_once_a_day_and_sooner_after_trouble(config, plex, show):
    assert missing.due_every() == {config.pk: timedelta(days=1)}
    plex.server.down()
    assert "can't be reached" in run(config)
    assert missing.due_every() == {config.pk: timedelta(minutes=20)}


@pytest.mark.parametrize("found", [None, [], {}, {"plays": [{"key": 1}], "total": 1}, {"plays": 3}])
def test_what_cannot_be_read_says_nothing(found):
    assert Comparison.read(found) == Comparison()
