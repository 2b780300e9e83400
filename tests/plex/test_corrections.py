"""What a correction would do, that it does just that, and that it can be undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.forms.models import model_to_dict
from django.utils import timezone

from plex import inbox, resolution, retention
from plex.corrections import How
from plex.models import (
    PlexAccount,
    PlexCorrection,
    PlexEpisodeMapping,
    PlexSeasonMapping,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.processing import process_due
from plex.resolution import ChangedMeanwhileError, ResolutionError, look_at_correction
from plex.resolution.decisions import said_since
from plex.resolution.numbering import SeasonPart, choose_order, save_part
from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.plex.factories import changed, of_episode, scrobble
from tracker import watching
from tracker.models import Episode, EpisodeOrder, TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def times():
    now = timezone.now().replace(microsecond=123456)
    return [now - timedelta(hours=hours) for hours in (20, 10, 5)]


@pytest.fixture
def shows():
    return make_show("Severance", {1: 6}), make_show("Severance Pay", {1: 6})


@pytest.fixture
def mapping(play, shows, times) -> PlexShowMapping:
    """Three plays of "Severance", of which the last two have their own times."""
    for number, at in enumerate(times, start=1):
        play(of_episode(episode_of(shows[0], 1, number), viewed_at=at))
    return PlexShowMapping.objects.get()


def everything() -> dict[str, Any]:
    """All rows that a correction may touch, but for what it writes down itself."""
    mapping = PlexShowMapping.objects.get()
    return {
        "mapping": model_to_dict(mapping, exclude=["ignored_by"]),
        "watches": sorted(Watch.objects.values_list()),
        "viewings": sorted(PlexViewing.objects.values_list(), key=lambda row: row[0]),
        "logs": sorted(
            PlexWebhookLog.objects.values_list("pk", "status", "action_taken", "tvshow")
        ),
        "tracked": sorted(TrackedShow.objects.values_list("user", "show", "status", "started_on")),
        "seasons": sorted(PlexSeasonMapping.objects.values_list("plex_season", "tvshow")),
        "episodes": sorted(PlexEpisodeMapping.objects.values_list("item_key", "episode")),
    }


def watched(show: TVShow) -> list[tuple[int, Any]]:
    rows = Watch.objects.standing().filter(episode__season__show=show)
    return sorted(rows.values_list("episode__episode_number", "watched_at"))


def test_looking_at_a_correction_says_what_would_move_and_writes_nothing(mapping, shows, owner):
    before = everything()

    looked = look_at_correction(mapping, user=owner, show=shows[1])

    assert [(move.how, move.from_id, move.to_id) for move in looked.plan.moves] == [
        (How.MOVES, episode_of(shows[0], 1, n).pk, episode_of(shows[1], 1, n).pk) for n in (1, 2, 3)
    ]
    assert everything() == before


def test_a_correction_keeps_watches_with_their_dates_and_steers_later_events(
    mapping, shows, owner, play
):
    ids, dates = set(Watch.objects.values_list("pk", flat=True)), watched(shows[0])
    looked = look_at_correction(mapping, user=owner, show=shows[1])

    resolved = resolution.correct_mapping(
        mapping, user=owner, show=shows[1], expected=looked.fingerprint
    )

    assert resolved.sentence == "3 plays were moved to Severance Pay."
    assert watched(shows[1]) == dates
    assert set(Watch.objects.values_list("pk", flat=True)) == ids
    assert watched(shows[0]) == []
    log = PlexWebhookLog.objects.order_by("pk")[0]
    assert log.tvshow == shows[1]
    assert "Corrected by hand" in log.trace[-1]["text"]
    later = play(changed(of_episode(episode_of(shows[0], 1, 4)), originallyAvailableAt=None))
    assert (later.status, later.tvshow) == (Status.SUCCESS, shows[1])


def test_what_was_shown_is_done_or_nothing(mapping, shows, owner, play):
    looked = look_at_correction(mapping, user=owner, show=shows[1])
    play(of_episode(episode_of(shows[0], 1, 4)))

    with pytest.raises(ChangedMeanwhileError):
        resolution.correct_mapping(mapping, user=owner, show=shows[1], expected=looked.fingerprint)

    assert not PlexCorrection.objects.exists()
    assert watched(shows[1]) == []


def test_an_undo_leaves_no_trace(mapping, shows, owner, times):
    """Every row is as it was: a manual watch, a date set by hand, a rating, answers."""
    first, second = Watch.objects.order_by("pk")[:2]
    Watch.objects.filter(pk=first.pk).update(watched_at=times[0] - timedelta(days=9))
    Watch.objects.filter(pk=second.pk).update(source=Watch.Source.MANUAL)
    watching.mark_watched(
        user=owner, episode=episode_of(shows[1], 1, 3), watched_at=times[1], today=None
    )
    TrackedShow.objects.filter(show=shows[1]).update(status=TrackedShow.Status.ON_HOLD)
    PlexSeasonMapping.objects.create(
        mapping=mapping, plex_season=7, tvshow=shows[0], season_number=1
    )
    PlexEpisodeMapping.objects.create(
        mapping=mapping, item_key="x", episode=episode_of(shows[0], 1, 6)
    )
    PlexWebhookLog.objects.filter(viewings__watch=first).delete()
    before = everything()

    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    assert len(watched(shows[1])) == 3
    assert not PlexSeasonMapping.objects.exists()
    correction = PlexCorrection.objects.get()
    resolved = resolution.undo_correction(correction, user=owner)

    assert everything() == before
    assert resolved.show == shows[0]
    correction.refresh_from_db()
    assert correction.undone_at is not None


def test_plays_without_a_place_are_asked_about_or_stay(play, owner, shows, times):
    right = make_show("Short", {1: 1})
    for number, at in enumerate(times, start=1):
        play(of_episode(episode_of(shows[0], 1, number), viewed_at=at))
    mapping = PlexShowMapping.objects.get()
    PlexWebhookLog.objects.filter(viewings__watch__episode__episode_number=3).delete()
    before = everything()

    resolved = resolution.correct_mapping(mapping, user=owner, show=right)

    assert (resolved.moved, resolved.still_open) == (1, 2)
    assert [number for number, _ in watched(right)] == [1]
    assert [number for number, _ in watched(shows[0])] == [3]
    assert PlexWebhookLog.objects.exclude(status=Status.SUCCESS).count() == 1

    resolution.undo_correction(PlexCorrection.objects.get(), user=owner)

    assert everything() == before


def test_plays_that_came_since_follow_an_undo(mapping, shows, owner, play):
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    at = timezone.now() - timedelta(hours=1)
    later = changed(
        of_episode(episode_of(shows[1], 1, 5), viewed_at=at),
        grandparentTitle="Severance",
        grandparentGuid=mapping.plex_guid,
        originallyAvailableAt=None,
    )
    assert play(later).tvshow == shows[1]

    resolution.undo_correction(PlexCorrection.objects.get(), user=owner)

    assert [number for number, _ in watched(shows[0])] == [1, 2, 3, 5]
    assert watched(shows[1]) == []


def test_rewatches_stay_apart(connected, play, shows, times, owner):
    connected[0].record_rewatches = True
    connected[0].save()
    for count, at in enumerate(times[:2], start=1):
        play(changed(of_episode(episode_of(shows[0], 1, 1), viewed_at=at), viewCount=count))
    connected[0].record_rewatches = False
    connected[0].save()
    assert Watch.objects.count() == 2

    resolution.correct_mapping(PlexShowMapping.objects.get(), user=owner, show=shows[1])

    rows = Watch.objects.filter(episode=episode_of(shows[1], 1, 1)).order_by("play")
    assert [row.play for row in rows] == [1, 2]
    assert watched(shows[0]) == []


def test_what_is_watched_already_keeps_its_first_date(mapping, shows, owner, times):
    there = WatchFactory(user=owner, episode=episode_of(shows[1], 1, 1), watched_at=times[2])

    resolution.correct_mapping(mapping, user=owner, show=shows[1])

    assert Watch.objects.get(episode=there.episode) == there
    assert PlexViewing.objects.filter(watch=there).count() == 1


def test_only_the_latest_correction_can_be_undone(mapping, shows, owner):
    third = make_show("Third", {1: 6})
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    resolution.correct_mapping(mapping, user=owner, show=third)
    first, second = PlexCorrection.objects.order_by("pk")

    with pytest.raises(ResolutionError, match="later correction first"):
        resolution.undo_correction(first, user=owner)
    resolution.undo_correction(second, user=owner)
    with pytest.raises(ResolutionError, match="undone already"):
        resolution.undo_correction(second, user=owner)
    resolution.undo_correction(first, user=owner)

    assert [number for number, _ in watched(shows[0])] == [1, 2, 3]


def test_a_decision_since_stands_against_an_undo(mapping, shows, owner):
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    resolution.confirm_mapping(mapping, show=shows[0])

    with pytest.raises(ResolutionError, match="decided anew"):
        resolution.undo_correction(PlexCorrection.objects.get(), user=owner)


def test_only_whoever_corrected_undoes(mapping, shows, owner, viewer):
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    with pytest.raises(ResolutionError, match="Only whoever"):
        resolution.undo_correction(PlexCorrection.objects.get(), user=viewer)


def test_other_peoples_plays_are_counted_and_left(mapping, shows, viewer, play):
    PlexAccount.objects.get().users.add(viewer)
    play(of_episode(episode_of(shows[0], 1, 4)))

    looked = look_at_correction(mapping, user=viewer, show=shows[1])

    assert looked.plan.count(How.MOVES) == 1
    assert looked.untouched == 4
    resolution.correct_mapping(mapping, user=viewer, show=shows[1], expected=looked.fingerprint)
    assert [number for number, _ in watched(shows[0])] == [1, 2, 3, 4]
    assert set(Watch.objects.filter(episode__season__show=shows[1]).values_list("user")) == {
        (viewer.pk,)
    }


def test_a_removed_play_stays_removed_where_it_is(mapping, shows, owner):
    removed = Watch.objects.order_by("pk")[0]
    watching.remove_watch(removed, now=timezone.now())

    resolution.correct_mapping(mapping, user=owner, show=shows[1])

    removed.refresh_from_db()
    assert removed.episode == episode_of(shows[0], 1, 1)
    assert [number for number, _ in watched(shows[1])] == [2, 3]


def test_ids_of_the_wrong_show_do_not_stand_against_the_right_one(play, shows, owner, times):
    """Plex itself took it for the wrong show: ids, titles and dates are that one's."""
    for number, at in enumerate(times, start=1):
        episode = episode_of(shows[0], 1, number)
        play(of_episode(episode, viewed_at=at, ids=(f"tmdb://{episode.tmdb_id}",)))

    resolved = resolution.correct_mapping(PlexShowMapping.objects.get(), user=owner, show=shows[1])

    assert (resolved.moved, resolved.still_open) == (3, 0)
    assert set(PlexViewing.objects.values_list("evidence", flat=True)) == {"number"}
    for number in (4, 5):
        episode = episode_of(shows[0], 1, number)
        Episode.objects.filter(pk=episode.pk).update(name=f"Odd {number}", air_date="1999-01-01")
        episode.refresh_from_db()
        later = play(of_episode(episode, ids=(f"tmdb://{episode.tmdb_id}",)))
        assert (later.status, later.tvshow) == (Status.SUCCESS, shows[1])
        assert "only its number counts" in str(later.trace)
    assert PlexShowMapping.objects.get().needs_review == ""
    assert [number for number, _ in watched(shows[1])] == [1, 2, 3, 4, 5]


