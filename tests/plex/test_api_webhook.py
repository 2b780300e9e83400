"""The webhook: stored before it is answered, and every bad input has its answer and its row."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from plex import connection as plex_connection
from plex import inbox
from plex.models import Action, PlexConfig, PlexWebhookLog, Status
from tests.plex import payloads
from tests.plex.factories import form, make_config, scrobble

pytestmark = pytest.mark.django_db
MESSAGE = json.dumps(scrobble())


@pytest.fixture
def url(connected):
    return f"/api/plex/webhook?secret={connected[1]}"


def test_stores_a_real_message_and_answers_in_json(client, url):
    response = client.post(url, form(payloads.load("normal")))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    log = PlexWebhookLog.objects.get()
    assert response.json()["id"] == log.pk
    assert (log.status, log.event_type, log.plex_title) == (
        Status.PENDING,
        "media.scrobble",
        "Breaking Bad",
    )
    assert (log.plex_season, log.plex_episode) == (5, 14)
    assert log.next_attempt_at is not None


def test_receiving_is_one_insert(client, url, django_assert_num_queries):
    client.post(url, form(MESSAGE))
    with django_assert_num_queries(1):
        client.post(url, form(MESSAGE))


def test_a_received_row_begins_as_the_model_says(connected):
    now = timezone.now()
    message = {**scrobble(), "event": "it's 100% odd"}
    made = inbox.event_row(
        message, config_id=connected[0].pk, source="test", next_attempt_at=now, created_at=now
    )
    made.save()
    pk = inbox.receive(user_id=connected[0].pk, payload=message, now=now, source="test")

    stored, received = (
        PlexWebhookLog.objects.filter(pk=number).values().get() for number in (made.pk, pk)
    )
    assert received == {**stored, "id": pk}


def test_private_and_bulky_fields_are_not_kept(client, url):
    client.post(url, form(payloads.load("normal")))

    stored = json.dumps(PlexWebhookLog.objects.get().payload)
    assert "publicAddress" not in stored
    assert "203.0.113.24" not in stored
    assert "Bryan Cranston" not in stored
    assert "thumb" not in stored


@pytest.mark.parametrize("slash", ["", "/"])
def test_answers_directly_with_and_without_the_slash(client, connected, slash):
    response = client.post(f"/api/plex/webhook{slash}?secret={connected[1]}", form(MESSAGE))
    assert response.status_code == 200


def test_takes_the_payload_as_a_file_part(client, url):
    part = SimpleUploadedFile("payload.json", MESSAGE.encode(), "application/json")
    assert client.post(url, {"payload": part}).status_code == 200


PICTURE = b"\xff\xd8\xff\xe0" + bytes(1_500_000)


@pytest.mark.parametrize("first", ["payload", "thumb"])
def test_takes_the_payload_as_a_file_part_beside_a_large_picture(client, url, first):
    title = "Severance " + "x" * 200_000  # More than one chunk of an upload.
    message = json.dumps(scrobble(title=title))
    parts = {
        "payload": SimpleUploadedFile("payload.json", message.encode(), "application/json"),
        "thumb": SimpleUploadedFile("thumb.jpg", PICTURE, "image/jpeg"),
    }
    second = (set(parts) - {first}).pop()
    response = client.post(url, {first: parts[first], second: parts[second]})
    assert response.status_code == 200
    payload = PlexWebhookLog.objects.get().payload
    assert payload is not None
    assert payload["Metadata"]["title"] == title[:2000]


def test_a_picture_alone_is_no_event(client, url):
    part = SimpleUploadedFile("thumb.jpg", MESSAGE.encode(), "image/jpeg")
    response = client.post(url, {"thumb": part})
    assert response.status_code == 400
    assert "no part named payload" in response.json()["detail"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-foo"])
def test_takes_a_raw_body(client, url, content_type):
    assert client.post(url, MESSAGE, content_type=content_type).status_code == 200
    assert PlexWebhookLog.objects.get().plex_title == "Severance"


def test_takes_a_url_encoded_form(client, url):
    body = urlencode({"payload": MESSAGE})
    response = client.post(url, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200


def test_an_accept_header_for_html_gets_json(client, url):
    assert client.post(url, form(MESSAGE), headers={"accept": "text/html"}).status_code == 200


@pytest.mark.parametrize("secret", ["", "wrong", "ü", "x" * 5000, "%00"])
def test_a_wrong_secret_is_401_and_leaves_nothing(client, connected, secret):
    response = client.post("/api/plex/webhook", form(MESSAGE), query_params={"secret": secret})
    assert response.status_code == 401
    assert "detail" in response.json()
    assert not PlexWebhookLog.objects.exists()


def test_guessing_is_limited_by_address_but_never_the_right_secret(client, url):
    answers = [client.post("/api/plex/webhook?secret=guess", form(MESSAGE)) for _ in range(25)]
    assert {answer.status_code for answer in answers[:20]} == {401}
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) >= 1
    assert client.post(url, form(MESSAGE)).status_code == 200


def test_disabled_is_403_with_one_row_a_minute_and_no_payload(client, connected, url):
    config = connected[0]
    config.enabled = False
    config.save()
    inbox.forget_hooks()

    answers = [client.post(url, form(MESSAGE)).status_code for _ in range(3)]

    assert answers == [403, 403, 403]
    log = PlexWebhookLog.objects.get()
    assert (log.status, log.action_taken) == (Status.IGNORED, Action.INTEGRATION_DISABLED)
    assert log.payload is None


def test_the_101st_scrobble_in_a_minute_is_429_and_counted(client, connected, url, time_machine):
    time_machine.move_to("2026-03-01T20:00:00Z", tick=False)
    answers = [client.post(url, form(MESSAGE)) for _ in range(101)]

    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert int(answers[-1]["Retry-After"]) >= 1
    assert PlexConfig.objects.get().refused_rate_count == 1


def test_a_storm_of_other_events_costs_no_scrobble(client, url, time_machine):
    time_machine.move_to("2026-03-01T20:00:00Z", tick=False)
    play = json.dumps({**scrobble(), "event": "media.play"})
    assert [client.post(url, form(play)).status_code for _ in range(101)][-1] == 429
    assert client.post(url, form(MESSAGE)).status_code == 200


def test_3_mb_is_413_before_anything_is_read(client, url):
    response = client.post(url, "x" * 3_000_000, content_type="application/json")
    assert response.status_code == 413
    assert response.json()["detail"]
    assert PlexConfig.objects.get().refused_size_count == 1
    assert not PlexWebhookLog.objects.exists()


def test_3_mb_with_a_wrong_secret_is_counted_for_nobody(client, connected):
    response = client.post(
        "/api/plex/webhook?secret=no", "x" * 3_000_000, content_type="text/plain"
    )
    assert response.status_code == 413
    assert PlexConfig.objects.get().refused_size_count == 0


def test_a_chunked_body_without_length_is_411(client, url):
    response = client.post(url, headers={"transfer-encoding": "chunked"}, CONTENT_LENGTH="")
    assert response.status_code == 411


DEEP = '{"a":' * 70 + "1" + "}" * 70
BAD_BODIES = {
    "cut": MESSAGE[:300],
    "null": "null",
    "list": "[]",
    "text": '"hello"',
    "number": "12",
    "empty": "",
    "blank": "   ",
    "garbage": "\x89PNG not json",
    "deep": DEEP,
    "very deep": '{"a":' * 100_000,
    "infinity": '{"a": 1e999}',
    "nan": '{"a": NaN}',
    "many digits": '{"a": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_400_with_a_sentence_and_a_row(client, url, body):
    for response in (
        client.post(url, form(body)),
        client.post(url, body, content_type="application/json"),
    ):
        assert response.status_code == 400
        assert response.json()["detail"].endswith(".")
    logs = PlexWebhookLog.objects.all()
    assert {(log.status, log.action_taken) for log in logs} == {
        (Status.FAILED, Action.INVALID_PAYLOAD)
    }
    assert all(log.error_message and len(log.raw_body) <= 64 * 1024 for log in logs)
    assert client.post(url, form(MESSAGE)).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary="],
)
def test_a_broken_form_is_400_and_keeps_what_came(client, url, content_type):
    response = client.post(url, "--y\r\nno form at all", content_type=content_type)
    assert response.status_code == 400
    assert "no form at all" in PlexWebhookLog.objects.get().raw_body


def test_too_many_fields_are_400(client, url, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 20
    fields = {f"field{number}": "x" for number in range(30)}
    response = client.post(url, {**fields, "payload": MESSAGE})
    assert response.status_code == 400


def test_u0000_and_lone_surrogates_are_stripped_and_the_event_counts(client, url):
    message = scrobble(title="Good\x00 \ud800News")
    message["Metadata"]["ke\x00y"] = "x"
    response = client.post(url, json.dumps(message), content_type="application/json")
    assert response.status_code == 200
    payload = PlexWebhookLog.objects.get().payload
    assert payload is not None
    assert payload["Metadata"]["title"] == "Good News"


def test_invalid_utf_8_is_read_as_far_as_it_goes(client, url):
    body = MESSAGE.encode().replace(b"mira", b"mi\xff\xfera")
    assert client.post(url, body, content_type="application/json").status_code == 200


@pytest.mark.parametrize("name", payloads.NAMES)
def test_every_known_shape_is_stored_and_processed_without_an_error(client, url, drain, name):
    response = client.post(url, form(payloads.raw(name).decode()))
    assert response.status_code == 200
    drain()
    log = PlexWebhookLog.objects.get()
    assert log.error_count == 0
    assert log.status != Status.PENDING
    assert log.action_taken


def test_get_says_ready_with_the_right_secret_only(client, url):
    assert client.get(url).status_code == 200
    assert client.get("/api/plex/webhook?secret=no").status_code == 401
    assert client.get("/api/plex/webhook").status_code == 401


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_405_in_json(client, url, method):
    response = getattr(client, method)(url)
    assert response.status_code == 405
    assert response.json()["detail"]


def test_the_previous_secret_works_for_a_day(client, connected, time_machine):
    config, old = connected
    plex_connection.renew_secret(config, keep_old=True)
    old_url = f"/api/plex/webhook?secret={old}"
    assert client.post(old_url, form(MESSAGE)).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    assert client.post(old_url, form(MESSAGE)).status_code == 401


def test_the_old_secret_stops_at_once_when_asked(client, connected, url):
    assert client.post(url, form(MESSAGE)).status_code == 200
    plex_connection.renew_secret(connected[0], keep_old=False)
    assert client.post(url, form(MESSAGE)).status_code == 401


def test_what_another_process_changes_is_known_after_two_seconds(
    client, connected, url, time_machine
):
    time_machine.move_to("2026-03-01T20:00:00Z", tick=False)
    assert client.post(url, form(MESSAGE)).status_code == 200
    PlexConfig.objects.update(enabled=False)
    time_machine.shift(1)
    assert client.post(url, form(MESSAGE)).status_code == 200
    time_machine.shift(1)
    assert client.post(url, form(MESSAGE)).status_code == 403


def test_each_secret_leads_to_its_own_connection(client, connected, viewer):
    _, secret = make_config(viewer)
    client.post(f"/api/plex/webhook?secret={secret}", form(MESSAGE))
    assert PlexWebhookLog.objects.get().config.user == viewer


@pytest.mark.skipif("sqlite" not in connection.vendor, reason="one writer at a time is SQLite's")
@pytest.mark.django_db(transaction=True)
def test_a_locked_database_is_503_never_a_false_200(client, url, settings):
    client.get(url)  # The secret is known from here on.
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        response = client.post(url, form(MESSAGE))
    finally:
        other.close()
        connection.close()
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert client.post(url, form(MESSAGE)).status_code == 200
    assert PlexWebhookLog.objects.count() == 1


def test_the_secret_is_in_no_answer_and_no_log_line(client, connected, url, caplog):
    caplog.set_level("DEBUG")
    answers = [client.post(url, form(body)) for body in (MESSAGE, "cut{", "null")]
    assert all(connected[1] not in answer.content.decode() for answer in answers)
    assert connected[1] not in caplog.text
