"""Plays that a decision about something else must not lose, and shows that it must not mark."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from plex import inbox, resolution
from plex.doorbell import Listener
from plex.models import (
    Action,
    PlexConflict,
    PlexEpisodeMapping,
    PlexWebhookLog,
    Status,
)
from plex.processing import Lane
from tests.factories import episode_of, make_show
from tests.plex.factories import of_episode, scrobble
from tracker import watching
from tracker.models import Watch

pytestmark = pytest.mark.django_db


def test_ignoring_a_show_leaves_the_plays_whose_account_nobody_has_claimed(play, owner, viewer):
    play(scrobble("The Office", 1, 1))
    guest = play(scrobble("The Office", 1, 2, account_id=777, is_user=False))
    assert guest.action_taken == Action.WAITING_FOR_ACCOUNT

    resolution.resolve_conflict(PlexConflict.objects.get(), user=owner, action="ignore")

    guest.refresh_from_db()
    assert (guest.status, guest.action_taken) == (Status.HELD, Action.WAITING_FOR_ACCOUNT)
    assert resolution.assign_account(guest.account, by=owner, users=[viewer]) == 1


def test_another_show_chosen_takes_answers_about_the_old_one_s_episodes_with_it(play, owner):
    wrong, right = make_show("Wrong", {1: 5}), make_show("Right", {1: 5})
    mapping = play(of_episode(episode_of(wrong, 1, 1))).mapping
    PlexEpisodeMapping.objects.create(
        mapping=mapping,
        item_key="x",
        plex_season=1,
        plex_episode=2,
        episode=episode_of(wrong, 1, 3),
    )

    resolution.confirm_mapping(mapping, show=right)
    log = play(scrobble("Wrong", 1, 2))

    assert log.tvshow == right
    assert not Watch.objects.filter(episode=episode_of(wrong, 1, 3)).exists()


def test_an_answer_about_an_episode_without_a_key_is_not_for_all_without(play):
    show = make_show("Severance", {1: 9})
    mapping = play(of_episode(episode_of(show, 1, 1))).mapping
    PlexEpisodeMapping.objects.create(
        mapping=mapping, item_key="", plex_season=1, plex_episode=20, episode=episode_of(show, 1, 5)
    )
    message = of_episode(episode_of(show, 1, 2))
    message["Metadata"].pop("guid")
    message["Metadata"].pop("ratingKey")

    play(message)

    assert Watch.objects.filter(episode=episode_of(show, 1, 2)).exists()
    assert not Watch.objects.filter(episode=episode_of(show, 1, 5)).exists()


def test_a_show_chosen_while_tmdb_is_away_records_the_plays_that_wait_for_it(play, owner, tmdb):
    show = make_show("Some Other Name", {1: 5})
    tmdb.down()
    viewed_at = (timezone.now() - timedelta(hours=2)).replace(microsecond=0)
    log = play(scrobble("Unlike", 1, 3, ids=("tvdb://4711",), viewed_at=viewed_at))
    assert (log.status, log.action_taken) == (Status.PENDING, Action.WAITING_FOR_TMDB)

    resolved = resolution.confirm_mapping(log.mapping, show=show)

    assert resolved.recorded == 1
    assert Watch.objects.get().watched_at == viewed_at


def test_processed_again_what_was_watched_already_stands_as_it_was(play, owner, drain):
    show = make_show("Severance", {1: 9})
    watching.mark_watched(
        user=owner, episode=episode_of(show, 1, 1), watched_at=timezone.now() - timedelta(days=9)
    )
    log = play(of_episode(episode_of(show, 1, 1)))
    assert log.action_taken == Action.ALREADY_WATCHED

    inbox.reprocess(log, user=owner)
    drain()

    log.refresh_from_db()
    assert (log.status, log.action_taken) == (Status.SUCCESS, Action.ALREADY_WATCHED)


def test_a_new_library_show_that_is_ignored_asks_nothing(play, owner, connected):
    config, _ = connected
    config.auto_add_library = True
    config.save()
    play(scrobble("The Office", 1, 1))
    resolution.resolve_conflict(PlexConflict.objects.get(), user=owner, action="ignore")

    message = scrobble("The Office", 1, 2)
    message["event"] = "library.new"
    log = play(message)

    assert log.status == Status.IGNORED
    assert not PlexConflict.objects.open().exists()


def test_a_new_library_show_that_was_stopped_is_left_alone(play, owner, connected):
    config, _ = connected
    config.auto_add_library = True
    config.save()
    show = make_show("Severance", {1: 9})
    mapping = play(of_episode(episode_of(show, 1, 1))).mapping
    resolution.stop_sync(mapping)
    message = of_episode(episode_of(show, 1, 2))
    message["event"] = "library.new"
    assert play(message).action_taken == Action.SYNC_DISABLED


def test_a_show_id_that_tmdb_does_not_know_is_a_question_at_once(play, tmdb):
    message = scrobble("Gone", 1, 1)
    message["Metadata"]["guid"] = "com.plexapp.agents.themoviedb://424242/1/1?lang=en"
    message["Metadata"]["grandparentGuid"] = "com.plexapp.agents.themoviedb://424242?lang=en"
    log = play(message)
    assert (log.status, log.action_taken) == (Status.HELD, Action.CONFLICT_CREATED)


def test_the_first_answer_of_tmdb_wakes_the_other_plays_of_that_show(play, drain, tmdb):
    tmdb.down()
    first = play(scrobble("Andor", 1, 3, ids=("tvdb://9001",)))
    second = play(scrobble("Andor", 1, 4, ids=("tvdb://9002",)))
    tmdb.up()
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))
    tmdb.add_find("9002", source="tvdb_id", episode=(700, 1, 4))
    PlexWebhookLog.objects.filter(pk=first.pk).update(next_attempt_at=timezone.now())
    drain()

    second.refresh_from_db()
    assert second.status == Status.SUCCESS


def test_plays_that_were_accepted_count_though_the_integration_was_switched_off_since(
    play, post, drain, owner, connected
):
    config, _ = connected
    show = make_show("Severance", {1: 9})
    held = play(scrobble("Another name", 1, 1))
    post(of_episode(episode_of(show, 1, 2)))
    config.enabled = False
    config.save()

    drain()
    resolved = resolution.confirm_mapping(held.mapping, show=show)

    assert resolved.recorded == 1
    assert Watch.objects.count() == 2


def test_the_story_of_a_repeated_play_tells_whether_the_first_one_counted(play):
    show = make_show("Severance", {1: 9})
    counted = of_episode(episode_of(show, 1, 1))
    play(counted)
    unclear = {**counted["Metadata"], "title": "Odd words", "index": 77, "parentIndex": 8}
    again = play({**counted, "Metadata": unclear})
    play(scrobble("Unlike", 1, 1))
    held_again = play(scrobble("Unlike", 1, 1))

    assert again.status == held_again.status == Status.DUPLICATE
    assert again.trace[-1]["text"] == "The same viewing arrived before."
    assert held_again.trace[-1]["text"] == "The same viewing arrived before and waits already."


def test_a_missing_episode_of_a_show_that_tmdb_no_longer_has_waits_for_the_catalogue(play, tmdb):
    show = make_show("Andor", {1: 3}, tmdb_id=700)
    play(of_episode(episode_of(show, 1, 1)))

    log = play(scrobble("Andor", 1, 9))

    assert (log.status, log.action_taken) == (Status.HELD, Action.EPISODE_NOT_FOUND)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's worker sees each commit")
def test_the_lane_that_asks_tmdb_is_woken_at_once(post, tmdb):
    listener, stop = Listener(), threading.Event()
    listener.wait(0, stop)
    post(scrobble("Andor", 1, 3, ids=("tvdb://9001",)))
    listener.wait(5, stop)
    Lane(network=False).process_due()
    started = time.monotonic()

    listener.wait(5, stop)

    listener.close()
    assert time.monotonic() - started < 2


def test_a_round_that_takes_long_leaves_what_others_took_meanwhile(
    post, django_assert_num_queries, time_machine
):
    post(scrobble("Unlike", 1, 1))
    lane = Lane(network=False)
    time_machine.move_to(timezone.now() + timedelta(seconds=1))
    (row,) = inbox.claim(limit=5, now=timezone.now(), needs_network=False)
    time_machine.shift(timedelta(seconds=31))
    assert inbox.claim(limit=5, now=timezone.now(), needs_network=False)

    with django_assert_num_queries(1):
        lane.process_one(row)
