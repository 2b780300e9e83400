from __future__ import annotations

import pytest
from django.db import InterfaceError, InternalError, OperationalError
from django.test import Client, RequestFactory

from tests.plex.factories import PlexAccountFactory, make_config
from tracker.views import errors


def test_a_host_that_is_not_allowed_is_told_which_setting(client, db, settings):
    settings.ALLOWED_HOSTS = ["tracker.local"]
    answer = client.get("/", HTTP_HOST="shows.example.org:8000")
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "ALLOWED_HOSTS=tracker.local,shows.example.org" in text


def test_a_host_is_shown_as_text_only(client, db):
    answer = client.get("/", HTTP_HOST="<script>alert(1)</script>")
    assert answer.status_code == 400
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("host", ["evil.example", "[2001:db8::1]:80"])
def test_the_api_says_it_in_json(client, db, host):
    answer = client.get("/api/shows", HTTP_HOST=host)
    assert answer.status_code == 400
    assert "ALLOWED_HOSTS" in answer.json()["detail"]


def test_nothing_there(client, viewer):
    client.force_login(viewer)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "no such page" in answer.content.decode()


def test_the_address_of_a_form_is_no_empty_page(client, viewer):
    client.force_login(viewer)
    answer = client.get("/account/tokens/")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "To your shows" in answer.content.decode()


def test_a_plain_user_may_not_see_the_people(client, viewer):
    client.force_login(viewer)
    answer = client.get("/people/")
    assert answer.status_code == 403
    assert "Ask an admin" in answer.content.decode()


def test_an_error_page_needs_no_database(django_assert_num_queries):
    answer = errors.server_error(RequestFactory().get("/shows/"))
    assert answer.status_code == 500
    assert "log says what happened" in answer.content.decode()
    assert (
        errors.server_error(RequestFactory().get("/api/shows")).headers["Content-Type"]
        == "application/json"
    )


def test_what_no_row_can_hold_is_no_error_of_ours(client, owner):
    make_config(owner)
    account = PlexAccountFactory.create()
    client.force_login(owner)
    client.raise_request_exception = False
    answer = client.post(f"/plex/accounts/{account.pk}/", {"users": "9" * 30})
    assert answer.status_code in {302, 400}, "PostgreSQL compares it with the rows"
    form = {"action": "delete_selected", "_selected_action": "²", "index": 0}
    answer = client.post("/admin/tracker/tvshow/", form)
    assert answer.status_code == 400
    assert "out of range" in answer.content.decode()


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, InternalError])
def test_a_database_that_is_away_is_no_error_of_ours(kind):
    for path in ("/shows/", "/api/shows"):
        try:
            raise kind("secret details")
        except kind:
            answer = errors.server_error(RequestFactory().get(path))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "database does not answer" in answer.content.decode()
        assert "secret" not in answer.content.decode()


def test_every_page_has_the_policy(client: Client, viewer):
    client.force_login(viewer)
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "img-src 'self' data: https://image.tmdb.org" in policy


@pytest.mark.parametrize(
    ("headers", "public_url", "expected"),
    [
        # Behind a proxy that nobody told the tracker of.
        ({"Origin": "https://tv.example.org"}, "", "PUBLIC_URL"),
        ({}, "", "Allow cookies"),
        # Its cookies stay behind when it is opened past the proxy.
        ({}, "https://tv.example.org", "Forms work at https://tv.example.org"),
    ],
)
def test_a_refused_form_says_what_to_do(db, settings, headers, public_url, expected):
    settings.PUBLIC_URL, settings.IS_HTTPS = public_url, public_url.startswith("https")
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", headers=headers)
    assert answer.status_code == 403
    assert expected in answer.content.decode()


def test_a_form_that_was_open_for_too_long(db):
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "x" * 32
    answer = client.post("/sign-in/", {"csrfmiddlewaretoken": "y" * 32})
    assert "open for too long" in answer.content.decode()
