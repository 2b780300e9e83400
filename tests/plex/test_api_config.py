from __future__ import annotations

import pytest

from plex.connection import SWITCHES, connect, save_settings
from plex.models import PlexConfig
from tests.api import caller
from tracker.encryption import reveal

pytestmark = pytest.mark.django_db

CALL = "/api/plex/config"
TOKEN = "plex-token-1234567890"


@pytest.fixture
def config(viewer) -> PlexConfig:
    return save_settings(connect(viewer), plex_token=TOKEN)


def test_without_a_connection_it_says_how_to_connect(viewer):
    answer = caller(viewer).get(CALL)
    assert answer.status_code == 404
    assert "POST" in answer.json()["detail"]
    assert not PlexConfig.objects.exists()


def test_connects_and_answers_with_the_webhook_address(viewer):
    answer = caller(viewer).post(
        CALL, {"plex_token": TOKEN, "plex_server_url": "http://plex:32400/"}
    )
    assert answer.status_code == 200
    config = PlexConfig.objects.get(user=viewer)
    assert reveal(config, "plex_token") == TOKEN
    body = answer.json()
    assert body["webhook_url"] == (
        f"http://testserver/api/plex/webhook?secret={reveal(config, 'webhook_secret')}"
    )
    assert body["token_state"] == "set"
    assert body["plex_server_url"] == "http://plex:32400"
    assert body["enabled"] is True
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_is_needed_the_first_time_only(viewer):
    client = caller(viewer)
    refused = client.post(CALL, {"auto_add_shows": False})
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith("plex_token")
    assert not PlexConfig.objects.exists()
    client.post(CALL, {"plex_token": TOKEN})
    assert client.post(CALL, {"auto_add_shows": False}).json()["auto_add_shows"] is False
    assert reveal(PlexConfig.objects.get(), "plex_token") == TOKEN


def test_saving_again_keeps_the_secret_and_what_is_left_out(viewer, config):
    client = caller(viewer)
    before = client.get(CALL).json()
    after = client.post(CALL, {"record_rewatches": True}).json()
    assert after == {**before, "record_rewatches": True}


def test_every_switch_of_the_page_can_be_set(viewer, config):
    client = caller(viewer)
    flipped = {name: not getattr(config, name) for name in SWITCHES}
    assert client.post(CALL, flipped).json().items() >= flipped.items()
    config.refresh_from_db()
    assert {name: getattr(config, name) for name in SWITCHES} == flipped


def test_neither_token_nor_hash_nor_ciphertext_is_in_an_answer(viewer, config):
    client = caller(viewer)
    config.refresh_from_db()
    for answer in (client.get(CALL), client.post(CALL, {"plex_token": TOKEN})):
        text = answer.content.decode()
        config.refresh_from_db()
        for secret in (
            TOKEN,
            config.plex_token,
            config.webhook_secret,
            config.webhook_secret_sha256,
        ):
            assert secret not in text


def test_a_refused_token_is_not_repeated(viewer):
    answer = caller(viewer).post(CALL, {"plex_token": "a secret with spaces"})
    assert answer.status_code == 400
    assert "secret" not in answer.content.decode()


def test_everybody_sees_their_own_connection(viewer, stranger, owner, config):
    assert caller(stranger).get(CALL).status_code == 404
    assert caller(owner).get(CALL).status_code == 404
    assert caller(viewer).get(CALL).status_code == 200


def test_switches_off_and_keeps_the_rest(viewer, config):
    client = caller(viewer)
    assert client.delete(CALL).status_code == 204
    body = client.get(CALL).json()
    assert (body["enabled"], body["token_state"]) == (False, "set")
    assert client.post(CALL, {"enabled": True}).json()["enabled"] is True


def test_switching_off_what_is_not_there_is_a_404(viewer):
    assert caller(viewer).delete(CALL).status_code == 404


def test_with_another_key_it_says_what_to_do(viewer, config, settings):
    settings.ENCRYPTION_KEY = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="
    answer = caller(viewer).get(CALL)
    assert answer.status_code == 503
    assert "key" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"plex_token": ""}, "plex_token"),
        ({"plex_token": "x" * 501}, "plex_token"),
        ({"plex_token": "two words"}, "plex_token"),
        ({"plex_token": "ünï"}, "plex_token"),
        ({"plex_token": None}, "plex_token"),
        ({"plex_token": ["x"]}, "plex_token"),
        ({"plex_token": "x\x00y"}, "plex_token"),
        ({"plex_server_url": "ftp://plex"}, "plex_server_url"),
        ({"plex_server_url": "http://user:pw@plex"}, "plex_server_url"),
        ({"plex_server_url": "http://plex:99999"}, "plex_server_url"),
        ({"plex_server_url": "x" * 501}, "plex_server_url"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"enabled": None}, "enabled"),
        ({"enabled": {}}, "enabled"),
        ({"webhook_secret": "mine"}, "webhook_secret"),
        ({"user": 1}, "user"),
    ],
)
def test_what_can_t_be_saved_is_a_400_that_names_it(viewer, config, body, field):
    answer = caller(viewer).post(CALL, body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert reveal(PlexConfig.objects.get(), "plex_token") == TOKEN


def test_half_a_character_is_a_400(viewer):
    answer = caller(viewer).generic(
        "POST", CALL, r'{"plex_token": "x\ud800"}', content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["detail"] == "A text in this request holds half of a character."
