"""Two shows of the tracker become one, with everybody's plays and all that Plex knows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from plex import resolution
from plex.models import (
    PlexConflict,
    PlexCorrection,
    PlexEpisodeMapping,
    PlexShowMapping,
    PlexViewing,
)
from plex.resolution import ResolutionError
from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.plex.factories import PlexConflictFactory, changed, of_episode
from tracker import merging_shows
from tracker.models import Episode, EpisodeOrder, ShowTitle, TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def twice():
    """One show twice: the second has a season more, and other names for nothing."""
    return make_show("Severance", {1: 4}), make_show("Severed", {1: 4, 2: 2}, imdb_id="tt11280740")


def merge(client, kept: TVShow, going: TVShow) -> str:
    url = f"/plex/shows/{kept.pk}/merge/"
    page = client.get(url, {"going": going.pk}).content.decode()
    plan = re.findall(r'name="plan" value="(\w+)"', page)[0]
    response = client.post(url, {"going": going.pk, "plan": plan}, follow=True)
    assert response.status_code == 200
    return page


def plays(user, episode: Episode) -> list[tuple[int, object]]:
    rows = Watch.objects.standing().filter(user=user, episode=episode).order_by("play")
    return list(rows.values_list("play", "watched_at"))


def test_plays_of_both_are_kept_in_their_order_and_one_viewing_counts_once(
    signed_in, twice, owner, viewer
):
    kept, going = twice
    first, later = NOW - timedelta(days=9), NOW - timedelta(days=2)
    WatchFactory(user=owner, episode=episode_of(kept, 1, 1), watched_at=later)
    WatchFactory(user=owner, episode=episode_of(going, 1, 1), watched_at=first)
    near = later + timedelta(minutes=3)
    WatchFactory(user=owner, episode=episode_of(going, 1, 1), watched_at=near, play=2)
    WatchFactory(user=viewer, episode=episode_of(going, 1, 2), watched_at=first)
    removed = WatchFactory(
        user=viewer, episode=episode_of(going, 1, 3), watched_at=first, removed_at=NOW
    )
    WatchFactory(user=viewer, episode=episode_of(going, 2, 1), watched_at=later)

    shown = merge(signed_in, kept, going)

    assert "4 episodes are in both" in shown
    assert "2 that Severance (2020) lacks come along" in shown
    assert "be undone" in shown
    assert plays(owner, episode_of(kept, 1, 1)) == [(1, first), (2, later)]
    assert plays(viewer, episode_of(kept, 1, 2)) == [(1, first)]
    assert plays(viewer, episode_of(kept, 2, 1)) == [(1, later)]
    removed.refresh_from_db()
    assert removed.episode == episode_of(kept, 1, 3)
    assert list(TVShow.objects.all()) == [kept]
    kept.refresh_from_db()
    assert kept.imdb_id == "tt11280740"
    assert ShowTitle.objects.filter(show=kept, title="Severed").exists()


def test_orders_come_along_with_the_episodes_that_stay(signed_in, twice, play):
    kept, going = twice
    play(of_episode(episode_of(going, 1, 1)))
    PlexShowMapping.objects.update(episode_order="tmdb:5ad1")
    order = EpisodeOrder.objects.create(show=going, tmdb_id="5ad1", name="DVD", kind=3)
    for number, episode in enumerate((episode_of(going, 2, 1), episode_of(going, 1, 2)), start=1):
        order.episodes.create(season_number=1, episode_number=number, episode=episode)

    merge(signed_in, kept, going)

    order.refresh_from_db()
    assert order.show == kept
    assert [place.episode for place in order.episodes.all()] == [
        episode_of(kept, 2, 1),
        episode_of(kept, 1, 2),
    ]


def test_an_order_that_both_have_stays_as_the_kept_show_has_it(signed_in, twice):
    kept, going = twice
    for show in twice:
        order = EpisodeOrder.objects.create(show=show, tmdb_id="5ad1", name="DVD", kind=3)
        order.episodes.create(season_number=1, episode_number=1, episode=episode_of(show, 1, 2))

    merge(signed_in, kept, going)

    assert EpisodeOrder.objects.get().episodes.get().episode == episode_of(kept, 1, 2)


def test_tracking_of_each_person_becomes_one(signed_in, twice, owner, viewer):
    kept, going = twice
    TrackedShowFactory(user=owner, show=kept, status="plan_to_watch", rating=8, notes="Mine")
    TrackedShowFactory(user=owner, show=going, status="on_hold", rating=3, notes="Also mine")
    TrackedShowFactory(user=viewer, show=going, status="dropped", rating=5)

    shown = merge(signed_in, kept, going)

    assert "rated 8, which stays" in shown
    own = TrackedShow.objects.get(user=owner)
    assert (own.show, own.status, own.rating, own.notes) == (
        kept,
        "on_hold",
        8,
        "Mine\n\nAlso mine",
    )
    other = TrackedShow.objects.get(user=viewer)
    assert (other.show, other.status, other.rating) == (kept, "dropped", 5)


def test_what_plex_has_to_do_with_it_follows(signed_in, twice, owner, play):
    kept, going = twice
    log = play(of_episode(episode_of(going, 1, 1)))
    mapping = PlexShowMapping.objects.get()
    PlexEpisodeMapping.objects.create(
        mapping=mapping, item_key="special", episode=episode_of(going, 1, 4)
    )
    suggested = [
        {"tvshow_id": going.pk, "title": "Severed", "score": 0.8},
        {"tvshow_id": kept.pk, "title": "Severance", "score": 0.6},
    ]
    conflict = PlexConflictFactory(potential_matches=suggested)
    settled = PlexConflictFactory(resolved=True, resolved_tvshow=going)

    merge(signed_in, kept, going)

    for row in (mapping, log, conflict, settled):
        row.refresh_from_db()
    assert mapping.tvshow == log.tvshow == settled.resolved_tvshow == kept
    assert [match["tvshow_id"] for match in conflict.potential_matches] == [kept.pk]
    assert PlexEpisodeMapping.objects.get().episode == episode_of(kept, 1, 4)
    assert PlexViewing.objects.get().watch.episode == episode_of(kept, 1, 1)
    later = changed(of_episode(episode_of(kept, 1, 2)), grandparentGuid=mapping.plex_guid)
    assert play(later).tvshow == kept
    assert PlexConflict.objects.count() == 2


def test_a_viewing_of_a_joined_play_stands_for_the_one_that_stays(signed_in, twice, owner, play):
    kept, going = twice
    log = play(of_episode(episode_of(going, 1, 1)))
    there = WatchFactory(user=owner, episode=episode_of(kept, 1, 1), watched_at=log.viewed_at)

    merge(signed_in, kept, going)

    assert PlexViewing.objects.get().watch == there
    assert Watch.objects.count() == 1


def test_a_change_in_between_shows_it_again(signed_in, twice, owner):
    kept, going = twice
    url = f"/plex/shows/{kept.pk}/merge/"
    page = signed_in.get(url, {"going": going.pk}).content.decode()
    plan = re.findall(r'name="plan" value="(\w+)"', page)[0]
    WatchFactory(user=owner, episode=episode_of(going, 1, 1))

    response = signed_in.post(url, {"going": going.pk, "plan": plan})

    assert response.status_code == 409
    assert TVShow.objects.count() == 2


def test_episodes_with_only_the_number_in_common_are_pointed_out(signed_in):
    kept = make_show("One", {1: [{"name": "Alpha", "air_date": None}]})
    going = make_show("Two", {1: [{"name": "Beta", "air_date": None}]})
    page = signed_in.get(f"/plex/shows/{kept.pk}/merge/", {"going": going.pk}).content.decode()
    assert "1 pair has the same number and nothing else in common" in page
    assert "S01E01 Beta becomes S01E01 Alpha" in page


def test_only_staff_merge(client, viewer, twice):
    client.force_login(viewer)
    url = f"/plex/shows/{twice[0].pk}/merge/"
    assert client.get(url).status_code == 404
    assert client.post(url, {"going": twice[1].pk, "plan": "x"}).status_code == 404
    assert "merge" not in client.get(f"/plex/shows/{twice[0].pk}/mapping/").content.decode()


def test_the_other_show_is_searched_for(signed_in, twice):
    kept, going = twice
    url = f"/plex/shows/{kept.pk}/merge/"
    assert url in signed_in.get(f"/plex/shows/{kept.pk}/mapping/").content.decode()
    assert f"?going={going.pk}" in signed_in.get(url, {"q": "sever"}).content.decode()
    assert "No other show" in signed_in.get(url, {"q": "nothing like it"}).content.decode()


class TestCorrections:
    """A correction goes on to be undone after a merge, with rows that have become others."""

    @pytest.mark.parametrize("gone", ["before", "after"])
    def test_it_leads_back_to_the_show_that_stays(self, signed_in, twice, owner, play, gone):
        kept, going = twice
        other = make_show("Other", {1: 4})
        one, right = (going, other) if gone == "before" else (other, going)
        log = play(of_episode(episode_of(one, 1, 2)))
        mapping = PlexShowMapping.objects.get()
        resolution.correct_mapping(mapping, user=owner, show=right)
        correction = PlexCorrection.objects.get()

        merge(signed_in, kept, going)
        after = kept if right == going else right
        assert Watch.objects.get().episode == episode_of(after, 1, 2)
        correction.refresh_from_db()
        resolution.undo_correction(correction, user=owner)

        back = kept if one == going else one
        mapping.refresh_from_db()
        assert mapping.tvshow == back
        assert plays(owner, episode_of(back, 1, 2)) == [(1, log.viewed_at)]
        assert Watch.objects.count() == 1

    def test_a_play_that_was_joined_to_another_is_made_again_by_the_undo(
        self, signed_in, twice, owner, play
    ):
        kept, going = twice
        other = make_show("Other", {1: 4})
        log = play(of_episode(episode_of(other, 1, 2)))
        mapping = PlexShowMapping.objects.get()
        resolution.correct_mapping(mapping, user=owner, show=going)
        own = WatchFactory(user=owner, episode=episode_of(kept, 1, 2), watched_at=log.viewed_at)
        merge(signed_in, kept, going)
        assert PlexViewing.objects.get().watch == own

        resolution.undo_correction(PlexCorrection.objects.get(), user=owner)

        assert plays(owner, episode_of(other, 1, 2)) == [(1, log.viewed_at)]
        assert plays(owner, episode_of(kept, 1, 2)) == [(1, log.viewed_at)]
        assert PlexViewing.objects.get().watch.episode == episode_of(other, 1, 2)

    def test_what_was_said_of_seasons_and_episodes_comes_back_for_the_show_that_stays(
        self, signed_in, twice, owner, play
    ):
        kept, going = twice
        other = make_show("Other", {1: 4})
        play(of_episode(episode_of(going, 1, 2)))
        mapping = PlexShowMapping.objects.get()
        PlexEpisodeMapping.objects.create(
            mapping=mapping, item_key="special", episode=episode_of(going, 1, 4)
        )
        resolution.correct_mapping(mapping, user=owner, show=other)
        assert not PlexEpisodeMapping.objects.exists()

        merge(signed_in, kept, going)
        resolution.undo_correction(PlexCorrection.objects.get(), user=owner)

        assert PlexEpisodeMapping.objects.get().episode == episode_of(kept, 1, 4)

    def test_one_between_the_two_stays_listed_and_the_page_says_that_it_is_for_good(
        self, signed_in, twice, owner, play
    ):
        kept, going = twice
        play(of_episode(episode_of(going, 1, 2)))
        mapping = PlexShowMapping.objects.get()
        resolution.correct_mapping(mapping, user=owner, show=kept)

        shown = merge(signed_in, kept, going)

        assert "1 correction from one of them to the other" in shown
        correction = PlexCorrection.objects.get()
        assert (
            "Wrong show: Severed (2020) → Severance (2020)" in f"{correction.title}: {correction}"
        )
        with pytest.raises(ResolutionError, match="no longer kept"):
            resolution.undo_correction(correction, user=owner)
        later = changed(of_episode(episode_of(kept, 1, 3)), grandparentGuid=mapping.plex_guid)
        assert play(later).tvshow == kept


@pytest.mark.parametrize("status", ["dropped", "on_hold"])
def test_a_merge_leaves_a_dropped_show_dropped(viewer, status):
    kept, going = make_show("Kept", {1: 3}), make_show("Going", {1: 3})
    WatchFactory(user=viewer, episode=episode_of(kept, 1, 1))
    TrackedShowFactory(user=viewer, show=kept, status=status)
    TrackedShowFactory(user=viewer, show=going, status=status)
    merging_shows.merge_shows(merging_shows.plan_merge(kept, going))
    assert TrackedShow.objects.get(user=viewer).status == status


def test_a_merge_brings_nobody_back_to_a_show_that_they_left(viewer):
    kept, going = make_show("Kept", {1: 3}), make_show("Going", {1: 3})
    WatchFactory(user=viewer, episode=episode_of(going, 1, 1))
    Watch.objects.update(created_at=datetime(2021, 3, 4, tzinfo=UTC))
    merging_shows.merge_shows(merging_shows.plan_merge(kept, going))
    assert not TrackedShow.objects.filter(user=viewer).exists()
