"""Secrets on no page, in no answer, no log line and no column; with another key, words of help."""

from __future__ import annotations

import logging
import re

import pytest
from django.test import Client

from plex.models import PlexWebhookLog, Status
from plex.processing import process_due
from tests.faults.pages import (
    Household,
    crawl,
    furnish,
    seal_tmdb_key,
    sealed_parts,
    stored_text,
    text_of,
)
from tests.plex.factories import form, scrobble

pytestmark = pytest.mark.django_db

OTHER_KEY = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="
# 503, with a sentence: no worker runs beside the tests, and the address can't be opened.
SAY_UNAVAILABLE = {"/healthz", "/api/plex/config"}
# The webhook's address is its owner's to copy.
SHOWS_THE_ADDRESS = re.compile(r"/plex/|/api/plex/config")


@pytest.fixture
def house(owner) -> Household:
    house = furnish(owner, word="mira")
    house.secrets["TMDB key"] = seal_tmdb_key()
    return house


@pytest.fixture
def signed_in(client: Client, house: Household) -> Client:
    client.force_login(house.user)
    return client


def test_secrets_are_on_no_page_and_in_no_log_line(signed_in, house, caplog):
    caplog.set_level(logging.DEBUG)
    hidden = {**house.secrets, **{f"sealed {n}": part for n, part in enumerate(sealed_parts())}}
    found, statuses = [], []

    for address, answer in crawl(signed_in):
        text = text_of(answer)
        statuses.append(answer.status_code)
        shown = {"secret"} if SHOWS_THE_ADDRESS.fullmatch(address) else set()
        found += [
            (address, name) for name, value in hidden.items() if value in text and name not in shown
        ]

    assert not found
    assert statuses.count(200) > 80
    assert not [status for status in statuses if status >= 500 and status != 503]
    assert not [name for name, value in hidden.items() if value in caplog.text]


def test_the_database_holds_secrets_sealed_only(house):
    stored = stored_text()
    assert not [name for name, value in house.secrets.items() if value in stored]


def test_with_another_key_no_page_breaks_and_the_settings_say_what_to_do(signed_in, settings):
    settings.ENCRYPTION_KEY = OTHER_KEY
    broken, texts = [], {}
    for address, answer in crawl(signed_in):
        texts[address] = text_of(answer)
        if answer.status_code >= 500 and address not in SAY_UNAVAILABLE:
            broken.append((address, answer.status_code))

    assert not broken
    for address in ("/plex/", "/api/plex/config"):
        assert "ENCRYPTION_KEY" in texts[address], address


POSTS = {
    "/plex/": {"enabled": "on", "plex_token": "another-token-0123456789"},
    "/plex/connect/": {},
    "/plex/secret/": {"old": "keep"},
    "/plex/tmdb-key/": {"tmdb_api_key": "another-key", "key": "another-key"},
    "/calendar/address/": {},
    "/account/tokens/": {"name": "x"},
    "/api/plex/config": {"plex_token": "another-token-0123456789"},
    "/api/plex/logs/1/retry": {},
    "/api/shows": {"tmdb_id": 1},
}


@pytest.mark.parametrize("address", POSTS)
def test_with_another_key_no_action_breaks(signed_in, settings, address):
    settings.ENCRYPTION_KEY = OTHER_KEY
    signed_in.raise_request_exception = False
    answer = signed_in.post(address, POSTS[address], follow=True)
    assert answer.status_code < 500, text_of(answer)[:500]


def test_with_another_key_events_are_still_accepted_and_recorded(client, house, settings):
    settings.ENCRYPTION_KEY = OTHER_KEY
    message = scrobble(
        house.show.title, 1, 3, server="server-of-mira", account_title="mira-account"
    )

    answer = client.post(f"/api/plex/webhook?secret={house.secrets['secret']}", form(message))
    process_due()

    assert answer.status_code == 200
    assert PlexWebhookLog.objects.get(pk=answer.json()["id"]).status == Status.SUCCESS