def test_after_90_days_a_correction_goes_on_to_hold_but_is_not_undone(
    mapping, shows, owner, time_machine
):
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    time_machine.move_to(timezone.now() + timedelta(days=91))
    retention.clean_up(now=timezone.now())

    correction = PlexCorrection.objects.get()
    assert correction.kept == {}
    with pytest.raises(ResolutionError, match="is no longer kept"):
        resolution.undo_correction(correction, user=owner)
    PlexCorrection.objects.update(undone_at=timezone.now())
    retention.clean_up(now=timezone.now())
    assert not PlexCorrection.objects.exists()


def test_a_preview_costs_the_same_queries_for_any_number_of_plays(
    play, shows, owner, django_assert_max_num_queries
):
    long = make_show("Long", {1: 20}), make_show("Long too", {1: 20})
    for number in range(1, 21):
        play(of_episode(episode_of(long[0], 1, number)))
    mapping = PlexShowMapping.objects.get()
    with django_assert_max_num_queries(10):
        look_at_correction(mapping, user=owner, show=long[1])


def test_a_show_tracked_for_another_reason_stays_tracked(mapping, shows, owner):
    TrackedShowFactory(user=owner, show=shows[1], status="dropped", rating=7)
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    assert TrackedShow.objects.get(show=shows[1]).status == "watching"
    TrackedShow.objects.filter(show=shows[1]).update(rating=9)

    resolution.undo_correction(PlexCorrection.objects.get(), user=owner)

    assert TrackedShow.objects.get(show=shows[1]).rating == 9


