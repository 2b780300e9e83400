"""Corrections over HTTP: looked at, carried out, undone."""

from __future__ import annotations

import pytest

from plex.models import PlexShowMapping
from tests.api import caller
from tests.factories import episode_of, make_show
from tests.plex.factories import of_episode
from tracker.models import Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(owner):
    return caller(owner)


@pytest.fixture
def shows():
    return make_show("Severance", {1: 6}), make_show("Severance Pay", {1: 6})


@pytest.fixture
def mapping(play, shows) -> str:
    """The address of a Plex show with one play."""
    play(of_episode(episode_of(shows[0], 1, 2)))
    return f"/api/plex/mappings/{PlexShowMapping.objects.get().pk}"


def test_what_was_shown_is_done_and_undone(api, mapping, shows):
    body = {"tvshow_id": shows[1].pk}
    shown = api.post(f"{mapping}/confirm/preview", body).json()
    (move,) = shown["plays"]
    assert (move["how"], move["from_episode"][:17], move["to_episode"][:20]) == (
        "moves",
        "Severance S01E02 ",
        "Severance Pay S01E02",
    )
    assert Watch.objects.get().episode == episode_of(shows[0], 1, 2), "nothing was written"

    done = api.post(f"{mapping}/confirm", {**body, "plan": shown["plan"]})

    assert Watch.objects.get().episode == episode_of(shows[1], 1, 2)
    (row,) = api.get(f"{mapping}/corrections").json()
    assert (row["id"], row["can_undo"], row["forgets"]) == (done.json()["correction_id"], True, "")
    assert row["to_show"]["id"] == shows[1].pk
    assert api.post(f"/api/plex/corrections/{row['id']}/undo").status_code == 204
    assert Watch.objects.get().episode == episode_of(shows[0], 1, 2)
    assert api.get(f"{mapping}/corrections").json()[0]["can_undo"] is False


def test_a_change_since_the_preview_is_a_409(api, mapping, shows, play):
    body = {"tvshow_id": shows[1].pk}
    plan = api.post(f"{mapping}/confirm/preview", body).json()["plan"]
    play(of_episode(episode_of(shows[0], 1, 3)))

    answer = api.post(f"{mapping}/confirm", {**body, "plan": plan})

    assert answer.status_code == 409
    assert PlexShowMapping.objects.get().tvshow == shows[0]


def test_a_watch_is_another_episode(api, mapping, shows):
    address = f"/api/plex/watches/{Watch.objects.get().pk}/episode"
    body = {"episode_id": episode_of(shows[0], 1, 4).pk}
    shown = api.post(f"{address}/preview", body).json()
    assert shown["moved"] == 1

    done = api.post(address, {**body, "plan": shown["plan"]})

    assert done.json()["detail"] == "1 play was moved to Severance."
    assert Watch.objects.get().episode == episode_of(shows[0], 1, 4)
    assert api.post(address, {"episode_id": 999_999}).status_code == 400


def test_somebody_elses_watch_is_not_there(mapping, shows, viewer):
    address = f"/api/plex/watches/{Watch.objects.get().pk}/episode"
    body = {"episode_id": episode_of(shows[0], 1, 4).pk}

    assert caller(viewer).post(f"{address}/preview", body).status_code == 404
    assert caller(viewer).post(address, body).status_code == 404


def test_a_plex_show_is_ignored_stopped_and_taken_up_again(api, mapping):
    assert api.get(mapping).json()["ignored"] is False

    stopped = api.patch(mapping, {"ignored": True, "sync_enabled": False}).json()
    assert (stopped["ignored"], stopped["sync_enabled"]) == (True, False)

    again = api.patch(mapping, {"ignored": False, "sync_enabled": True}).json()
    assert (again["ignored"], again["sync_enabled"]) == (False, True)
