"""Our address in Plex's list of webhooks, the test event, and waiting for the first event."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from plex import circuit, connection, hooks, jobs
from plex.jobs import beat
from plex.models import Action, Job, PlexConfig, PlexViewing, PlexWebhookLog, Status
from plex.processing import process_due
from plex.refusals import TEST_EVENT
from plex.views import address
from tests.factories import TrackedShowFactory, episode_of, make_show
from tests.plex.factories import PlexWebhookLogFactory, form, make_config, of_episode, scrobble
from tracker.models import Watch
from tracker.tmdb import TmdbError, TmdbKeyRefusedError

pytestmark = pytest.mark.django_db

OTHER = "https://another.app/plex"


@pytest.fixture
def config(with_token) -> PlexConfig:
    return with_token


@pytest.fixture
def signed_in(signed_in, config):
    return signed_in


def register(client, **extra) -> str:
    return client.post("/plex/webhook/", follow=True, **extra).content.decode()


def our_address(config: PlexConfig, base: str = "http://testserver") -> str:
    return connection.webhook_url(config, base_url=base)


def test_our_address_is_added_and_all_others_stay(signed_in, plex, config):
    plex.webhooks = [OTHER]

    shown = register(signed_in)

    assert plex.webhooks == [OTHER, our_address(config)]
    assert "Plex posts to this tracker from now on. 1 other webhook stayed as before." in shown
    assert "Register again" in shown
    assert "Registered today" in shown
    register(signed_in)
    assert plex.webhooks == [OTHER, our_address(config)]


def test_older_addresses_of_ours_are_replaced(signed_in, plex, config, viewer):
    theirs, _ = make_config(viewer)
    kept = [OTHER, "http://testserver/elsewhere?secret=x", our_address(theirs), "http://[broken"]
    moved = our_address(config, "http://old-name:8000")
    gone = "http://testserver/api/plex/webhook/?secret=nobodys"
    elsewhere = "http://another-tracker/api/plex/webhook?secret=its-own"
    before = our_address(config)
    plex.webhooks = [*kept, moved, gone, elsewhere, before]
    connection.renew_secret(config, keep_old=True)

    register(signed_in)

    assert plex.webhooks == [*kept, elsewhere, our_address(config)]


def test_without_plex_pass_it_says_so(signed_in, plex):
    plex.has_plex_pass = False
    shown = register(signed_in)
    assert "they need a Plex Pass" in shown
    assert "history is read every ten minutes instead" in shown
    assert PlexConfig.objects.get().has_plex_pass is False
    assert PlexConfig.objects.get().webhook_registered_at is None


def test_our_addresses_are_taken_out_and_all_others_stay(signed_in, plex, config, viewer):
    theirs, _ = make_config(viewer)
    kept = [OTHER, our_address(theirs), "http://another-tracker/api/plex/webhook?secret=its-own"]
    older = our_address(config, "http://old-name:8000")
    plex.webhooks = [kept[0], older, *kept[1:]]
    PlexWebhookLogFactory(config=config, created_at=timezone.now() - timedelta(hours=1))
    register(signed_in)
    assert "Remove our webhook from Plex" in signed_in.get("/plex/").content.decode()

    shown = signed_in.post("/plex/webhook/remove/", follow=True).content.decode()

    assert plex.webhooks == kept
    assert "Plex no longer posts to this tracker. Your other webhooks stayed as before." in shown
    assert steps(signed_in)["Plex knows the webhook address"] is False
    shown = signed_in.post("/plex/webhook/remove/", follow=True).content.decode()
    assert "held no address of this tracker" in shown
    PlexWebhookLogFactory(config=config)
    assert steps(signed_in)["Plex knows the webhook address"]


def test_a_list_that_can_not_be_written_keeps_our_address(signed_in, plex, config):
    register(signed_in)
    before = list(plex.webhooks)
    plex.tv.down()
    shown = signed_in.post("/plex/webhook/remove/", follow=True).content.decode()
    assert "can&#x27;t be reached at the moment" in shown
    assert plex.webhooks == before
    assert PlexConfig.objects.get().webhook_registered_at is not None


def test_a_new_secret_is_not_known_to_plex_until_it_is_registered(signed_in, plex, config):
    register(signed_in)
    PlexWebhookLogFactory(config=config, created_at=timezone.now() - timedelta(hours=1))
    old = list(plex.webhooks)
    connection.renew_secret(config, keep_old=False)
    assert steps(signed_in)["Plex knows the webhook address"] is False
    register(signed_in)
    assert steps(signed_in)["Plex knows the webhook address"] is True
    assert plex.webhooks == [our_address(config)] != old


def test_a_list_that_can_not_be_read_is_left_alone(signed_in, plex):
    plex.webhooks = [OTHER]
    plex.tv.answer_with(b'[{"address": "?"}]')
    assert "be read" in register(signed_in)
    assert plex.webhooks == [OTHER]


def test_a_refused_token_is_remembered(signed_in, plex):
    plex.token = "another one by now"
    assert "Plex refuses the token since" in register(signed_in)
    assert PlexConfig.objects.get().token_refused_at


def test_an_address_that_can_not_be_shown_is_not_registered(signed_in, plex, settings, tmp_path):
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PATH = "", tmp_path / "missing"
    register(signed_in)
    assert plex.webhooks == []
    assert plex.calls == []


def test_of_a_local_page_the_machines_own_address_is_registered(
    signed_in, plex, config, settings, monkeypatch
):
    settings.ALLOWED_HOSTS = ["localhost", "192.168.1.5"]
    monkeypatch.setattr(address, "own_hosts", lambda: ["localhost", "10.0.0.1", "192.168.1.5"])
    headers = {"host": "localhost:8000"}
    here, outside = "http://localhost:8000", "http://192.168.1.5:8000"
    shown = signed_in.get("/plex/", headers=headers).content.decode()
    assert shown.index(f'value="{outside}" checked') < shown.index(f'value="{here}"')

    register(signed_in, headers=headers)
    assert plex.webhooks == [our_address(config, outside)]
    signed_in.post("/plex/webhook/", {"base": here}, headers=headers)
    assert plex.webhooks == [our_address(config, here)]
    signed_in.post("/plex/webhook/", {"base": "http://evil.example"}, headers=headers)
    assert plex.webhooks == [our_address(config, outside)]


def test_a_local_page_shows_what_was_registered_and_warns_no_longer(
    signed_in, plex, config, settings, monkeypatch
):
    settings.ALLOWED_HOSTS = ["localhost", "192.168.1.5"]
    monkeypatch.setattr(address, "own_hosts", lambda: ["192.168.1.5"])
    headers = {"host": "localhost:8000"}
    assert "this very machine" in signed_in.get("/plex/", headers=headers).content.decode()

    shown = register(signed_in, headers=headers)

    assert f'value="{our_address(config, "http://192.168.1.5:8000")}"' in shown
    assert "this very machine" not in shown
    elsewhere = Client()
    elsewhere.force_login(config.user)
    assert "this very machine" not in elsewhere.get("/plex/", headers=headers).content.decode()
    signed_in.post("/plex/webhook/", {"base": "http://localhost:8000"}, headers=headers)
    shown = signed_in.get("/plex/", headers=headers).content.decode()
    assert f'value="{our_address(config, "http://localhost:8000")}"' in shown
    assert "this very machine" in shown
    there = elsewhere.get("/plex/", headers=headers).content.decode()
    assert f'value="{our_address(config, "http://localhost:8000")}"' in there
    PlexWebhookLogFactory(config=config)
    assert "this very machine" not in signed_in.get("/plex/", headers=headers).content.decode()


def test_a_plex_pass_that_ended_after_events_had_arrived_is_told(signed_in, config):
    PlexWebhookLogFactory(config=config)
    connection.note_plex_pass(config, has_plex_pass=True)
    assert "no Plex Pass any more" not in signed_in.get("/plex/").content.decode()

    connection.note_plex_pass(config, has_plex_pass=False)

    shown = signed_in.get("/plex/").content.decode()
    assert "no Plex Pass any more" in shown
    assert "Choose your server" in shown


@pytest.mark.parametrize(
    ("public_url", "server", "is_warned"),
    [
        ("http://192.168.1.5:8000", "https://84-1-2-3.0a1b.plex.direct:32400", True),
        ("http://192.168.1.5:8000", "http://192.168.1.10:32400", False),
        ("https://tv.example.org", "https://84-1-2-3.0a1b.plex.direct:32400", False),
    ],
)
def test_warns_of_a_private_address_and_a_far_server(config, public_url, server, is_warned):
    config.plex_server_url = server
    warning = hooks.why_out_of_reach(our_address(config, public_url), config)
    assert ("Your Plex server is reached through the internet" in warning) is is_warned


def test_the_page_warns_of_an_address_out_of_reach(signed_in, config, settings):
    settings.PUBLIC_URL = "http://192.168.1.5:8000"
    connection.save_settings(config, plex_server_url="http://8.8.8.8:32400")
    assert (
        "192.168.1.5 is an address of your own network" in signed_in.get("/plex/").content.decode()
    )


def test_a_test_event_goes_through_the_real_address(live_server, client, owner, settings):
    make_config(owner)
    settings.PUBLIC_URL = live_server.url
    client.force_login(owner)

    shown = client.post("/plex/webhook/test/", follow=True).content.decode()

    assert "The test event arrived: the address works." in shown
    log = PlexWebhookLog.objects.get()
    assert log.source == "test"
    process_due()
    log.refresh_from_db()
    assert (log.status, log.action_taken) == ("ignored", Action.EVENT_NOT_SCROBBLE)
    assert PlexConfig.objects.get().last_webhook_received is None
    assert not Watch.objects.exists()
    assert not PlexViewing.objects.exists()
    steps = {step.title: step.done for step in client.get("/plex/").context["steps"]}
    assert steps["Events arrive"] is False
    story = client.get(f"/plex/activity/{log.pk}/").content.decode()
    assert "The settings page sent a test event." in story


def test_a_test_event_that_gets_nowhere_is_told(signed_in, config, settings, plex):
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    shown = signed_in.post("/plex/webhook/test/", follow=True).content.decode()
    assert "127.0.0.1:9 can&#x27;t be reached from the tracker itself" in shown
    settings.PUBLIC_URL = plex.http.url_for("/tv").removesuffix("/tv") + "/pms"
    shown = signed_in.post("/plex/webhook/test/", follow=True).content.decode()
    assert "something stands before it" in shown


def test_a_test_event_says_what_the_tracker_answered(live_server, client, owner, settings):
    make_config(owner, enabled=False)
    settings.PUBLIC_URL = live_server.url
    client.force_login(owner)
    shown = client.post("/plex/webhook/test/", follow=True).content.decode()
    assert "answered 403: The Plex integration is switched off." in shown


def test_the_secret_is_in_no_error_of_a_test_event():
    with pytest.raises(hooks.UndeliveredError) as caught:
        hooks.send_test_event("http://127.0.0.1:9/api/plex/webhook?secret=very-secret")
    assert "very-secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_posted_test_event_never_marks_anything(client, owner, plex):
    _, secret = make_config(owner)
    show = make_show("Severance", {1: 3})
    TrackedShowFactory(user=owner, show=show)
    message = of_episode(episode_of(show, 1, 1)) | {"event": "tracker.test"}
    client.post(f"/api/plex/webhook?secret={secret}", form(message))
    process_due()
    assert PlexWebhookLog.objects.get().source == "test"
    assert not Watch.objects.exists()


def test_the_first_event_is_waited_for_and_told(signed_in, config):
    assert "appears here by itself" in signed_in.get("/plex/").content.decode()
    assert signed_in.get("/plex/webhook/last/").status_code == 204

    log = PlexWebhookLogFactory(
        config=config, plex_title="Severance", status=Status.PENDING, action_taken=""
    )
    shown = signed_in.get("/plex/webhook/last/").content.decode()
    assert "Finished: Severance" in shown
    assert "Waits for its turn." in shown
    same = f"/plex/webhook/last/?shown={log.pk}&as=pending"
    assert same.replace("&", "&amp;") in shown
    assert signed_in.get(same).status_code == 204

    log.status, log.action_taken = Status.SUCCESS, Action.MARKED_WATCHED
    log.save()
    assert "The episode was marked watched." in signed_in.get(same).content.decode()


def test_waiting_needs_a_connection_of_ones_own(client, viewer, config):
    client.force_login(viewer)
    assert client.get("/plex/webhook/last/").status_code == 404


def steps(client) -> dict[str, bool]:
    return {step.title: step.done for step in client.get("/plex/").context["steps"]}


def test_the_checklist_follows(signed_in, plex, config, tmdb):
    first = steps(signed_in)
    assert first["Signed in to Plex"]
    assert not first["The server is known"]
    assert not first["Plex knows the webhook address"]
    assert not first["The worker runs"]
    beat("somewhere:1")
    signed_in.post("/plex/server/find/")
    register(signed_in)
    signed_in.post("/plex/accounts/read/")
    signed_in.post("/plex/accounts/choose/", {"account": ["1"]})
    PlexWebhookLogFactory(config=config)
    PlexWebhookLogFactory(config=config, source="test")
    assert jobs.run_due_jobs(is_starting=True)
    assert steps(signed_in) == {
        "Signed in to Plex": True,
        "The server is Attic": True,
        "Plex knows the webhook address": True,
        "Every account has its person": True,
        "Events arrive": True,
        "Missed plays are caught up": True,
        "TMDB can be asked": True,
        "The worker runs": True,
    }


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            TmdbError("TMDB can't be reached."),
            "TMDB can't be reached. It is tried again by itself.",
        ),
        (TmdbKeyRefusedError(), str(TmdbKeyRefusedError())),
    ],
)
def test_tmdb_can_not_be_asked_while_it_is_away(signed_in, tmdb, error, hint):
    circuit.Circuit().failed(error, now=timezone.now(), is_away=True)
    (step,) = [s for s in signed_in.get("/plex/").context["steps"] if s.anchor == "tmdb"]
    assert (step.done, step.hint) == (False, hint)


def test_a_worker_that_stopped_is_told(signed_in):
    Job.objects.create(name="worker:a:1", last_run_at=timezone.now() - timedelta(minutes=5))
    assert steps(signed_in)["The worker runs"] is False


def test_a_public_address_of_this_very_machine_is_warned_of(signed_in, settings):
    settings.PUBLIC_URL = "http://localhost:8000"
    assert "this very machine" in signed_in.get("/plex/").content.decode()


def test_an_event_at_the_new_address_ticks_it_off_while_the_old_one_still_works(signed_in, config):
    connection.renew_secret(config, keep_old=True)
    Client().post(our_address(config, base=""), form(json.dumps(scrobble())))
    assert steps(signed_in)["Plex knows the webhook address"]


def test_a_test_event_does_not_tick_off_the_new_address(signed_in, config):
    PlexWebhookLogFactory(config=config)
    connection.renew_secret(config, keep_old=True)
    Client().post(our_address(config, base=""), form(json.dumps({"event": TEST_EVENT})))
    assert steps(signed_in)["Plex knows the webhook address"] is False


def test_an_event_at_the_old_address_does_not_tick_off_the_new_one(signed_in, config):
    connection.renew_secret(config, keep_old=True)
    PlexWebhookLogFactory(config=config)
    assert steps(signed_in)["Plex knows the webhook address"] is False
    PlexConfig.objects.update(previous_secret_until=timezone.now() - timedelta(minutes=1))
    PlexWebhookLogFactory(config=config)
    assert steps(signed_in)["Plex knows the webhook address"]
