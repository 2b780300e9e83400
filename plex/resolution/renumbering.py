"""Plays that only their number named, moved to what the number means in the chosen order."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet

from plex.episodes.match import EpisodeIndex
from plex.episodes.orders import OWN, Order, Place
from plex.episodes.search import SeasonMap
from plex.models import PlexCorrection, PlexShowMapping, PlexViewing
from plex.numbering.orders import order_of
from plex.processing.indexes import read_episodes
from plex.resolution.answers import ResolutionError, Resolved, in_one_transaction
from plex.resolution.decisions import keep_correction
from plex.resolution.moving import PLACED, carry_out, lock_watches
from plex.resolution.placing import Targets, plan_for
from plex.resolution.shows import lock
from tracker.models import TVShow

# What rests on the number alone, and so means something else in another order.
BY_NUMBER = ("number", "order")


@dataclass(frozen=True, kw_only=True)
class Misnumbered:
    """Plays of one number that stand at an episode, while it is another one in the chosen order."""

    place: Place
    source: int
    target: int
    plays: int


def misnumbered(mapping: PlexShowMapping, index: EpisodeIndex, *, user: User) -> list[Misnumbered]:
    """The user's plays that stand where the chosen order has them not; everybody's for staff.

    The database counts them by number, so that any number of plays costs the same here.
    """
    order = order_of(mapping.tvshow_id or 0, mapping.episode_order, index)
    if order is None and mapping.episode_order != OWN:
        return []
    maps: list[SeasonMap] = [
        row.as_map() for row in mapping.season_mappings.select_related("anchor__season")
    ]
    groups = plays_by_number(mapping, user=user).values_list(
        "plex_season", "plex_episode", "watch__episode"
    )
    found = []
    for season, number, source, plays in groups.annotate(plays=Count("pk")).order_by(
        "plex_season", "plex_episode", "watch__episode"
    ):
        place = (season or 0, number or 0)
        if any(season_map.covers(*place) for season_map in maps):
            continue
        target = place_of(order, index, place)
        if target is not None and target != source:
            found.append(Misnumbered(place=place, source=source, target=target, plays=plays))
    return found


def place_of(order: Order | None, index: EpisodeIndex, place: Place) -> int | None:
    """The episode that a number is in the order, or in TMDB's own where that says nothing."""
    if order is not None and order.covers(place[0]):
        return order.find(*place)
    own = index.by_number.get(place)
    return own.id if own is not None else None


def plays_by_number(mapping: PlexShowMapping, *, user: User) -> QuerySet[PlexViewing]:
    plays = PlexViewing.objects.filter(
        mapping=mapping,
        evidence__in=BY_NUMBER,
        plex_season__isnull=False,
        plex_episode__isnull=False,
        watch__removed_at=None,
        watch__episode__season__show=mapping.tvshow_id,
    )
    return plays if user.is_staff else plays.filter(user=user)


def place_on_plex(viewing: PlexViewing) -> Place:
    return viewing.plex_season or 0, viewing.plex_episode or 0


def move_misnumbered(mapping: PlexShowMapping, *, user: User) -> Resolved:
    """Move these plays with their dates, so that it can be undone."""
    moved = in_one_transaction(lambda: move_once(mapping, user=user))
    return Resolved(show=mapping.tvshow, recorded=moved, moved=moved)


def move_once(mapping: PlexShowMapping, *, user: User) -> int:
    locked = lock(mapping)
    show = TVShow.objects.get(plex_mappings=locked)
    plays = plays_by_number(locked, user=user)
    lock_watches(plays)
    index = EpisodeIndex(read_episodes([show.pk]).get(show.pk, ()))
    groups = {(one.place, one.source): one.target for one in misnumbered(locked, index, user=user)}
    moving = {
        viewing: target
        for viewing in plays.select_related("watch__episode__season").order_by("pk")
        if (target := groups.get((place_on_plex(viewing), viewing.watch.episode_id)))
    }
    if not moving:
        raise ResolutionError("No play stands elsewhere than this order says.")
    evidence = "number" if locked.episode_order == OWN else "order"
    targets = Targets(
        episodes={viewing.pk: target for viewing, target in moving.items()},
        evidence={viewing.pk: evidence for viewing in moving},
    )
    plan = plan_for(list(moving), targets)
    kept = {
        **carry_out(plan, evidence=targets.evidence, told="Moved by the order that you chose."),
        "show_after": show.pk,
        "last_viewing": None,
    }
    keep_correction(
        locked,
        plan=plan,
        by=user,
        kind=PlexCorrection.Kind.SHOW,
        summary=f"{show}: plays moved by the chosen order",
        from_show=show,
        to_show=show,
        kept=kept,
    )
    return plan.count(*PLACED)
