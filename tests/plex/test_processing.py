"""An event, from the webhook to the watch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from plex import inbox, resolution
from plex.models import (
    Action,
    PlexAccount,
    PlexConflict,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.processing import Lane, process_due, record
from tests.factories import episode_of, make_show
from tests.plex.factories import changed, form, make_config, of_episode, scrobble
from tracker import watching
from tracker.models import TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db


def minutes_ago(minutes: int) -> datetime:
    return (timezone.now() - timedelta(minutes=minutes)).replace(microsecond=0)


def test_marks_the_episode_of_a_tracked_show_at_its_own_time(play, owner):
    show = make_show("Severance", {1: 9})
    TrackedShow.objects.create(user=owner, show=show, status=TrackedShow.Status.PLAN_TO_WATCH)
    viewed_at = minutes_ago(20)

    log = play(of_episode(episode_of(show, 1, 3), viewed_at=viewed_at))

    assert (log.status, log.action_taken) == (Status.SUCCESS, Action.MARKED_WATCHED)
    watch = Watch.objects.get()
    assert (watch.user, watch.episode) == (owner, episode_of(show, 1, 3))
    assert (watch.watched_at, watch.source, watch.play) == (viewed_at, Watch.Source.PLEX, 1)
    assert TrackedShow.objects.get().status == TrackedShow.Status.WATCHING
    assert [step["step"] for step in log.trace][-1] == "once"
    assert log.next_attempt_at is None
    assert log.processing_duration_ms is not None
    assert log.processing_duration_ms > 0


def test_the_next_episode_maps_at_once_without_another_look(play):
    show = make_show("Severance", {1: 9})
    play(of_episode(episode_of(show, 1, 3)))

    log = play(of_episode(episode_of(show, 1, 4)))

    assert log.status == Status.SUCCESS
    assert [step["step"] for step in log.trace] == ["arrived", "mapping", "episode", "once"]
    assert PlexShowMapping.objects.get().tvshow == show


def test_a_tmdb_only_episode_of_a_tracked_show_needs_no_network(play):
    show = make_show("Mo Li", {1: 12}, original_title="茉莉")
    episode = episode_of(show, 1, 2)

    log = play(
        changed(scrobble("即使如此", 1, 2, ids=(f"tmdb://{episode.tmdb_id}",)), title="第二集")
    )

    assert log.status == Status.SUCCESS
    assert Watch.objects.get().episode == episode
    assert PlexShowMapping.objects.get().match_confidence == 1
    assert PlexShowMapping.objects.get().match_method == PlexShowMapping.Method.TMDB_ID


def test_an_episode_id_that_equals_another_shows_id_marks_nothing_of_that_show(play):
    wrong = make_show("Wrong", {1: 5, 5: 9}, tmdb_id=65154)
    show = make_show("Right", {5: 9})

    play(of_episode(episode_of(show, 5, 3), ids=("tmdb://65154",)))

    assert not Watch.objects.filter(episode__season__show=wrong).exists()
    assert not PlexShowMapping.objects.filter(tvshow=wrong).exists()


def test_the_episodes_year_is_never_the_shows(play):
    make_show("Bluey", {1: 5}, first_air_date=datetime(2021, 1, 1, tzinfo=UTC).date())
    real = make_show("Bluey", {3: 5}, first_air_date=datetime(2018, 10, 1, tzinfo=UTC).date())

    log = play(changed(scrobble("Bluey", 3, 1, year=2021), title="Bluey episode"))

    assert log.status == Status.HELD
    assert not Watch.objects.exists()
    assert real.pk in {item["tvshow_id"] for item in log.conflict.potential_matches}


def test_an_unknown_show_without_a_tmdb_key_becomes_a_question_at_once(play):
    log = play(scrobble("Nobody Knows This One", 1, 1))

    assert (log.status, log.action_taken) == (Status.HELD, Action.CONFLICT_CREATED)
    assert log.conflict.conflict_type == PlexConflict.Type.NO_MATCH
    assert log.next_attempt_at is not None


def test_an_unknown_show_is_added_with_all_its_seasons_and_marked(play, tmdb, owner):
    tmdb.add_show(700, title="Andor", seasons={1: 12, 2: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 2, 3))
    viewed_at = minutes_ago(90)

    log = play(scrobble("Andor", 2, 3, ids=("tvdb://9001",), viewed_at=viewed_at))

    assert (log.status, log.action_taken) == (Status.SUCCESS, Action.AUTO_ADDED_SHOW)
    show = TVShow.objects.get(tmdb_id=700)
    assert show.seasons.count() == 2
    assert TrackedShow.objects.get(user=owner, show=show).status == TrackedShow.Status.WATCHING
    assert Watch.objects.get().watched_at == viewed_at
    mapping = PlexShowMapping.objects.get()
    assert (mapping.match_method, float(mapping.match_confidence)) == ("tvdb_id", 0.95)


@pytest.mark.parametrize("is_known", [True, False])
def test_an_episode_that_tmdb_numbered_anew_is_found_by_its_id(play, tmdb, is_known):
    """The catalogue is of before; the numbers of TMDB's look-up mean the next episode there."""
    names = {901: "Ghost", 902: "Light"} if is_known else {902: "Light", 903: "Dusk"}
    before = [{"name": name, "tmdb_id": pk} for pk, name in names.items()]
    make_show("Andor", {1: before}, tmdb_id=700)
    now = [{"name": "Ash", "tmdb_id": 900}, {"name": "Ghost", "tmdb_id": 901}, *before[-1:]]
    tmdb.add_show(700, "Andor", seasons={1: now})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 2))

    log = play(scrobble("Andor", 1, 1, ids=("tvdb://9001",)))

    assert log.status == Status.SUCCESS
    assert Watch.objects.get().episode.name == "Ghost"


