"""Opens questions, and closes those that later evidence settles. Inside apply's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from plex.episodes.match import EpisodeQuestion
from plex.matching import potential_matches
from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from plex.models.conflicts import PlexConflictQuerySet
from plex.processing.events import Ask, Event


def open_conflict(mapping: PlexShowMapping, event: Event, plan: Ask) -> PlexConflict:
    """The one open conflict of this Plex show (or episode), made or brought up to date.

    The mapping is locked by the caller, so nobody opens or resolves one beside.
    """
    question = plan.question
    if isinstance(question, EpisodeQuestion):
        return open_episode_conflict(mapping, event, question)
    if mapping.tvshow_id is not None:
        mapping.tvshow = None
        if plan.contradicts:
            mapping.needs_review = question.reason[:300]
        mapping.version += 1
        mapping.save()
    asked = mapping.conflicts.about_shows()
    conflict = asked.open().first() or new_conflict(mapping)
    conflict.conflict_type = question.kind
    conflict.reason = question.reason[:500]
    conflict.potential_matches = potential_matches(question.ranked)
    if plan.contradicts and not question.ranked:
        # Asked before, with both shows.
        last = asked.order_by("-pk").first()
        conflict.potential_matches = last.potential_matches if last else []
    conflict.save()
    return conflict


def open_episode_conflict(
    mapping: PlexShowMapping, event: Event, question: EpisodeQuestion
) -> PlexConflict:
    playback = event.playback
    numbers = {"plex_season": playback.season_number, "plex_episode": playback.episode_number}
    conflict = mapping.conflicts.open().about_episodes().filter(**numbers).first()
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


def close_answered(conflict_ids: Iterable[int], *, now: datetime) -> None:
    """Close questions about episodes whose last waiting play was decided without an answer."""
    questions = nobody_waits_for(conflict_ids).about_episodes()
    questions.resolve(how=PlexConflict.Resolution.AUTO_RESOLVED, now=now)


def close_ignored(conflict_ids: Iterable[int], *, now: datetime) -> None:
    """Close questions whose last waiting play a rule ignores."""
    nobody_waits_for(conflict_ids).resolve(how=PlexConflict.Resolution.IGNORED, now=now)


def nobody_waits_for(conflict_ids: Iterable[int]) -> PlexConflictQuerySet:
    """The open ones among these that no event waits for."""
    waiting = PlexWebhookLog.objects.filter(
        conflict=OuterRef("pk"), status__in=(Status.PENDING, Status.HELD)
    )
    return PlexConflict.objects.open().filter(~Exists(waiting), pk__in=set(conflict_ids))


def settle(mapping: PlexShowMapping, *, now: datetime) -> QuerySet[PlexWebhookLog]:
    """Close the open question about which show this is; returns the events that waited for it, or
    for TMDB to settle it."""
    questions = mapping.conflicts.open().about_shows()
    ids = list(questions.values_list("pk", flat=True))
    if ids:
        PlexConflict.objects.filter(pk__in=ids).resolve(
            how=PlexConflict.Resolution.AUTO_RESOLVED, now=now, show_id=mapping.tvshow_id
        )
    waiting_for_tmdb = Q(status=Status.PENDING, needs_network=True, waiting_since__isnull=False)
    return PlexWebhookLog.objects.filter(
        Q(waiting_for_tmdb, mapping=mapping) | Q(status=Status.HELD, conflict_id__in=ids)
    )