class TestSaidSince:
    """What was said between a correction and its undo stays, unless it is about the show that goes."""

    @pytest.fixture
    def correction(self, mapping, shows, owner) -> PlexCorrection:
        resolution.correct_mapping(mapping, user=owner, show=shows[1])
        return PlexCorrection.objects.get()

    def undo(self, correction: PlexCorrection, user: Any) -> PlexShowMapping:
        resolution.undo_correction(correction, user=user)
        return PlexShowMapping.objects.get()

    def part(self, show: TVShow, plex_season: int) -> SeasonPart:
        return SeasonPart(
            plex_season=plex_season, first_episode=None, last_episode=None, show=show,
            season_number=1, episode_number=1,
        )  # fmt: skip

    def test_an_order_that_needs_no_show_stays(self, mapping, correction, owner):
        choose_order(mapping, key="absolute")
        assert not said_since(correction, PlexShowMapping.objects.get()).sentence

        assert self.undo(correction, owner).episode_order == "absolute"

    def test_an_order_that_was_chosen_before_comes_back(self, mapping, shows, owner):
        EpisodeOrder.objects.create(show=shows[0], tmdb_id="5ad1", name="DVD", kind=3)
        choose_order(mapping, key="tmdb:5ad1")
        mapping.refresh_from_db()
        resolution.correct_mapping(mapping, user=owner, show=shows[1])

        assert self.undo(PlexCorrection.objects.get(), owner).episode_order == "tmdb:5ad1"

    def test_a_season_of_a_third_show_stays_and_one_of_the_wrong_show_goes(
        self, mapping, shows, correction, owner
    ):
        third = make_show("Third", {1: 3})
        save_part(mapping, self.part(third, 2))
        save_part(mapping, self.part(shows[1], 3))
        since = said_since(correction, PlexShowMapping.objects.get())
        assert since.sentence == "1 season"

        self.undo(correction, owner)

        rows = PlexSeasonMapping.objects.values_list("plex_season", "tvshow")
        assert list(rows) == [(2, third.pk)]

    def test_a_season_that_was_dropped_comes_back_unless_something_was_said_of_it_since(
        self, mapping, shows, owner
    ):
        third = make_show("Third", {1: 3})
        for plex_season in (2, 3):
            save_part(mapping, self.part(shows[0], plex_season))
        mapping.refresh_from_db()
        resolution.correct_mapping(mapping, user=owner, show=shows[1])
        save_part(mapping, self.part(third, 3))

        self.undo(PlexCorrection.objects.get(), owner)

        rows = PlexSeasonMapping.objects.values_list("plex_season", "tvshow").order_by(
            "plex_season"
        )
        assert list(rows) == [(2, shows[0].pk), (3, third.pk)]

    def test_an_order_and_an_answer_about_the_wrong_show_are_named_before_they_go(
        self, client, mapping, shows, correction, owner
    ):
        EpisodeOrder.objects.create(show=shows[1], tmdb_id="77", name="Blu-ray", kind=3)
        choose_order(mapping, key="tmdb:77")
        PlexEpisodeMapping.objects.create(
            mapping=mapping, item_key="one", episode=episode_of(shows[1], 1, 1)
        )
        client.force_login(owner)

        page = client.get(f"/plex/mappings/{mapping.pk}/").text

        assert "Severance Pay: the order “Blu-ray” and 1 episode." in page
        assert self.undo(correction, owner).episode_order == ""
        assert not PlexEpisodeMapping.objects.exists()

    def test_a_sync_that_was_stopped_since_stays_stopped(self, mapping, correction, owner):
        resolution.stop_sync(mapping)

        assert not self.undo(correction, owner).sync_enabled


