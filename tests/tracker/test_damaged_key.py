"""An encryption key that is damaged while everything runs, or goes in the moment of a save."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from tests.plex.factories import form, make_config, scrobble
from tracker.encryption import load_keys, new_key, reveal, seal
from tracker.key_rotation import add_key, drop_unused_keys, reseal_everything
from tracker.models import SiteSettings

pytestmark = pytest.mark.django_db
DAMAGED = ["nonsense", "ключ", "c2hvcnQ=", ","]
READ = ("plex:settings", "plex:activity", "plex:alarms", "tracker:account", "tracker:add-show")
WRITES = {
    "plex:renew-secret": {"old": "keep"},
    "plex:token": {"plex_token": "fake-plex-token"},
    "plex:tmdb-key": {"tmdb_api_key": "a-key"},
    "tracker:calendar-address": {},
}


@pytest.fixture
def key_file(settings, tmp_path: Path) -> Path:
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PATH = "", tmp_path / "encryption_key"
    settings.ENCRYPTION_KEY_PATH.write_text(new_key())
    return settings.ENCRYPTION_KEY_PATH


def saved(secret: str) -> SiteSettings:
    site = SiteSettings.load()
    seal(site, "tmdb_api_key", secret)
    site.save()
    return site


@pytest.mark.usefixtures("plex", "tmdb")
@pytest.mark.parametrize("text", DAMAGED)
def test_no_page_fails_for_it_and_events_come_in(key_file, owner, client, text):
    """Each page says what to do, and what was sealed before is there once the key is back."""
    _, secret = make_config(owner)
    client.force_login(owner)
    before = saved("a-key").tmdb_api_key
    good = key_file.read_bytes()
    key_file.write_text(text)

    for name in READ:
        assert client.get(reverse(name)).status_code == 200, name
    for name, fields in WRITES.items():
        assert client.post(reverse(name), fields, follow=True).status_code in {200, 422}, name
    answer = client.get("/api/plex/config")
    assert (answer.status_code, list(answer.json())) == (503, ["detail"])
    assert client.post(f"/api/plex/webhook?secret={secret}", form(scrobble())).status_code == 200
    assert client.get("/healthz").status_code in {200, 503}

    assert SiteSettings.load().tmdb_api_key == before
    key_file.write_bytes(good)
    assert reveal(SiteSettings.load(), "tmdb_api_key") == "a-key"


def test_bytes_that_are_no_text_and_a_file_that_is_a_folder_are_told_in_one_sentence(
    key_file, owner, client
):
    client.force_login(owner)
    key_file.write_bytes(b"\xff\xfe\x00")
    saying = "An encryption key must be 32 bytes in base64."
    page = client.post(reverse("plex:connect"), follow=True).content.decode()
    assert saying in page
    key_file.unlink()
    key_file.mkdir()
    page = client.post(reverse("plex:connect"), follow=True).content.decode()
    assert "can&#x27;t be read" in page


def test_what_is_saved_while_old_keys_are_dropped_keeps_its_key(key_file):
    """Sealed before the rotation, saved after the old key was taken out of the file."""
    slow = SiteSettings.load()
    slow.save()
    seal(slow, "tmdb_api_key", "sealed-long-ago")
    old = load_keys()[0]
    add_key(key_file)
    reseal_everything()
    rounds: list[int] = []

    def settle() -> None:
        assert old not in load_keys() or rounds
        if not rounds:
            slow.save()
        rounds.append(1)

    assert drop_unused_keys(key_file, settle=settle) == 1

    assert len(rounds) == 2
    assert load_keys() == (load_keys()[0],)
    assert load_keys()[0] != old
    assert reveal(SiteSettings.load(), "tmdb_api_key") == "sealed-long-ago"
