"""The other orders of a show's episodes: read from TMDB when somebody needs them, then kept fresh."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tracker.models import Episode, EpisodeOrder, OrderedEpisode, TVShow
from tracker.tmdb import Tmdb, TmdbError
from tracker.tmdb_orders import ListedOrder, OrderPlace

logger = logging.getLogger(__name__)

# People make groups for everything; the types that media servers offer come first.
MOST_ORDERS = 8
KINDS_FIRST = (
    EpisodeOrder.Kind.DVD,
    EpisodeOrder.Kind.ABSOLUTE,
    EpisodeOrder.Kind.TV,
    EpisodeOrder.Kind.AIR_DATE,
    EpisodeOrder.Kind.PRODUCTION,
    EpisodeOrder.Kind.DIGITAL,
    EpisodeOrder.Kind.STORY_ARC,
)
READ_AGAIN_AFTER = timedelta(days=1)

Orders = Mapping[ListedOrder, Sequence[OrderPlace]]


def worth_reading(listed: Sequence[ListedOrder]) -> list[ListedOrder]:
    """The orders of a show's list to read, those that a media server may use first."""
    return sorted(listed, key=lambda order: KINDS_FIRST.index(order.kind))[:MOST_ORDERS]


def read_orders(show: TVShow, *, tmdb: Tmdb) -> None:
    """Read a show's other orders from TMDB and keep them. Raises `TmdbError`."""
    if show.tmdb_id is None:
        raise TmdbError("This show has no TMDB id, so TMDB has no other order.", permanent=True)
    listed = worth_reading(tmdb.fetch_order_list(show.tmdb_id))
    keep_orders(show, {order: tmdb.fetch_order(order.tmdb_id) for order in listed})


def refresh_orders(show: TVShow, *, tmdb: Tmdb) -> None:
    """Read the orders of a show again that somebody needed before; trouble leaves them as they are."""
    kept = TVShow.objects.filter(
        pk=show.pk, orders_read_at__lt=timezone.now() - READ_AGAIN_AFTER
    ).exists()
    if not kept:
        return
    try:
        read_orders(show, tmdb=tmdb)
    except TmdbError as error:
        logger.info("The orders of show %s were not read again: %s", show.pk, error)


@transaction.atomic
def keep_orders(show: TVShow, orders: Orders) -> None:
    """Write fetched orders over those that we have. Episodes that we lack are left out."""
    locked = TVShow.objects.select_for_update().get(pk=show.pk)
    wanted = {place.episode_tmdb_id for places in orders.values() for place in places}
    ours = dict(
        Episode.objects.filter(season__show=locked, tmdb_id__in=wanted).values_list("tmdb_id", "pk")
    )
    for listed, places in orders.items():
        order, _ = EpisodeOrder.objects.update_or_create(
            show=locked,
            tmdb_id=listed.tmdb_id,
            defaults={"name": listed.name[:300], "kind": listed.kind},
        )
        order.episodes.all().delete()
        OrderedEpisode.objects.bulk_create(
            OrderedEpisode(
                order=order,
                season_number=place.season_number,
                episode_number=place.episode_number,
                episode_id=ours[place.episode_tmdb_id],
            )
            for place in places
            if place.episode_tmdb_id in ours
        )
    locked.orders_read_at = timezone.now()
    # `updated_at` too: whoever remembers the show's episodes reads them anew.
    locked.save(update_fields=["orders_read_at", "updated_at"])
    show.orders_read_at, show.updated_at = locked.orders_read_at, locked.updated_at
