"""A person says that a play was another episode: it moves, and later plays of the item follow."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from plex.corrections import MovePlan
from plex.models import PlexCorrection, PlexEpisodeMapping, PlexShowMapping, PlexViewing
from plex.resolution.answers import (
    ChangedMeanwhileError,
    ResolutionError,
    Resolved,
    in_one_transaction,
)
from plex.resolution.conflicts import is_of_mapping
from plex.resolution.decisions import keep_correction
from plex.resolution.images import images_of
from plex.resolution.moving import PLACED, carry_out, lock_watches
from plex.resolution.placing import Targets, plan_for
from plex.resolution.shows import lock
from tracker.models import Episode


@dataclass(frozen=True, kw_only=True)
class EpisodeCorrection:
    """What "it was this episode" would do. `holds`: for later plays of the item as well."""

    mapping: PlexShowMapping
    viewing: PlexViewing
    episode: Episode
    plan: MovePlan
    targets: Targets
    untouched: int
    holds: bool

    @property
    def fingerprint(self) -> str:
        return self.plan.fingerprint(
            self.mapping.pk, self.mapping.version, self.episode.pk, self.holds, self.untouched
        )


def look_at_episode(viewing: PlexViewing, *, user: User, episode: Episode) -> EpisodeCorrection:
    """What would move. Writes nothing. Raises `ResolutionError` where nothing can."""
    mapping = viewing.mapping
    if mapping is None or not may_correct(viewing, user):
        raise ResolutionError(
            "This play can't be corrected here; unmark it and mark the right one."
        )
    if viewing.watch.episode_id == episode.pk:
        raise ResolutionError(f"It is recorded as {episode.code} already; choose another episode.")
    everybody = same_item(viewing)
    moving = everybody if user.is_staff else everybody.filter(user=user)
    viewings = list(moving.select_related("watch__episode__season").order_by("pk"))
    targets = Targets(
        episodes={row.pk: episode.pk for row in viewings},
        evidence={row.pk: PlexViewing.CONFIRMED for row in viewings},
    )
    return EpisodeCorrection(
        mapping=mapping,
        viewing=viewing,
        episode=episode,
        plan=plan_for(viewings, targets),
        targets=targets,
        untouched=0 if user.is_staff else everybody.exclude(user=user).count(),
        holds=not is_part_of_file(viewing),
    )


def may_correct(viewing: PlexViewing, user: User) -> bool:
    return (viewing.user_id == user.pk or user.is_staff) and viewing.watch.removed_at is None


def same_item(viewing: PlexViewing) -> QuerySet[PlexViewing]:
    """The plays of this Plex item that stand at the same episode of ours; an item is another copy of
    it, too, where Plex gives it the same numbers."""
    same = Q(item_key=viewing.item_key)
    if viewing.plex_season is not None and viewing.plex_episode is not None:
        same |= Q(plex_season=viewing.plex_season, plex_episode=viewing.plex_episode)
    return PlexViewing.objects.filter(
        same,
        mapping=viewing.mapping_id,
        watch__removed_at=None,
        watch__episode=viewing.watch.episode_id,
    )


def is_part_of_file(viewing: PlexViewing) -> bool:
    """Whether the file holds other episodes too: one answer can't stand for all of them."""
    parts = PlexViewing.objects.filter(
        user=viewing.user_id,
        server_uuid=viewing.server_uuid,
        item_key=viewing.item_key,
        viewed_at=viewing.viewed_at,
    )
    return parts.exclude(pk=viewing.pk).exists()


def correct_episode(
    viewing: PlexViewing, *, user: User, episode: Episode, expected: str = ""
) -> Resolved:
    """Move the plays of the item, and remember the answer for later ones.

    With `expected`, the fingerprint of what was shown, raises `ChangedMeanwhileError` where it would
    be something else now.
    """
    done = in_one_transaction(
        lambda: correct_once(viewing, user=user, episode=episode, expected=expected)
    )
    moved = done.plan.count(*PLACED)
    return Resolved(show=episode.season.show, recorded=moved, moved=moved)


def correct_once(
    viewing: PlexViewing, *, user: User, episode: Episode, expected: str
) -> EpisodeCorrection:
    if viewing.mapping is None:
        raise ChangedMeanwhileError
    locked = lock(viewing.mapping)
    lock_watches(same_item(viewing))
    viewing = PlexViewing.objects.select_related("mapping", "watch__episode__season__show").get(
        pk=viewing.pk
    )
    correction = look_at_episode(viewing, user=user, episode=episode)
    if expected and expected != correction.fingerprint:
        raise ChangedMeanwhileError
    before = viewing.watch.episode
    answers = locked.episode_mappings.filter(item_key=viewing.item_key)
    kept = {
        "item_key": viewing.item_key,
        "episode_mappings": images_of(answers),
        "show_after": locked.tvshow_id,
        **carry_out(
            correction.plan,
            evidence=correction.targets.evidence,
            told=f"Corrected by hand: this is {name_of(episode)}.",
        ),
    }
    if correction.holds:
        remember(locked, viewing, episode)
    locked.raise_version()
    keep_correction(
        locked,
        plan=correction.plan,
        by=user,
        kind=PlexCorrection.Kind.EPISODE,
        summary=f"{name_of(before)} → {name_of(episode)}",
        from_show=before.season.show,
        to_show=episode.season.show,
        kept=kept,
    )
    return correction


def remember(mapping: PlexShowMapping, viewing: PlexViewing, episode: Episode) -> None:
    PlexEpisodeMapping.objects.update_or_create(
        mapping=mapping,
        item_key=viewing.item_key,
        defaults={
            "episode": episode,
            "plex_season": viewing.plex_season,
            "plex_episode": viewing.plex_episode,
            "is_elsewhere": not is_of_mapping(episode, mapping),
        },
    )


def name_of(episode: Episode) -> str:
    return f"{episode.season.show.title} {episode.code}"
