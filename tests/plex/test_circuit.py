"""TMDB in trouble: few calls, one sentence on the pages, and everything goes on by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from plex import circuit, jobs
from plex.inspection import inspect
from plex.lookups import Lookups, TmdbAwayError
from plex.models import Action, Job, PlexWebhookLog, Status
from plex.processing import process_due
from tests.factories import episode_of, make_show
from tests.plex.factories import of_episode, scrobble
from tracker.tmdb import TmdbError, TmdbKeyRefusedError

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


def unknown(number: int):
    return scrobble(f"Unknown {number}", 1, 1, ids=(f"tvdb://{9000 + number}",))


def ask(lookups: Lookups | None = None) -> None:
    (lookups or Lookups(may_call=True)).ask_whether_back()


def fail(times: int) -> None:
    for _ in range(times):
        with pytest.raises(TmdbAwayError):
            ask()


def test_three_calls_that_fail_stop_all_others(clock, tmdb):
    tmdb.down()
    fail(3)
    asked = len(tmdb.requests)
    fail(20)
    assert len(tmdb.requests) == asked == 9


def test_an_answer_in_between_starts_the_count_anew(clock, tmdb):
    for _ in range(3):
        tmdb.down()
        fail(2)
        tmdb.up()
        ask()
    assert circuit.current() is None


def test_when_the_pause_is_over_one_call_is_let_through(clock, tmdb):
    tmdb.down()
    fail(3)
    clock.shift(circuit.SHORTEST_PAUSE + SECOND)
    one, other = circuit.Circuit(), circuit.Circuit()

    assert one.outage(now=timezone.now()) is None
    assert other.outage(now=timezone.now()) is not None

    one.failed(TmdbError("Still away."), now=timezone.now())
    again = one.outage(now=timezone.now())
    assert again is not None
    assert again.until - timezone.now() == circuit.SHORTEST_PAUSE * 2
    assert again.since == START


def test_whoever_was_let_through_and_was_killed_does_not_keep_the_others_out(clock, tmdb):
    tmdb.down()
    fail(3)
    clock.shift(circuit.SHORTEST_PAUSE + SECOND)
    assert circuit.Circuit().outage(now=timezone.now()) is None
    clock.shift(circuit.TRIAL + SECOND)
    assert circuit.Circuit().outage(now=timezone.now()) is None


@pytest.mark.parametrize("retry_after", [30, 900])
def test_a_wait_that_tmdb_asks_for_is_kept_at_once(clock, tmdb, retry_after):
    tmdb.fail_with(429, retry_after=retry_after)
    fail(5)
    assert len(tmdb.requests) == 1
    tmdb.up()
    clock.shift(timedelta(seconds=retry_after - 1))
    fail(1)
    clock.shift(2 * SECOND)
    ask()


def test_a_key_that_tmdb_refuses_is_not_tried_for_every_play(clock, tmdb, play):
    tmdb.fail_with(401)
    logs = [play(unknown(number)) for number in range(6)]
    assert len(tmdb.requests) == 1
    assert {log.status for log in logs} == {Status.HELD}
    outage = circuit.current()
    assert outage is not None
    assert outage.sentence == str(TmdbKeyRefusedError())


def test_a_new_key_ends_the_pause(clock, tmdb, client, owner, settings):
    settings.TMDB_API_KEY = ""
    circuit.Circuit().failed(TmdbKeyRefusedError(), now=timezone.now())
    client.force_login(owner)
    client.post("/plex/tmdb-key/", {"tmdb_api_key": tmdb.key})
    assert circuit.current() is None


def test_that_tmdb_lacks_something_is_no_trouble(clock, tmdb):
    lookups = Lookups(may_call=True)
    for number in range(5):
        with pytest.raises(TmdbAwayError):
            lookups.add_show(4000 + number)
    assert circuit.current() is None


def test_the_job_asks_again_and_wakes_what_waits(clock, tmdb, play):
    tmdb.down()
    logs = [play(unknown(number)) for number in range(6)]
    assert {log.action_taken for log in logs} == {Action.WAITING_FOR_TMDB}
    jobs.run_due_jobs()
    asked = len(tmdb.requests)
    assert asked == 9
    tmdb.up()
    for number in range(6):
        tmdb.add_show(500 + number, f"Unknown {number}", seasons={1: 3})
        tmdb.add_find(str(9000 + number), source="tvdb_id", episode=(500 + number, 1, 1))

    clock.shift(2 * MINUTE)
    jobs.run_due_jobs()
    process_due()

    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) == {Status.SUCCESS}


def test_shows_are_not_refreshed_meanwhile(clock, tmdb):
    for number in range(6):
        make_show(f"Show {number}", tmdb_id=100 + number)
    tmdb.down()
    jobs.refresh_shows()
    asked = len(tmdb.requests)
    assert circuit.current() is not None

    clock.shift(timedelta(minutes=10))
    jobs.refresh_shows()

    assert len(tmdb.requests) == asked


def test_a_refreshed_show_says_that_tmdb_is_back(clock, tmdb):
    tmdb.down()
    fail(2)
    tmdb.up()
    tmdb.add_show(100, "Show")
    make_show("Show", tmdb_id=100, refreshed_at=START - timedelta(days=400))
    jobs.refresh_shows()
    assert not Job.objects.filter(name=circuit.NAME).exclude(cursor="").exists()


def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer(clock, tmdb):
    clock.move_to(START + timedelta(days=1), tick=False)
    tmdb.down()
    fail(3)
    tmdb.up()
    clock.move_to(START, tick=False)
    ask()


@pytest.mark.parametrize("text", ["x", "[]", "null", '{"failures": "x", "has_key": 1}'])
def test_a_state_that_somebody_entered_by_hand_is_none(clock, tmdb, text):
    Job.objects.create(name=circuit.NAME, cursor=text)
    tmdb.down()
    fail(1)
    tmdb.up()
    ask()


@pytest.mark.parametrize("address", ["/plex/", "/plex/activity/"])
def test_the_pages_say_it_in_one_sentence(clock, tmdb, play, signed_in, address):
    tmdb.down()
    for number in range(4):
        play(unknown(number))
    clock.shift(MINUTE / 2)

    text = shown(signed_in, address)

    assert "TMDB can't be reached at the moment" in text
    assert "began at 14:02; 4 plays wait; the next try is at 14:03" in text
    tmdb.up()
    clock.shift(MINUTE)
    jobs.run_due_jobs()
    assert "This began" not in shown(signed_in, address)


def test_an_outage_of_yesterday_names_its_day(clock, tmdb, play, signed_in):
    tmdb.down()
    play(of_episode(episode_of(make_show("Severance"), 1, 1)))
    fail(3)
    clock.shift(timedelta(days=1))
    text = shown(signed_in, "/plex/activity/")
    assert "began on 1 Mar, 14:02; no play waits" in text


def shown(client, address: str) -> str:
    return re.sub(r"\s+", " ", client.get(address).content.decode()).replace("&#x27;", "'")


def test_a_dry_run_may_try_and_tells_nobody(clock, tmdb, play):
    tmdb.down()
    log = play(unknown(1))
    fail(3)
    before = list(Job.objects.values())
    asked = len(tmdb.requests)

    inspect(log, network=True)

    assert len(tmdb.requests) > asked
    assert list(Job.objects.values()) == before