@pytest.mark.parametrize(("is_down", "name"), [(False, "Bushwhacked"), (True, "The Train Job")])
def test_a_number_alone_yields_to_what_tmdb_says_of_the_ids(play, tmdb, is_down, name):
    """Plex numbers the show by TVDB's order, and names its episodes in another language."""
    names = ["Serenity", "The Train Job", "Bushwhacked"]
    make_show("Firefly", {1: names}, tmdb_id=700)
    tmdb.add_show(700, "Firefly", seasons={1: names})
    tmdb.add_find("9002", source="tvdb_id", episode=(700, 1, 3))
    play(scrobble("Firefly", 1, 1, title="Serenity", originallyAvailableAt="2020-01-06"))
    if is_down:
        tmdb.down()

    log = play(scrobble("Firefly", 1, 2, ids=("tvdb://9002",), title="Überfall"))

    assert log.status == Status.SUCCESS
    assert Watch.objects.latest("pk").episode.name == name


def test_without_auto_add_the_show_is_suggested(play, tmdb, connected):
    connected[0].auto_add_shows = False
    connected[0].save()
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))

    log = play(scrobble("Andor", 1, 3, ids=("tvdb://9001",)))

    assert log.status == Status.HELD
    assert log.conflict.conflict_type == PlexConflict.Type.NO_MATCH
    assert [match["tmdb_id"] for match in log.conflict.potential_matches] == [700]
    assert not TVShow.objects.exists()


def test_while_tmdb_is_down_the_row_waits_and_keeps_its_time(play, tmdb, drain, time_machine):
    start = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))
    tmdb.down()
    viewed_at = start - timedelta(minutes=1)

    log = play(scrobble("Andor", 1, 3, ids=("tvdb://9001",), viewed_at=viewed_at))
    assert (log.status, log.action_taken) == (Status.PENDING, Action.WAITING_FOR_TMDB)
    assert not PlexConflict.objects.exists()

    tmdb.up()
    time_machine.move_to(start + timedelta(hours=2), tick=False)
    drain()
    log.refresh_from_db()
    assert log.status == Status.SUCCESS
    assert Watch.objects.get().watched_at == viewed_at


def test_after_a_day_without_tmdb_the_user_is_asked_and_tmdb_may_still_settle_it(
    play, tmdb, drain, time_machine
):
    start = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))
    tmdb.down()
    log = play(scrobble("Andor", 1, 3, ids=("tvdb://9001",)))
    for hours in range(2, 40, 2):
        time_machine.move_to(start + timedelta(hours=hours), tick=False)
        drain()
    log.refresh_from_db()
    assert (log.status, log.action_taken) == (Status.HELD, Action.CONFLICT_CREATED)
    conflict = PlexConflict.objects.get()
    assert not conflict.resolved

    tmdb.up()
    time_machine.move_to(start + timedelta(hours=50), tick=False)
    drain()
    log.refresh_from_db()
    conflict.refresh_from_db()
    assert log.status == Status.SUCCESS
    assert conflict.resolution_action == PlexConflict.Resolution.AUTO_RESOLVED
    assert Watch.objects.get().watched_at == start


