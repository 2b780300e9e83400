"""A person says how Plex numbers a show's episodes: which order, which seasons, which episode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plex.episodes.orders import BY_YEAR, COUNTED, OF_TMDB, OWN
from plex.inbox import requeue
from plex.models import (
    Action,
    PlexConflict,
    PlexSeasonMapping,
    PlexShowMapping,
    PlexWebhookLog,
)
from plex.resolution.answers import ResolutionError, Resolved, replay
from plex.resolution.shows import lock
from tracker.models import Episode, EpisodeOrder, TVShow

BUILT_IN = frozenset({OWN, COUNTED, BY_YEAR})


@dataclass(frozen=True, kw_only=True)
class SeasonPart:
    """Plex's season, or its episodes from the first to the last, begins with `first` of ours."""

    plex_season: int
    first_episode: int | None
    last_episode: int | None
    show: TVShow
    season_number: int
    episode_number: int

    @property
    def plex_first(self) -> int:
        return self.first_episode or 1

    @property
    def offset(self) -> int:
        return self.episode_number - self.plex_first

    @property
    def code(self) -> str:
        return f"S{self.season_number:02}E{self.episode_number:02}"

    def first_of_ours(self) -> Episode | None:
        return Episode.objects.filter(
            season__show=self.show,
            season__season_number=self.season_number,
            episode_number=self.episode_number,
        ).first()

    def overlaps(self, first: int | None, last: int | None) -> bool:
        """Whether it speaks about some of the same episodes of Plex."""
        starts_before = last is None or (self.first_episode or 0) <= last
        return starts_before and (self.last_episode is None or (first or 0) <= self.last_episode)


def choose_order(mapping: PlexShowMapping, *, key: str) -> Resolved:
    """Look the Plex show's numbers up in this order from now on; "" for TMDB's own.

    What waits for an answer about an episode is tried again. What was recorded stays.
    """

    def write(locked: PlexShowMapping) -> None:
        if not is_order_of(key, locked):
            raise ResolutionError("This order is gone; choose another one.")
        locked.episode_order = key
        locked.proposed_order = locked.proposal = ""

    return changed(mapping, write)


def is_order_of(key: str, mapping: PlexShowMapping) -> bool:
    if key in BUILT_IN:
        return True
    of_show = EpisodeOrder.objects.filter(show=mapping.tvshow_id, tmdb_id=key.removeprefix(OF_TMDB))
    return key.startswith(OF_TMDB) and of_show.exists()


def decline_order(mapping: PlexShowMapping) -> None:
    """Never propose the proposed order again."""
    with transaction.atomic():
        locked = lock(mapping)
        declined = {*locked.declined_orders.split(), locked.proposed_order} - {""}
        locked.declined_orders = " ".join(sorted(declined))
        locked.proposed_order = locked.proposal = ""
        locked.save(update_fields=["declined_orders", "proposed_order", "proposal", "updated_at"])


def save_part(mapping: PlexShowMapping, part: SeasonPart) -> Resolved:
    """Say which episodes of ours a season of Plex is, or a part of one.

    Raises `ResolutionError` where another row speaks about the same episodes.
    """

    def write(locked: PlexShowMapping) -> None:
        anchor = part.first_of_ours()
        if anchor is None:
            raise ResolutionError(f"{part.show} has no {part.code}; name an episode that it has.")
        of_season = locked.season_mappings.filter(plex_season=part.plex_season)
        for other in of_season.exclude(first_episode=part.first_episode):
            if part.overlaps(other.first_episode, other.last_episode):
                raise ResolutionError(
                    "Another row speaks about some of these episodes; remove that one first."
                )
        PlexSeasonMapping.objects.update_or_create(
            mapping=locked,
            plex_season=part.plex_season,
            first_episode=part.first_episode,
            defaults={
                "last_episode": part.last_episode,
                "tvshow": part.show,
                "season_number": part.season_number,
                "offset": part.offset,
                "anchor": anchor,
                "anchor_number": part.plex_first,
            },
        )

    return changed(mapping, write)


def remove_part(mapping: PlexShowMapping, *, pk: int) -> Resolved:
    """Take back what was said about a season of Plex."""
    return changed(mapping, lambda locked: locked.season_mappings.filter(pk=pk).delete())


def forget_answer(mapping: PlexShowMapping, *, pk: int) -> Resolved:
    """Take back the answer about one episode; later plays of it are decided by the evidence."""
    return changed(mapping, lambda locked: locked.episode_mappings.filter(pk=pk).delete())


def changed(mapping: PlexShowMapping, write: Callable[[PlexShowMapping], object]) -> Resolved:
    """Write under the lock, then try what waits for an episode again."""
    with transaction.atomic():
        locked = lock(mapping)
        write(locked)
        locked.version += 1
        locked.save()
        waiting = PlexWebhookLog.objects.held().filter(
            Q(conflict__conflict_type=PlexConflict.Type.EPISODE)
            | Q(action_taken=Action.EPISODE_NOT_FOUND),
            mapping=locked,
        )
        ids = sorted(waiting.values_list("pk", flat=True))
        requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    return replay(ids, show=locked.tvshow)
