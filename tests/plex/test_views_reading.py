"""What the pages say about reading the server: when, how far, what goes wrong, what is missing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from plex import connection, jobs
from plex.history import missing, reading, scan
from plex.models import Job, PlexConfig, PlexWebhookLog
from plex.processing import process_due
from plex.views.checklist import Step
from tests.factories import make_show
from tests.plex.factories import SERVER, make_config
from tests.plex_server import FakePlex
from tracker.models import Watch

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def config(readable) -> PlexConfig:
    readable.sync_started_date = NOW - timedelta(days=60)
    readable.save()
    return readable


@pytest.fixture
def signed_in(signed_in, config):
    return signed_in


def page(client, address: str = "/plex/") -> str:
    text = client.get(address).content.decode()
    return " ".join(text.replace("&#x27;", "'").split())


def steps(client) -> dict[str, Step]:
    return {step.title: step for step in client.get("/plex/").context["steps"]}


def read(config: PlexConfig) -> None:
    Job.objects.update(last_run_at=None)
    jobs.run_due_jobs()
    process_due()


def test_says_when_it_was_read_and_how_far(signed_in, plex, config):
    assert not steps(signed_in)["Missed plays are caught up"].done
    assert "The worker reads your server in a moment." in page(signed_in)
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=NOW - timedelta(days=400))
    plex.add_play("Severance", 1, 2, viewed_at=NOW - 26 * HOUR)
    read(config)

    step = steps(signed_in)["Missed plays are caught up"]

    assert step.done
    assert step.at == Job.objects.get(name=reading.job_name(config.pk)).last_run_at
    shown = page(signed_in)
    assert "Last read today" in shown
    local = timezone.localtime(NOW - 26 * HOUR)
    assert f"{local:%H:%M}. </p>" in shown or f"{local:%H:%M}.</p>" in shown


def sign_in_again(client, plex: FakePlex) -> None:
    client.post("/plex/token/", {"plex_token": plex.token})


def find_the_server_again(client, plex: FakePlex) -> None:
    client.post("/plex/server/find/")


@pytest.mark.parametrize("put_right", [sign_in_again, find_the_server_again])
def test_what_was_put_right_is_read_at_once(signed_in, plex, config, put_right):
    plex.server.fail_with(401, times=1)
    read(config)
    assert "sign in again" in page(signed_in)
    plex.server.up()
    tried = Job.objects.get(name=reading.job_name(config.pk)).last_run_at

    put_right(signed_in, plex)

    assert "The worker reads your server in a moment." in page(signed_in)
    assert "sign in again" not in page(signed_in)
    jobs.run_due_jobs()
    job = Job.objects.get(name=reading.job_name(config.pk))
    assert job.last_run_at not in {None, tried}
    assert not job.last_error


def test_says_what_goes_wrong_and_that_nothing_is_lost(signed_in, plex, config):
    plex.server.down()
    read(config)
    step = steps(signed_in)["Missed plays are caught up"]
    assert not step.done
    assert "The Plex server can't be reached" in step.hint
    assert "Nothing is lost meanwhile." in page(signed_in)
    shown = signed_in.post("/plex/history/read/", follow=True).content.decode()
    assert "The worker reads it in a moment." in shown


def test_of_an_error_of_our_own_the_log_is_named(signed_in, config):
    Job.objects.create(
        name=reading.job_name(config.pk), last_run_at=NOW, last_error="ZeroDivisionError"
    )
    assert "its log has the details" in steps(signed_in)["Missed plays are caught up"].hint


@pytest.mark.parametrize(
    ("fields", "anchor"), [({"plex_token": ""}, "token"), ({"plex_server_url": ""}, "server")]
)
def test_leads_to_the_step_that_it_lacks(signed_in, config, fields, anchor):
    connection.save_settings(config, **fields)
    step = steps(signed_in)["Missed plays are caught up"]
    assert (step.done, step.optional, step.anchor) == (False, True, anchor)


def test_the_scan_has_a_line_of_its_own_once_it_is_on(signed_in, plex, config):
    title = "Marks made in Plex are found"
    assert title not in steps(signed_in)
    connection.save_settings(config, scan_watched=True)
    assert not steps(signed_in)[title].done
    read(config)
    assert steps(signed_in)[title].done
    assert "Looked for what you marked as watched in Plex today" in page(signed_in)
    plex.server.fail_with(500)
    read(config)
    assert "The Plex server has a problem" in steps(signed_in)[title].hint


def test_without_plex_pass_the_way_through_needs_no_webhook(client, owner, plex, tmdb):
    """From the first button to a green checklist and a recorded play."""
    plex.has_plex_pass = False
    client.force_login(owner)
    assert "without one, your server's history is read every ten minutes instead" in page(client)
    client.post("/plex/connect/")
    PlexConfig.objects.update(sync_started_date=NOW - HOUR)
    client.post("/plex/token/", {"plex_token": plex.token})

    assert "has no Plex Pass, so Plex posts nothing to this address" in page(client)
    shown = steps(client)
    assert not {"Plex knows the webhook address", "Events arrive"} & set(shown)
    assert (
        shown["Plays are read every ten minutes"].anchor,
        shown["The server is known"].optional,
    ) == (
        "server",
        False,
    )
    client.post("/plex/server/find/")
    client.post("/plex/accounts/read/")
    client.post("/plex/accounts/choose/", {"account": ["1"]})
    jobs.beat("somewhere:1")
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=NOW - HOUR / 2)
    jobs.run_due_jobs(is_starting=True)
    process_due()

    assert all(step.done for step in steps(client).values())
    assert Watch.objects.get().user == owner
    assert plex.webhooks == []
    assert "within ten minutes" not in page(client), "an event is there by now"


def test_with_plex_pass_or_without_knowing_the_webhook_is_a_step(signed_in, plex, config):
    assert "Plex knows the webhook address" in steps(signed_in)
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    config.refresh_from_db()
    assert config.has_plex_pass is True
    assert "Plex knows the webhook address" in steps(signed_in)


def list_missing(config: PlexConfig, plex: FakePlex, *, count: int) -> None:
    plex.mirror(make_show("Severance", {1: 9}))
    plex.add_play("Severance", 1, 1, viewed_at=NOW - 24 * HOUR)
    read(config)
    for number in range(2, 2 + count):
        plex.add_play("Severance", 1, number, viewed_at=NOW - 24 * 9 * HOUR)
    read(config)


def test_missing_plays_are_listed_on_both_pages_and_brought_in_by_a_button(signed_in, plex, config):
    list_missing(config, plex, count=3)

    shown = page(signed_in)
    assert "3 plays of the last 30 days are missing here." in shown
    assert "S01E02 “Story 1-2”" in shown or "S01E02" in shown
    assert missing.LATE in shown
    assert not steps(signed_in)["3 plays are missing"].done
    assert "3 plays in Plex's history are missing here." in page(signed_in, "/plex/activity/")

    answer = signed_in.post("/plex/history/missing/", follow=True).content.decode()
    assert "3 plays will be brought in within a minute." in answer
    assert "They are being brought in" in answer
    jobs.run_due_jobs()
    process_due()

    assert Watch.objects.count() == 4
    assert "3 missing plays were brought in" in page(signed_in)
    assert "missing here" not in page(signed_in, "/plex/activity/")
    again = signed_in.post("/plex/history/missing/", follow=True).content.decode()
    assert "Nothing is missing any more." in again


def test_the_missing_plays_are_ones_own_business(client, plex, config, viewer):
    list_missing(config, plex, count=1)
    make_config(viewer)
    client.force_login(viewer)
    assert "missing here" not in page(client) + page(client, "/plex/activity/")
    client.post("/plex/history/missing/")
    found: Any = Job.objects.get(name=missing.job_name(config.pk)).found
    assert not found["is_wanted"]


def test_reading_at_once_is_a_button(signed_in, plex, config):
    connection.save_settings(config, scan_watched=True)
    read(config)
    assert not jobs.run_due_jobs()
    signed_in.post("/plex/history/read/")
    calls = len(plex.asked("pms", "history")), len(plex.asked("pms", "sections"))
    jobs.run_due_jobs()
    assert (len(plex.asked("pms", "history")), len(plex.asked("pms", "sections"))) > calls
    assert Job.objects.get(name=scan.job_name(config.pk)).last_run_at is not None


def test_a_hook_of_ones_own_is_needed(client, viewer, config):
    client.force_login(viewer)
    for address in ("history/read/", "history/missing/", "webhook/remove/"):
        assert client.post(f"/plex/{address}").status_code == 404
    assert not PlexWebhookLog.objects.exists()


def found_missing(config, **found: object) -> None:
    result = {"server_uuid": config.plex_server_uuid, "plays": [], "total": 3, "brought": 0}
    Job.objects.create(name=missing.job_name(config.pk), found={**result, **found})


def test_while_the_token_is_refused_plays_are_brought_in_after_the_next_sign_in(signed_in, config):
    found_missing(config)
    PlexConfig.objects.update(token_refused_at=timezone.now())
    shown = signed_in.post("/plex/history/missing/", follow=True).content.decode()
    assert "Sign in to Plex again: then 3 plays will be brought in." in shown


def test_what_another_server_s_history_holds_is_not_missing_from_this_one(signed_in, config):
    PlexConfig.objects.update(plex_server_uuid=SERVER)
    found_missing(config, server_uuid="f" * 40)
    assert (
        "Nothing is missing any more"
        in signed_in.post("/plex/history/missing/", follow=True).content.decode()
    )