def test_two_shows_of_one_title_are_a_question_with_both(play):
    us = make_show("The Office", {1: 6}, first_air_date=datetime(2005, 3, 24, tzinfo=UTC).date())
    uk = make_show("The Office", {1: 6}, first_air_date=datetime(2001, 7, 9, tzinfo=UTC).date())
    for number in (1, 2, 3):
        play(scrobble("The Office", 1, number))

    conflict = PlexConflict.objects.get()
    assert conflict.conflict_type == PlexConflict.Type.MULTIPLE_MATCHES
    assert {match["tvshow_id"] for match in conflict.potential_matches} == {us.pk, uk.pk}
    assert conflict.logs.held().count() == 3


def test_the_same_event_twice_is_one_watch(play):
    show = make_show("Severance", {1: 9})
    message = of_episode(episode_of(show, 1, 3), viewed_at=minutes_ago(5))

    first, second = play(message), play(message)

    assert (first.status, second.status) == (Status.SUCCESS, Status.DUPLICATE)
    assert Watch.objects.count() == 1


def test_the_same_held_event_twice_is_one_question_and_one_play(play):
    first, second = play(scrobble("Unknown", 1, 1)), play(scrobble("Unknown", 1, 1))

    assert (first.status, second.status) == (Status.HELD, Status.DUPLICATE)


def test_a_later_viewing_is_already_watched_unless_rewatches_are_recorded(
    play, connected, time_machine
):
    start = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    show = make_show("Severance", {1: 9})
    play(of_episode(episode_of(show, 1, 3)))
    time_machine.move_to(start + timedelta(days=7), tick=False)
    log = play(of_episode(episode_of(show, 1, 3), viewCount=2))
    assert log.action_taken == Action.ALREADY_WATCHED
    assert Watch.objects.get().watched_at == start

    connected[0].record_rewatches = True
    connected[0].save()
    time_machine.move_to(start + timedelta(days=14), tick=False)
    log = play(of_episode(episode_of(show, 1, 3), viewCount=3))
    assert log.action_taken == Action.RECORDED_REWATCH
    assert list(Watch.objects.order_by("play").values_list("play", flat=True)) == [1, 2]


def test_a_removed_watch_stays_removed_when_the_event_comes_again(play, owner):
    show = make_show("Severance", {1: 9})
    message = of_episode(episode_of(show, 1, 3), viewed_at=minutes_ago(5))
    play(message)
    watching.unmark(user=owner, episode=episode_of(show, 1, 3), now=timezone.now())

    log = play(message)

    assert (log.status, log.action_taken) == (Status.IGNORED, Action.REMOVED_BY_USER)
    assert not Watch.objects.standing().exists()


def test_another_persons_play_counts_for_nobody_until_somebody_says_whose_it_is(play, owner):
    show = make_show("Severance", {1: 9})
    play(of_episode(episode_of(show, 1, 1)))

    log = play(
        of_episode(episode_of(show, 1, 2), account_id=777, account_title="guest", is_user=False)
    )

    assert (log.status, log.action_taken) == (Status.HELD, Action.WAITING_FOR_ACCOUNT)
    assert Watch.objects.count() == 1
    assert log.account.account_title == "guest"
    assert not log.account.users.exists()


def test_a_second_account_that_owns_the_hook_too_is_held(play):
    show = make_show("Severance", {1: 9})
    play(of_episode(episode_of(show, 1, 1), account_id=11))

    log = play(of_episode(episode_of(show, 1, 2), account_id=22))

    assert log.action_taken == Action.WAITING_FOR_ACCOUNT


def test_an_account_that_never_counts_is_counted_but_not_stored(play, post, drain):
    show = make_show("Severance", {1: 9})
    log = play(of_episode(episode_of(show, 1, 2), account_id=777, is_user=False))
    log.account.never = True
    log.account.save()

    pk = post(of_episode(episode_of(show, 1, 3), account_id=777, is_user=False))["id"]
    drain()

    assert not PlexWebhookLog.objects.filter(pk=pk).exists()
    log.account.refresh_from_db()
    assert log.account.ignored_count == 1


def test_a_missing_episode_is_looked_for_once_and_waits_for_the_catalogue(play, tmdb, drain):
    tmdb.add_show(700, title="Andor", seasons={1: 3})
    show = make_show("Andor", {1: 3}, tmdb_id=700)
    play(of_episode(episode_of(show, 1, 1)))

    log = play(scrobble("Andor", 1, 4))

    assert (log.status, log.action_taken) == (Status.HELD, Action.EPISODE_NOT_FOUND)
    assert PlexViewing.objects.count() == 1


