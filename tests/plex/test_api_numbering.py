"""How Plex numbers a show, over HTTP."""

from __future__ import annotations

import pytest

from plex.models import PlexShowMapping
from tests.api import caller
from tests.factories import episode_of, make_show
from tests.plex.factories import scrobble
from tests.plex.firefly import add_firefly, mapping_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping(tmdb) -> PlexShowMapping:
    return mapping_of(add_firefly(tmdb, specials=["Here's How It Was"]))


@pytest.fixture
def api(owner):
    return caller(owner)


def call(mapping: PlexShowMapping, path: str = "") -> str:
    return f"/api/plex/mappings/{mapping.pk}/numbering{path}"


def test_orders_are_read_and_chosen_and_plays_moved(api, mapping, play):
    play(scrobble("Firefly", 1, 1, title=""))
    assert api.get(call(mapping)).json()["orders"][0]["key"] == ""

    read = api.post(call(mapping, "/read")).json()
    assert "tmdb:5ad1" in [one["key"] for one in read["orders"]]
    chosen = api.put(call(mapping, "/order"), {"order": "tmdb:5ad1"}).json()

    assert [one["key"] for one in chosen["orders"] if one["is_chosen"]] == ["tmdb:5ad1"]
    assert chosen["misnumbered"] == 1
    moved = api.post(call(mapping, "/move"))
    assert moved.json()["detail"] == "1 play was moved to Firefly."
    again = api.post(call(mapping, "/move"))
    assert (again.status_code, again.json()["detail"]) == (
        400,
        "No play stands elsewhere than this order says.",
    )


@pytest.mark.parametrize("body", [{}, {"order": "tmdb:gone"}])
def test_an_order_that_is_not_there_is_refused(api, mapping, body):
    assert api.put(call(mapping, "/order"), body).status_code == 400


def test_a_proposal_is_declined(api, mapping):
    PlexShowMapping.objects.update(proposed_order="absolute", proposal="It fits.")
    assert api.get(call(mapping)).json()["proposal"] == "It fits."

    answer = api.put(call(mapping, "/order"), {"decline_proposed": True})

    assert answer.json()["proposed_order"] == ""
    assert PlexShowMapping.objects.get().declined_orders == "absolute"


def test_a_season_is_said_and_taken_back(api):
    mapping = mapping_of(make_show("Anime", {1: 3, 2: 3}))
    body = {"plex_season": 1, "first_episode": 4, "season_number": 2}

    (season,) = api.post(call(mapping, "/seasons"), body).json()["seasons"]

    assert (season["plex_season"], season["season_number"], season["offset"]) == (1, 2, -3)
    assert api.post(call(mapping, "/seasons"), {**body, "last_episode": 2}).status_code == 400
    assert api.post(call(mapping, "/seasons"), {**body, "season_number": 9}).status_code == 400
    assert api.delete(call(mapping, f"/seasons/{season['id']}")).status_code == 204
    assert not mapping.season_mappings.exists()


def test_an_answer_about_an_episode_is_listed_and_taken_back(api):
    show = make_show("Anime", {1: 3})
    mapping = mapping_of(show)
    answer = mapping.episode_mappings.create(
        item_key="one", plex_season=1, plex_episode=9, episode=episode_of(show, 1, 1)
    )

    (listed,) = api.get(call(mapping)).json()["answers"]

    assert (listed["id"], listed["plex_episode"], listed["episode_number"]) == (answer.pk, 9, 1)
    assert api.delete(call(mapping, f"/answers/{answer.pk}")).status_code == 204
    assert not mapping.episode_mappings.exists()


def test_a_plex_show_without_a_show_or_of_somebody_else_has_none(api, viewer):
    mapping = mapping_of(make_show("Anime", {1: 3}))
    assert caller(viewer).get(call(mapping)).status_code == 404
    PlexShowMapping.objects.update(tvshow=None)
    assert api.get(call(mapping)).status_code == 404
