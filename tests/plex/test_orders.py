"""From a play to its episode where Plex uses another order than TMDB, or seasons of its own."""

from __future__ import annotations

import pytest
from django.utils import timezone

from plex.episodes.match import EpisodeIndex
from plex.inbox import requeue
from plex.models import (
    PlexConflict,
    PlexSeasonMapping,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.numbering.orders import known_orders, order_of
from plex.processing.indexes import read_episodes
from plex.resolution import confirm_mapping
from tests.factories import episode_of, make_show
from tests.plex.factories import scrobble
from tests.plex.firefly import DVD, add_firefly, mapping_of, watched
from tracker import library, orders
from tracker.models import EpisodeOrder, OrderedEpisode, TVShow, Watch
from tracker.tmdb import connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def firefly(tmdb) -> TVShow:
    return add_firefly(tmdb)


def index_of(show: TVShow) -> EpisodeIndex:
    return EpisodeIndex(read_episodes([show.pk])[show.pk])


class TestOrders:
    def test_of_tmdb_are_read_with_their_places(self, firefly):
        orders.read_orders(firefly, tmdb=connect())
        index = index_of(firefly)

        order = order_of(firefly.pk, "tmdb:5ad1", index)

        assert order is not None
        assert order.name == "“DVD order” of TMDB (DVD)"
        assert order.find(1, 1) == episode_of(firefly, 1, 5).pk
        keys = [known.key for known in known_orders(firefly.pk, index)]
        assert keys == ["absolute", "years", "tmdb:5ad1"]
        assert order_of(make_show("Other").pk, "tmdb:5ad1", index) is None
        assert order_of(firefly.pk, "", index) is None

    def test_an_absolute_one_needs_no_season(self):
        show = make_show("One Piece", {1: 2, 2: 2})
        row = EpisodeOrder.objects.create(show=show, tmdb_id="a", name="All", kind=2)
        for number, place in enumerate([(1, 2), (2, 2)], start=1):
            OrderedEpisode.objects.create(
                order=row, season_number=7, episode_number=number, episode=episode_of(show, *place)
            )
        order = order_of(show.pk, "tmdb:a", index_of(show))
        assert order is not None
        assert order.find(3, 2) == episode_of(show, 2, 2).pk


class TestPlays:
    def test_are_looked_up_in_the_chosen_order(self, firefly, play):
        orders.read_orders(firefly, tmdb=connect())
        mapping_of(firefly, episode_order="tmdb:5ad1")

        log = play(scrobble("Firefly", 1, 1, title="Episode 1"))
        play(scrobble("Firefly", 1, 2, title="Episode 2"))

        assert watched() == ["S01E05", "S01E01"]
        assert "S01E05 by the order that you chose" in log.trace[-2]["text"]
        assert set(PlexViewing.objects.values_list("evidence", flat=True)) == {"order"}

    def test_ask_where_the_order_is_contradicted(self, firefly, play):
        orders.read_orders(firefly, tmdb=connect())
        mapping_of(firefly, episode_order="tmdb:5ad1")

        log = play(scrobble("Firefly", 1, 2, title="Bushwhacked"))

        assert (log.status, log.conflict.conflict_type) == (Status.HELD, "episode")
        reasons = [match["reasons"] for match in log.conflict.potential_matches]
        assert reasons == [["same number in the chosen order"], ["same title"]]

    def test_an_order_of_another_show_says_nothing(self, firefly, play):
        mapping_of(firefly, episode_order="tmdb:other")
        play(scrobble("Firefly", 1, 2, title="Bushwhacked"))
        assert watched() == ["S01E02"]

    def test_an_order_is_read_again_for_an_episode_that_it_lacks(self, firefly, play, tmdb):
        tmdb.add_order(1437, "5ad1", "DVD", kind=3, groups={"Season 1": DVD["Season 1"][:1]})
        orders.read_orders(firefly, tmdb=connect())
        tmdb.add_order(1437, "5ad1", "DVD", kind=3, groups=DVD)
        TVShow.objects.update(refreshed_at=None)
        mapping_of(firefly, episode_order="tmdb:5ad1")

        play(scrobble("Firefly", 1, 2, title=""))

        assert watched() == ["S01E01"]

    def test_ask_tmdb_for_the_other_ids_before_a_person(self, firefly, play, tmdb):
        mapping_of(firefly)
        tmdb.add_find(297999, source="tvdb_id", episode=(1437, 1, 5))

        play(scrobble("Firefly", 1, 9, title="", ids=("tvdb://297999",)))

        assert watched() == ["S01E05"]
        assert not PlexConflict.objects.exists()

    def test_ask_a_person_where_tmdb_names_another_show(self, firefly, play, tmdb):
        tmdb.add_show(2, "Else", seasons={1: 3})
        mapping_of(firefly)
        tmdb.add_find(297999, source="tvdb_id", episode=(2, 1, 2))

        log = play(scrobble("Firefly", 1, 9, title="", ids=("tvdb://297999",)))

        assert log.action_taken == "episode_not_found"


class TestBareNumbers:
    """A play with nothing but its number, after others of the season were found by their titles."""

    def test_are_believed_at_first(self, firefly, play):
        mapping_of(firefly)
        play(scrobble("Firefly", 1, 2, title=""))
        assert watched() == ["S01E02"]

    def test_are_doubted_once_plex_is_known_to_number_otherwise(self, firefly, play):
        mapping_of(firefly)
        play(scrobble("Firefly", 1, 1, title="Serenity"))

        log = play(scrobble("Firefly", 1, 2, title=""))

        assert log.conflict.reason == (
            "Plex numbers this season otherwise than TMDB, and only the number names an episode."
        )

    def test_are_believed_where_tmdb_knows_the_other_ids(self, firefly, play, tmdb):
        mapping_of(firefly)
        tmdb.add_find(5, source="tvdb_id", episode=(1437, 1, 1))
        play(scrobble("Firefly", 1, 1, title="Serenity"))
        play(scrobble("Firefly", 1, 2, title="", ids=("tvdb://5",)))
        assert watched() == ["S01E05", "S01E01"]

    def test_of_a_merged_season_count_the_same_at_its_beginning(self, play):
        mapping_of(make_show("Anime", {1: 3, 2: 3}))
        play(scrobble("Anime", 1, 5, title="Story 2-2"))
        play(scrobble("Anime", 1, 2, title=""))
        assert watched() == ["S02E02", "S01E02"]

    def test_of_another_season_are_not_touched(self, play):
        mapping_of(make_show("Anime", {1: 3, 2: 3}))
        play(scrobble("Anime", 1, 2, title="Story 1-1"))
        play(scrobble("Anime", 2, 2, title=""))
        assert watched() == ["S01E01", "S02E02"]


class TestSeasonsByHand:
    @pytest.fixture
    def show(self) -> TVShow:
        """Two seasons on TMDB that Plex has as one."""
        return make_show("Anime", {1: 3, 2: 3})

    def part(self, show: TVShow, **fields) -> PlexSeasonMapping:
        mapping = PlexShowMapping.objects.first() or mapping_of(show)
        fields = {"plex_season": 1, "tvshow": show, "season_number": 2, "offset": -3, **fields}
        return PlexSeasonMapping.objects.create(mapping=mapping, **fields)

    def test_a_part_of_a_season_is_another_season(self, show, play):
        self.part(show, first_episode=4)
        for number in (2, 4, 6):
            play(scrobble("Anime", 1, number, title=""))
        assert watched() == ["S01E02", "S02E01", "S02E03"]

    def test_the_parts_of_a_season_may_differ(self, show, play):
        self.part(show, first_episode=4, last_episode=4)
        self.part(show, first_episode=5, last_episode=5, offset=-2)
        play(scrobble("Anime", 1, 4, title=""))
        play(scrobble("Anime", 1, 5, title=""))
        assert watched() == ["S02E01", "S02E03"]

    def test_a_season_may_be_another_show(self, show, play):
        other = make_show("Anime Beyond", {1: ["Far", "Farther"]})
        self.part(show, plex_season=3, tvshow=other, season_number=1, offset=0)
        beyond = episode_of(other, 1, 2)

        play(scrobble("Anime", 3, 1, title="Far"))
        play(scrobble("Anime", 3, 2, title="Farther", ids=(f"tmdb://{beyond.tmdb_id}",)))

        episodes = Watch.objects.values_list("episode", flat=True)
        assert set(episodes) == {episode_of(other, 1, 1).pk, beyond.pk}
        assert PlexShowMapping.objects.get().tvshow == show
        assert not PlexConflict.objects.exists()

    def test_an_automatic_match_is_not_questioned_by_a_season_of_another_show(self, show, play):
        other = make_show("Anime Beyond", {1: 2})
        self.part(show, plex_season=3, tvshow=other, season_number=1, offset=0)
        PlexShowMapping.objects.update(manually_confirmed=False, match_method="title_year")
        beyond = episode_of(other, 1, 2)

        play(scrobble("Anime", 3, 2, title=beyond.name, ids=(f"tmdb://{beyond.tmdb_id}",)))

        assert Watch.objects.get().episode == beyond


class TestEpisodesThatTmdbMoves:
    """TMDB files the second season of a show among the first after it was watched."""

    @pytest.fixture
    def show(self, tmdb) -> TVShow:
        tmdb.add_show(7, "Moved", seasons={1: ["One", "Two"], 2: ["Three", "Four"]})
        return library.add_show(tmdb_id=7, tmdb=connect())

    @pytest.fixture
    def move(self, tmdb, show):
        def move() -> None:
            data = tmdb.shows[7]
            moved = data.pop("season/2")["episodes"]
            for episode in moved:
                number = len(data["season/1"]["episodes"]) + 1
                data["season/1"]["episodes"].append(
                    {**episode, "season_number": 1, "episode_number": number}
                )
            data["seasons"] = [s for s in data["seasons"] if s["season_number"] == 1]
            library.refresh_show(show, tmdb=connect())

        return move

    def test_stay_watched(self, show, move, play):
        mapping_of(show)
        play(scrobble("Moved", 2, 1, title="Three"))
        move()
        assert watched() == ["S01E03"]

    def test_are_not_watched_twice_when_plex_sends_them_again(self, show, move, play):
        mapping_of(show)
        play(scrobble("Moved", 2, 1, title="Three"))
        move()

        log = play(
            scrobble("Moved", 2, 1, title="Three", ratingKey="other", guid="plex://episode/0")
        )

        assert log.action_taken == "already_watched"
        assert watched() == ["S01E03"]

    def test_are_still_those_that_a_person_named(self, show, move, play):
        mapping = mapping_of(show)
        answer = mapping.episode_mappings.create(
            item_key="x", plex_season=9, plex_episode=9, episode=episode_of(show, 2, 1)
        )
        move()
        play(scrobble("Moved", 9, 9, title="Sonst was"))
        answer.refresh_from_db()
        assert watched() == ["S01E03"]

    def test_are_still_those_that_a_season_by_hand_names(self, show, move, play):
        mapping = mapping_of(show)
        PlexSeasonMapping.objects.create(
            mapping=mapping,
            plex_season=5,
            tvshow=show,
            season_number=2,
            offset=0,
            anchor=episode_of(show, 2, 1),
            anchor_number=1,
        )
        move()
        play(scrobble("Moved", 5, 2, title=""))
        assert watched() == ["S01E04"]


def test_a_question_closes_once_its_play_is_decided_without_an_answer(firefly, play, drain):
    mapping_of(firefly)
    log = play(scrobble("Firefly", 1, 2, title="", ids=("tmdb://999999",)))
    assert (log.status, log.conflict.resolved) == (Status.HELD, False)

    PlexWebhookLog.objects.update(payload=scrobble("Firefly", 1, 2, title="Bushwhacked"))
    requeue(PlexWebhookLog.objects.all(), now=timezone.now())
    drain()

    log.conflict.refresh_from_db()
    assert log.conflict.resolution_action == "auto_resolved"
    assert watched() == ["S01E02"]


def test_another_show_has_no_numbers_of_the_first(firefly, owner):
    mapping = mapping_of(firefly, episode_order="tmdb:5ad1", proposed_order="years")
    mapping.season_mappings.create(plex_season=2, tvshow=firefly, season_number=1)
    other = make_show("Other")
    beyond = mapping.season_mappings.create(
        plex_season=3, tvshow=make_show("Beyond"), season_number=1
    )

    confirm_mapping(mapping, show=other)

    mapping.refresh_from_db()
    assert (mapping.tvshow, mapping.episode_order, mapping.proposed_order) == (other, "", "")
    assert list(mapping.season_mappings.all()) == [beyond]