def test_a_shared_account_marks_for_everybody(play, owner, viewer):
    show = make_show("Severance", {1: 9})
    log = play(of_episode(episode_of(show, 1, 1)))
    log.account.users.add(viewer)

    play(of_episode(episode_of(show, 1, 2)))

    watched = set(
        Watch.objects.filter(episode=episode_of(show, 1, 2)).values_list("user", flat=True)
    )
    assert watched == {owner.pk, viewer.pk}


def test_a_rating_key_that_went_to_another_show_is_a_new_show(play):
    old = make_show("Old Show", {1: 5})
    local: dict[str, Any] = {
        "grandparentGuid": "local://77",
        "guid": "local://78",
        "grandparentRatingKey": "77",
    }
    before = play(of_episode(episode_of(old, 1, 1), **local))
    assert before.mapping.tvshow == old

    log = play(scrobble("Quite Another One", 1, 2, **local))

    assert log.mapping != before.mapping
    assert log.status == Status.HELD
    earlier = next(m for m in log.conflict.potential_matches if m["tvshow_id"] == old.pk)
    assert "This rating key was “Old Show” before." in earlier["reasons"]
    assert not Watch.objects.filter(episode__episode_number=2).exists()


def test_ids_that_contradict_an_automatic_mapping_make_it_a_question(play):
    old, other = make_show("Old Show", {1: 5}), make_show("Other Show", {1: 5})
    play(of_episode(episode_of(old, 1, 1)))
    stray = episode_of(other, 1, 2)

    log = play(
        of_episode(
            episode_of(old, 1, 2), ids=(f"tmdb://{stray.tmdb_id}",), originallyAvailableAt=None
        )
    )

    assert log.status == Status.HELD
    assert {m["tvshow_id"] for m in log.conflict.potential_matches} == {old.pk, other.pk}
    assert PlexShowMapping.objects.get().tvshow is None


def test_a_contradicted_show_stays_a_question_until_somebody_answers(play, owner):
    """Good and bad plays in turn: nothing is recorded on the strength of whichever came last."""
    old, other = make_show("Old Show", {1: 9}), make_show("Other Show", {1: 9})
    play(of_episode(episode_of(old, 1, 1)))
    for number in (2, 4):
        stray = f"tmdb://{episode_of(other, 1, number).tmdb_id}"
        bad = of_episode(episode_of(old, 1, number), ids=(stray,), originallyAvailableAt=None)
        assert play(bad).status == Status.HELD
        proved = f"tmdb://{episode_of(old, 1, number + 1).tmdb_id}"
        good = of_episode(episode_of(old, 1, number + 1), ids=(proved,))
        assert play(good).status == Status.HELD

    conflict = PlexConflict.objects.get()
    assert not conflict.resolved
    assert {m["tvshow_id"] for m in conflict.potential_matches} == {old.pk, other.pk}
    mapping = PlexShowMapping.objects.get()
    assert mapping.tvshow is None
    assert "Other Show" in mapping.needs_review
    assert Watch.objects.count() == 1

    resolved = resolution.resolve_conflict(conflict, user=owner, action="select", show=old)

    assert (resolved.recorded, resolved.still_open) == (4, 0)
    assert play(of_episode(episode_of(old, 1, 6))).status == Status.SUCCESS


def test_ids_that_contradict_a_persons_decision_only_flag_it(play, owner):
    old, other = make_show("Old Show", {1: 5}), make_show("Other Show", {1: 5})
    mapping = play(of_episode(episode_of(old, 1, 1))).mapping
    resolution.confirm_mapping(mapping, show=old)
    stray = episode_of(other, 1, 2)

    log = play(of_episode(episode_of(old, 1, 2), ids=(f"tmdb://{stray.tmdb_id}",)))

    assert log.status == Status.SUCCESS
    mapping.refresh_from_db()
    assert mapping.tvshow == old
    assert "Other Show" in mapping.needs_review, log.trace


def test_plex_free_streaming_binds_nobody(play, connected):
    play(scrobble("On demand", 1, 1, server="tv.plex.provider.vod", account_id=4711))
    assert not PlexAccount.objects.exists()

    show = make_show("Severance", {1: 3})
    assert play(of_episode(episode_of(show, 1, 1))).status == Status.SUCCESS


