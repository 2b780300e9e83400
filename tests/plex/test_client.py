"""Asking Plex: what is sent, what is understood, and what never leaves."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from plex import calls, client
from plex.client import PlexError, PlexMetadata, PlexServer, PlexTv, client_identifier
from tests import plex_server
from tests.plex.factories import SERVER
from tests.plex_server import FakePlex
from tracker import destinations

NOW = datetime(2026, 3, 1, 20, tzinfo=UTC)


@pytest.fixture
def server(plex: FakePlex) -> PlexServer:
    return PlexServer(plex.server.url, plex.token)


@pytest.fixture
def tv(plex: FakePlex) -> PlexTv:
    return PlexTv(plex.token)


def refused(kind: str, ask, *args) -> PlexError:
    with pytest.raises(PlexError) as caught:
        ask(*args)
    assert caught.value.kind == kind, caught.value
    return caught.value


def test_a_call_carries_the_token_in_a_header_and_a_stable_identifier(plex, server, tv):
    server.accounts()
    tv.user()
    for call in plex.calls:
        assert call.headers["X-Plex-Token"] == plex.token
        assert call.headers["X-Plex-Client-Identifier"] == client_identifier()
        assert call.headers["X-Plex-Product"] == "Full Tracker"
        assert plex.token not in str(call.query) + call.path


def test_the_identifier_belongs_to_the_installation(settings):
    before = client_identifier()
    assert client_identifier() == before
    settings.SECRET_KEY = "another installation" * 3
    assert client_identifier() != before


def test_signing_in_by_pin(plex):
    tv = PlexTv()
    pin = tv.create_pin()
    assert tv.check_pin(pin.id).token == ""
    plex.agree(pin.code)
    done = tv.check_pin(pin.id)
    assert done.token == plex.token
    assert plex.token not in repr(done)
    assert refused("not_found", tv.check_pin, 99).permanent


def test_user_and_servers(plex, tv):
    plex.other_resources = [
        {
            "name": "Phone",
            "clientIdentifier": "p1",
            "provides": "client,player",
        },
        {
            "name": "A friend's",
            "clientIdentifier": "f1",
            "provides": "server",
            "owned": False,
        },
    ]
    user = tv.user()
    assert (user.account_id, user.username, user.has_plex_pass) == ("240271337", "mira", True)
    mine, friends = tv.resources()
    assert (mine.uuid, mine.is_owned, friends.is_owned) == (SERVER, True, False)
    assert mine.addresses[1].uri == plex.server.url
    assert plex.token not in repr(mine)


def test_adding_a_webhook_keeps_all_others(plex, tv):
    plex.webhooks = ["http://other/app", "http://tracker/old"]
    saved = tv.add_webhook("http://tracker/new", replacing=["http://tracker/old"])
    assert list(saved) == plex.webhooks == ["http://other/app", "http://tracker/new"]
    tv.add_webhook("http://tracker/new")
    assert len(plex.asked("tv", "webhooks")) == 3, "a list that holds it already is not written"
    tv.remove_webhook("http://tracker/new")
    assert plex.webhooks == ["http://other/app"]
    tv.remove_webhook("http://other/app")
    assert plex.webhooks == []


def test_a_list_of_webhooks_that_cannot_be_read_is_never_written(plex, tv):
    plex.webhooks = ["http://other/app"]
    plex.tv.answer_with(b'[{"url": "http://other/app"}, {"address": "?"}]', times=1)
    refused("trouble", tv.add_webhook, "http://tracker/new")
    assert plex.webhooks == ["http://other/app"]
    assert not [call for call in plex.calls if call.method == "POST"]


def test_no_plex_pass_is_told_apart_from_a_wrong_token(plex, tv):
    plex.has_plex_pass = False
    assert refused("no_plex_pass", tv.webhooks).permanent
    assert refused("unauthorised", PlexTv("wrong").webhooks).permanent


def test_a_server_tells_who_it_is_and_whom_it_knows(plex, server):
    plex.server_accounts[77] = "tom"
    assert PlexServer(plex.server.url, "").identity().uuid == SERVER
    assert [(a.id, a.name) for a in server.accounts()] == [("1", "mira"), ("77", "tom")]
    assert [section.type for section in server.sections()] == ["show"]


def test_items_by_key_leave_out_what_is_gone(plex, server):
    key = plex.add_show("Severance", {1: 3}, ids=("tmdb://95396",))
    found = server.items([key, "999999999", "../x"])
    assert list(found) == [key]
    assert found[key].metadata["Guid"] == [{"id": "tmdb://95396"}]
    assert len(list(server.episodes(key))) == 3
    plex.items.clear()
    assert server.items([key, "12"]) == {}


def test_one_missing_item_hides_no_other_where_a_server_refuses_the_whole_list(plex, server):
    key = plex.add_show("Severance", {1: 3})
    plex.server.fail_with(404, times=1)
    assert key in server.items([key, "12", "13"])


def test_the_history_comes_in_pages_since_a_moment(plex, server, monkeypatch):
    monkeypatch.setattr(client, "HISTORY_PAGE", 4)
    for number in range(1, 11):
        plex.add_play("Severance", 1, number, viewed_at=NOW + timedelta(hours=number))
    del plex.history[0]["historyKey"]
    pages = list(server.history(since=NOW))
    assert [len(page) for page in pages] == [3, 4, 2]
    assert pages[0][0].viewed_at == NOW + timedelta(hours=2)
    later = list(server.history(since=NOW + timedelta(hours=9)))
    assert [row.metadata["index"] for page in later for row in page] == [9, 10]


def test_a_server_that_gives_the_same_page_for_ever_is_left(plex, server, monkeypatch):
    monkeypatch.setattr(client, "HISTORY_PAGE", 1)
    row = b'{"MediaContainer": {"Metadata": [{"historyKey": "/h/1", "viewedAt": 1700000000}]}}'
    plex.server.answer_with(row)
    refused("trouble", list, server.history(since=NOW))


def test_the_catalogue_knows_shows_by_their_guid(plex):
    plex.catalogue["5d9c086fe9d5a1001f4d9c52"] = {
        "type": "show",
        "title": "Severance",
        "Guid": [{"id": "tmdb://95396"}],
    }
    catalogue = PlexMetadata(plex.token)
    found = catalogue.show("plex://show/5d9c086fe9d5a1001f4d9c52")
    assert found is not None
    assert found.title == "Severance"
    assert catalogue.show("plex://show/000000000000000000000000") is None
    assert catalogue.show("local://12") is None


@pytest.mark.parametrize("status", [500, 502, 503, 520])
def test_trouble_passes_and_is_tried_again(plex, server, status):
    plex.server.fail_with(status, times=2)
    assert server.accounts()
    plex.server.fail_with(status)
    assert not refused("trouble", server.accounts).permanent


def test_a_server_that_is_off_is_unreachable(plex, server):
    plex.server.down()
    assert not refused("unreachable", server.accounts).permanent
    refused("unreachable", PlexServer("http://127.0.0.1:9", "t").accounts)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"null", b'{"MediaContainer": {"Account": 3}}', b"[" * 9999, b"\xff"]
)
def test_wrong_shapes_are_trouble(plex, server, body):
    plex.server.answer_with(body)
    refused("trouble", server.accounts)


def test_an_answer_without_end_is_cut(plex, server, monkeypatch):
    monkeypatch.setattr(calls, "LARGEST_ANSWER_BYTES", 1000)
    plex.server.answer_with(b'{"MediaContainer": {"x": "' + b"x" * 5000)
    refused("unreachable", server.accounts)


def test_a_redirect_is_not_followed(plex, server):
    elsewhere = HTTPServer(host="127.0.0.1")
    elsewhere.start()
    plex.server.answer_with(b"", status=302, headers={"Location": elsewhere.url_for("/x")})
    refused("trouble", server.accounts)
    assert elsewhere.log == []
    elsewhere.clear()
    elsewhere.stop()


@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.google.internal."])
def test_a_clouds_metadata_is_never_asked(host):
    error = refused("unreachable", PlexServer, f"http://{host}/x", "t")
    assert error.permanent


def test_a_name_that_leads_to_a_refused_address_gets_no_request(plex, server, monkeypatch):
    monkeypatch.setattr(destinations, "REFUSED_ADDRESSES", {ip_address("127.0.0.1")})
    error = refused("unreachable", server.accounts)
    assert error.permanent
    assert plex.calls == []


@pytest.mark.parametrize("url", ["ftp://nas/x", "nas:32400", "", "http://"])
def test_an_address_of_another_kind_is_refused(url):
    assert refused("unreachable", PlexServer, url, "t").permanent


@pytest.mark.parametrize("token", ["two words", "naïve", "line\nfeed"])
def test_a_token_that_is_none_is_refused_without_asking(plex, token):
    refused("unauthorised", PlexTv, token)
    assert plex.calls == []


def test_the_token_is_in_no_text(plex, caplog):
    caplog.set_level(logging.DEBUG)
    server = PlexServer(plex.server.url, plex.token)
    texts = [repr(server), repr(vars(server))]
    for trouble in (plex.server.down, plex.server.answer_html, lambda: plex.server.fail_with(401)):
        trouble()
        with pytest.raises(PlexError) as caught:
            server.accounts()
        texts += [str(caught.value), "".join(traceback.format_exception(caught.value))]
    assert plex.token not in "".join(texts) + caplog.text


class TestLibrary:
    def test_the_shows_of_a_library_come_by_title_with_what_was_watched(self, plex, server):
        plex.add_show("Severance", {1: 3}, ids=("tmdb://95396",))
        plex.add_show("Dark", {1: 2})
        plex.items[plex.add_episode("Dark", 1, 1)["ratingKey"]]["lastViewedAt"] = 1_700_000_000
        shows = list(server.shows("2"))
        assert [show.title for show in shows] == ["Dark", "Severance"]
        assert [show.metadata["leafCount"] for show in shows] == [2, 3]
        assert [show.metadata["viewedLeafCount"] for show in shows] == [1, 0]
        assert shows[1].metadata["Guid"] == [{"id": "tmdb://95396"}]

    def test_a_poster_is_asked_for_small_and_whole_where_that_fails(self, plex, server):
        plex.pictures["/library/metadata/7/thumb/99"] = (b"small enough", "image/jpeg")
        assert server.poster("7", "99") == (b"small enough", "image/jpeg")
        (call,) = plex.asked("pms", "photo")
        assert call.query["url"] == "/library/metadata/7/thumb/99"
        assert "X-Plex-Token" not in call.query

    @pytest.mark.parametrize("key", ["", "7/../8", "7?x", "http://192.0.2.1", "\uff17"])
    def test_only_keys_make_a_poster(self, plex, server, key):
        with pytest.raises(PlexError):
            server.poster(key, "99")
        with pytest.raises(PlexError):
            server.poster("7", key)
        assert plex.calls == []

    @pytest.mark.parametrize(
        "picture",
        [
            (b"<script>alert(1)</script>", "text/html"),
            (b"<svg/>", "image/svg+xml"),
            (b"", "image/jpeg"),
            (b"x" * (client.LARGEST_PICTURE_BYTES + 1), "image/jpeg"),
        ],
        ids=["page", "drawing", "empty", "huge"],
    )
    def test_what_is_no_picture_is_none(self, plex, server, picture):
        plex.pictures["/library/metadata/7/thumb/99"] = picture
        with pytest.raises(PlexError):
            server.poster("7", "99")


def test_the_number_of_a_sign_in_may_be_larger_than_32_bits(plex, monkeypatch):
    number = 2**31 + 5

    def new_pin() -> Response:
        plex.pins[number] = {"id": number, "code": "abc", "authToken": None}
        return plex_server.answer(plex.pins[number], 201)

    monkeypatch.setattr(plex, "_new_pin", new_pin)
    assert PlexTv().create_pin().id == number


def test_pages_may_be_smaller_than_asked_for(plex, monkeypatch):
    def capped(rows: list[Any], request: Any) -> Response:
        start = int(request.args["X-Plex-Container-Start"])
        part = rows[start : start + 3]
        listed = {"Metadata": part} if part else {}
        return plex_server.container(size=len(part), totalSize=len(rows), offset=start, **listed)

    monkeypatch.setattr(plex_server, "page_of", capped)
    key = plex.add_show("Severance", {1: 10})
    assert len(list(PlexServer(plex.server.url, plex.token).episodes(key))) == 10
