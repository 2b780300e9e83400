"""Signing in to Plex: by a code, and with a token by hand. The token itself is shown nowhere."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from plex import connection
from plex.client import PlexServer, client_identifier
from plex.models import PlexConfig
from tests.plex.factories import SERVER, make_config
from tracker.encryption import new_key

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def signed_in(client, owner):
    make_config(owner)
    client.force_login(owner)
    return client


def page(client) -> str:
    return client.get("/plex/").content.decode()


def start(client) -> str:
    """Begin a sign-in; returns its code, as Plex's page gets it."""
    client.post("/plex/sign-in/")
    address = client.get("/plex/").context["sign_in_address"]
    return parse_qs(urlsplit(address).fragment.lstrip("?"))["code"][0]


def stored_token() -> str:
    return connection.token_of(PlexConfig.objects.get())


def test_signing_in_survives_a_reload_and_keeps_the_token_sealed(signed_in, plex):
    code = start(signed_in)

    address = signed_in.get("/plex/").context["sign_in_address"]
    assert address.startswith("https://app.plex.tv/auth#?")
    sent = parse_qs(urlsplit(address).fragment.lstrip("?"))
    assert sent["clientID"] == [client_identifier()]
    assert sent["forwardUrl"] == ["http://testserver/plex/"]
    assert sent["context[device][product]"] == ["Full Tracker"]
    waiting = signed_in.post("/plex/sign-in/check/", headers=HTMX)
    assert "not signed in yet" in waiting.content.decode()

    plex.agree(code)
    answer = signed_in.post("/plex/sign-in/check/", headers=HTMX)
    assert answer["HX-Redirect"] == "/plex/"
    shown = page(signed_in)
    assert "You are signed in to Plex as mira." in shown
    assert "Signed in as mira" in shown
    assert stored_token() == plex.token
    assert plex.token not in shown + PlexConfig.objects.get().plex_token
    assert plex.token not in str(dict(signed_in.session))
    assert "Open Plex" not in shown


def test_without_javascript_a_button_asks(signed_in, plex):
    code = start(signed_in)
    answer = signed_in.post("/plex/sign-in/check/", follow=True)
    assert "not signed in yet" in answer.content.decode()

    plex.agree(code)
    answer = signed_in.post("/plex/sign-in/check/", follow=True)
    assert "You are signed in to Plex as mira." in answer.content.decode()


def test_another_window_was_quicker(signed_in, plex):
    assert signed_in.post("/plex/sign-in/check/", headers=HTMX)["HX-Redirect"] == "/plex/"
    assert signed_in.post("/plex/sign-in/check/").status_code == 302


def test_an_expired_code_offers_a_new_one(signed_in, plex):
    start(signed_in)
    plex.pins.clear()

    signed_in.post("/plex/sign-in/check/", headers=HTMX)

    shown = page(signed_in)
    assert "The sign-in has expired: start a new one." in shown
    assert "Sign in with Plex" in shown


def test_a_sign_in_can_be_cancelled(signed_in, plex):
    start(signed_in)
    signed_in.post("/plex/sign-in/cancel/")
    assert "Open Plex" not in page(signed_in)


def test_plex_away_is_told_and_the_sign_in_goes_on(signed_in, plex):
    plex.tv.down()
    answer = signed_in.post("/plex/sign-in/", follow=True).content.decode()
    assert "Plex can&#x27;t be reached at the moment; try again in a moment." in answer
    plex.tv.up()
    code = start(signed_in)
    plex.tv.down()
    answer = signed_in.post("/plex/sign-in/check/", headers=HTMX).content.decode()
    assert "be reached" in answer
    plex.tv.up()
    plex.agree(code)
    signed_in.post("/plex/sign-in/check/", headers=HTMX)
    assert stored_token() == plex.token


def test_a_granted_token_is_kept_though_its_owner_is_not_named(signed_in, plex):
    code = start(signed_in)
    plex.agree(code)
    signed_in.session.save()
    pin = plex.pins[max(plex.pins)]
    pin["authToken"] = "granted-and-unknown"

    signed_in.post("/plex/sign-in/check/")

    assert stored_token() == "granted-and-unknown"
    assert "You are signed in to Plex." in page(signed_in)