def test_accounts_of_two_servers_with_each_others_numbers_go_together(play, post, drain, caplog):
    show = make_show("Severance", {1: 9})
    play(of_episode(episode_of(show, 1, 1), server="attic", account_id="7"))
    play(of_episode(episode_of(show, 1, 2), server="cellar", account_id="8"))
    post(of_episode(episode_of(show, 1, 3), server="attic", account_id="8"))
    post(of_episode(episode_of(show, 1, 4), server="cellar", account_id="7"))
    post(of_episode(episode_of(show, 1, 5), server="attic", account_id="7"))
    PlexWebhookLog.objects.filter(plex_episode__in=(4, 5)).update(next_attempt_at=timezone.now())

    drain()

    # (attic, 8) is no account of the rows that came from there as 7, and is asked about all the same.
    assert PlexAccount.objects.count() == 4
    assert "could not be planned" not in caplog.text


def test_an_account_is_listed_for_everybody_through_whose_hook_it_came(
    play, connected, viewer, client, drain
):
    play(scrobble("X", 1, 1, account_id=777, is_user=False))
    other, secret = make_config(viewer)
    client.post(
        f"/api/plex/webhook?secret={secret}",
        form(scrobble("X", 1, 2, account_id=777, is_user=False)),
    )
    drain()
    assert set(PlexAccount.objects.get().seen_by.all()) == {connected[0], other}


def test_processed_again_a_removed_viewing_comes_back(play, owner, drain):
    show = make_show("Severance", {1: 9})
    message = of_episode(episode_of(show, 1, 1), viewed_at=timezone.now() - timedelta(hours=1))
    play(message)
    watching.unmark(user=owner, episode=episode_of(show, 1, 1), now=timezone.now())
    log = play(message)
    assert log.action_taken == Action.REMOVED_BY_USER
    inbox.reprocess(log, user=owner)
    drain()
    log.refresh_from_db()
    assert log.action_taken == Action.MARKED_WATCHED


def test_processed_again_a_removed_mark_comes_back(owner, connected, drain):
    show = make_show("Severance", {1: 9})
    message = of_episode(episode_of(show, 1, 1), viewed_at=timezone.now() - timedelta(hours=3))
    source = PlexWebhookLog.Source.SCAN
    pk = inbox.receive(user_id=owner.pk, payload=message, now=timezone.now(), source=source)
    PlexWebhookLog.objects.filter(pk=pk).update(history_key="scan:1:1:1")
    drain()
    log = PlexWebhookLog.objects.get(pk=pk)
    watching.unmark(user=owner, episode=episode_of(show, 1, 1), now=timezone.now())
    inbox.reprocess(log, user=owner)
    drain()
    log.refresh_from_db()
    assert log.action_taken == Action.MARKED_WATCHED


def test_a_row_that_raises_while_it_is_recorded_stops_nobody(post, monkeypatch):
    show = make_show("Severance", {1: 9})
    for number in (1, 2, 3):
        post(of_episode(episode_of(show, 1, number)))
        if number == 1:
            process_due()
    record_event = record.record_event

    def broken(event, plan, past, book):
        if event.log.plex_episode == 2:
            raise ValueError("one bad row")
        return record_event(event, plan, past, book)

    monkeypatch.setattr(record, "record_event", broken)
    Lane(network=False).process_due()
    assert list(PlexWebhookLog.objects.order_by("pk").values_list("action_taken", flat=True)) == [
        Action.MARKED_WATCHED,
        Action.RETRYING,
        Action.MARKED_WATCHED,
    ]


def test_an_episodes_id_that_is_a_shows_names_no_show(play, tmdb):
    tmdb.add_show(700, "Andor", seasons={1: 12}, imdb_id="tt9253284")
    log = play(scrobble("Andor", 1, 3, ids=("imdb://tt9253284",)))
    assert (log.status, log.action_taken) == (Status.HELD, Action.CONFLICT_CREATED)
    told = [step["text"] for step in log.trace if step["step"] == "episode_ids"]
    assert told == ["TMDB knows no episode by the ids that Plex sent."]


def test_a_tmdb_id_of_another_show_is_not_passed_over(play):
    """The TVDB id is ours; the TMDB id, which proves more, names a show that we don't have."""
    make_show("Severance", {1: 9}, tmdb_id=900, tvdb_id=4711)
    log = play(
        scrobble(
            "Something",
            1,
            1,
            grandparentGuid="com.plexapp.agents.themoviedb://555?lang=en",
            guid="com.plexapp.agents.thetvdb://4711/1/1?lang=en",
        )
    )
    assert log.status == Status.HELD
    assert log.tvshow is None
