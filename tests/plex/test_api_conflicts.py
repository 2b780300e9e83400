from __future__ import annotations

import pytest

from plex.connection import connect
from tests.api import caller
from tests.plex.factories import (
    PlexAccountFactory,
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
)
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db

CALL = "/api/plex/conflicts"


def ask(user, *, held=1, **fields):
    """An open conflict with events of the user's hook that wait for it."""
    mapping = PlexShowMappingFactory(plex_title="The Office")
    account = PlexAccountFactory()
    account.users.add(user)
    conflict = PlexConflictFactory(mapping=mapping, plex_title="The Office", **fields)
    for _ in range(held):
        PlexWebhookLogFactory(
            config=connect(user),
            account=account,
            mapping=mapping,
            conflict=conflict,
            status="held",
            action_taken="conflict_created",
            next_attempt_at=None,
        )
    return conflict


def test_lists_the_open_ones_with_what_waits(viewer, stranger):
    candidates = [{"tvshow_id": 1, "title": "The Office", "score": 0.8, "reasons": ["title"]}]
    conflict = ask(viewer, held=3, potential_matches=candidates)
    ask(viewer, resolved=True)
    ask(stranger)
    body = caller(viewer).get(CALL).json()
    assert [row["id"] for row in body["results"]] == [conflict.pk]
    assert body["results"][0]["held_count"] == 3
    assert body["results"][0]["potential_matches"] == candidates
    assert body["results"][0]["mapping_id"] == conflict.mapping_id


def test_staff_see_all(owner, viewer, stranger):
    ask(viewer)
    ask(stranger)
    assert caller(owner).get(CALL).json()["count"] == 2


def test_needs_the_same_number_of_queries_for_3_and_30(viewer, django_assert_max_num_queries):
    client = caller(viewer)
    client.get(CALL)
    counts = []
    for number in (3, 27):
        for _ in range(number):
            ask(viewer, held=2)
        with django_assert_max_num_queries(20) as queries:
            client.get(CALL)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_selects_a_show(viewer, make_show):
    show = make_show("The Office")
    conflict = ask(viewer)
    answer = caller(viewer).post(
        f"{CALL}/{conflict.pk}/resolve", {"action": "select", "tvshow_id": show.pk}
    )
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert body["tvshow"]["id"] == show.pk
    assert set(body) == {"detail", "tvshow", "replayed", "recorded", "still_open", "correction_id"}
    conflict.refresh_from_db()
    assert (conflict.resolved, conflict.resolved_tvshow) == (True, show)


def test_creates_the_show_from_tmdb(viewer, tmdb):
    tmdb.add_show(2316, "The Office", seasons={1: 3})
    conflict = ask(viewer)
    answer = caller(viewer).post(
        f"{CALL}/{conflict.pk}/resolve", {"action": "create_new", "tmdb_id": 2316}
    )
    assert answer.status_code == 200, answer.json()
    assert TVShow.objects.get().tmdb_id == 2316


def test_ignores_the_plex_show(viewer):
    conflict = ask(viewer)
    answer = caller(viewer).post(f"{CALL}/{conflict.pk}/resolve", {"action": "ignore"})
    assert answer.status_code == 200, answer.json()
    conflict.refresh_from_db()
    assert conflict.resolution_action == "ignored"
    assert not Watch.objects.exists()


def test_a_question_answered_already_is_a_400(viewer, make_show):
    conflict = ask(viewer)
    client = caller(viewer)
    client.post(f"{CALL}/{conflict.pk}/resolve", {"action": "ignore"})
    again = client.post(
        f"{CALL}/{conflict.pk}/resolve",
        {"action": "select", "tvshow_id": make_show("The Office").pk},
    )
    assert again.status_code == 400
    assert again.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "delete"},
        {"action": ["select"]},
        {"action": "select"},
        {"action": "select", "tvshow_id": 999},
        {"action": "select", "tvshow_id": "x"},
        {"action": "select", "tvshow_id": True},
        {"action": "select", "tvshow_id": 2**63},
        {"action": "select", "episode_id": 10**30},
        {"action": "create_new"},
        {"action": "create_new", "tmdb_id": 0},
        {"action": "create_new", "tmdb_id": 2**31},
        {"action": "create_new", "tmdb_id": "x\x00"},
        {"action": "select", "season_number": -1, "episode_number": 1},
    ],
)
def test_an_answer_that_says_nothing_is_a_400(viewer, body):
    conflict = ask(viewer)
    answer = caller(viewer).post(f"{CALL}/{conflict.pk}/resolve", body)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_without_a_tmdb_key_it_is_a_409_that_says_what_to_do(viewer):
    conflict = ask(viewer)
    answer = caller(viewer).post(
        f"{CALL}/{conflict.pk}/resolve", {"action": "create_new", "tmdb_id": 2316}
    )
    assert answer.status_code == 409
    assert "TMDB key" in answer.json()["detail"]
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_while_tmdb_is_down_it_is_a_503(viewer, tmdb):
    tmdb.down()
    conflict = ask(viewer)
    answer = caller(viewer).post(
        f"{CALL}/{conflict.pk}/resolve", {"action": "create_new", "tmdb_id": 2316}
    )
    assert answer.status_code == 503
    assert "TMDB" in answer.json()["detail"]


def test_another_person_s_question_is_a_404(viewer, stranger, make_show):
    show = make_show("The Office")
    conflict = ask(viewer)
    answer = caller(stranger).post(
        f"{CALL}/{conflict.pk}/resolve", {"action": "select", "tvshow_id": show.pk}
    )
    assert answer.status_code == 404
    conflict.refresh_from_db()
    assert not conflict.resolved
