"""A Plex host in trouble: known to every process, few calls, one sentence, and back by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from plex import circuit, connection, host_circuits, jobs
from plex.client import PlexError, PlexServer, PlexTv
from plex.history import reading
from plex.imports import library
from plex.models import Job, PlexConfig
from tests.plex_server import FakePlex

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def config(clock, connected, plex: FakePlex) -> PlexConfig:
    config, _ = connected
    connection.save_settings(config, plex_token=plex.token)
    connection.save_server(config, url=plex.server.url, uuid=plex.uuid, name=plex.name)
    return config


def ask(plex: FakePlex, *, tries: int = 1) -> None:
    url = plex.server.url
    PlexServer(url, plex.token, tries=tries, circuit=host_circuits.of_server(url)).sections()


def fail(plex: FakePlex, times: int) -> list[PlexError]:
    errors = []
    for _ in range(times):
        with pytest.raises(PlexError) as caught:
            ask(plex)
        errors.append(caught.value)
    return errors


def test_three_calls_that_fail_stop_those_of_everybody(config, plex):
    plex.server.down()
    errors = fail(plex, 20)
    assert len(plex.calls) == 3
    assert {error.kind for error in errors} == {"unreachable"}
    assert errors[-1].retry_after == circuit.SHORTEST_PAUSE.total_seconds()


@pytest.mark.parametrize("body", [b"<html>", b"[1, 2]", b'{"MediaContainer": 7}', b'{"Media'])
def test_what_cannot_be_read_counts_like_no_answer(config, plex, body):
    plex.server.answer_with(body)
    fail(plex, 5)
    assert len(plex.calls) == 3


def test_a_wait_that_plex_asks_for_is_kept_at_once_and_tried_once(config, plex, clock):
    plex.server.fail_with(429, retry_after=900)
    with pytest.raises(PlexError):
        ask(plex, tries=3)
    clock.shift(timedelta(seconds=899))
    fail(plex, 3)
    assert len(plex.calls) == 1
    plex.server.up()
    clock.shift(2 * SECOND)
    ask(plex)


def test_each_host_is_left_alone_by_itself(config, plex):
    plex.server.down()
    fail(plex, 3)
    assert PlexTv(plex.token, circuit=host_circuits.of_account_service()).user().username
    other = host_circuits.of_server("http://127.0.0.1:9")
    assert other.outage(now=timezone.now()) is None


def test_the_call_that_is_let_through_is_made_once(config, plex, clock):
    plex.server.down()
    fail(plex, 3)
    clock.shift(circuit.SHORTEST_PAUSE + SECOND)
    with pytest.raises(PlexError):
        ask(plex, tries=3)
    assert len(plex.calls) == 4


def test_refused_and_missing_things_are_answers(config, plex):
    plex.server.fail_with(401)
    fail(plex, 5)
    plex.server.fail_with(404)
    fail(plex, 5)
    assert len(plex.calls) == 10


def test_items_at_which_the_server_fails_say_nothing_about_the_server(config, plex):
    key = plex.add_show("Broken", {})
    plex.broken_items = {key}
    url = plex.server.url
    server = PlexServer(url, plex.token, tries=1, circuit=host_circuits.of_server(url))
    for _ in range(5):
        with pytest.raises(PlexError) as caught:
            server.items([key])
        assert caught.value.kind == "trouble"
    assert len(plex.calls) == 5


def test_once_it_is_back_the_jobs_that_failed_run_at_once(config, plex, clock):
    plex.server.down()
    jobs.run_due_jobs()
    assert circuit.current(host_circuits.server_name(plex.server.url)) is None, "one job, one call"
    fail(plex, 2)
    job = Job.objects.get(name=reading.job_name(config.pk))
    assert job.last_error
    plex.server.up()
    clock.shift(circuit.SHORTEST_PAUSE + SECOND)

    jobs.run_due_jobs()
    jobs.run_due_jobs()

    job.refresh_from_db()
    assert (job.last_error, job.last_run_at) == ("", timezone.now())


def test_a_person_is_not_stopped_and_opens_the_way(config, plex, clock):
    plex.server.down()
    fail(plex, 3)
    plex.server.up()
    assert library.read_sections(config)
    connection.read_soon(config)
    ask(plex)
    assert host_circuits.away(config) == []


def test_a_server_that_nobody_has_any_more_is_forgotten(config, plex):
    plex.server.down()
    fail(plex, 3)
    connection.save_settings(config, plex_server_url="http://127.0.0.1:9")
    jobs.ask_plex_again()
    assert not Job.objects.filter(name__startswith=host_circuits.SERVER).exists()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("HTTP://Nas.local:32400/", "circuit:server:http://nas.local:32400"),
        ("http://mira:secret@nas:32400/x?token=1", "circuit:server:http://nas:32400"),
    ],
)
def test_the_name_of_a_circuit_is_the_address_without_anything_secret(url, name):
    assert host_circuits.server_name(url) == name


def test_a_long_address_has_a_name_that_fits(config):
    name = host_circuits.server_name(f"https://{'a' * 200}.plex.direct:32400")
    assert len(name) <= host_circuits.LONGEST_NAME


@pytest.mark.parametrize("address", ["/plex/", "/plex/activity/"])
def test_the_pages_say_since_when_and_when_it_is_tried_again(config, plex, client, address):
    client.force_login(config.user)
    plex.server.down()
    fail(plex, 3)
    text = re.sub(r"\s+", " ", client.get(address).content.decode()).replace("&#x27;", "'")
    assert "The Plex server can't be reached at the moment" in text
    assert "This began at 14:02" in text
    assert "the next try is at 14:03" in text
