"""A person's rules over HTTP: the same as on the pages."""

from __future__ import annotations

import pytest

from plex.models import Action, PlexRule, PlexWebhookLog
from tests.api import caller
from tests.factories import TrackedShowFactory, make_show
from tests.plex.factories import scrobble
from tracker.models import TVShow

pytestmark = pytest.mark.django_db
CALL = "/api/plex/rules"
IGNORED = {"field": "title", "pattern": "Dingo", "verdict": "ignore"}


@pytest.fixture
def bluey(owner) -> TVShow:
    show = make_show("Bluey", {1: 10})
    TrackedShowFactory.create(user=owner, show=show)
    return show


@pytest.fixture
def api(owner):
    return caller(owner)


def test_a_rule_is_made_listed_changed_switched_and_deleted(api, bluey):
    made = api.post(CALL, {**IGNORED, "verdict": "always", "tvshow_id": bluey.pk})
    assert made.status_code == 201
    assert made.json()["sentence"] == "“Dingo” is always Bluey (2020)"
    one = f"{CALL}/{made.json()['id']}"

    assert [row["id"] for row in api.get(CALL).json()["results"]] == [made.json()["id"]]
    changed = api.put(one, {**IGNORED, "pattern": "Dingo*"})
    assert (changed.json()["verdict"], changed.json()["tvshow"]) == ("ignore", None)
    assert api.patch(one, {"enabled": False}).json()["enabled"] is False
    assert api.get(one).json()["pattern"] == "Dingo*"
    assert api.delete(one).status_code == 204
    assert not PlexRule.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**IGNORED, "pattern": "*"}, "pattern"),
        ({**IGNORED, "verdict": "always"}, "tvshow_id"),
        ({**IGNORED, "verdict": "always", "tvshow_id": 99}, "tvshow_id"),
        ({**IGNORED, "field": "colour"}, "field"),
        ({}, "field"),
    ],
)
def test_what_makes_no_sense_is_said_by_field(api, body, field):
    answer = api.post(CALL, body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_a_show_is_added_from_tmdb(api, tmdb):
    tmdb.add_show(82728, "Bluey")

    made = api.post(CALL, {**IGNORED, "verdict": "always", "tmdb_id": 82728})

    assert made.json()["tvshow"]["tmdb_id"] == 82728


def test_a_trial_writes_nothing(api, play, bluey):
    log = play(scrobble("Dingo", 1, 3))

    answer = api.post(f"{CALL}/trial", {**IGNORED, "verdict": "always", "tvshow_id": bluey.pk})

    assert answer.json()["total"] == 1
    (change,) = answer.json()["changes"]
    assert (change["log_id"], change["after"]) == (log.pk, "Bluey (2020), S01E03.")
    assert not PlexRule.objects.exists()
    assert (
        api.post(f"{CALL}/trial", {**IGNORED, "verdict": "never", "tmdb_id": 7}).status_code == 400
    )


def test_waiting_plays_are_gone_over_by_the_worker(api, play, drain):
    play(scrobble("Dingo", 1, 3))
    one = f"{CALL}/{api.post(CALL, IGNORED).json()['id']}"
    assert api.get(one).json()["waiting"] == 1

    answer = api.post(f"{one}/apply")

    assert answer.status_code == 202
    assert answer.json()["going_over"]["left"] == 1
    drain()
    assert api.get(one).json()["going_over"] == {
        "total": 1, "left": 0, "recorded": 0, "watched": 0, "ignored": 1, "waiting": 0,
    }  # fmt: skip
    assert PlexWebhookLog.objects.get().action_taken == Action.IGNORED_BY_RULE


def test_another_persons_rule_is_not_there(api, viewer):
    rule = PlexRule.objects.create(user=viewer, pattern="Dingo", verdict="ignore")

    assert api.get(CALL).json()["count"] == 0
    for method in ("get", "put", "patch", "delete"):
        assert getattr(api, method)(f"{CALL}/{rule.pk}").status_code == 404
    assert api.post(f"{CALL}/{rule.pk}/apply").status_code == 404
