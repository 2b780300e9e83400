"""Which show, step 5: the show's own ids from Plex, asked once and missed without harm."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from plex import connection, show_ids
from plex.client import PlexError
from plex.models import Action, Job, PlexConfig, PlexWebhookLog, Status, TmdbLookup
from plex.processing import process_due
from tests.factories import make_show
from tests.plex.factories import SERVER, scrobble
from tests.plex_server import FakePlex
from tracker.models import TVShow

pytestmark = pytest.mark.django_db
TMDB_ONLY = ("tmdb://999000111",)


@pytest.fixture
def asking(connected, plex: FakePlex) -> PlexConfig:
    """The owner's connection, with a token for its own server."""
    config, _ = connected
    config.plex_server_uuid = SERVER
    config.save()
    return connection.save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)


def play_of(title: str, **fields):
    return scrobble(title, 1, 1, ids=TMDB_ONLY, **fields)


def test_the_server_names_a_show_that_its_episode_does_not(asking, plex, tmdb, play):
    show = make_show("Mo Li", {1: 12}, tmdb_id=271267)
    key = plex.add_show("即使如此", {1: 2}, ids=("tmdb://271267", "tvdb://457000"))

    log = play(play_of("即使如此"))

    assert (log.status, log.tvshow) == (Status.SUCCESS, show)
    assert log.mapping.match_method == "tmdb_id"
    assert [call.path for call in plex.calls] == [f"/library/metadata/{key}"]
    told = [step["text"] for step in log.trace if step["step"] == "plex"]
    assert told[0] == "Plex lists these ids for the show: tmdb 271267, tvdb 457000."


def test_a_show_that_is_new_is_added_by_plexs_ids(asking, plex, tmdb, play):
    tmdb.add_show(271267, "Mo Li", seasons={1: 12})
    plex.add_show("即使如此", {1: 2}, ids=("tmdb://271267",))

    assert play(play_of("即使如此")).action_taken == Action.AUTO_ADDED_SHOW
    assert TVShow.objects.get().tmdb_id == 271267


def test_the_catalogue_answers_where_the_server_is_off(asking, plex, tmdb, play):
    show = make_show("Mo Li", {1: 12}, tmdb_id=271267)
    message = play_of("即使如此")
    guid = message["Metadata"]["grandparentGuid"]
    plex.server.down()
    plex.catalogue[guid.rpartition("/")[2]] = {
        "type": "show",
        "title": "即使如此",
        "Guid": [{"id": "tmdb://271267"}],
    }

    assert play(message).tvshow == show


def test_a_show_is_asked_for_once_however_many_plays_wait(asking, plex, tmdb, post, drain):
    plex.add_show("Nobody knows it", {1: 4})
    for number in range(1, 5):
        post(scrobble("Nobody knows it", 1, number))
    drain()
    asked = len(plex.calls)
    assert asked == 2, "the server, and then the catalogue"
    assert PlexWebhookLog.objects.held().count() == 4
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert show_ids.ShowIdLookups().recall(playback_show("Nobody knows it")) is None


def playback_show(title: str):
    from plex.payload import parse_payload  # noqa: PLC0415

    return parse_payload(scrobble(title)).show  # type: ignore[union-attr]


def test_when_plex_cannot_be_asked_the_ladder_goes_on(asking, plex, tmdb, play):
    show = make_show("Severance", {1: 9}, tmdb_id=95396)
    plex.server.down()
    plex.metadata.down()
    first = show.seasons.get(season_number=1).episodes.get(episode_number=1)

    log = play(scrobble("Severance", 1, 1, originallyAvailableAt=str(first.air_date)))

    assert log.tvshow == show
    assert any("Plex could not be asked" in step["text"] for step in log.trace)
    assert not TmdbLookup.objects.filter(key__startswith="plex:").exists()


def test_a_server_that_is_off_is_asked_once_and_then_left_alone(
    asking, plex, tmdb, post, monkeypatch
):
    plex.server.down()
    plex.metadata.down()
    for number in range(6):
        post(scrobble(f"Unknown show {number}", 1, 1))
    process_due()
    assert len(plex.calls) == 2

    lookups = show_ids.ShowIdLookups()
    pauses = []
    for _ in range(10):
        with pytest.raises(PlexError):
            lookups.ask(asking, playback_show("Another"))
        away = lookups._away[asking.plex_server_url, asking.plex_token]
        pauses.append(away.pause)
        later = away.until + 1
        monkeypatch.setattr(time, "monotonic", lambda at=later: at)
        Job.objects.all().delete()  # The circuit, which would keep it from asking at all.
    assert pauses[:3] == [30, 60, 120]
    assert pauses[-1] == show_ids.LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    "why", ["no token", "another server", "an unreadable token", "nobody to ask"]
)
def test_nobody_is_asked_without_a_token_for_this_server(asking, plex, tmdb, play, why):
    plex.add_show("Mo Li", {1: 2}, ids=("tmdb://271267",))
    message = play_of("Mo Li")
    if why == "no token":
        connection.save_settings(asking, plex_token="")
    elif why == "another server":
        message = play_of("Mo Li", server="f" * 40)
    elif why == "an unreadable token":
        PlexConfig.objects.update(plex_token="v1:unknown:AAAA")
    else:
        connection.save_settings(asking, plex_server_url="")
        message["Metadata"]["grandparentGuid"] = "local://12"
    assert play(message).status == Status.HELD
    assert plex.calls == []


def test_a_rating_key_that_means_another_show_by_now_proves_nothing(asking, plex, tmdb, play):
    key = plex.add_show("Severance", {1: 2}, ids=("tmdb://95396",), guid="local://5")
    log = play(
        play_of("Dark", grandparentRatingKey=key, grandparentGuid="local://7", guid="local://8")
    )
    assert log.status == Status.HELD
    assert not any(step["step"] == "plex" for step in log.trace)


def test_ids_that_name_two_shows_are_a_question(asking, plex, tmdb, play):
    make_show("One", {1: 2}, tmdb_id=11)
    make_show("Other", {1: 2}, tmdb_id=12, tvdb_id=120)
    plex.add_show("Which", {1: 2}, ids=("tmdb://11", "tvdb://120"))
    assert play(play_of("Which")).action_taken == Action.CONFLICT_CREATED


def test_a_shared_server_s_refusal_says_nothing_about_the_account_s_token(
    connected, plex, tmdb, play
):
    config, _ = connected
    connection.save_token(config, plex.token)
    connection.save_server(
        config, url=plex.server.url, uuid=SERVER, name="Theirs", token="own-revoked"
    )
    plex.add_show("Mo Li", {1: 2}, ids=("tmdb://271267",))
    play(scrobble("Mo Li", 1, 1, ids=("tmdb://999000111",)))
    assert plex.asked("pms")
    assert PlexConfig.objects.get().token_refused_at is None
