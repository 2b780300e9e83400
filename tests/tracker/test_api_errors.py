from __future__ import annotations

import pytest
from django.db import DataError, OperationalError
from rest_framework.exceptions import Throttled, ValidationError

from tests.api import caller
from tracker.api.exceptions import handle
from tracker.encryption import DecryptionError
from tracker.tmdb import TmdbError, TmdbKeyMissingError

HUGE = ("2147483648", "9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000)


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (TmdbKeyMissingError(), 409, None),
        (TmdbError("TMDB has no such show.", permanent=True), 400, None),
        (TmdbError("TMDB does not answer.", retry_after=1.5), 503, "2"),
        (TmdbError("TMDB does not answer."), 503, None),
        (DecryptionError("The key is not here."), 503, None),
        (OperationalError("database is locked"), 503, "5"),
        (DataError("value out of range"), 400, None),
        (OverflowError("int too large"), 400, None),
        (RecursionError(), 400, None),
        (Throttled(wait=3), 429, "3"),
    ],
)
def test_each_error_has_its_status_and_one_sentence(error, status, retry_after):
    answer = handle(error, {})
    assert answer is not None
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after
    assert set(answer.data) == {"detail"}
    assert isinstance(answer.data["detail"], str)


def test_what_nobody_foresaw_stays_a_500():
    assert handle(KeyError("x"), {}) is None


@pytest.mark.parametrize(
    ("problem", "detail"),
    [
        ("One sentence.", "One sentence."),
        ({"rating": ["Too big."]}, "rating: Too big."),
        ({"non_field_errors": ["Not both."]}, "Not both."),
        ({"seasons": {"number": ["Wrong."]}}, "seasons: number: Wrong."),
        ([{"a": ["x"]}], "a: x"),
    ],
)
def test_nested_errors_become_one_sentence(problem, detail):
    answer = handle(ValidationError(problem), {})
    assert answer is not None
    assert answer.data["detail"] == detail


def test_no_address_no_html(client, db):
    answer = client.get("/api/nothing/here")
    assert answer.status_code == 404
    assert "/api/nothing/here" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", '"x"', "7", "[" * 5000, '{"a":' * 5000, '{"tmdb_id": NaN}', "\xff"]
)
def test_a_body_that_is_no_json_object_is_a_400(viewer, body):
    answer = caller(viewer).generic("POST", "/api/shows", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [r'{"tmdb_id": "\ud800"}', r'{"\ud800": 1}', r'{"status": ["\ud800"]}']
)
def test_half_a_character_is_a_400(viewer, body):
    answer = caller(viewer).post("/api/shows", body, content_type="application/json")
    assert answer.status_code == 400
    assert "half of a character" in answer.json()["detail"]


def test_a_body_of_another_kind_is_a_415(viewer):
    answer = caller(viewer).generic("POST", "/api/shows", "<a/>", content_type="application/xml")
    assert answer.status_code == 415
    assert answer.json()["detail"]


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["-1", "x", "1.5", "²", "%00", "10000001", "9" * 5000])
@pytest.mark.parametrize(
    "call", ["/api/shows", "/api/history", "/api/plex/mappings", "/api/plex/logs"]
)
def test_a_page_that_can_t_be_is_a_400(viewer, call, name, value):
    answer = caller(viewer).get(f"{call}?{name}={value}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(name)


@pytest.mark.parametrize("number", [*HUGE, "0"])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/api/shows/{}"),
        ("patch", "/api/shows/{}"),
        ("delete", "/api/shows/{}"),
        ("put", "/api/shows/{}/seasons/1/episodes/1/watch"),
        ("put", "/api/shows/1/seasons/{}/episodes/1/watch"),
        ("put", "/api/shows/1/seasons/1/episodes/{}/watch"),
        ("delete", "/api/shows/1/seasons/1/episodes/{}/watch"),
        ("post", "/api/plex/mappings/{}/confirm"),
        ("delete", "/api/plex/mappings/{}"),
        ("post", "/api/plex/corrections/{}/undo"),
        ("post", "/api/plex/conflicts/{}/resolve"),
        ("post", "/api/plex/logs/{}/retry"),
    ],
)
def test_a_number_beyond_every_row_is_a_404(viewer, make_show, method, address, number):
    answer = getattr(caller(viewer), method)(address.format(number))
    assert answer.status_code == 404
    assert answer.json()["detail"]