def test_a_token_that_can_not_be_sealed_is_told(signed_in, plex, settings, tmp_path):
    code = start(signed_in)
    plex.agree(code)
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PATH = "", tmp_path / "missing"

    answer = signed_in.post("/plex/sign-in/check/", follow=True).content.decode()

    assert "There is no encryption key" in answer
    answer = signed_in.post("/plex/token/", {"plex_token": plex.token}, follow=True)
    assert "There is no encryption key" in answer.content.decode()
    assert stored_token() == ""


def test_a_pasted_token_is_checked_and_never_shown(signed_in, plex):
    answer = signed_in.post("/plex/token/", {"plex_token": plex.token}, follow=True)

    shown = answer.content.decode()
    assert "You are signed in to Plex as mira." in shown
    assert plex.token not in shown
    assert stored_token() == plex.token


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ("wrong-token", "Plex doesn&#x27;t know this token: copy it again."),
        ("two words", "A Plex token has no spaces"),
        ("", "Paste a Plex token first."),
    ],
)
def test_a_wrong_token_is_refused_with_the_reason(signed_in, plex, entered, said):
    answer = signed_in.post("/plex/token/", {"plex_token": entered, "unchecked": "on"})

    assert answer.status_code == 422
    shown = answer.content.decode()
    assert said in shown
    assert "wrong-token" not in shown
    assert "Save it unchecked" not in shown
    assert stored_token() == ""


def test_when_plex_is_away_a_token_can_be_saved_unchecked(signed_in, plex):
    plex.tv.down()

    answer = signed_in.post("/plex/token/", {"plex_token": plex.token})

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "could not be checked: Plex can&#x27;t be reached" in shown
    assert "Save it unchecked" in shown
    assert plex.token not in shown
    assert stored_token() == ""

    sent = {"plex_token": plex.token, "unchecked": "on"}
    shown = signed_in.post("/plex/token/", sent, follow=True).content.decode()
    assert "saved unchecked" in shown
    assert stored_token() == plex.token


def test_the_token_can_be_removed(signed_in, plex):
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    shown = signed_in.post("/plex/token/remove/", follow=True).content.decode()
    assert "The Plex token was removed." in shown
    assert stored_token() == ""


def test_a_token_that_was_revoked_is_told_and_webhooks_go_on(signed_in, plex, client):
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    plex.tv.fail_with(401)

    answer = signed_in.post("/plex/server/find/", follow=True).content.decode()

    assert "Plex refuses the token since" in answer
    assert "webhooks go on working" in answer
    plex.tv.up()
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    assert "Plex refuses the token" not in page(signed_in)


def test_a_page_asks_nobody_outside(signed_in, plex):
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    start(signed_in)
    plex.calls.clear()

    page(signed_in)
    signed_in.get("/plex/webhook/last/")

    assert plex.calls == []


def test_a_token_sealed_with_another_key_is_told(signed_in, plex, settings):
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    settings.ENCRYPTION_KEY = new_key()

    shown = page(signed_in)

    assert "The stored token was encrypted with a key that is not here" in shown


def test_nobody_signs_in_for_somebody_else(client, viewer, plex):
    client.force_login(viewer)
    for address in ("sign-in/check/", "token/", "token/remove/", "server/", "webhook/"):
        assert client.post(f"/plex/{address}", {"plex_token": "x"}).status_code == 404


def test_a_guest_s_new_sign_in_renews_the_token_of_the_shared_server(signed_in, owner, plex):
    plex.is_owned = False
    config = PlexConfig.objects.get()
    connection.save_token(config, "old")
    connection.save_server(
        config, url=plex.server.url, uuid=SERVER, name="Theirs", token="own-revoked"
    )
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    config = PlexConfig.objects.get()
    token = connection.server_token_of(config)
    assert PlexServer(config.plex_server_url, token).identity().uuid == SERVER
    assert token != "own-revoked"


def test_a_sign_in_that_has_no_such_server_leaves_none(signed_in, owner, plex):
    config = PlexConfig.objects.get()
    connection.save_server(config, url=plex.server.url, uuid="f" * 40, name="Theirs", token="own")
    signed_in.post("/plex/token/", {"plex_token": plex.token})
    config = PlexConfig.objects.get()
    assert (config.plex_server_url, config.plex_server_token) == ("", "")
