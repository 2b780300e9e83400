"""What users of such integrations complain about most, from the webhook to the watch.

Each test says what the naive rule does, and fails on it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from plex import resolution
from plex.models import Action, PlexAccount, PlexConflict, PlexWebhookLog, Status
from tests.factories import episode_of, episode_tmdb_id, make_show
from tests.plex import payloads
from tests.plex.factories import SERVER, changed, make_config, of_episode, scrobble
from tracker.models import TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db
FRIENDS_SERVER = "b07d41e6923f5ac8d10e64725fb9338ac2105de7"


def watched() -> list[str]:
    """The standing watches, as "show S01E01"."""
    watches = Watch.objects.standing().select_related("episode__season__show").order_by("pk")
    return [f"{watch.episode.season.show.title} {watch.episode.code}" for watch in watches]


def finished(show: TVShow, season: int, number: int, **changes: Any) -> dict[str, Any]:
    return of_episode(episode_of(show, season, number), **changes)


class TestCause1EpisodeIdTakenForAShows:
    # Naive: `tmdb://65154` of the episode is asked for as /tv/65154, another show altogether.

    def test_with_both_shows_in_the_tracker(self, play):
        make_show("Other", {5: 12}, tmdb_id=65154)
        show = make_show("Californication", {5: 12})
        play(finished(show, 5, 3, ids=("tmdb://65154",)))
        assert watched() == ["Californication S05E03"]

    def test_with_both_shows_on_tmdb(self, play, tmdb):
        tmdb.add_show(65154, "Other", seasons={5: 12})
        tmdb.add_show(1215, "Californication", seasons={5: 12})
        tmdb.add_find("4652137", source="tvdb_id", episode=(1215, 5, 3))
        play(scrobble("Californication", 5, 3, ids=("tvdb://4652137",)))
        play(scrobble("Californication", 5, 4, ids=("tmdb://65154",)))
        assert watched() == ["Californication S05E03", "Californication S05E04"]
        assert not TVShow.objects.filter(tmdb_id=65154).exists()


class TestCause2EpisodesWithOneIdOrNone:
    # Naive: without a tvdb or imdb id, or without any, the event is dropped.

    def test_a_tmdb_id_alone_is_looked_for_in_the_seasons_of_what_the_title_could_mean(
        self, play, tmdb
    ):
        tmdb.add_show(700, "Below Deck Mediterranean", seasons={1: 10, 2: 14})
        tmdb.add_show(701, "Below Deck", seasons={1: 10, 2: 14}, first_air_date=date(2013, 7, 1))
        ids = (f"tmdb://{episode_tmdb_id(700, 2, 8)}",)
        play(scrobble("Below Deck Mediterranean", 2, 8, ids=ids))
        assert watched() == ["Below Deck Mediterranean S02E08"]

    def test_no_id_at_all_goes_by_title_and_date(self, play):
        show = make_show("Masters of the Air", {1: 9})
        play(finished(show, 1, 4))
        assert watched() == ["Masters of the Air S01E04"]

    def test_what_nothing_proves_is_kept_with_its_time_and_asked(self, play, owner):
        viewed_at = (timezone.now() - timedelta(hours=2)).replace(microsecond=0)
        log = play(scrobble("Masters of the Air", 1, 4, viewed_at=viewed_at))
        assert (log.status, log.conflict.conflict_type) == (Status.HELD, "no_match")
        show = make_show("Masters of the Air", {1: 9})
        resolution.resolve_conflict(log.conflict, user=owner, action="select", show=show)
        assert Watch.objects.get().watched_at == viewed_at


class TestCause3AnotherOrder:
    # Naive: Plex's season and number are taken for TMDB's.

    def test_the_pair_that_an_id_leads_to_wins_over_plexs_numbers(self, play, tmdb):
        # Aired order on Plex, production order on TMDB.
        tmdb.add_show(1437, "Firefly", seasons={1: 14})
        tmdb.add_find("297990", source="tvdb_id", episode=(1437, 1, 2))
        play(scrobble("Firefly", 1, 1, title="?", ids=("tvdb://297990",)))
        assert watched() == ["Firefly S01E02"]

    def test_title_and_date_win_over_plexs_numbers(self, play):
        show = make_show("Firefly", {1: ["Serenity", "The Train Job", "Bushwhacked"]})
        play(finished(show, 1, 1))
        pilot = finished(show, 1, 2)
        play(changed(pilot, index=3, guid="plex://episode/5d9c1107ffd9ef001e98d0a2"))
        assert watched() == ["Firefly S01E01", "Firefly S01E02"]

    def test_a_season_that_tmdb_does_not_split_is_counted_through(self, play):
        names = [f"The one about {word}" for word in ("rain", "snow", "wind", "fog", "sun", "hail")]
        show = make_show("Weather", {1: names})
        play(finished(show, 1, 1))
        second = finished(show, 1, 5)
        play(changed(second, parentIndex=2, index=2, guid="plex://episode/5d9c1107ffd9ef001e98"))
        assert watched() == ["Weather S01E01", "Weather S01E05"]

    def test_numbers_that_title_and_date_deny_are_asked_about(self, play):
        show = make_show("Weather", {1: ["Rain", "Snow", "Wind"]})
        play(finished(show, 1, 1))
        denied = scrobble(
            "Weather", 1, 2, title="Something else", originallyAvailableAt="1999-01-01"
        )
        log = play(denied)
        assert log.conflict.conflict_type == PlexConflict.Type.EPISODE
        assert watched() == ["Weather S01E01"]


class TestCause4TheWrongPerson:
    # Naive: whatever arrives at the address is marked for whom the address belongs to.

    def test_somebody_elses_play_counts_for_nobody_until_that_is_said(self, play, owner, viewer):
        show = make_show("Severance", {1: 9})
        play(finished(show, 1, 1))
        kid = {"account_id": 4711, "account_title": "kid", "is_user": False}
        log = play(finished(show, 1, 2, **kid))
        assert log.action_taken == Action.WAITING_FOR_ACCOUNT
        assert watched() == ["Severance S01E01"]

        account = PlexAccount.objects.get(account_title="kid")
        resolution.assign_account(account, by=owner, users=[viewer])
        resolution.replay_account(account)
        assert Watch.objects.get(episode__episode_number=2).user == viewer

    def test_a_second_owner_at_the_same_address_is_not_the_first(self, play, owner):
        show = make_show("Severance", {1: 9})
        play(finished(show, 1, 1))
        play(finished(show, 1, 2, account_id=4711, account_title="partner", is_user=True))
        assert watched() == ["Severance S01E01"]


class TestCause5Duplicates:
    # Naive: each message is a play; or only the same message within five seconds is none.

    def test_the_same_viewing_through_two_addresses_and_again_minutes_later(
        self, play, post, drain, viewer
    ):
        show = make_show("Severance", {1: 9})
        viewed_at = timezone.now() - timedelta(minutes=30)
        message = finished(show, 1, 1, viewed_at=viewed_at)
        play(message)
        assert play(message).status == Status.DUPLICATE
        later = changed(message, lastViewedAt=int((viewed_at + timedelta(minutes=3)).timestamp()))
        assert play(later).status == Status.DUPLICATE
        post(message, secret=make_config(viewer)[1])
        drain()
        assert Watch.objects.count() == 1

    def test_watching_again_makes_no_noise_unless_rewatches_are_on(self, play, connected):
        show = make_show("Severance", {1: 9})
        message = finished(show, 1, 1, viewed_at=timezone.now() - timedelta(hours=20))
        play(message)
        again = changed(message, lastViewedAt=int(timezone.now().timestamp()) - 60, viewCount=2)
        assert play(again).action_taken == Action.ALREADY_WATCHED
        connected[0].record_rewatches = True
        connected[0].save()
        assert play(changed(again, viewCount=2)).status == Status.DUPLICATE
        assert Watch.objects.count() == 1


def test_cause_6_nothing_seems_to_arrive(play, client, owner):
    # Naive: what is no finished play leaves no mark, so that nobody sees that the address works.
    message = scrobble("Severance", 1, 1)
    message["event"] = "media.play"
    log = play(message)
    client.force_login(owner)
    shown = client.get("/plex/").content.decode()
    assert "Severance" in shown
    assert Action.EVENT_NOT_SCROBBLE.label in client.get("/plex/activity/").content.decode()
    assert Action.EVENT_NOT_SCROBBLE.label in (
        client.get(f"/plex/activity/{log.pk}/").content.decode()
    )


@pytest.mark.parametrize(
    "message",
    [
        scrobble("Nobody Knows This One", 1, 1),
        scrobble("Nobody Knows This One", None, None),
        {**scrobble("Severance", 1, 1), "event": "something.new"},
        {"event": "media.scrobble"},
        {},
    ],
)
def test_cause_7_nothing_is_dropped_with_a_200_and_a_log_line(post, drain, client, owner, message):
    # Naive: answers 200, writes a line into a log file, and the event is gone.
    answer = post(message)
    drain()
    log = PlexWebhookLog.objects.get(pk=answer["id"])
    assert log.status != Status.PENDING
    assert log.action_taken
    client.force_login(owner)
    shown = client.get(f"/plex/activity/{log.pk}/").content.decode()
    assert str(log.get_action_taken_display()) in shown.replace("&#x27;", "'")


class TestCause8TheWrongShowByItsTitle:
    # Naive: the first show of that title; or the one whose year is the episode's.

    def test_namesakes_are_asked_about(self, play):
        make_show("The Office", {1: 6}, first_air_date=date(2001, 7, 9))
        make_show("The Office", {1: 6}, first_air_date=date(2005, 3, 24))
        log = play(changed(scrobble("The Office", 1, 2), title="?"))
        assert log.conflict.conflict_type == PlexConflict.Type.MULTIPLE_MATCHES
        assert len(log.conflict.potential_matches) == 2
        assert watched() == []

    def test_the_year_of_an_episode_is_not_the_shows(self, play):
        make_show("Bob's Burgers", {9: 22}, first_air_date=date(2019, 1, 1))
        make_show("Bob's Burgers", {9: 22}, first_air_date=date(2011, 1, 9))
        log = play(changed(scrobble("Bob's Burgers", 9, 22, year=2019), title="?"))
        assert log.status == Status.HELD
        assert watched() == []

    def test_a_date_tells_namesakes_apart(self, play):
        make_show("The Office", {1: 6}, first_air_date=date(2001, 7, 9))
        american = make_show("The Office", {1: 6}, first_air_date=date(2005, 3, 24))
        play(finished(american, 1, 2))
        assert Watch.objects.get().episode.season.show == american

    def test_a_title_in_another_language_is_a_title(self, play):
        show = make_show("The Simpsons", {7: 25}, alternative_titles=["Les Simpson"])
        play(
            changed(finished(show, 7, 4), grandparentTitle="Les Simpson", title="Vérité explosive")
        )
        assert watched() == ["The Simpsons S07E04"]


class TestCause9Anime:
    # Naive: HAMA's guid is no id that is known; its absolute number is taken for one of a season.

    def test_an_absolute_number_is_counted_through_the_seasons(self, play):
        names = [f"The tale of {number}" for number in range(1, 31)]
        show = make_show(
            "One Piece", {1: names[:10], 2: names[10:20], 3: names[20:]}, tvdb_id=81797
        )
        message = finished(show, 3, 5)
        play(
            changed(
                message,
                guid="com.plexapp.agents.hama://tvdb4-81797/2/25?lang=en",
                grandparentGuid="com.plexapp.agents.hama://tvdb4-81797?lang=en",
                parentIndex=2,
                index=25,
            )
        )
        assert watched() == ["One Piece S03E05"]

    def test_hamas_guid_names_the_show_under_any_title(self, play):
        show = make_show("One Piece", {1: 10}, tvdb_id=81797)
        play(
            changed(
                finished(show, 1, 5),
                grandparentTitle="ワンピース",
                guid="com.plexapp.agents.hama://tvdb-81797/1/5?lang=en",
                grandparentGuid="com.plexapp.agents.hama://tvdb-81797?lang=en",
            )
        )
        assert watched() == ["One Piece S01E05"]


ODD = {
    "no index": {"index": None, "parentIndex": None},
    "numbers as text": {"index": "2", "parentIndex": "1", "duration": "2700000"},
    "no duration": {"duration": None},
    "an empty list of ids": {"Guid": []},
    "ids of another shape": {"Guid": {"id": "tvdb://1"}},
    "ids of no shape": {"Guid": [None, "tvdb://1", {"id": 5}, {}]},
    "a title that is a number": {"title": 24, "grandparentTitle": 1923},
    "a date that is none": {"originallyAvailableAt": "soon", "lastViewedAt": "yesterday"},
}


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_cause_10_odd_fields_neither_crash_nor_stop_the_next_play(play, changes):
    # Naive: `Guid[0]`, `int(index)` and f"{index:02}" raise, and the worker with them.
    show = make_show("Severance", {1: 9})
    log = play(changed(finished(show, 1, 2), **changes))
    assert log.status in {Status.SUCCESS, Status.HELD, Status.IGNORED, Status.FAILED}
    assert log.error_count == 0
    assert play(finished(show, 1, 3)).status == Status.SUCCESS


class TestCause11TheTime:
    # Naive: the time of processing, or a local time without its zone.

    def test_it_is_the_moment_that_plex_sent(self, play, settings):
        settings.TIME_ZONE = "Pacific/Auckland"
        show = make_show("Severance", {1: 9})
        moment = (datetime.now(UTC) - timedelta(hours=11)).replace(microsecond=0)
        play(finished(show, 1, 1, viewed_at=moment))
        assert Watch.objects.get().watched_at == moment

    def test_a_play_that_waited_for_days_keeps_its_time(self, play, owner, time_machine):
        start = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
        time_machine.move_to(start, tick=False)
        log = play(scrobble("Severance", 1, 1, viewed_at=start - timedelta(minutes=1)))
        time_machine.move_to(start + timedelta(days=3), tick=False)
        show = make_show("Severance", {1: 9})
        resolution.resolve_conflict(log.conflict, user=owner, action="select", show=show)
        assert Watch.objects.get().watched_at == start - timedelta(minutes=1)

    def test_a_clock_that_is_wrong_is_not_believed(self, play):
        show = make_show("Severance", {1: 9})
        log = play(finished(show, 1, 1, viewed_at=timezone.now() + timedelta(days=400)))
        assert Watch.objects.get().watched_at == log.created_at


class TestCause16SeveralEpisodesInOneFile:
    # Naive: only the first one is marked.

    def test_joined_titles_mark_both(self, play):
        show = make_show("Parks and Recreation", {7: ["Pie", "One Last Ride", "The Way Home"]})
        play(finished(show, 7, 1))
        play(changed(finished(show, 7, 2), title="One Last Ride / The Way Home"))
        assert watched()[1:] == ["Parks and Recreation S07E02", "Parks and Recreation S07E03"]

    def test_a_single_title_marks_the_one(self, play):
        show = make_show("Parks and Recreation", {7: ["Pie", "One Last Ride", "The Way Home"]})
        play(finished(show, 7, 2))
        assert watched() == ["Parks and Recreation S07E02"]


class TestCause17WhatIsThereAlready:
    # Naive: the show, or its row, exists, so there is nothing to do.

    def test_a_show_that_is_tracked_already_gets_its_watch_and_status(self, play, owner):
        show = make_show("Severance", {1: 9})
        TrackedShow.objects.create(user=owner, show=show, status="plan_to_watch")
        play(finished(show, 1, 1))
        assert watched() == ["Severance S01E01"]
        assert TrackedShow.objects.get().status == "watching"

    def test_an_event_that_failed_before_does_not_make_the_next_a_duplicate(self, play, owner):
        show = make_show("Severance", {1: 9})
        message = finished(show, 1, 1)
        log = play(message)
        Watch.objects.all().delete()
        PlexWebhookLog.objects.filter(pk=log.pk).update(status=Status.FAILED, action_taken="")
        assert play(message).status == Status.SUCCESS
        assert watched() == ["Severance S01E01"]


class TestCause18OtherServers:
    # Naive: account 1 is the owner, on whatever server.

    def test_the_first_account_of_a_friends_server_is_the_friend(self, play):
        show = make_show("Severance", {1: 9})
        play(finished(show, 1, 1))
        friends = finished(show, 1, 2, server=FRIENDS_SERVER, account_id=1, account_title="ben")
        assert play(friends).action_taken == Action.WAITING_FOR_ACCOUNT
        assert watched() == ["Severance S01E01"]

    def test_ones_own_plays_on_a_friends_server_count_once_that_is_said(self, play, owner):
        show = make_show("Severance", {1: 9})
        play(finished(show, 1, 1))
        play(finished(show, 1, 2, server=FRIENDS_SERVER, account_id=2534941, is_user=True))
        account = PlexAccount.objects.exclude(server_uuid=SERVER).get()
        resolution.assign_account(account, by=owner, users=[owner])
        resolution.replay_account(account)
        assert watched() == ["Severance S01E01", "Severance S01E02"]

    def test_films_and_shows_on_demand_are_not_ones_library(self, play):
        make_show("Severance", {1: 9})
        log = play(scrobble("Severance", 1, 1, server="tv.plex.provider.vod"))
        assert log.status == Status.IGNORED
        assert play(payloads.load("vod")).status == Status.IGNORED
        assert watched() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "clip", "subtype": "trailer", "extraType": 1},
        {"type": "clip"},
        {"extraType": 1},
        {"subtype": "trailer"},
        {"type": "movie"},
        {"live": "1"},
    ],
)
def test_cause_19_trailers_and_extras_are_no_episodes(play, changes):
    # Naive: whatever is finished, and has a show's title, counts.
    show = make_show("Severance", {1: 9})
    log = play(changed(finished(show, 1, 1), **changes))
    assert (log.status, log.action_taken) == (Status.IGNORED, Action.NOT_AN_EPISODE)
    assert watched() == []
