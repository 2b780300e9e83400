"""Opens questions, and closes those that later evidence settles. Inside apply's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from plex.episodes import EpisodeQuestion
from plex.matching import Question, potential_matches
from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from plex.processing.events import Event


def open_conflict(
    mapping: PlexShowMapping, event: Event, question: Question | EpisodeQuestion
) -> PlexConflict:
    """The one open conflict of this Plex show (or episode), made or brought up to date.

    The mapping is locked by the caller, so nobody opens or resolves one beside.
    """
    if isinstance(question, EpisodeQuestion):
        return open_episode_conflict(mapping, event, question)
    if mapping.tvshow_id is not None:
        mapping.tvshow = None
        mapping.version += 1
        mapping.save()
    conflict = mapping.conflicts.open().exclude(conflict_type=PlexConflict.Type.EPISODE).first()
    conflict = conflict or new_conflict(mapping)
    conflict.conflict_type = question.kind
    conflict.reason = question.reason[:500]
    conflict.potential_matches = potential_matches(question.ranked)
    conflict.save()
    return conflict


def open_episode_conflict(
    mapping: PlexShowMapping, event: Event, question: EpisodeQuestion
) -> PlexConflict:
    playback = event.playback
    numbers = {"plex_season": playback.season_number, "plex_episode": playback.episode_number}
    conflict = (
        mapping.conflicts.open().filter(conflict_type=PlexConflict.Type.EPISODE, **numbers).first()
    )
    if conflict is None:
        conflict = new_conflict(mapping)
        conflict.conflict_type = PlexConflict.Type.EPISODE
        conflict.plex_season, conflict.plex_episode = numbers.values()
    conflict.reason = question.reason[:500]
    conflict.potential_matches = [episode_json(candidate) for candidate in question.candidates]
    conflict.save()
    return conflict


def new_conflict(mapping: PlexShowMapping) -> PlexConflict:
    return PlexConflict(
        mapping=mapping,
        plex_rating_key=mapping.plex_rating_key,
        plex_guid=mapping.plex_guid,
        plex_title=mapping.plex_title,
        plex_year=mapping.plex_year,
    )


def episode_json(candidate: Any) -> dict[str, Any]:
    return {
        "episode_id": candidate.episode_id,
        "season_number": candidate.season_number,
        "episode_number": candidate.episode_number,
        "title": candidate.title,
        "air_date": candidate.air_date.isoformat() if candidate.air_date else None,
        "score": candidate.score,
        "reasons": list(candidate.reasons),
    }


def settle(mapping: PlexShowMapping, *, now: datetime) -> QuerySet[PlexWebhookLog]:
    """Close the open question about which show this is; returns the events that waited for it, or
    for TMDB to settle it."""
    conflicts = list(
        mapping.conflicts.open()
        .exclude(conflict_type=PlexConflict.Type.EPISODE)
        .values_list("pk", flat=True)
    )
    if conflicts:
        PlexConflict.objects.filter(pk__in=conflicts).update(
            resolved=True,
            resolved_at=now,
            resolved_tvshow=mapping.tvshow_id,
            resolution_action=PlexConflict.Resolution.AUTO_RESOLVED,
        )
    waiting_for_tmdb = Q(status=Status.PENDING, needs_network=True, waiting_since__isnull=False)
    return PlexWebhookLog.objects.filter(
        Q(waiting_for_tmdb, mapping=mapping) | Q(status=Status.HELD, conflict_id__in=conflicts)
    )
