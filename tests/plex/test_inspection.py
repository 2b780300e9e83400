"""The dry run: the story of an event as it would go now, after which nothing is different."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from plex import connection
from plex.inspection import inspect
from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status, TmdbLookup
from tests.factories import episode_of, make_show
from tests.plex.factories import (
    SERVER,
    PlexWebhookLogFactory,
    changed,
    make_config,
    of_episode,
    scrobble,
)
from tracker.models import SiteSettings

pytestmark = pytest.mark.django_db


def everything() -> dict[str, list[Any]]:
    """All rows of ours with all their columns."""
    SiteSettings.load()
    models = [
        model
        for app in ("plex", "tracker")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        if model._meta.managed
    ]
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models
    }


def inspected(*arguments: object) -> str:
    out = StringIO()
    call_command("plex_inspect", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def event_file(tmp_path):
    def write(payload: dict[str, Any]):
        file = tmp_path / "event.json"
        file.write_text(json.dumps(payload), encoding="utf-8")
        return file

    return write


def test_a_file_is_told_and_nothing_is_left_behind(connected, event_file):
    show = make_show("Severance", {1: 9})
    before = everything()

    told = inspected(event_file(of_episode(episode_of(show, 1, 3))))

    assert "Decision: The episode was marked watched." in told
    assert "“Severance” on Plex is taken for Severance (2020), 92 % sure." in told
    assert "Severance S01E03 is watched on" in told
    assert "by owner." in told
    assert "plex://episode/" in told
    assert everything() == before


def test_a_question_is_told_with_its_candidates_and_scores(connected, event_file):
    make_show("The Office", {1: 6})
    make_show("The Office", {1: 6})
    before = everything()

    told = inspected(event_file(changed(scrobble("The Office", 1, 2), title="?")))

    assert told.count("  The Office (2020) 0.") >= 2
    assert "The play waits for your answer." in told
    assert everything() == before


def test_the_network_is_asked_only_where_that_is_allowed(connected, event_file, tmdb):
    tmdb.add_show(700, "Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))
    file = event_file(scrobble("Andor", 1, 3, ids=("tvdb://9001",)))
    before = everything()

    assert "TMDB and Plex were not asked" in inspected(file)
    assert tmdb.requests == []

    told = inspected(file, "--network")
    assert "TMDB's show 700 would be added" in told
    assert "S01E03 of Andor" in told
    assert everything() == before
    assert not TmdbLookup.objects.exists()


@pytest.mark.parametrize("is_refused", [True, False])
def test_asking_plex_leaves_nothing_behind_either(connected, event_file, tmdb, plex, is_refused):
    config, _ = connected
    config.plex_server_uuid = SERVER
    config.save()
    connection.save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)
    make_show("Mo Li", {1: 12}, tmdb_id=271267)
    key = plex.add_show("即使如此", {1: 2}, ids=("tmdb://271267",))
    if is_refused:
        plex.server.fail_with(401)
        plex.metadata.fail_with(401)
    message = scrobble("即使如此", 1, 1, ids=("tmdb://999000111",), grandparentRatingKey=key)
    before = everything()

    told = inspected(event_file(message), "--network")

    assert ("Plex could not be asked" in told) is is_refused
    assert ("Mo Li S01E01 is watched" in told) is not is_refused
    assert everything() == before


def test_a_missing_episode_would_refresh_the_show(connected, event_file, tmdb):
    show = make_show("Andor", {1: 3}, tmdb_id=700)
    PlexShowMapping.objects.create(
        identity=scrobble("Andor")["Metadata"]["grandparentGuid"],
        plex_title="Andor",
        tvshow=show,
        match_confidence=1,
    )
    told = inspected(event_file(scrobble("Andor", 1, 9)), "--network")
    assert "Andor would be read from TMDB again." in told


def test_a_stored_event_that_was_recorded_changes_nothing(play):
    show = make_show("Severance", {1: 9})
    log = play(of_episode(episode_of(show, 1, 3)))
    before = everything()

    told = inspected(log.pk)

    assert "The same viewing arrived before." in told
    assert "If done now, nothing changes." in told
    assert everything() == before


def test_a_held_event_says_what_settles_it_now(play):
    log = play(scrobble("Severance", 1, 3, originallyAvailableAt="2020-01-20"))
    assert log.status == Status.HELD
    make_show("Severance", {1: 9})

    result = inspect(log, network=False)

    assert "The open question about it is settled, and the plays that wait for it too." in (
        result.changes
    )
    assert PlexConflict.objects.open().count() == 1
    log.refresh_from_db()
    assert log.status == Status.HELD


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["999999"], "There is no event 999999"),
        (["missing.json"], "can't be read"),
        (["missing.json", "--user", "nobody"], "There is no user nobody."),
        (["missing.json", "--user", "viewer"], "viewer has no Plex connection."),
    ],
)
def test_what_is_not_there_is_said(connected, viewer, arguments, said):
    with pytest.raises(CommandError, match=said):
        inspected(*arguments)


def test_several_connections_need_a_name(connected, viewer, event_file):
    make_config(viewer)
    file = event_file(scrobble("Nobody Knows This One"))
    with pytest.raises(CommandError, match="--user NAME"):
        inspected(file)
    assert "Decision:" in inspected(file, "--user", "viewer")


def test_an_unreadable_event_can_not_be_inspected(connected, client, owner):
    log = PlexWebhookLogFactory(config=connected[0], status=Status.FAILED, payload=None)
    with pytest.raises(CommandError, match="could not be read"):
        inspected(log.pk)
    client.force_login(owner)
    shown = client.post(f"/plex/activity/{log.pk}/now/", follow=True)
    assert "could not be read" in shown.content.decode()


def test_the_page_shows_the_same(play, client, owner):
    log = play(scrobble("Severance", 1, 3, originallyAvailableAt="2020-01-20"))
    make_show("Severance", {1: 9})
    before = everything()
    client.force_login(owner)
    before["plex.PlexWebhookLog"] = list(PlexWebhookLog.objects.order_by("pk").values())

    assert "What would happen now?" in client.get(f"/plex/activity/{log.pk}/").content.decode()
    shown = client.post(f"/plex/activity/{log.pk}/now/").content.decode()

    assert "Nothing was changed" in shown
    assert "Severance S01E03 is watched on" in shown
    assert "by you." in shown
    assert everything() == before


def test_others_events_can_not_be_inspected(play, client, stranger):
    log = play(scrobble("Severance", 1, 3))
    client.force_login(stranger)
    assert client.post(f"/plex/activity/{log.pk}/now/").status_code == 404
    assert client.get(f"/plex/activity/{log.pk}/now/").status_code == 405


def test_an_event_that_is_no_play_says_why(play):
    message = scrobble("Severance", 1, 3)
    message["event"] = "media.pause"
    log = play(message)
    result = inspect(log, network=False)
    assert result.outcome == "Not a finished play, so nothing to record."
    assert result.changes == []
