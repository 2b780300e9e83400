from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plex.api import logs as log_calls
from plex.connection import connect
from plex.models import PlexWebhookLog, Status
from tests.api import caller
from tests.plex.factories import PlexAccountFactory, PlexWebhookLogFactory

pytestmark = pytest.mark.django_db

CALL = "/api/plex/logs"
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


def arrive(user, **fields):
    fields = {
        "status": "success",
        "next_attempt_at": None,
        "payload": {"event": "media.scrobble"},
    } | fields
    return PlexWebhookLogFactory(config=connect(user), **fields)


def page(user, query=""):
    answer = caller(user).get(f"{CALL}?{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_lists_the_newest_first_with_trace_and_sentence(viewer, make_show):
    show = make_show("Severance")
    first = arrive(viewer, trace=["Found by the TMDB id of the episode."], tvshow=show)
    second = arrive(viewer, action_taken="marked_watched")
    body = page(viewer)
    assert [row["id"] for row in body["results"]] == [second.pk, first.pk]
    assert body["results"][1]["trace"] == ["Found by the TMDB id of the episode."]
    assert body["results"][1]["tvshow"]["title"] == "Severance"
    assert body["results"][0]["sentence"] == "The episode was marked watched."
    assert (body["next"], body["previous"]) == (None, None)


def test_has_neither_the_payload_nor_the_raw_body(viewer):
    arrive(
        viewer,
        payload={"event": "x", "Account": {"title": "hidden-in-payload"}},
        raw_body="hidden-raw",
    )
    assert "hidden" not in caller(viewer).get(CALL).content.decode()


def test_pages(viewer):
    ids = [arrive(viewer).pk for _ in range(5)][::-1]
    first = page(viewer, "limit=2")
    assert [row["id"] for row in first["results"]] == ids[:2]
    assert first["previous"] is None
    client = caller(viewer)
    second = client.get(first["next"]).json()
    assert [row["id"] for row in second["results"]] == ids[2:4]
    assert client.get(second["previous"]).json()["results"] == first["results"]
    last = client.get(second["next"]).json()
    assert [row["id"] for row in last["results"]] == ids[4:]
    assert last["next"] is None
    assert page(viewer, "offset=99")["results"] == []


def test_filters_by_status_and_counts_each(viewer, stranger):
    arrive(stranger, status="failed")
    arrive(viewer, status="pending", next_attempt_at=LONG_AGO)
    for status in ("held", "success", "failed", "failed", "ignored", "duplicate"):
        arrive(viewer, status=status)
    body = page(viewer, "status=failed")
    assert {row["status"] for row in body["results"]} == {"failed"}
    assert len(body["results"]) == 2
    assert body["counts"] == {
        "pending": 1,
        "held": 1,
        "success": 1,
        "failed": 2,
        "ignored": 1,
        "duplicate": 1,
    }
    assert body["counted"] == 7
    for status in Status.values:
        assert {row["status"] for row in page(viewer, f"status={status}")["results"]} == {status}


def test_counts_the_finished_among_the_newest_only(viewer, monkeypatch):
    arrive(viewer, status="held")
    for _ in range(4):
        arrive(viewer)
    monkeypatch.setattr(log_calls, "NEWEST_COUNTED", 3)
    body = page(viewer)
    assert (body["counts"]["success"], body["counts"]["held"], body["counted"]) == (3, 1, 3)


@pytest.mark.parametrize("query", ["status=lost", "status=%00", "status=success,failed"])
def test_a_status_that_there_is_not_is_a_400(viewer, query):
    answer = caller(viewer).get(f"{CALL}?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("status: ")


def test_shows_one_s_own_hook_and_accounts_and_all_to_staff(owner, viewer, stranger):
    account = PlexAccountFactory()
    account.users.add(viewer)
    theirs = arrive(stranger)
    through_their_hook = arrive(stranger, account=account)
    own = arrive(viewer)
    own_account_too = arrive(viewer, account=account)
    everything = {theirs.pk, through_their_hook.pk, own.pk, own_account_too.pk}

    def ids(user):
        return [row["id"] for row in page(user)["results"]]

    assert sorted(ids(viewer)) == sorted([through_their_hook.pk, own.pk, own_account_too.pk])
    assert sorted(ids(stranger)) == sorted([theirs.pk, through_their_hook.pk])
    assert set(ids(owner)) == everything
    for user in (owner, viewer, stranger):
        seen = PlexWebhookLog.objects.visible_to(user).values_list("pk", flat=True)
        assert sorted(ids(user)) == sorted(seen)
        assert sum(page(user)["counts"].values()) == len(seen)


def test_needs_the_same_number_of_queries_for_3_and_30(
    viewer, make_show, django_assert_max_num_queries
):
    client = caller(viewer)
    client.get(CALL)
    counts = []
    for number in (3, 27):
        for _ in range(number):
            arrive(viewer, account=PlexAccountFactory(), tvshow=make_show("Severance"))
        with django_assert_max_num_queries(20) as queries:
            client.get(CALL)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_processes_an_event_again(viewer):
    log = arrive(viewer, status="failed", action_taken="processing_error")
    answer = caller(viewer).post(f"{CALL}/{log.pk}/retry")
    assert answer.status_code == 202, answer.json()
    assert answer.json()["status"] == "pending"
    log.refresh_from_db()
    assert log.next_attempt_at is not None


def test_what_could_not_be_read_can_t_be_processed_again(viewer):
    log = arrive(viewer, status="failed", payload=None, raw_body="{")
    answer = caller(viewer).post(f"{CALL}/{log.pk}/retry")
    assert answer.status_code == 400
    log.refresh_from_db()
    assert log.status == "failed"


def test_another_person_s_event_is_a_404(viewer, stranger):
    log = arrive(viewer, status="failed")
    assert caller(stranger).post(f"{CALL}/{log.pk}/retry").status_code == 404
    log.refresh_from_db()
    assert log.status == "failed"


def test_staff_may_process_anybody_s_event_again(owner, viewer):
    log = arrive(viewer, status="failed")
    assert caller(owner).post(f"{CALL}/{log.pk}/retry").status_code == 202
