from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

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


def test_every_page_has_the_policy(client: Client, viewer):
    client.force_login(viewer)
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "img-src 'self' data: https://image.tmdb.org" in policy
