from __future__ import annotations

import pytest

from plex.connection import connect
from tests.api import caller
from tests.plex.factories import PlexConflictFactory, PlexShowMappingFactory, PlexWebhookLogFactory

pytestmark = pytest.mark.django_db

CALL = "/api/plex/mappings"


def seen_by(user, **fields):
    """A Plex show of which an event came through the user's hook."""
    mapping = PlexShowMappingFactory(**fields)
    PlexWebhookLogFactory(
        config=connect(user), mapping=mapping, status="success", next_attempt_at=None
    )
    return mapping


def test_lists_what_the_caller_s_own_plex_sent(viewer, stranger, make_show):
    show = make_show("Severance")
    mine = seen_by(viewer, plex_title="Severance", tvshow=show, match_confidence="0.95")
    seen_by(stranger, plex_title="Dark")
    body = caller(viewer).get(CALL).json()
    assert body["count"] == 1
    (found,) = body["results"]
    assert found["id"] == mine.pk
    assert found["match_confidence"] == 0.95
    assert found["tvshow"] == {
        "id": show.pk,
        "title": "Severance",
        "year": 2020,
        "tmdb_id": show.tmdb_id,
    }
    assert (found["has_conflict"], found["ignored"]) == (False, False)


def test_staff_see_all(owner, viewer, stranger):
    seen_by(viewer)
    seen_by(stranger)
    assert caller(owner).get(CALL).json()["count"] == 2


def test_a_show_with_many_events_is_listed_once(viewer):
    mapping = seen_by(viewer)
    for _ in range(3):
        PlexWebhookLogFactory(config=connect(viewer), mapping=mapping)
    assert caller(viewer).get(CALL).json()["count"] == 1


def test_filters_by_what_is_missing_and_what_is_in_question(viewer, make_show):
    mapped = seen_by(viewer, tvshow=make_show("Severance"))
    unmapped = seen_by(viewer, tvshow=None)
    questioned = seen_by(viewer, tvshow=None)
    PlexConflictFactory(mapping=questioned)
    PlexConflictFactory(mapping=unmapped, resolved=True)

    def ids(query):
        return {row["id"] for row in caller(viewer).get(f"{CALL}?{query}").json()["results"]}

    assert ids("unmapped=true") == ids("unmapped=1") == {unmapped.pk, questioned.pk}
    assert ids("unmapped=false") == {mapped.pk}
    assert ids("conflicts=true") == {questioned.pk}
    assert ids("conflicts=false") == {mapped.pk, unmapped.pk}
    assert ids("unmapped=true&conflicts=true") == {questioned.pk}
    assert ids("unmapped=&conflicts=") == {mapped.pk, unmapped.pk, questioned.pk}


@pytest.mark.parametrize("query", ["unmapped=perhaps", "conflicts=2", "unmapped=%00"])
def test_a_filter_that_is_no_yes_or_no_is_a_400(viewer, query):
    assert caller(viewer).get(f"{CALL}?{query}").status_code == 400


def test_needs_the_same_number_of_queries_for_3_and_30(
    viewer, make_show, django_assert_max_num_queries
):
    client = caller(viewer)
    client.get(CALL)
    counts = []
    for number in (3, 27):
        for _ in range(number):
            seen_by(viewer, tvshow=make_show("Severance"))
        with django_assert_max_num_queries(20) as queries:
            assert len(client.get(CALL).json()["results"]) == (3 if number == 3 else 30)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_confirms_the_show_that_was_found(viewer, make_show):
    show = make_show("Severance")
    mapping = seen_by(viewer, tvshow=show)
    answer = caller(viewer).post(f"{CALL}/{mapping.pk}/confirm", {"tvshow_id": show.pk})
    assert answer.status_code == 200
    assert answer.json()["tvshow"]["id"] == show.pk
    mapping.refresh_from_db()
    assert mapping.manually_confirmed


def test_changes_the_show_that_was_found(viewer, make_show):
    wrong, right = make_show("The Office"), make_show("The Office")
    mapping = seen_by(viewer, tvshow=wrong)
    answer = caller(viewer).post(f"{CALL}/{mapping.pk}/confirm", {"tvshow_id": right.pk})
    assert answer.status_code == 200, answer.json()
    mapping.refresh_from_db()
    assert (mapping.tvshow, mapping.manually_confirmed) == (right, True)


def test_a_change_can_be_undone(viewer, stranger, make_show):
    wrong, right = make_show("The Office"), make_show("The Office")
    mapping = seen_by(viewer, tvshow=wrong)
    changed = caller(viewer).post(f"{CALL}/{mapping.pk}/confirm", {"tvshow_id": right.pk}).json()
    undo = f"/api/plex/corrections/{changed['correction_id']}/undo"

    assert caller(stranger).post(undo).status_code == 404
    assert caller(viewer).post(undo).status_code == 204
    again = caller(viewer).post(undo)

    mapping.refresh_from_db()
    assert mapping.tvshow == wrong
    assert again.status_code == 400
    assert "undone already" in again.json()["detail"]


def test_what_changes_nothing_leaves_nothing_to_undo(viewer, make_show):
    show = make_show("Severance")
    mapping = seen_by(viewer, tvshow=show)
    answer = caller(viewer).post(f"{CALL}/{mapping.pk}/confirm", {"tvshow_id": show.pk})
    assert answer.json()["correction_id"] is None


def test_maps_a_show_that_had_none(viewer, make_show):
    show = make_show("Severance")
    mapping = seen_by(viewer, tvshow=None)
    answer = caller(viewer).post(f"{CALL}/{mapping.pk}/confirm", {"tvshow_id": show.pk})
    assert answer.status_code == 200, answer.json()
    mapping.refresh_from_db()
    assert mapping.tvshow == show


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tvshow_id": None},
        {"tvshow_id": "x"},
        {"tvshow_id": 0},
        {"tvshow_id": -1},
        {"tvshow_id": 999},
        {"tvshow_id": 2**31},
        {"tvshow_id": 2**63},
        {"tvshow_id": 1.5},
        {"tvshow_id": []},
    ],
)
def test_a_show_that_is_not_there_is_a_400(viewer, body):
    mapping = seen_by(viewer)
    answer = caller(viewer).post(f"{CALL}/{mapping.pk}/confirm", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("tvshow_id: ")


def test_stops_syncing(viewer):
    mapping = seen_by(viewer)
    client = caller(viewer)
    assert client.delete(f"{CALL}/{mapping.pk}").status_code == 204
    assert client.delete(f"{CALL}/{mapping.pk}").status_code == 204
    mapping.refresh_from_db()
    assert not mapping.sync_enabled


def test_another_person_s_show_is_a_404(viewer, stranger, make_show):
    show = make_show("Severance")
    mapping = seen_by(viewer)
    client = caller(stranger)
    assert client.post(f"{CALL}/{mapping.pk}/confirm", {"tvshow_id": show.pk}).status_code == 404
    assert client.delete(f"{CALL}/{mapping.pk}").status_code == 404
    mapping.refresh_from_db()
    assert mapping.tvshow_id is None
    assert mapping.sync_enabled
