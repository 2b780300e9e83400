"""The other orders of a show's episodes, as TMDB's episode groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.factories import episode_of, make_show
from tracker import library, orders
from tracker.models import EpisodeOrder, OrderedEpisode, TVShow
from tracker.tmdb import TmdbError, connect
from tracker.tmdb_orders import parse_order, parse_order_list

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def group(name: str, position: int, *ids: int) -> dict:
    episodes = [{"id": tmdb_id, "order": at} for at, tmdb_id in enumerate(ids)]
    return {"name": name, "order": position, "episodes": episodes}


class TestParsing:
    @pytest.mark.parametrize(
        ("names", "first", "seasons"),
        [
            (["Season 1", "Season 2"], 1, [1, 2]),
            # People begin with 0, leave the specials out or name them otherwise.
            (["Season 1", "Season 2"], 0, [1, 2]),
            (["Specials", "Season 1"], 0, [0, 1]),
            (["Season 1", "OVA"], 1, [1, 0]),
            (["Disc A", "Disc B"], 0, [1, 2]),
            (["Season 2", "Season 3"], 1, [2, 3]),
            (["2003", "2004"], 1, [2003, 2004]),
            # Numbers that are no season's.
            (["Part 1 of 2", "Part 2 of 2"], 1, [1, 2]),
            (["Saga 1", "Saga 1"], 1, [1, 2]),
            (["Absolute"], 0, [1]),
        ],
    )
    def test_groups_are_seasons(self, names, first, seasons):
        groups = [group(name, first + at, 100 + at) for at, name in enumerate(names)]

        places = parse_order({"groups": groups[::-1]})

        found = {place.episode_tmdb_id: place.season_number for place in places}
        assert [found[100 + at] for at in range(len(names))] == seasons

    def test_episodes_count_from_one(self):
        places = parse_order({"groups": [group("Season 1", 1, 7, 8, 9)]})
        assert [(p.episode_number, p.episode_tmdb_id) for p in places] == [(1, 7), (2, 8), (3, 9)]

    def test_a_place_that_comes_twice_is_believed_once(self):
        twice = {"name": "Season 1", "order": 1, "episodes": [{"id": 1, "order": 0}] * 2}
        assert len(parse_order({"groups": [twice]})) == 1

    @pytest.mark.parametrize("answer", [[], {}, {"groups": 1}, {"groups": [{"episodes": [{}]}]}])
    def test_another_shape_is_trouble(self, answer):
        with pytest.raises(TmdbError):
            parse_order(answer)

    def test_types_that_nobody_knows_are_left_out(self):
        listed = parse_order_list(
            {"results": [{"id": "a", "name": "DVD", "type": 3}, {"id": "b", "type": 12}]}
        )
        assert [order.tmdb_id for order in listed] == ["a"]


@pytest.fixture
def firefly(tmdb):
    titles = ["The Train Job", "Bushwhacked", "Our Mrs. Reynolds", "Serenity"]
    tmdb.add_show(1437, "Firefly", seasons={1: titles}, status="Ended")
    show = library.add_show(tmdb_id=1437, tmdb=connect())
    order = {"Season 1": [(1, 4), (1, 1), (1, 2), (1, 3)]}
    tmdb.add_order(1437, "5ad1", "DVD order", kind=3, groups=order)
    return show


@pytest.mark.django_db
class TestReading:
    def test_keeps_what_tmdb_has(self, firefly):
        orders.read_orders(firefly, tmdb=connect())

        order = EpisodeOrder.objects.get()
        assert (order.show, order.name, order.kind) == (firefly, "DVD order", 3)
        assert [place.episode.name for place in order.episodes.select_related("episode")] == [
            *("Serenity", "The Train Job", "Bushwhacked", "Our Mrs. Reynolds")
        ]
        assert TVShow.objects.get().orders_read_at is not None

    def test_a_second_reading_changes_only_what_changed(self, firefly, tmdb):
        orders.read_orders(firefly, tmdb=connect())
        kept = EpisodeOrder.objects.get()
        tmdb.add_order(1437, "5ad1", "DVD", kind=3, groups={"Season 1": [(1, 4)]})

        orders.read_orders(firefly, tmdb=connect())

        assert EpisodeOrder.objects.get() == kept
        assert OrderedEpisode.objects.get().episode == episode_of(firefly, 1, 4)

    def test_one_that_tmdb_no_longer_lists_stays(self, firefly, tmdb):
        orders.read_orders(firefly, tmdb=connect())
        tmdb.orders.clear()

        orders.read_orders(firefly, tmdb=connect())

        assert OrderedEpisode.objects.count() == 4

    def test_the_places_follow_an_episode_that_tmdb_moves(self, firefly, tmdb):
        orders.read_orders(firefly, tmdb=connect())
        show = tmdb.shows[1437]
        pilot = show["season/1"]["episodes"].pop()
        show["seasons"].append({**show["seasons"][0], "season_number": 0, "name": "Specials"})
        special = {**pilot, "season_number": 0, "episode_number": 1}
        show["season/0"] = {"season_number": 0, "name": "Specials", "episodes": [special]}

        library.refresh_show(firefly, tmdb=connect())

        first = OrderedEpisode.objects.select_related("episode__season").get(episode_number=1)
        assert first.episode.code == "S00E01"

    def test_orders_are_refreshed_with_the_show_once_somebody_needed_them(self, firefly, tmdb):
        with time_machine.travel(NOW, tick=False):
            library.refresh_due([firefly], tmdb=connect())
            assert not EpisodeOrder.objects.exists()
            orders.read_orders(firefly, tmdb=connect())
        tmdb.add_order(1437, "5ad2", "Absolute", kind=2, groups={"All": [(1, 1)]})
        with time_machine.travel(NOW + timedelta(days=2), tick=False):
            library.refresh_due([firefly], tmdb=connect())
        assert EpisodeOrder.objects.count() == 2

    def test_trouble_with_the_orders_leaves_show_and_orders_as_they_are(self, firefly, tmdb):
        with time_machine.travel(NOW, tick=False):
            orders.read_orders(firefly, tmdb=connect())
        tmdb.orders["5ad1"][1]["groups"] = "none"
        with time_machine.travel(NOW + timedelta(days=2), tick=False):
            result = library.refresh_due([firefly], tmdb=connect())
        assert (result.refreshed, result.failed) == (1, [])
        assert OrderedEpisode.objects.count() == 4

    def test_a_show_of_our_own_has_none(self, tmdb):
        show = make_show("Ours")
        TVShow.objects.filter(pk=show.pk).update(tmdb_id=None)
        show.refresh_from_db()
        with pytest.raises(TmdbError, match="no TMDB id"):
            orders.read_orders(show, tmdb=connect())
