"""The connection: its address, its secrets, its settings."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone

from plex import connection
from plex.answers import PlexError
from plex.inbox import find_hook
from plex.models import PlexConfig
from tests.plex.factories import make_config
from tracker.encryption import DecryptionError, new_key, reveal

pytestmark = pytest.mark.django_db

TOKEN = "xyzzy-plex-token"


def opens(secret: str) -> bool:
    return find_hook(secret, now=timezone.now()) is not None


def test_connecting_makes_one_sealed_secret_of_256_bits(owner):
    config = connection.connect(owner)
    secret = reveal(config, "webhook_secret")

    assert re.fullmatch(r"[\w-]{43}", secret)
    stored = PlexConfig.objects.values_list().get()
    assert secret not in str(stored)
    assert opens(secret)
    assert config.sync_started_date is not None


def test_connecting_again_changes_nothing(owner):
    first = connection.connect(owner)
    connection.save_settings(first, plex_token=TOKEN, enabled=False)

    again = connection.connect(owner)

    assert reveal(again, "webhook_secret") == reveal(first, "webhook_secret")
    assert reveal(again, "plex_token") == TOKEN
    assert again.enabled is False


def test_connecting_gives_a_secret_to_a_row_without_one(owner):
    PlexConfig.objects.create(user=owner)

    config = connection.connect(owner)

    assert opens(reveal(config, "webhook_secret"))


def test_the_address_holds_the_secret_and_starts_with_the_given_base(owner):
    config, secret = make_config(owner)

    url = urlsplit(connection.webhook_url(config, base_url="http://192.168.1.5:8000/"))

    assert f"{url.scheme}://{url.netloc}{url.path}" == "http://192.168.1.5:8000/api/plex/webhook"
    assert parse_qs(url.query) == {"secret": [secret]}


def test_public_url_wins_over_the_base(owner, settings):
    settings.PUBLIC_URL = "https://tv.example.org"
    config, _ = make_config(owner)

    url = connection.webhook_url(config, base_url="http://localhost:8000")

    assert url.startswith("https://tv.example.org/api/plex/webhook?secret=")


def test_an_old_secret_that_is_kept_works_for_24_hours(owner):
    config, old = make_config(owner)
    connection.renew_secret(config, keep_old=True)
    new = reveal(config, "webhook_secret")

    assert new != old
    assert opens(new)
    assert opens(old)
    with time_machine.travel(timezone.now() + connection.OLD_SECRET_LASTS - timedelta(minutes=1)):
        assert opens(old)
    with time_machine.travel(timezone.now() + connection.OLD_SECRET_LASTS + timedelta(minutes=1)):
        assert not opens(old)
        assert opens(new)


def test_an_old_secret_that_is_not_kept_stops_at_once(owner):
    config, old = make_config(owner)
    assert opens(old)

    connection.renew_secret(config, keep_old=False)

    assert not opens(old)
    assert opens(reveal(config, "webhook_secret"))


def test_stopping_the_old_secret_stops_the_one_before_it_too(owner):
    config, oldest = make_config(owner)
    connection.renew_secret(config, keep_old=True)

    connection.renew_secret(config, keep_old=False)

    assert not opens(oldest)


def test_a_stale_copy_of_the_row_still_keeps_the_secret_that_is_stored(owner):
    config, _ = make_config(owner)
    stale = PlexConfig.objects.get(pk=owner.pk)
    connection.renew_secret(config, keep_old=False)
    current = reveal(config, "webhook_secret")

    connection.renew_secret(stale, keep_old=True)

    assert opens(current)


def test_saving_settings_changes_only_what_is_given(owner):
    config, secret = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN, plex_server_url="http://plex:32400")

    connection.save_settings(config, auto_add_shows=False)

    stored = PlexConfig.objects.get()
    assert stored.auto_add_shows is False
    assert stored.auto_mark_watched is True
    assert stored.plex_server_url == "http://plex:32400"
    assert reveal(stored, "plex_token") == TOKEN
    assert reveal(stored, "webhook_secret") == secret


def test_saving_settings_leaves_what_arrived_meanwhile(owner):
    config, _ = make_config(owner)
    PlexConfig.objects.update(refused_rate_count=7)

    connection.save_settings(config, enabled=False)

    assert PlexConfig.objects.get().refused_rate_count == 7


def test_an_empty_token_removes_it(owner):
    config, _ = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN)

    connection.save_settings(config, plex_token="")

    assert connection.token_state(PlexConfig.objects.get()) == "not_set"


def test_disconnecting_is_known_to_the_next_event(owner):
    config, secret = make_config(owner)
    hook = find_hook(secret, now=timezone.now())
    assert hook is not None
    assert hook.enabled

    connection.disconnect(config)

    hook = find_hook(secret, now=timezone.now())
    assert hook is not None
    assert not hook.enabled


def test_the_state_of_the_token(owner, settings):
    config, _ = make_config(owner)
    assert connection.token_state(config) == "not_set"

    connection.save_settings(config, plex_token=TOKEN)
    assert TOKEN not in config.plex_token
    assert connection.token_state(config) == "set"

    settings.ENCRYPTION_KEY = new_key()
    assert connection.token_state(config) == "unreadable"
    with pytest.raises(DecryptionError):
        connection.webhook_url(config, base_url="http://localhost")


def test_what_is_known_of_a_token_or_a_server_does_not_outlive_it(owner):
    config, _ = make_config(owner)
    connection.save_token(config, TOKEN, username="mira")
    connection.save_server(config, url="http://plex:32400", uuid="u1", name="Attic", token="own")
    assert connection.server_token_of(config) == "own"
    assert connection.token_of(config) == TOKEN
    connection.note_refused_token(config)
    assert PlexConfig.objects.get().token_refused_at

    connection.save_settings(config, plex_server_url="http://elsewhere:32400")
    stored = PlexConfig.objects.get()
    assert (stored.plex_server_uuid, stored.plex_server_name) == ("", "")
    assert connection.server_token_of(stored) == TOKEN
    connection.save_settings(stored, plex_token="another")
    stored = PlexConfig.objects.get()
    assert (stored.plex_username, stored.token_refused_at) == ("", None)


def test_somebody_elses_server_never_gets_the_accounts_token(owner):
    config, _ = make_config(owner)
    connection.save_token(config, TOKEN)
    connection.save_server(config, url="http://plex:32400", uuid="u1", name="Theirs", token="own")

    connection.save_token(config, "another")
    assert connection.server_token_of(PlexConfig.objects.get()) == "own"
    connection.save_settings(config, plex_token="")
    connection.save_token(config, TOKEN)

    stored = PlexConfig.objects.get()
    assert (stored.plex_server_url, stored.plex_server_token) == ("", "")


def test_a_refusal_of_an_older_token_says_nothing_about_a_newer_one(owner):
    config, _ = make_config(owner)
    connection.save_token(config, TOKEN)
    connection.save_token(PlexConfig.objects.get(), "a newer one")

    connection.note_refused_token(config)

    assert PlexConfig.objects.get().token_refused_at is None


@pytest.mark.parametrize(
    ("own", "kind", "is_noted"),
    [("", "unauthorised", True), ("own", "unauthorised", False), ("", "not_found", False)],
)
def test_what_a_server_of_somebody_else_refuses_says_nothing_of_the_account(
    owner, own, kind, is_noted
):
    config, _ = make_config(owner)
    connection.save_token(config, TOKEN)
    connection.save_server(config, url="http://plex:32400", uuid="u1", name="Attic", token=own)
    error = PlexError("No.", kind=kind, permanent=True)

    connection.note_refusal(config, error, sent=connection.server_token_of(config))

    assert bool(PlexConfig.objects.get().token_refused_at) == is_noted


def test_a_new_address_has_to_be_registered_again(owner):
    config, _ = make_config(owner)
    connection.note_registered(config, base="http://testserver")
    config.refresh_from_db()
    assert config.webhook_registered_at

    connection.renew_secret(config, keep_old=True)

    assert PlexConfig.objects.get().webhook_registered_at is None