def test_a_title_of_the_show_that_it_was_not_names_no_episode(play, owner):
    """What Plex says of an episode comes from its idea of the show, which was wrong."""
    wrong = make_show("Doctor Who", {1: ["A", "B", "The Return"]})
    right = make_show(
        "Doctor Who Again",
        {1: ["Rose Tower", "Blue", "Homecoming Party"], 2: ["Deep Red", "The Return"]},
    )
    mapping = play(of_episode(episode_of(wrong, 1, 1))).mapping
    resolution.correct_mapping(mapping, user=owner, show=right)
    play(scrobble("Doctor Who", 1, 3, title="The Return"))
    episodes = [
        watch.episode for watch in Watch.objects.standing().select_related("episode__season")
    ]
    assert "S01E03" in {episode.code for episode in episodes if episode.season.show_id == right.pk}
    assert "S02E02" not in {episode.code for episode in episodes}


def test_the_answer_about_the_very_item_goes_before_one_about_its_number(play, owner):
    show = make_show("Severance", {1: 9})
    play(of_episode(episode_of(show, 1, 1)))
    first, copy = (scrobble("Severance", 1, 5, guid=f"plex://episode/{c * 24}") for c in "ab")
    for message, key, number in ((first, "a", 6), (copy, "b", 7)):
        play(message)
        viewing = PlexViewing.objects.get(item_key=f"plex://episode/{key * 24}")
        resolution.correct_episode(viewing, user=owner, episode=episode_of(show, 1, number))
    pk = inbox.receive(user_id=owner.pk, payload=copy, now=timezone.now())
    PlexWebhookLog.objects.filter(pk=pk).update(viewed_at=timezone.now() - timedelta(days=3))
    process_due()
    trace = PlexWebhookLog.objects.get(pk=pk).trace
    assert any("S01E07" in step["text"] for step in trace)
