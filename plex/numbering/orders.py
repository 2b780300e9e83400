"""The orders that a Plex show may use, from our own tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from plex.episodes.index import EpisodeIndex
from plex.episodes.orders import OF_TMDB, Order, Place, built_in_order, counted_order, year_order
from tracker.models import EpisodeOrder, OrderedEpisode


def order_of(show_id: int, key: str, index: EpisodeIndex) -> Order | None:
    """The order with this key; None where it is TMDB's own, or another show's."""
    if not key.startswith(OF_TMDB):
        return built_in_order(key, index)
    found = EpisodeOrder.objects.filter(show=show_id, tmdb_id=key.removeprefix(OF_TMDB))
    return next(iter(tmdb_orders(found)), None)


def known_orders(show_id: int, index: EpisodeIndex) -> list[Order]:
    """All orders of a show but TMDB's own: those that need nothing from TMDB go first."""
    groups = EpisodeOrder.objects.filter(show=show_id)
    return [counted_order(index), year_order(index), *tmdb_orders(groups)]


def tmdb_orders(rows: Iterable[EpisodeOrder]) -> list[Order]:
    """TMDB's orders with their places, in two queries. One without any place is no order."""
    rows = list(rows)
    places: dict[int, dict[Place, int]] = defaultdict(dict)
    listed = OrderedEpisode.objects.filter(order__in=rows).order_by()
    for order_id, season, number, episode_id in listed.values_list(
        "order", "season_number", "episode_number", "episode"
    ):
        places[order_id][season, number] = episode_id
    return [tmdb_order(row, places[row.pk]) for row in rows if places[row.pk]]


def tmdb_order(row: EpisodeOrder, places: dict[Place, int]) -> Order:
    seasons = {season for season, _ in places if season}
    counts_through = row.kind == EpisodeOrder.Kind.ABSOLUTE and len(seasons) <= 1
    if counts_through:
        places = {(season and 1, number): pk for (season, number), pk in places.items()}
    name = f"“{row.name}” of TMDB ({row.get_kind_display()})"
    return Order(
        key=f"{OF_TMDB}{row.tmdb_id}", name=name, places=places, counts_through=counts_through
    )
