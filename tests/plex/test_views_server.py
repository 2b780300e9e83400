"""Choosing the server: found among the account's, or entered by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plex import connection, servers
from plex.answers import Address
from plex.client import Server
from plex.models import PlexConfig
from plex.servers import addresses_of, find_server, is_far, is_private
from tests.plex.factories import SERVER

pytestmark = pytest.mark.django_db

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def config(with_token) -> PlexConfig:
    return with_token


@pytest.fixture
def signed_in(signed_in, config):
    return signed_in


def stored() -> PlexConfig:
    return PlexConfig.objects.get()


def find(client, **data) -> str:
    return client.post("/plex/server/find/", data, follow=True).content.decode()


def friends(url: str) -> dict[str, Any]:
    return {
        "name": "A friend's",
        "clientIdentifier": "f1",
        "provides": "server",
        "owned": False,
        "accessToken": "friends-token",
        "connections": [{"uri": url, "local": False, "relay": False}],
    }


def test_the_first_address_that_answers_is_taken(signed_in, plex):
    shown = find(signed_in)

    config = stored()
    assert f"Attic answers at {plex.server.url}." in shown
    assert (config.plex_server_url, config.plex_server_uuid) == (plex.server.url, SERVER)
    assert config.plex_server_name == "Attic"
    assert config.plex_server_token == ""
    asked = plex.asked("pms")
    assert [call.path for call in asked] == ["/identity"]
    assert "X-Plex-Token" not in asked[0].headers
    assert plex.token not in shown


def test_owned_servers_come_first_and_another_can_be_chosen(signed_in, plex):
    plex.other_resources = [friends(plex.server.url)]
    shown = find(signed_in)
    assert stored().plex_server_name == "Attic"
    assert "Use A friend&#x27;s (shared with you)" in shown

    plex.uuid, plex.name = "f1", "A friend's"
    plex.other_resources = []
    plex.tv.answer_with(json.dumps([friends(plex.server.url)]).encode(), times=1)
    find(signed_in, uuid="f1")

    config = stored()
    assert config.plex_server_uuid == "f1"
    assert connection.server_token_of(config) == "friends-token"
    assert connection.token_of(config) == plex.token


def test_another_server_at_an_address_is_not_taken_for_it(signed_in, plex):
    uuid, plex.uuid = plex.uuid, "another"
    mine = Server(
        uuid=uuid,
        name="Attic",
        is_owned=True,
        addresses=(servers_address(plex.server.url),),
    )
    assert find_server([mine]) is None


def servers_address(uri: str, *, is_local: bool = True, is_relay: bool = False) -> Address:
    return Address(uri=uri, is_local=is_local, is_relay=is_relay)


def test_none_that_answers_is_told(signed_in, plex):
    plex.server.down()
    shown = find(signed_in)
    assert "No address of Attic answers from here" in shown
    assert stored().plex_server_url == ""


def test_an_account_without_servers_is_told(signed_in, plex):
    plex.tv.answer_with(b"[]")
    assert "Your Plex account has no server" in find(signed_in)


def test_the_search_is_bounded(monkeypatch, plex):
    monkeypatch.setattr(servers, "SEARCH_SECONDS", 0.2)
    plex.server.slow(1.0)
    mine = Server(
        uuid=SERVER, name="", is_owned=True, addresses=(servers_address(plex.server.url),)
    )
    assert find_server([mine]) is None
    assert find_server([]) is None


def test_near_addresses_come_before_far_ones_and_relays_last():
    name = "192-168-1-10.0a1b2c3d.plex.direct"
    server = Server(
        uuid="u",
        name="",
        is_owned=True,
        addresses=(
            servers_address("https://relay:8443", is_local=False, is_relay=True),
            servers_address("https://84-1-2-3.0a1b.plex.direct:32400", is_local=False),
            servers_address(f"https://{name}:32400"),
        ),
    )
    assert list(addresses_of(server)) == [
        f"https://{name}:32400",
        "https://84-1-2-3.0a1b.plex.direct:32400",
        "http://192.168.1.10:32400",
        "https://relay:8443",
    ]


@pytest.mark.parametrize(
    ("url", "far"),
    [
        ("https://84-1-2-3.0a1b.plex.direct:32400", True),
        ("http://8.8.8.8:32400", True),
        ("https://192-168-1-10.0a1b.plex.direct:32400", False),
        ("http://plex.lan:32400", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_which_servers_are_far(url, far):
    assert is_far(url) is far


def test_which_hosts_are_private():
    assert all(is_private(host) for host in ("192.168.1.2", "[fe80::1]", "nas.local"))
    assert not any(is_private(host) for host in ("8.8.8.8", "tv.example.org"))


def test_an_address_by_hand_names_its_server(signed_in, plex):
    signed_in.post("/plex/server/", {"plex_server_url": plex.server.url + "/?X-Plex-Token=abc"})

    config = stored()
    assert config.plex_server_url == plex.server.url
    assert (config.plex_server_uuid, config.plex_server_name) == (SERVER, "Attic")


def test_by_hand_a_shared_server_gets_its_own_token_only(signed_in, plex):
    plex.uuid = "f1"
    body = json.dumps([friends(plex.server.url)]).encode()
    plex.tv.answer_with(body, times=1)

    signed_in.post("/plex/server/", {"plex_server_url": plex.server.url})

    assert connection.server_token_of(stored()) == "friends-token"


@pytest.mark.parametrize("token", ["", "wrong"])
def test_an_address_by_hand_works_without_a_token(signed_in, plex, config, token):
    connection.save_token(config, token)
    signed_in.post("/plex/server/", {"plex_server_url": plex.server.url})
    assert (stored().plex_server_uuid, stored().plex_server_name) == (SERVER, "")


def test_an_address_where_nobody_answers_can_be_saved_all_the_same(signed_in, plex):
    answer = signed_in.post("/plex/server/", {"plex_server_url": NOBODY})
    assert answer.status_code == 422
    assert "It was not saved." in answer.content.decode()
    assert "Save it unchecked" in answer.content.decode()
    assert stored().plex_server_url == ""

    sent = {"plex_server_url": NOBODY, "unchecked": "on"}
    answer = signed_in.post("/plex/server/", sent, follow=True)
    assert "saved unchecked" in answer.content.decode()
    assert stored().plex_server_url == NOBODY


def test_an_empty_address_forgets_the_server(signed_in, plex):
    find(signed_in)
    signed_in.post("/plex/server/", {"plex_server_url": ""})
    assert (stored().plex_server_url, stored().plex_server_uuid) == ("", "")


@pytest.mark.parametrize(
    "entered",
    ["ftp://plex", "http://user:pass@plex", "http://", "plex server", "http://plex:port"],
)
def test_what_is_no_address_is_refused(signed_in, plex, entered):
    answer = signed_in.post("/plex/server/", {"plex_server_url": entered})
    assert answer.status_code == 422
    assert "Enter the address of your Plex server" in answer.content.decode()


def test_a_clouds_metadata_is_refused_for_good(signed_in, plex):
    sent = {"plex_server_url": "http://169.254.169.254", "unchecked": "on"}
    assert signed_in.post("/plex/server/", sent).status_code == 422
    assert stored().plex_server_url == ""


def test_a_shared_server_without_a_token_of_its_own_is_not_chosen(signed_in, plex):
    plex.uuid = "f1"
    server = friends(plex.server.url) | {"accessToken": None}
    plex.tv.answer_with(json.dumps([server]).encode())
    assert "no token for A friend&#x27;s" in find(signed_in)
    assert stored().plex_server_url == ""


def test_by_hand_nothing_is_chosen_before_plex_said_whose_it_is(signed_in, plex):
    plex.tv.down()
    answer = signed_in.post("/plex/server/", {"plex_server_url": plex.server.url})
    assert answer.status_code == 422
    assert stored().plex_server_url == ""
