"""The settings page: what it shows, what its buttons do, and what it never shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plex import connection
from plex.circuit import Circuit
from plex.models import Action, PlexAccount, PlexConfig, PlexWebhookLog, Status
from tests.factories import UserFactory, WatchFactory, episode_of, make_show
from tests.plex.factories import (
    PlexAccountFactory,
    PlexWebhookLogFactory,
    make_config,
    of_episode,
)
from tracker.encryption import new_key, reveal
from tracker.models import SiteSettings, Watch
from tracker.tmdb import TmdbError

pytestmark = pytest.mark.django_db

PAGE = "/plex/"
TOKEN = "a-Plex-token-x1"
SWITCHES = (
    "enabled",
    "auto_mark_watched",
    "auto_add_shows",
    "auto_add_library",
    "record_rewatches",
    "scan_watched",
)


def page(client, **extra) -> str:
    response = client.get(PAGE, **extra)
    assert response.status_code == 200
    return response.content.decode()


def settings_of(**changes) -> dict[str, str]:
    """What the form sends: switches that are off are left out."""
    switches = dict.fromkeys(SWITCHES[:3], True) | changes
    return {name: "on" if value is True else value for name, value in switches.items() if value}


def test_asks_to_sign_in_first(client):
    response = client.get(PAGE)

    assert response.status_code == 302
    assert "/sign-in/" in response["Location"]


def test_offers_to_connect_and_then_shows_the_address(signed_in, owner):
    assert "Not connected yet" in page(signed_in)
    assert not PlexConfig.objects.exists()

    response = signed_in.post("/plex/connect/", follow=True)

    secret = reveal(PlexConfig.objects.get(user=owner), "webhook_secret")
    assert f"http://testserver/api/plex/webhook?secret={secret}" in response.content.decode()


def test_the_address_is_never_kept_by_a_cache(signed_in, owner):
    make_config(owner)

    assert "no-store" in signed_in.get(PAGE)["Cache-Control"]


def test_warns_of_an_address_that_only_this_machine_reaches(signed_in, owner, settings):
    make_config(owner)

    assert "only for a Plex server on this very machine" in page(
        signed_in, headers={"host": "localhost:8000"}
    )
    assert "this very machine" not in page(signed_in, headers={"host": "testserver"})
    settings.PUBLIC_URL = "https://tv.example.org"
    shown = page(signed_in, headers={"host": "localhost:8000"})
    assert "https://tv.example.org/api/plex/webhook?secret=" in shown
    assert "this very machine" not in shown


def test_saves_and_keeps_secret_and_token(signed_in, owner):
    config, secret = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN)

    response = signed_in.post(PAGE, settings_of(auto_add_shows=""))

    assert response.status_code == 302
    stored = PlexConfig.objects.get()
    assert (stored.enabled, stored.auto_add_shows, stored.record_rewatches) == (True, False, False)
    assert reveal(stored, "plex_token") == TOKEN
    assert reveal(stored, "webhook_secret") == secret


def test_the_scan_is_switched_on_and_off_here(signed_in, owner):
    config, _ = make_config(owner)
    assert not config.scan_watched
    signed_in.post(PAGE, settings_of(scan_watched=True))
    stored = PlexConfig.objects.get()
    assert (stored.scan_watched, stored.scan_started_at is not None) == (True, True)
    signed_in.post(PAGE, settings_of())
    assert not PlexConfig.objects.get().scan_watched


def test_with_a_wrong_key_the_page_says_what_to_do(signed_in, owner, settings):
    config, secret = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN)
    settings.ENCRYPTION_KEY = new_key()

    shown = page(signed_in)

    assert "Unreadable" in shown
    assert "Put the old key back" in shown
    assert "enter the token again" in shown
    assert secret not in shown


def test_without_any_key_nothing_breaks(signed_in, owner, settings, tmp_path):
    make_config(owner)
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PATH = "", tmp_path / "missing"

    response = signed_in.post("/plex/secret/", {"old": "stop"}, follow=True)
    assert "There is no encryption key" in response.content.decode()


@pytest.mark.parametrize(("choice", "still_works"), [("keep", True), ("stop", False)])
def test_a_new_address_asks_what_becomes_of_the_old_one(signed_in, owner, choice, still_works):
    config, old = make_config(owner)

    response = signed_in.post("/plex/secret/", {"old": choice}, follow=True)

    config.refresh_from_db()
    assert reveal(config, "webhook_secret") != old
    assert bool(config.previous_secret_sha256) is still_works
    assert ("The address before this one works until" in response.content.decode()) is still_works


def test_shows_the_last_event_and_what_was_refused(signed_in, owner):
    config, _ = make_config(owner, refused_rate_count=3, refused_size_count=1)
    PlexWebhookLogFactory(
        config=config,
        plex_title="Severance",
        plex_season=2,
        plex_episode=3,
        action_taken=Action.MARKED_WATCHED,
    )

    shown = page(signed_in)

    assert "Severance S02E03" in shown
    assert "The episode was marked watched." in shown
    assert "3 events refused" in shown
    assert "1 event refused: larger than 2 MB" in shown


def test_lists_only_accounts_that_are_ones_business(client, viewer, owner):
    mine, _ = make_config(viewer)
    theirs, _ = make_config(owner)
    PlexAccountFactory(account_title="Through my hook").seen_by.add(mine)
    PlexAccountFactory(account_title="Through theirs").seen_by.add(theirs)
    client.force_login(viewer)

    shown = page(client)

    assert "Through my hook" in shown
    assert "Through theirs" not in shown


def held_play(config: PlexConfig, account: PlexAccount, *, episode) -> PlexWebhookLog:
    return PlexWebhookLogFactory(
        config=config,
        account=account,
        status=Status.HELD,
        action_taken=Action.WAITING_FOR_ACCOUNT,
        payload=of_episode(
            episode,
            viewed_at=timezone.now() - timedelta(hours=5),
            account_id=account.account_id,
            account_title=account.account_title,
            is_user=False,
        ),
        server_uuid=account.server_uuid,
    )


def test_ticking_an_account_offers_its_held_plays_and_records_them(client, viewer):
    config, _ = make_config(viewer)
    account = PlexAccountFactory(account_title="Anna")
    account.seen_by.add(config)
    show = make_show("Severance", {1: 3})
    held_play(config, account, episode=episode_of(show, 1, 1))
    held_play(config, account, episode=episode_of(show, 1, 2))
    client.force_login(viewer)
    assert "Record the held plays" not in page(client)

    response = client.post(f"/plex/accounts/{account.pk}/", {"users": [viewer.pk]}, follow=True)
    assert list(account.users.all()) == [viewer]
    assert "2 held plays can be recorded now." in response.content.decode()
    assert "Record the held plays" in response.content.decode()

    response = client.post(f"/plex/accounts/{account.pk}/replay/", follow=True)
    assert "2 plays were recorded" in response.content.decode()
    assert Watch.objects.filter(user=viewer).count() == 2


def test_only_staff_say_that_plays_are_somebody_elses(client, viewer, stranger, owner):
    config, _ = make_config(viewer)
    account = PlexAccountFactory()
    account.seen_by.add(config)
    client.force_login(viewer)

    client.post(f"/plex/accounts/{account.pk}/", {"users": [stranger.pk]})
    assert not account.users.exists()

    client.force_login(owner)
    client.post(f"/plex/accounts/{account.pk}/", {"users": [stranger.pk, viewer.pk]})
    assert set(account.users.all()) == {stranger, viewer}


def test_ones_own_tick_leaves_the_others_of_a_shared_account(client, viewer, stranger):
    config, _ = make_config(viewer)
    account = PlexAccountFactory()
    account.seen_by.add(config)
    account.users.add(stranger)
    client.force_login(viewer)

    client.post(f"/plex/accounts/{account.pk}/", {"users": [viewer.pk]})
    assert set(account.users.all()) == {viewer, stranger}
    client.post(f"/plex/accounts/{account.pk}/", {})
    assert set(account.users.all()) == {stranger}


def test_nobody_ticked_is_said(client, viewer):
    config, _ = make_config(viewer)
    account = PlexAccountFactory()
    account.seen_by.add(config)
    client.force_login(viewer)

    response = client.post(f"/plex/accounts/{account.pk}/", {}, follow=True)
    assert "Nobody is ticked" in response.content.decode()


def test_an_account_can_be_told_never_to_count(client, viewer):
    config, _ = make_config(viewer)
    account = PlexAccountFactory(account_title="Neighbour")
    account.seen_by.add(config)
    client.force_login(viewer)

    response = client.post(f"/plex/accounts/{account.pk}/", {"never": "on"}, follow=True)

    account.refresh_from_db()
    assert account.never
    assert "Never counts" in response.content.decode()


@pytest.mark.parametrize("action", ["", "replay/"])
def test_a_strangers_account_can_not_be_guessed(client, stranger, owner, action):
    config, _ = make_config(owner)
    account = PlexAccountFactory()
    account.seen_by.add(config)
    client.force_login(stranger)

    assert (
        client.post(f"/plex/accounts/{account.pk}/{action}", {"users": [stranger.pk]}).status_code
        == 404
    )
    assert not account.users.exists()


def test_a_tmdb_key_is_tried_out_and_then_sealed(signed_in, owner, tmdb, settings):
    key, settings.TMDB_API_KEY = settings.TMDB_API_KEY, ""
    make_config(owner)

    response = signed_in.post("/plex/tmdb-key/", {"tmdb_api_key": key}, follow=True)

    shown = response.content.decode()
    assert "The TMDB key works and was saved." in shown
    assert key not in shown
    site = SiteSettings.load()
    assert reveal(site, "tmdb_api_key") == key
    assert key not in site.tmdb_api_key


def test_a_wrong_tmdb_key_is_not_kept_and_not_shown(signed_in, owner, tmdb, settings):
    settings.TMDB_API_KEY = ""
    make_config(owner)

    response = signed_in.post("/plex/tmdb-key/", {"tmdb_api_key": "wrong-key-123"})

    assert response.status_code == 422
    assert "wrong-key-123" not in response.content.decode()
    assert not SiteSettings.load().tmdb_api_key


def test_a_new_tmdb_key_wakes_what_waited_for_it(signed_in, owner, tmdb, settings):
    key, settings.TMDB_API_KEY = settings.TMDB_API_KEY, ""
    config, _ = make_config(owner)
    log = PlexWebhookLogFactory(
        config=config,
        status=Status.HELD,
        action_taken=Action.WAITING_FOR_TMDB,
        needs_network=True,
        next_attempt_at=timezone.now() + timedelta(hours=4),
    )

    signed_in.post("/plex/tmdb-key/", {"tmdb_api_key": key})

    log.refresh_from_db()
    assert log.next_attempt_at is not None
    assert log.next_attempt_at <= timezone.now()


def test_only_staff_set_the_tmdb_key(client, viewer):
    make_config(viewer)
    client.force_login(viewer)

    assert 'name="tmdb_api_key"' not in page(client)
    assert client.post("/plex/tmdb-key/", {"tmdb_api_key": "x"}).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        *("connect/", "secret/", "accounts/1/", "accounts/1/replay/", "tmdb-key/"),
        *("sign-in/", "sign-in/check/", "sign-in/cancel/", "token/", "token/remove/"),
        *("server/", "server/find/", "webhook/", "webhook/test/", "webhook/remove/"),
        *("history/read/", "history/missing/"),
        *("accounts/read/", "accounts/choose/"),
    ],
)
def test_changes_are_posted(signed_in, address):
    assert signed_in.get(f"/plex/{address}").status_code == 405


def test_the_number_of_queries_does_not_grow(signed_in, owner, django_assert_max_num_queries):
    config, _ = make_config(owner)
    for _ in range(30):
        account = PlexAccountFactory()
        account.seen_by.add(config)
        account.users.add(UserFactory(), owner)
        PlexWebhookLogFactory(config=config, account=account, status=Status.HELD)

    with django_assert_max_num_queries(20):
        page(signed_in)


def test_the_trouble_of_tmdb_is_looked_up_once(signed_in, owner, settings):
    make_config(owner)
    settings.TMDB_API_KEY = "key"
    Circuit().failed(TmdbError("TMDB is away."), now=timezone.now(), is_away=True)
    with CaptureQueriesContext(database) as queries:
        assert page(signed_in).count("TMDB is away.") > 1
    asked = [query for query in queries.captured_queries if "circuit:tmdb" in query["sql"]]
    assert len(asked) == 1


def test_a_form_stands_where_an_answer_is_waited_for(client, owner):
    client.force_login(owner)
    make_config(owner)
    decided = PlexAccountFactory()
    decided.users.add(owner)
    waiting = PlexAccountFactory()
    shown = client.get("/plex/").content.decode()
    assert f'action="/plex/accounts/{waiting.pk}/"' in shown
    assert f'action="/plex/accounts/{decided.pk}/"' not in shown
    chosen = client.get(f"/plex/?account={decided.pk}").content.decode()
    assert f'action="/plex/accounts/{decided.pk}/"' in chosen


def test_many_accounts_and_people_make_no_endless_page(client, owner):
    client.force_login(owner)
    make_config(owner)
    UserFactory.create_batch(50)
    PlexAccountFactory.create_batch(50)
    assert len(client.get("/plex/").content) < 100_000


def test_rewatches_are_offered_once_switched_on(client, viewer):
    client.force_login(viewer)
    config, _ = make_config(viewer)
    episode = episode_of(make_show("Dark"), 1, 1)
    WatchFactory(user=viewer, episode=episode)
    shown = client.get(f"/episodes/{episode.pk}/").content.decode()
    assert "Watched once more" not in shown
    assert "Switch on “Record rewatches”" in shown
    config.record_rewatches = True
    config.save()
    assert "Watched once more" in client.get(f"/episodes/{episode.pk}/").content.decode()
