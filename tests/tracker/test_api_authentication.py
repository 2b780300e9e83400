from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.api import caller
from tests.factories import PASSWORD
from tracker.models import ApiToken

pytestmark = pytest.mark.django_db

CALL = "/api/history"


def with_header(text: str):
    return Client().get(CALL, headers={"Authorization": text})


def test_a_token_opens_the_api(viewer):
    assert caller(viewer).get(CALL).status_code == 200


@pytest.mark.parametrize("keyword", ["Token", "token", "TOKEN"])
def test_the_keyword_may_be_written_either_way(viewer, keyword):
    _, text = ApiToken.make(user=viewer)
    assert with_header(f"{keyword} {text}").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Token",
        "Token a b",
        "Token wrong",
        "Token \xff\xfe",
        "Token \x00",
        "Bearer x",
        "Basic eDp5",
        "x" * 9000,
    ],
)
def test_anything_else_is_401_and_says_how_to_sign_in(db, header):
    answer = with_header(header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert set(answer.json()) == {"detail"}


def test_the_token_s_hash_is_no_token(viewer):
    token, _ = ApiToken.make(user=viewer)
    assert with_header(f"Token {token.token_sha256}").status_code == 401


def test_a_token_of_a_person_who_was_switched_off_is_401(viewer):
    client = caller(viewer)
    viewer.is_active = False
    viewer.save()
    assert client.get(CALL).status_code == 401


def test_a_removed_token_is_401(viewer):
    client = caller(viewer)
    viewer.api_tokens.all().delete()
    assert client.get(CALL).status_code == 401


def test_the_last_use_is_written_at_most_once_an_hour(viewer, django_assert_num_queries):
    client = caller(viewer)
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        client.get(CALL)
    with time_machine.travel(start + timedelta(minutes=59), tick=False):
        client.get(CALL)
    assert viewer.api_tokens.get().last_used_at == start
    with time_machine.travel(start + timedelta(minutes=61), tick=False):
        client.get(CALL)
    assert viewer.api_tokens.get().last_used_at == start + timedelta(minutes=61)


def test_a_signed_in_browser_may_read(viewer):
    client = Client()
    client.force_login(viewer)
    assert client.get(CALL).status_code == 200


def test_a_signed_in_browser_must_send_the_csrf_token_to_write(viewer):
    client = Client(enforce_csrf_checks=True)
    assert client.login(username=viewer.username, password=PASSWORD)
    answer = client.post("/api/shows", {"tmdb_id": 1}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_a_token_needs_no_csrf_token(viewer):
    _, text = ApiToken.make(user=viewer)
    answer = Client(enforce_csrf_checks=True).post(
        "/api/shows",
        {},
        content_type="application/json",
        headers={"Authorization": f"Token {text}"},
    )
    assert answer.status_code == 400
