"""Catch-up from Plex's history: what was missed arrives, once, at its own time."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from werkzeug import Response

from plex import client, connection, inbox, jobs
from plex.answers import history_row
from plex.history import reading
from plex.history.memory import known_items
from plex.models import (
    Action,
    Job,
    PlexAccount,
    PlexConfig,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.processing import process_due
from tests import plex_server
from tests.factories import episode_of, make_show
from tests.plex.factories import (
    SERVER,
    PlexAccountFactory,
    PlexShowMappingFactory,
    changed,
    of_episode,
    scrobble,
)
from tracker import watching
from tracker.models import Episode, Watch

pytestmark = pytest.mark.django_db
START = timezone.now().replace(microsecond=0) - timedelta(days=40)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MY_ID = 240271337


@pytest.fixture
def config(readable) -> PlexConfig:
    """Begun at START."""
    readable.sync_started_date = START
    readable.save()
    return readable


def run(config: PlexConfig) -> str:
    """One catch-up as the worker does it; returns what the job says went wrong."""
    Job.objects.filter(name=reading.job_name(config.pk)).update(last_run_at=None)
    job = next(
        job
        for job in jobs.catch_ups(is_starting=True, should_stop=reading.never)
        if job.name == reading.job_name(config.pk)
    )
    assert jobs.run_if_due(job)
    process_due()
    return Job.objects.get(name=job.name).last_error


def receive(config: PlexConfig, payload, *, at: datetime | None = None) -> PlexWebhookLog:
    pk = inbox.receive(user_id=config.pk, payload=payload, now=at or timezone.now())
    return PlexWebhookLog.objects.get(pk=pk)


def message(episode: Episode, viewed_at: datetime, **fields):
    return of_episode(episode, viewed_at=viewed_at, account_id=MY_ID, **fields)


def test_a_missed_play_is_recorded_at_its_own_time_however_long_ago(config, plex, show, owner):
    viewed_at = START + 3 * HOUR
    plex.add_play("Severance", 1, 3, viewed_at=viewed_at)

    assert run(config) == ""

    watch = Watch.objects.get()
    assert (watch.user, watch.episode) == (owner, episode_of(show, 1, 3))
    assert watch.watched_at == viewed_at
    log = PlexWebhookLog.objects.get()
    assert (log.source, log.status) == (PlexWebhookLog.Source.HISTORY, Status.SUCCESS)
    assert log.item_key == scrobble("Severance", 1, 3)["Metadata"]["guid"]
    config.refresh_from_db()
    assert config.plex_server_uuid == SERVER
    assert run(config) == ""
    assert PlexWebhookLog.objects.count() == 1


def test_nothing_from_before_the_connection_and_nothing_but_episodes(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=START - MINUTE)
    plex.add_play("Severance", 1, 2, viewed_at=START + HOUR, type="movie")
    plex.add_play("Severance", 1, 3, viewed_at=START + HOUR, type="track")
    assert run(config) == ""
    assert PlexWebhookLog.objects.count() == Watch.objects.count() == 0


def test_the_webhook_first_then_its_row_is_one_viewing_and_makes_no_event(config, plex, show):
    viewed_at = timezone.now().replace(microsecond=0) - HOUR
    receive(config, message(episode_of(show, 1, 1), viewed_at), at=viewed_at + MINUTE)
    process_due()
    plex.add_play("Severance", 1, 1, viewed_at=viewed_at + 5 * MINUTE)

    run(config)

    assert PlexWebhookLog.objects.count() == 1
    assert Watch.objects.get().watched_at == viewed_at
    assert PlexViewing.objects.get().history_key == "/status/sessions/history/1"
    run(config)
    assert len(plex.asked("pms", "history")) == 2
    assert len(plex.asked("pms", "metadata")) == 1, "a known row is not looked up again"


def test_the_row_first_then_the_webhook_is_a_duplicate(config, plex, show):
    viewed_at = timezone.now().replace(microsecond=0) - HOUR
    plex.add_play("Severance", 1, 1, viewed_at=viewed_at)
    run(config)

    log = receive(config, message(episode_of(show, 1, 1), viewed_at - 5 * MINUTE, viewCount=4))
    process_due()

    log.refresh_from_db()
    assert (log.status, log.action_taken) == (Status.DUPLICATE, Action.IGNORED_DUPLICATE)
    viewing = PlexViewing.objects.get()
    assert (viewing.told_by_webhook, viewing.view_count) == (True, 4)
    assert Watch.objects.get().watched_at == viewed_at


def test_both_waiting_in_one_batch_are_one_viewing(config, plex, show):
    viewed_at = timezone.now().replace(microsecond=0) - HOUR
    receive(config, message(episode_of(show, 1, 1), viewed_at))
    plex.add_play("Severance", 1, 1, viewed_at=viewed_at + MINUTE)
    run(config)
    assert Watch.objects.count() == PlexViewing.objects.count() == 1
    assert PlexViewing.objects.get().history_key
    assert Counter(PlexWebhookLog.objects.values_list("status", flat=True)) == {
        Status.SUCCESS: 1,
        Status.DUPLICATE: 1,
    }


@pytest.mark.parametrize("webhooks", [(0, 1), (0,), (1,), ()])
def test_two_plays_of_an_episode_stay_two(config, plex, show, webhooks):
    connection.save_settings(config, record_rewatches=True)
    at = timezone.now().replace(microsecond=0) - 5 * HOUR
    times = [at, at + 30 * MINUTE]
    for number in webhooks:
        sent = message(episode_of(show, 1, 1), times[number], viewCount=number + 1)
        receive(config, sent, at=times[number])
    process_due()
    for viewed_at in times:
        plex.add_play("Severance", 1, 1, viewed_at=viewed_at)
    run(config)
    assert sorted(Watch.objects.values_list("watched_at", flat=True)) == times
    assert PlexViewing.objects.exclude(history_key="").count() == 2


def test_a_file_with_two_episodes_has_one_row_and_two_watches(config, plex, show):
    title = f"{episode_of(show, 1, 1).name} / {episode_of(show, 1, 2).name}"
    plex.items[scrobble("Severance", 1, 1)["Metadata"]["ratingKey"]]["title"] = title
    at = timezone.now().replace(microsecond=0) - HOUR
    plex.add_play("Severance", 1, 1, viewed_at=at)
    run(config)
    assert Watch.objects.count() == 2
    joined = message(episode_of(show, 1, 1), at)
    receive(config, changed(joined, title=title))
    process_due()
    assert PlexViewing.objects.filter(told_by_webhook=True).count() == Watch.objects.count() == 2


def test_a_removed_viewing_stays_removed_when_its_row_arrives(config, plex, show):
    at = timezone.now().replace(microsecond=0) - HOUR
    receive(config, message(episode_of(show, 1, 1), at))
    process_due()
    Watch.objects.update(removed_at=timezone.now())
    plex.add_play("Severance", 1, 1, viewed_at=at)
    run(config)
    assert not Watch.objects.standing().exists()


def test_an_item_that_plex_matched_after_its_webhook_is_the_same_viewing(config, plex, show, owner):
    """A file that was just added has no guid yet, so that its webhook names it by the rating key."""
    connection.save_settings(config, record_rewatches=True)
    at = timezone.now().replace(microsecond=0) - 3 * HOUR
    for number in (1, 2):
        sent = message(episode_of(show, 1, number), at + number * HOUR)
        receive(config, changed(sent, guid=f"local://{number}"))
    process_due()
    watching.unmark(user=owner, episode=episode_of(show, 1, 1), now=timezone.now())
    for number in (1, 2):
        viewed_at = at + number * HOUR + 25 * MINUTE
        plex.add_play("Severance", 1, number, viewed_at=viewed_at)
    run(config)
    watch = Watch.objects.standing().get()
    assert (watch.episode, watch.play) == (episode_of(show, 1, 2), 1)
    rows = PlexWebhookLog.objects.filter(source=PlexWebhookLog.Source.HISTORY)
    assert set(rows.values_list("action_taken", flat=True)) == {
        Action.REMOVED_BY_USER,
        Action.IGNORED_DUPLICATE,
    }
    again = rows.get(action_taken=Action.REMOVED_BY_USER)
    inbox.reprocess(again, user=owner)
    process_due()
    assert Watch.objects.standing().count() == 2


def test_a_deleted_item_is_recorded_by_names_and_numbers(config, plex, owner):
    show = make_show("Severance", {1: 9})
    at = timezone.now().replace(microsecond=0) - HOUR
    receive(config, message(episode_of(show, 1, 1), at))
    process_due()
    plex.add_play("Severance", 1, 1, viewed_at=at, is_deleted=True)
    plex.add_play("Severance", 1, 2, viewed_at=at + HOUR / 2, is_deleted=True)
    run(config)
    assert Watch.objects.filter(user=owner).count() == PlexViewing.objects.count() == 2
    assert PlexShowMapping.objects.count() == 1, "the show goes by the name that it had"


def test_a_deleted_item_of_a_show_that_another_server_had_first_is_the_same_show(config, plex):
    show = make_show("Severance", {1: 9})
    make_show("Severance", {1: 9})
    at = timezone.now().replace(microsecond=0) - HOUR
    sent = message(episode_of(show, 1, 1), at)
    PlexShowMappingFactory.create(
        identity=sent["Metadata"]["grandparentGuid"],
        plex_title="Severance",
        server_uuid="b" * 40,
        tvshow=show,
    )
    receive(config, sent)
    process_due()
    plex.add_play("Severance", 1, 1, viewed_at=at, is_deleted=True)
    run(config)
    assert PlexShowMapping.objects.count() == PlexWebhookLog.objects.count() == 1
    assert PlexViewing.objects.get().history_key == "/status/sessions/history/1"


def test_deleted_items_are_looked_up_together(config, plex, django_assert_num_queries):
    show = make_show("Severance", {1: 9})
    at = timezone.now().replace(microsecond=0) - HOUR
    first = message(episode_of(show, 1, 1), at)
    receive(config, first)
    process_due()
    played = [
        plex.add_play("Severance", 1, number, viewed_at=at, is_deleted=True)
        for number in range(1, 10)
    ]
    rows = [row for row in map(history_row, played) if row is not None]
    with django_assert_num_queries(2):
        known = known_items(rows, server_uuid=plex.uuid)
    assert [known[row.history_key].item_key for row in rows] == [
        PlexViewing.objects.get().item_key,
        *[""] * 8,
    ]


def test_a_held_webhook_and_its_row_wait_as_one(config, plex):
    plex.add_show("Unheard of", {1: 2})
    at = timezone.now().replace(microsecond=0) - HOUR
    receive(config, scrobble("Unheard of", 1, 1, viewed_at=at, account_id=MY_ID))
    process_due(network=False)
    PlexWebhookLog.objects.update(
        status=Status.HELD, action_taken=Action.CONFLICT_CREATED, viewed_at=at
    )
    make_show("Unheard of", {1: 2}, first_air_date=None)
    plex.add_play("Unheard of", 1, 1, viewed_at=at + MINUTE)
    run(config)
    assert Watch.objects.count() == 0
    assert PlexWebhookLog.objects.latest("pk").status == Status.DUPLICATE


# Whose


def test_the_owner_as_one_in_history_and_as_a_plex_id_in_webhooks_is_one_person(config, plex, show):
    at = timezone.now().replace(microsecond=0) - 2 * HOUR
    receive(config, message(episode_of(show, 1, 1), at))
    process_due()
    plex.server_accounts[1] = "renamed since"
    plex.add_play("Severance", 1, 2, viewed_at=at + HOUR, account_id=1)
    run(config)
    assert PlexAccount.objects.get().account_id == str(MY_ID)
    assert Watch.objects.count() == 2


def test_a_plex_pass_that_ended_or_was_bought_is_noticed(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    for number, has_plex_pass in enumerate([True, False, True]):
        plex.has_plex_pass = has_plex_pass
        plex.add_play("Severance", 1, number + 1, viewed_at=START + number * HOUR)
        run(config)
        assert PlexConfig.objects.get().has_plex_pass is has_plex_pass


def test_two_peoples_servers_have_each_their_own_one(config, plex, show, owner, viewer):
    """Both servers call their owner 1, and number the rows of their histories alike."""
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    assert run(config) == ""
    theirs = connection.connect(viewer)
    PlexConfig.objects.filter(pk=theirs.pk).update(sync_started_date=START)
    plex.uuid, plex.name, plex.account["id"], plex.history = "b" * 40, "Cellar", 555, []
    plex.server_accounts = {1: "tom"}
    theirs.refresh_from_db()
    connection.save_settings(theirs, plex_token=plex.token, plex_server_url=plex.server.url)
    plex.add_play("Severance", 1, 1, viewed_at=START + 2 * HOUR)
    plex.add_play("Severance", 1, 2, viewed_at=START + 3 * HOUR)
    assert run(theirs) == ""
    sent = of_episode(episode_of(show, 1, 3), viewed_at=START, account_id=555, server="b" * 40)
    receive(theirs, sent)
    process_due()
    assert dict(Counter(Watch.objects.values_list("user__username", flat=True))) == {
        "owner": 1,
        "viewer": 3,
    }
    assert not PlexWebhookLog.objects.held().exists()


def test_an_account_that_was_renamed_is_the_same_person(config, plex, show, owner):
    at = timezone.now().replace(microsecond=0) - 2 * HOUR
    receive(config, message(episode_of(show, 1, 1), at, account_title="mira"))
    process_due()
    with time_machine.travel(timezone.now() + HOUR):
        receive(config, message(episode_of(show, 1, 2), at + HOUR, account_title="mira the second"))
        plex.server_accounts[1] = plex.account["username"] = "mira the second"
        plex.add_play("Severance", 1, 3, viewed_at=at + HOUR + HOUR)
        assert run(config) == ""
    assert PlexAccount.objects.get().account_title == "mira the second"
    assert Watch.objects.filter(user=owner).count() == 3


def test_an_older_servers_webhooks_name_the_owner_one_and_so_do_its_rows(config, plex, show):
    at = timezone.now().replace(microsecond=0) - 2 * HOUR
    receive(config, of_episode(episode_of(show, 1, 1), viewed_at=at, account_id=1))
    process_due()
    plex.add_play("Severance", 1, 2, viewed_at=at + HOUR, account_id=1)
    run(config)
    assert PlexAccount.objects.get().account_id == "1"
    assert Watch.objects.count() == 2


def test_the_owner_who_came_as_a_plex_id_first_and_as_one_later_is_joined(
    config, plex, show, owner
):
    at = timezone.now().replace(microsecond=0) - 2 * HOUR
    plex.add_play("Severance", 1, 1, viewed_at=at)
    run(config)
    held = receive(config, of_episode(episode_of(show, 1, 2), viewed_at=at + HOUR, account_id=1))
    process_due()
    held.refresh_from_db()
    assert held.action_taken == Action.WAITING_FOR_ACCOUNT
    plex.add_play("Severance", 1, 2, viewed_at=at + HOUR)
    run(config)
    assert Watch.objects.filter(user=owner).count() == PlexViewing.objects.count() == 2
    assert not PlexWebhookLog.objects.held().exists()


def test_other_accounts_wait_for_a_word_and_strangers_leave_no_trace(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.server_accounts |= {77: "tom", 78: "guest"}
    stranger = PlexAccountFactory.create(account_id="78", never=True)
    at = timezone.now().replace(microsecond=0) - HOUR
    plex.add_play("Severance", 1, 1, viewed_at=at, account_id=77)
    plex.add_play("Severance", 1, 2, viewed_at=at, account_id=78)
    run(config)
    run(config)
    log = PlexWebhookLog.objects.get()
    assert (log.status, log.action_taken) == (Status.HELD, Action.WAITING_FOR_ACCOUNT)
    assert log.account is not None
    assert log.account.account_title == "tom"
    stranger.refresh_from_db()
    assert stranger.ignored_count == 0


def test_a_row_goes_on_for_those_to_whom_the_webhook_did_not_bring_the_play(
    config, plex, show, owner, viewer
):
    at = timezone.now().replace(microsecond=0) - HOUR
    receive(config, message(episode_of(show, 1, 1), at))
    process_due()
    PlexAccount.objects.get().users.add(viewer)
    plex.add_play("Severance", 1, 1, viewed_at=at + MINUTE)

    run(config)

    assert {watch.user: watch.watched_at for watch in Watch.objects.all()} == {
        owner: at,
        viewer: at + MINUTE,
    }
    assert PlexViewing.objects.filter(history_key="/status/sessions/history/1").count() == 2


def test_two_people_who_read_one_server_get_each_play_once(config, plex, owner, viewer):
    show = make_show("Severance", {1: 9})
    plex.mirror(show)
    guests = connection.connect(viewer)
    PlexConfig.objects.filter(pk=guests.pk).update(sync_started_date=START)
    guests.refresh_from_db()
    connection.save_settings(guests, plex_token=plex.token, plex_server_url=plex.server.url)
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    run(config)
    run(guests)
    assert Watch.objects.get().user == owner
    assert PlexWebhookLog.objects.count() == 1


def test_a_guests_own_rows_are_the_guests(config, plex, owner):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.account["id"], plex.is_owned = 77, False
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR, account_id=77)
    run(config)
    assert PlexAccount.objects.get().account_id == "77"
    assert Watch.objects.get().user == owner


def test_items_of_a_local_agent_agree_by_their_rating_key(config, plex, show):
    local = {"guid": "local://12", "grandparentGuid": "local://3"}
    at = timezone.now().replace(microsecond=0) - HOUR
    sent = message(episode_of(show, 1, 1), at, **local)
    plex.items[sent["Metadata"]["ratingKey"]] |= local
    receive(config, sent)
    process_due()
    plex.add_play("Severance", 1, 1, viewed_at=at + MINUTE)
    run(config)
    assert PlexWebhookLog.objects.count() == Watch.objects.count() == 1


# Trouble


def test_a_server_that_is_off_is_told_and_tried_less_and_less_often(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    plex.server.down()
    assert "can't be reached" in run(config)
    assert run(config)
    assert reading.due_every() == {config.pk: timedelta(minutes=40)}
    assert reading.pause_after(99) == timedelta(hours=1)
    plex.server.up()
    assert run(config) == ""
    assert Watch.objects.count() == 1
    assert reading.due_every() == {config.pk: timedelta(minutes=10)}


def test_a_revoked_token_is_told_and_appears_nowhere(config, plex, caplog):
    plex.token = "another token by now"
    error = run(config)
    assert "refuses the Plex token" in error
    config.refresh_from_db()
    assert config.token_refused_at is not None
    assert "fake-plex-token" not in error + caplog.text + Job.objects.get().cursor


def read_what_is_due(*, is_starting: bool) -> None:
    for job in jobs.catch_ups(is_starting=is_starting, should_stop=reading.never):
        jobs.run_if_due(job)


def test_while_the_token_is_revoked_webhooks_go_on_and_plex_is_asked_seldom(
    config, plex, owner, client, caplog
):
    connection.save_settings(config, scan_watched=True)
    show = make_show("Severance", {1: 25})
    plex.mirror(show)
    plex.add_play("Severance", 1, 1, viewed_at=timezone.now() - HOUR)
    read_what_is_due(is_starting=True)
    process_due()
    good, plex.token = plex.token, "the-next-plex-token"
    began, calls = timezone.now().replace(microsecond=0), len(plex.calls)

    for minute in range(0, 24 * 60, 5):
        with time_machine.travel(began + minute * MINUTE, tick=False):
            read_what_is_due(is_starting=minute % 360 == 0)
            if minute % 120 == 60:
                episode = episode_of(show, 1, minute // 60 + 1)
                receive(config, message(episode, timezone.now() - MINUTE))
                process_due()

    with time_machine.travel(began + 24 * HOUR, tick=False):
        assert Watch.objects.filter(user=owner).count() == 13
        asked = plex.calls[calls:]
        assert len(asked) < 24 * 5
        assert {
            call.headers["X-Plex-Token"] for call in asked if "X-Plex-Token" in call.headers
        } == {good}
        client.force_login(owner)
        shown = client.get("/plex/").content.decode()
        assert "Plex refuses the token since" in shown
        steps = {step.title: step for step in client.get("/plex/").context["steps"]}
        assert "sign in again" in steps["Signed in to Plex"].hint
        assert "refuses the Plex token" in steps["Missed plays are caught up"].hint
        everything = shown + caplog.text + repr(list(Job.objects.values()))
        assert good not in everything + repr(list(PlexWebhookLog.objects.values()))
        # A new one, and all goes on from where it stood.
        plex.add_play("Severance", 1, 25, viewed_at=timezone.now() - HOUR)
        connection.save_token(config, plex.token)
        assert run(config) == ""
        assert Watch.objects.count() == 14


def test_whose_plays_they_are_is_not_guessed_while_plex_cannot_say_it(config, plex, owner):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    plex.tv.down()
    assert "can't be reached" in run(config)
    assert PlexWebhookLog.objects.count() == 0
    plex.tv.up()
    assert run(config) == ""
    assert Watch.objects.get().user == owner
    plex.tv.down()
    plex.add_play("Severance", 1, 2, viewed_at=START + 2 * HOUR)
    assert run(config) == "", "the account is known by now"
    assert Watch.objects.filter(user=owner).count() == 2


def test_a_token_that_was_refused_by_mistake_is_good_again(config, plex):
    plex.server.fail_with(401)
    run(config)
    plex.server.up()
    plex.tv.fail_with(401)
    run(config)
    config.refresh_from_db()
    assert config.token_refused_at is not None
    plex.tv.up()
    run(config)
    config.refresh_from_db()
    assert config.token_refused_at is None


@pytest.mark.parametrize("text", ["", "{", '{"until": "x"}', "[]", "3", '{"until": 1, "what": 2}'])
def test_a_cursor_that_cannot_be_read_starts_anew(text):
    assert reading.Cursor.read(text) == reading.Cursor()


def test_another_server_at_the_address_is_not_read(config, plex):
    PlexConfig.objects.update(plex_server_uuid="e" * 40)
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    assert "Another Plex server" in run(config)
    assert not plex.asked("pms", "history")


@pytest.mark.parametrize(
    "fields", [{"enabled": False}, {"plex_token": ""}, {"plex_server_url": ""}]
)
def test_nothing_is_read_without_token_address_or_while_switched_off(config, fields):
    connection.save_settings(config, **fields)
    assert reading.due_every() == {}


def test_trouble_in_the_middle_keeps_what_was_stored(config, plex, monkeypatch):
    monkeypatch.setattr(client, "HISTORY_PAGE", 3)
    plex.mirror(make_show("Severance", {1: 9}))
    for number in range(1, 10):
        plex.add_play("Severance", 1, number, viewed_at=START + number * 24 * HOUR)
    stops = iter([False, True])
    job = Job.objects.create(name=reading.job_name(config.pk), lease_until=timezone.now())
    assert reading.catch_up(config.pk, should_stop=lambda: next(stops)) == ""
    assert PlexWebhookLog.objects.count() == 6
    Job.objects.update(lease_until=None)
    job.refresh_from_db()
    assert reading.Cursor.read(job.cursor).until == int((START + 6 * 24 * HOUR).timestamp())
    assert run(config) == ""
    assert Watch.objects.count() == 9
    since = [int(call.query["viewedAt>"]) for call in plex.asked("pms", "history")]
    assert since[-1] == int((START + 6 * 24 * HOUR - reading.OVERLAP).timestamp())


def test_an_item_at_which_the_server_always_fails_stops_nothing_for_ever(config, plex, show):
    receive(config, message(episode_of(show, 1, 9), START + HOUR), at=START + 2 * HOUR)
    for number in range(1, 9):
        plex.add_play("Severance", 1, number, viewed_at=START + number * HOUR)
    plex.broken_items = {plex.history[3]["ratingKey"]}

    for _ in range(reading.STUCK_RUNS):
        assert "has a problem" in run(config)
        assert Watch.objects.count() == 1
    calls = len(plex.asked("pms", "metadata"))
    assert run(config) == ""

    assert Watch.objects.count() == 9
    assert len(plex.asked("pms", "metadata")) - calls < 20
    log = PlexWebhookLog.objects.get(plex_episode=4)
    assert (log.status, log.action_taken) == (Status.SUCCESS, Action.MARKED_WATCHED)
    assert "failed again and again at this episode" in str(log.trace)
    others = PlexWebhookLog.objects.exclude(pk=log.pk)
    assert not [log for log in others if "failed again" in str(log.trace)]
    assert reading.Cursor.read(Job.objects.get().cursor).stuck == 0
    calls = len(plex.asked("pms", "metadata"))
    assert run(config) == ""
    assert len(plex.asked("pms", "metadata")) == calls, "what was stored is not looked up again"


def test_a_server_that_fails_at_everything_is_not_taken_for_a_few_broken_items(config, plex):
    plex.mirror(make_show("Severance", {1: 40}))
    for number in range(1, 41):
        plex.add_play("Severance", 1, number, viewed_at=START + number * HOUR)
    plex.broken_items = {row["ratingKey"] for row in plex.history}
    for _ in range(reading.STUCK_RUNS + 2):
        assert "has a problem" in run(config)
    assert not PlexWebhookLog.objects.exists()
    plex.broken_items = set()
    assert run(config) == ""
    assert Watch.objects.count() == 40
    assert "failed again" not in str(list(PlexWebhookLog.objects.values_list("trace", flat=True)))


def test_a_server_that_is_off_says_nothing_about_its_items(config, plex):
    plex.server.down()
    for _ in range(reading.STUCK_RUNS + 1):
        run(config)
    cursor = reading.Cursor.read(Job.objects.get(name=reading.job_name(config.pk)).cursor)
    assert (cursor.failures, cursor.stuck) == (reading.STUCK_RUNS + 1, 0)


def test_a_job_that_somebody_else_took_stores_nothing(config, plex):
    plex.add_show("Severance", {1: 9})
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    Job.objects.create(name=reading.job_name(config.pk), lease_until=timezone.now())

    def steal() -> bool:
        Job.objects.update(lease_until=timezone.now() + HOUR)
        return False

    assert reading.catch_up(config.pk, should_stop=steal) == ""
    assert Job.objects.filter(lease_until__gt=timezone.now() + HOUR / 2).exists()


def test_a_play_of_tomorrow_does_not_hide_those_of_today(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=timezone.now() + 24 * HOUR)
    run(config)
    assert Watch.objects.get().watched_at <= timezone.now()
    plex.add_play("Severance", 1, 2, viewed_at=timezone.now())
    run(config)
    assert Watch.objects.count() == 2


def logs_of(episode: Episode) -> list[PlexWebhookLog]:
    item_key = message(episode, START)["Metadata"]["guid"]
    return list(PlexWebhookLog.objects.filter(item_key=item_key))


def test_1000_plays_made_while_stopped_half_by_webhook_too_are_each_recorded_once(config, plex):
    dice = random.Random(seed := random.randrange(10**6))
    plays = []
    for number in range(10):
        show = make_show(f"Show number {number}", {1: 25, 2: 25, 3: 25, 4: 25})
        plex.mirror(show)
        plays += list(Episode.objects.filter(season__show=show).select_related("season__show"))
    # Within the day: the times of webhooks are believed that long.
    began = timezone.now().replace(microsecond=0) - 20 * HOUR
    times = {episode.pk: began + number * MINUTE for number, episode in enumerate(plays)}
    for episode in plays:
        plex.add_play(
            episode.season.show.title,
            episode.season.season_number,
            episode.episode_number,
            viewed_at=times[episode.pk],
        )
    dice.shuffle(plex.history)
    some = dice.sample(plays, 500)
    for episode in some:
        receive(config, message(episode, times[episode.pk]))
    # Most of the shows are known from before.
    first_of = {episode.season.show_id: episode for episode in reversed(some)}
    for episode in list(first_of.values())[:9]:
        process_due(ids=[logs_of(episode)[0].pk])

    assert run(config) == "", f"seed {seed}"

    assert dict(Watch.objects.values_list("episode_id", "watched_at")) == times, f"seed {seed}"
    assert Watch.objects.count() == PlexViewing.objects.count() == 1000, f"seed {seed}"
    assert not PlexViewing.objects.filter(history_key="").exists(), f"seed {seed}"
    assert PlexViewing.objects.filter(told_by_webhook=True).count() == 500
    assert not PlexWebhookLog.objects.exclude(status__in=("success", "duplicate")).exists()


def first_item(plex) -> dict:
    return plex.items[scrobble("Severance", 1, 1)["Metadata"]["ratingKey"]]


@pytest.mark.parametrize(
    ("field", "odd"),
    [("userRating", float("nan")), ("title", "a\x00\ud800"), ("title", "Story\t1")],
)
def test_an_odd_value_in_an_answer_loses_no_play(config, plex, field, odd):
    plex.mirror(make_show("Severance", {1: 3}))
    first_item(plex)[field] = odd
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    plex.add_play("Severance", 1, 2, viewed_at=START + 2 * HOUR)
    assert (run(config), Watch.objects.count()) == ("", 2)


def test_a_line_break_inside_a_text_of_an_answer(config, plex, monkeypatch):
    def answer(data: Any, status: int = 200) -> Response:
        text = json.dumps(data).replace("Story", "St\try")
        return Response(text, status, content_type="application/json")

    monkeypatch.setattr(plex_server, "answer", answer)
    plex.mirror(make_show("Severance", {1: 3}))
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR)
    assert (run(config), Watch.objects.count()) == ("", 1)
