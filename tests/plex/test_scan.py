"""The scan: what was marked by hand in Plex arrives, once, whatever else tells of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from plex import connection, inbox, jobs
from plex.history import reading, scan
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
from tests.factories import WatchFactory, episode_of, make_show
from tests.plex.factories import PlexAccountFactory, of_episode
from tests.plex_server import FakePlex
from tracker.models import Episode, Watch

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
START = NOW - timedelta(days=2)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MY_ID = 240271337


@pytest.fixture
def config(readable) -> PlexConfig:
    """Its library is scanned since START."""
    readable.scan_watched = True
    readable.sync_started_date = readable.scan_started_at = START
    readable.save()
    return readable


def run(config: PlexConfig, name: str = scan.JOB_PREFIX) -> str:
    """One scan as the worker does it; returns what the job says went wrong."""
    name = f"{name}{config.pk}"
    Job.objects.filter(name=name).update(last_run_at=None)
    due = jobs.catch_ups(is_starting=True, should_stop=reading.never)
    assert jobs.run_if_due(next(job for job in due if job.name == name))
    process_due()
    return Job.objects.get(name=name).last_error


def receive(config: PlexConfig, episode: Episode, at: datetime, **fields) -> PlexWebhookLog:
    payload = of_episode(episode, viewed_at=at, account_id=MY_ID, **fields)
    pk = inbox.receive(user_id=config.pk, payload=payload, now=min(at + MINUTE, timezone.now()))
    process_due()
    return PlexWebhookLog.objects.get(pk=pk)


def outcomes() -> Counter[tuple[str, str]]:
    return Counter(PlexWebhookLog.objects.values_list("source", "action_taken"))


def test_a_mark_by_hand_is_recorded_at_its_own_time(config, plex, show, owner):
    plex.mark_watched("Severance", 1, 3, at=START + HOUR)

    assert run(config) == ""

    watch = Watch.objects.get()
    assert (watch.user, watch.episode) == (owner, episode_of(show, 1, 3))
    assert watch.watched_at == START + HOUR
    log = PlexWebhookLog.objects.get()
    assert (log.source, log.status) == (PlexWebhookLog.Source.SCAN, Status.SUCCESS)
    viewing = PlexViewing.objects.get()
    assert (viewing.history_key, viewing.told_by_webhook) == ("", False)
    assert run(config) == ""
    assert PlexWebhookLog.objects.count() == 1


def test_nothing_from_before_it_was_switched_on(config, plex, show):
    plex.mark_watched("Severance", 1, 1, at=START - MINUTE)
    assert run(config) == ""
    assert not PlexWebhookLog.objects.exists()


def test_it_is_off_unless_switched_on_and_begins_anew_each_time(connected, plex, show):
    config, _ = connected
    connection.save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)
    assert scan.due_every() == {}
    connection.save_settings(config, scan_watched=True)
    first = config.scan_started_at
    assert scan.due_every() == {config.pk: scan.EVERY}
    connection.save_settings(config, scan_watched=True)
    assert config.scan_started_at == first
    connection.save_settings(config, scan_watched=False)
    assert scan.due_every() == {}
    plex.mark_watched("Severance", 1, 1, at=timezone.now() - MINUTE)
    connection.save_settings(config, scan_watched=True)
    run(config)
    assert not Watch.objects.exists()


def test_switched_on_in_the_admin_it_begins_then(connected, client, owner):
    config, _ = connected
    client.force_login(owner)
    address = f"/admin/plex/plexconfig/{config.pk}/change/"
    switches = dict.fromkeys(
        ("enabled", "auto_mark_watched", "auto_add_shows", "scan_watched"), "on"
    )
    assert client.post(address, switches | {"plex_server_url": ""}).status_code == 302
    config.refresh_from_db()
    assert config.scan_watched
    assert config.scan_started_at is not None


# One viewing, told two or three times


def by_webhook(config: PlexConfig, plex: FakePlex, episode: Episode, at: datetime) -> None:
    receive(config, episode, at)


def by_history(config: PlexConfig, plex: FakePlex, episode: Episode, at: datetime) -> None:
    plex.add_play("Severance", 1, 1, viewed_at=at + 4 * MINUTE)
    run(config, reading.JOB_PREFIX)


def by_mark(config: PlexConfig, plex: FakePlex, episode: Episode, at: datetime) -> None:
    plex.mark_watched("Severance", 1, 1, at=at + 8 * MINUTE)
    run(config)


@pytest.mark.parametrize("order", list(permutations((by_webhook, by_history, by_mark))))
@pytest.mark.parametrize("rewatches", [True, False])
def test_webhook_history_and_mark_of_one_viewing_are_one_in_every_order(
    config, plex, show, order, rewatches
):
    connection.save_settings(config, record_rewatches=rewatches)
    for tell in order:
        tell(config, plex, episode_of(show, 1, 1), NOW - 3 * HOUR)
    assert Watch.objects.count() == PlexViewing.objects.count() == 1
    viewing = PlexViewing.objects.get()
    assert (viewing.told_by_webhook, bool(viewing.history_key)) == (True, True)
    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) <= {
        Status.SUCCESS,
        Status.DUPLICATE,
    }


@pytest.mark.parametrize("others", [(by_webhook,), (by_history,), (by_webhook, by_history)])
def test_a_mark_that_a_viewing_explains_makes_no_event(config, plex, show, others):
    for tell in others:
        tell(config, plex, episode_of(show, 1, 1), NOW - 3 * HOUR)
    by_mark(config, plex, episode_of(show, 1, 1), NOW - 3 * HOUR)
    assert not PlexWebhookLog.objects.filter(source=PlexWebhookLog.Source.SCAN).exists()


def test_all_waiting_in_one_batch_are_one_viewing(config, plex, show):
    at = NOW - 3 * HOUR
    payload = of_episode(episode_of(show, 1, 1), viewed_at=at, account_id=MY_ID)
    inbox.receive(user_id=config.pk, payload=payload, now=at + MINUTE)
    plex.mark_watched("Severance", 1, 1, at=at + MINUTE)
    run(config)
    assert Watch.objects.count() == PlexViewing.objects.count() == 1
    assert outcomes() == {("webhook", "marked_watched"): 1, ("scan", "ignored_duplicate"): 1}


def test_a_mark_of_what_waits_for_an_answer_waits_with_it(config, plex):
    plex.add_show("Unheard of", {1: 2})
    at = NOW - HOUR
    plex.mark_watched("Unheard of", 1, 1, at=at)
    run(config)
    PlexWebhookLog.objects.update(
        status=Status.HELD, action_taken=Action.CONFLICT_CREATED, next_attempt_at=None
    )
    show = make_show("Unheard of", {1: 2}, first_air_date=None)
    log = receive(config, episode_of(show, 1, 1), at + MINUTE)
    log.refresh_from_db()
    assert log.status == Status.DUPLICATE
    assert not Watch.objects.exists()


# Watched before, or taken back


def test_what_was_unmarked_here_stays_unmarked(config, plex, show, owner):
    at = NOW - 3 * HOUR
    receive(config, episode_of(show, 1, 1), at)
    Watch.objects.update(removed_at=timezone.now())
    plex.mark_watched("Severance", 1, 1, at=at)
    # Marked here by hand and unmarked again; Plex's own mark is older.
    WatchFactory(user=owner, episode=episode_of(show, 1, 2), removed_at=timezone.now())
    plex.mark_watched("Severance", 1, 2, at=NOW - 2 * HOUR)
    run(config)
    assert not Watch.objects.standing().exists()
    assert PlexWebhookLog.objects.latest("pk").action_taken == Action.REMOVED_BY_USER


def test_a_mark_from_after_the_removal_counts(config, plex, show):
    receive(config, episode_of(show, 1, 1), NOW - 5 * HOUR)
    Watch.objects.update(removed_at=NOW - 4 * HOUR)
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR)
    run(config)
    assert Watch.objects.standing().get().watched_at == NOW - HOUR


@pytest.mark.parametrize(("count", "is_rewatch"), [(2, True), (1, False)])
def test_a_rewatch_needs_a_higher_count(config, plex, show, count, is_rewatch):
    connection.save_settings(config, record_rewatches=True)
    expected = Action.RECORDED_REWATCH if is_rewatch else Action.ALREADY_WATCHED
    receive(config, episode_of(show, 1, 1), NOW - 9 * HOUR, viewCount=1)
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR, count=count)
    run(config)
    assert PlexWebhookLog.objects.latest("pk").action_taken == expected
    run(config)
    # The webhook of that very play, late.
    receive(config, episode_of(show, 1, 1), NOW - HOUR - 7 * MINUTE, viewCount=count)
    assert Watch.objects.count() == 1 + is_rewatch


@pytest.mark.parametrize("tell", [by_webhook, by_history])
def test_a_rewatch_whose_mark_came_first_is_recorded_once(config, plex, show, tell):
    connection.save_settings(config, record_rewatches=True)
    by_history(config, plex, episode_of(show, 1, 1), NOW - 9 * HOUR)
    by_mark(config, plex, episode_of(show, 1, 1), NOW - HOUR)
    assert outcomes()["scan", "already_watched"] == 1
    for _ in range(2):
        tell(config, plex, episode_of(show, 1, 1), NOW - HOUR)
    by_mark(config, plex, episode_of(show, 1, 1), NOW - HOUR)
    assert Watch.objects.count() == 2


def test_a_mark_of_a_removed_watch_brings_no_rewatch_back(config, plex, show):
    connection.save_settings(config, record_rewatches=True)
    by_history(config, plex, episode_of(show, 1, 1), NOW - 9 * HOUR)
    by_mark(config, plex, episode_of(show, 1, 1), NOW - HOUR)
    Watch.objects.update(removed_at=NOW)
    by_webhook(config, plex, episode_of(show, 1, 1), NOW - HOUR)
    assert not Watch.objects.standing().exists()


def test_without_rewatches_the_first_date_stays(config, plex, show):
    receive(config, episode_of(show, 1, 1), NOW - 9 * HOUR, viewCount=1)
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR, count=2)
    run(config)
    assert Watch.objects.get().watched_at == NOW - 9 * HOUR
    assert outcomes()["scan", "already_watched"] == 1


def test_without_a_count_to_compare_no_rewatch_is_invented(config, plex, show, owner):
    connection.save_settings(config, record_rewatches=True)
    WatchFactory(user=owner, episode=episode_of(show, 1, 1), watched_at=NOW - 9 * HOUR)
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR, count=5)
    run(config)
    assert Watch.objects.count() == 1
    assert outcomes() == {("scan", "already_watched"): 1}


def test_two_plays_near_each_other_leave_one_mark_and_stay_two(config, plex, show):
    connection.save_settings(config, record_rewatches=True)
    for number, at in enumerate([NOW - 3 * HOUR, NOW - 3 * HOUR + 30 * MINUTE]):
        receive(config, episode_of(show, 1, 1), at, viewCount=number + 1)
    plex.mark_watched("Severance", 1, 1, at=NOW - 3 * HOUR + 36 * MINUTE, count=2)
    run(config)
    assert Watch.objects.count() == 2


# Many, and whose


def test_a_whole_series_marked_at_once_with_one_time(config, plex):
    show = make_show("Endless", dict.fromkeys(range(1, 6), 60))
    plex.mirror(show)
    at = NOW - HOUR
    for episode in Episode.objects.filter(season__show=show).select_related("season"):
        plex.mark_watched("Endless", episode.season.season_number, episode.episode_number, at=at)
    plex.mark_watched("Endless", 1, 1, at=START - HOUR)

    assert run(config) == ""

    assert Watch.objects.count() == PlexViewing.objects.count() == 299
    assert set(Watch.objects.values_list("watched_at", flat=True)) == {at}
    # One more in that very second, after it was read.
    plex.mark_watched("Endless", 1, 1, at=at)
    run(config)
    assert Watch.objects.count() == PlexWebhookLog.objects.count() == 300


def test_it_reads_no_further_than_to_the_cursor(config, plex):
    show = make_show("Endless", {1: 251})
    plex.mirror(show)
    for number in range(1, 251):
        plex.mark_watched("Endless", 1, number, at=START + number * 10 * MINUTE)
    run(config)
    assert len(plex.asked("pms", "sections/2/all")) == 2
    cursor = reading.Cursor.read(Job.objects.get(name=scan.job_name(config.pk)).cursor)
    assert cursor.until == int((START + 2500 * MINUTE).timestamp())
    plex.mark_watched("Endless", 1, 251, at=START + 44 * HOUR)
    run(config)
    assert len(plex.asked("pms", "sections/2/all")) == 3
    assert Watch.objects.count() == 251


def test_a_scan_that_was_stopped_loses_nothing(config, plex, show, monkeypatch):
    monkeypatch.setattr(scan, "BATCH", 3)
    for number in range(1, 10):
        plex.mark_watched("Severance", 1, number, at=START + number * HOUR)
    job = Job.objects.create(name=scan.job_name(config.pk), lease_until=timezone.now())
    stops = iter([False, True])
    assert scan.scan(config.pk, should_stop=lambda: next(stops)) == ""
    assert PlexWebhookLog.objects.count() == 6
    job.refresh_from_db()
    assert reading.Cursor.read(job.cursor).until == 0
    Job.objects.update(lease_until=None)
    assert run(config) == ""
    assert Watch.objects.count() == 9
    assert PlexWebhookLog.objects.count() == 9


def test_a_job_that_somebody_else_took_stores_nothing(config, plex, show):
    plex.mark_watched("Severance", 1, 1, at=START + HOUR)
    Job.objects.create(name=scan.job_name(config.pk), lease_until=timezone.now())
    run_scan = scan.Scan(config, Job.objects.get())
    Job.objects.update(lease_until=timezone.now() + HOUR)
    with pytest.raises(reading.LostLeaseError):
        run_scan.run(reading.never)
    assert not PlexWebhookLog.objects.exists()


def test_marks_are_those_of_the_tokens_person(config, plex, show, owner):
    other = PlexAccountFactory(account_id="77")
    run(config)
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR)
    run(config)
    assert Watch.objects.get().user == owner
    account = PlexAccount.objects.exclude(pk=other.pk).get()
    config.refresh_from_db()
    assert (account.account_id, config.account) == (str(MY_ID), account)


def test_a_stranger_s_marks_leave_no_trace(config, plex, show):
    PlexAccountFactory(account_id=str(MY_ID), never=True)
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR)
    assert run(config) == ""
    assert not PlexWebhookLog.objects.exists()


def test_while_plex_cannot_say_whose_token_it_is_the_known_account_is_meant(config, plex, show):
    plex.mark_watched("Severance", 1, 1, at=NOW - 3 * HOUR)
    plex.tv.down()
    assert "can't be reached" in run(config)
    assert not PlexWebhookLog.objects.exists()
    plex.tv.up()
    run(config)
    plex.tv.fail_with(401)
    plex.mark_watched("Severance", 1, 2, at=NOW - HOUR)
    assert run(config) == ""
    assert Watch.objects.count() == 2


def test_trouble_is_told_and_tried_less_often(config, plex):
    plex.server.down()
    assert "can't be reached" in run(config)
    assert scan.due_every() == {config.pk: timedelta(hours=1)}


def test_what_the_tracker_reads_by_itself_is_no_sign_of_the_webhook(config, plex, show):
    plex.mark_watched("Severance", 1, 1, at=NOW - HOUR)
    run(config)
    config.refresh_from_db()
    assert config.last_webhook_received is None


def test_a_library_without_a_number_stops_no_scan(config, plex):
    plex.sections = [{"key": "watchlist", "type": "show", "title": "Odd"}, *plex.sections]
    plex.mirror(make_show("Severance", {1: 3}))
    plex.mark_watched("Severance", 1, 1, at=START + HOUR)
    assert run(config, scan.JOB_PREFIX) == ""
    assert Watch.objects.count() == 1
