"""A person's decision, and the plays that waited for it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from plex import inbox, resolution
from plex.models import Action, PlexAccount, PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from plex.resolution import ResolutionError, answers
from tests.factories import episode_of, make_show
from tests.plex.factories import changed, of_episode, scrobble
from tracker import watching
from tracker.models import TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def offices():
    us = make_show("The Office", {1: 6}, first_air_date=date(2005, 3, 24))
    uk = make_show("The Office", {1: 6}, first_air_date=date(2001, 7, 9))
    return us, uk


@pytest.fixture
def times():
    now = timezone.now().replace(microsecond=0)
    return [now - timedelta(hours=hours) for hours in (5, 3, 1)]


@pytest.fixture
def conflict(play, offices, times):
    """Three plays of an Office that is not said which."""
    for number, viewed_at in enumerate(times, start=1):
        play(scrobble("The Office", 1, number, viewed_at=viewed_at))
    return PlexConflict.objects.get()


def test_choosing_a_show_records_the_plays_that_waited_with_their_own_times(
    conflict, offices, times, owner
):
    resolved = resolution.resolve_conflict(conflict, user=owner, action="select", show=offices[1])

    assert (resolved.replayed, resolved.recorded, resolved.still_open) == (3, 3, 0)
    assert resolved.sentence == "3 plays were recorded for The Office."
    watches = Watch.objects.filter(user=owner, episode__season__show=offices[1])
    assert sorted(watches.values_list("watched_at", flat=True)) == times
    assert not Watch.objects.filter(episode__season__show=offices[0]).exists()
    conflict.refresh_from_db()
    assert conflict.resolved
    assert conflict.resolution_action == PlexConflict.Resolution.USER_SELECTED
    assert PlexShowMapping.objects.get().manually_confirmed


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({}, "No play waited; later ones are recorded for The Office."),
        ({"replayed": 1}, "Nothing new was recorded: see the activity."),
        ({"recorded": 1}, "1 play was recorded for The Office."),
        (
            {"recorded": 3, "moved": 2},
            "2 plays were moved to The Office. 1 play was recorded for The Office.",
        ),
        ({"watched": 1}, "1 play is of an episode watched already: the first date stays."),
        ({"still_open": 2}, "2 events wait for another answer or for TMDB: see the activity."),
        ({"still_open": 2, "under_way": 2}, "2 events are still worked on: see the activity."),
    ],
)
def test_an_answer_says_what_it_brought_about(counts, sentence):
    assert resolution.Resolved(show=TVShow(title="The Office"), **counts).sentence == sentence


def test_more_plays_than_a_person_waits_for_are_left_to_the_worker(
    conflict, offices, owner, drain, monkeypatch
):
    monkeypatch.setattr(answers, "REPLAY_CHUNK", 1)
    monkeypatch.setattr(answers, "REPLAY_SECONDS", -1.0)

    resolved = resolution.resolve_conflict(conflict, user=owner, action="select", show=offices[1])

    assert (resolved.replayed, resolved.recorded, resolved.under_way) == (3, 1, 2)
    drain()
    assert Watch.objects.filter(user=owner, episode__season__show=offices[1]).count() == 3


def test_the_next_play_maps_at_once(conflict, offices, owner, play):
    resolution.resolve_conflict(conflict, user=owner, action="select", show=offices[1])
    assert play(scrobble("The Office", 1, 4)).status == Status.SUCCESS


def test_an_answered_conflict_cannot_be_answered_again(conflict, offices, owner):
    resolution.resolve_conflict(conflict, user=owner, action="select", show=offices[1])
    with pytest.raises(ResolutionError, match="answered already"):
        resolution.resolve_conflict(conflict, user=owner, action="select", show=offices[0])
    assert PlexShowMapping.objects.get().tvshow == offices[1]


def test_creating_from_tmdb_adds_the_show_and_records(play, owner, tmdb):
    play(scrobble("Nobody Knows", 1, 2))
    tmdb.add_show(801, title="Nobody Knows", seasons={1: 4})

    resolved = resolution.resolve_conflict(
        PlexConflict.objects.get(), user=owner, action="create_new", tmdb_id=801
    )

    assert resolved.recorded == 1
    assert TVShow.objects.get().tmdb_id == 801
    assert PlexConflict.objects.get().resolution_action == PlexConflict.Resolution.USER_CREATED_NEW


@pytest.mark.parametrize(
    ("action", "fields"), [("select", {}), ("create_new", {}), ("nonsense", {}), ("", {})]
)
def test_an_incomplete_answer_is_refused_and_changes_nothing(conflict, owner, action, fields):
    with pytest.raises(ResolutionError):
        resolution.resolve_conflict(conflict, user=owner, action=action, **fields)
    assert PlexWebhookLog.objects.held().count() == 3


def test_ignoring_ends_the_plays_and_the_later_ones(conflict, owner, play):
    resolved = resolution.resolve_conflict(conflict, user=owner, action="ignore")

    assert resolved.sentence.startswith("Ignored: its plays are not recorded.")
    assert not PlexWebhookLog.objects.held().exists()
    assert set(PlexWebhookLog.objects.values_list("action_taken", flat=True)) == {
        Action.SHOW_IGNORED
    }
    conflict.refresh_from_db()
    assert conflict.resolution_action == PlexConflict.Resolution.IGNORED
    assert play(scrobble("The Office", 1, 5)).action_taken == Action.SHOW_IGNORED


def test_ignoring_is_for_one_person(play, owner, viewer):
    account = play(scrobble("Guest's own", 1, 1, account_id=50, is_user=False)).account
    resolution.assign_account(account, by=owner, users=[viewer])
    resolution.replay_account(account)
    play(scrobble("Guest's own", 1, 2))
    conflict = PlexConflict.objects.get()

    resolution.resolve_conflict(conflict, user=owner, action="ignore")

    conflict.refresh_from_db()
    assert not conflict.resolved
    assert conflict.logs.held().get().account == account


def test_the_wrong_show_moves_the_plays_to_the_right_one(play, owner, offices, times):
    us, uk = offices
    messages = [
        scrobble("The Office", 1, n, viewed_at=at, ids=(f"tmdb://{episode_of(us, 1, n).tmdb_id}",))
        for n, at in enumerate(times, start=1)
    ]
    for message in messages:
        play(message)
    assert Watch.objects.filter(episode__season__show=us).count() == 3
    mapping = PlexShowMapping.objects.get()
    PlexWebhookLog.objects.all().delete()

    resolved = resolution.correct_mapping(mapping, user=owner, show=uk)

    assert resolved.recorded == 3
    watches = Watch.objects.filter(user=owner, episode__season__show=uk)
    assert sorted(watches.values_list("watched_at", flat=True)) == times
    assert not Watch.objects.filter(episode__season__show=us).exists()


def test_a_correction_replays_the_events_that_are_still_there(play, owner, times):
    wrong = make_show("Life", {1: 6}, first_air_date=date(2005, 1, 1))
    right = make_show("Life (other)", {1: 6}, first_air_date=date(2009, 1, 1))
    for number, at in enumerate(times, start=1):
        play(
            changed(
                of_episode(episode_of(wrong, 1, number), viewed_at=at), originallyAvailableAt=None
            )
        )
        PlexConflict.objects.all().delete()
    mapping = PlexShowMapping.objects.get()
    resolution.confirm_mapping(mapping, show=wrong)
    assert Watch.objects.filter(episode__season__show=wrong).count() == 3

    resolved = resolution.correct_mapping(mapping, user=owner, show=right)

    assert (resolved.recorded, resolved.still_open) == (3, 0)
    assert Watch.objects.filter(episode__season__show=right).count() == 3
    assert not Watch.objects.filter(episode__season__show=wrong).exists()


def test_only_staff_move_other_peoples_plays(play, owner, viewer, offices):
    us, uk = offices
    log = play(of_episode(episode_of(us, 1, 1)))
    resolution.confirm_mapping(PlexShowMapping.objects.get(), show=us)
    log.account.users.add(viewer)
    play(of_episode(episode_of(us, 1, 2)))
    mapping = PlexShowMapping.objects.get()

    resolution.correct_mapping(mapping, user=viewer, show=uk)

    assert not Watch.objects.filter(user=viewer, episode__season__show=us).exists()
    assert Watch.objects.filter(user=owner, episode__season__show=us).count() == 2

    resolution.correct_mapping(mapping, user=owner, show=uk)
    assert not Watch.objects.filter(episode__season__show=us).exists()


def test_a_manual_watch_stays_when_a_wrong_show_is_corrected(play, owner, offices):
    us, uk = offices
    by_hand, _ = watching.mark_watched(
        user=owner, episode=episode_of(us, 1, 1), watched_at=timezone.now() - timedelta(days=30)
    )
    play(of_episode(episode_of(us, 1, 1)))
    mapping = PlexShowMapping.objects.get()
    resolution.confirm_mapping(mapping, show=us)

    resolution.correct_mapping(mapping, user=owner, show=uk)

    assert Watch.objects.filter(pk=by_hand.pk, removed_at=None).exists()
    assert Watch.objects.filter(episode__season__show=uk).count() == 1


def test_an_episode_answer_holds_for_later_plays_of_it(play, owner):
    show = make_show(
        "Firefly",
        {
            1: [
                {"name": "Serenity", "air_date": date(2002, 12, 20)},
                {"name": "The Train Job", "air_date": date(2002, 9, 20)},
            ]
        },
    )
    mapping_play = play(scrobble("Firefly", 1, 1, title="Serenity"))
    resolution.confirm_mapping(mapping_play.mapping, show=show)
    Watch.objects.all().delete()
    conflict = PlexConflict.objects.create(
        mapping=mapping_play.mapping,
        conflict_type=PlexConflict.Type.EPISODE,
        plex_season=1,
        plex_episode=11,
    )
    held = play(scrobble("Firefly", 1, 11, title="Unheard of"))
    PlexWebhookLog.objects.filter(pk=held.pk).update(conflict=conflict, status=Status.HELD)

    resolved = resolution.resolve_conflict(
        conflict, user=owner, action="select", episode=episode_of(show, 1, 2)
    )

    assert resolved.recorded == 1
    assert Watch.objects.get().episode == episode_of(show, 1, 2)


def test_an_episode_of_another_show_is_refused(play, owner, offices):
    mapping = PlexShowMapping.objects.create(identity="plex://show/1", tvshow=offices[0])
    conflict = PlexConflict.objects.create(
        mapping=mapping, conflict_type=PlexConflict.Type.EPISODE, plex_season=1, plex_episode=1
    )
    with pytest.raises(ResolutionError, match="another show"):
        resolution.resolve_conflict(
            conflict, user=owner, action="select", episode=episode_of(offices[1], 1, 1)
        )


def test_assigning_an_account_offers_its_held_plays_and_replays_them(play, owner, viewer, times):
    show = make_show("Severance", {1: 9})
    for number, at in enumerate(times, start=1):
        play(of_episode(episode_of(show, 1, number), account_id=777, is_user=False, viewed_at=at))
    account = PlexAccount.objects.get()

    assert resolution.assign_account(account, by=owner, users=[viewer]) == 3
    assert not Watch.objects.exists()
    resolved = resolution.replay_account(account)

    assert resolved.recorded == 3
    watches = Watch.objects.filter(user=viewer)
    assert sorted(watches.values_list("watched_at", flat=True)) == times
    assert TrackedShow.objects.get().user == viewer


def test_only_staff_assign_accounts_to_others(play, owner, viewer, stranger):
    account = play(scrobble("X", 1, 1, account_id=777, is_user=False)).account
    with pytest.raises(ResolutionError):
        resolution.assign_account(account, by=viewer, users=[stranger])
    with pytest.raises(ResolutionError):
        resolution.assign_account(account, by=viewer, users=[viewer])
    assert not account.users.exists()


def test_never_forgets_what_was_held(play, owner):
    account = play(scrobble("X", 1, 1, account_id=777, is_user=False)).account
    resolution.assign_account(account, by=owner, users=[], never=True)
    assert not PlexWebhookLog.objects.filter(account=account).exists()


def test_stopping_a_show_ignores_its_plays_until_it_is_resumed(play, owner):
    show = make_show("Severance", {1: 9})
    mapping = play(of_episode(episode_of(show, 1, 1))).mapping
    resolution.stop_sync(mapping)
    assert play(of_episode(episode_of(show, 1, 2))).action_taken == Action.SYNC_DISABLED
    resolution.resume_sync(mapping)
    assert play(of_episode(episode_of(show, 1, 3))).status == Status.SUCCESS


def test_a_later_key_settles_an_open_conflict_by_itself(play, drain, owner, tmdb, settings):
    key, settings.TMDB_API_KEY = settings.TMDB_API_KEY, ""
    log = play(scrobble("Andor", 1, 3, ids=("tvdb://9001",)))
    assert log.status == Status.HELD
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))
    settings.TMDB_API_KEY = key

    assert inbox.retry_waiting_for_tmdb(now=timezone.now()) == 1
    drain()

    log.refresh_from_db()
    assert log.status == Status.SUCCESS
    conflict = PlexConflict.objects.get()
    assert conflict.resolution_action == PlexConflict.Resolution.AUTO_RESOLVED
    assert conflict.resolved_at is not None
    assert Watch.objects.count() == 1
