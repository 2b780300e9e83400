"""A person says which show a Plex show is, or that nothing of it is recorded."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from plex.episodes.orders import OF_TMDB, OWN
from plex.inbox import requeue
from plex.models import Action, PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from plex.resolution.answers import ResolutionError, Resolved, replay
from tracker.models import TVShow


def settle_show(
    mapping: PlexShowMapping,
    *,
    show: TVShow,
    how: str,
    conflict: PlexConflict | None = None,
) -> Resolved:
    """Map the Plex show for good, close its questions, and replay what waited for it."""
    with transaction.atomic():
        locked = lock(mapping)
        if conflict is not None:
            conflict.refresh_from_db()
            if conflict.resolved:
                raise ResolutionError("This was answered already: reload the page.")
        has_changed = locked.tvshow_id != show.pk
        map_by_hand(locked, show)
        waiting = close_questions(locked, how=how, show=show, has_changed=has_changed)
        ids = list(waiting.values_list("pk", flat=True))
        requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    return replay(ids, show=show, conflict=conflict)


def lock(mapping: PlexShowMapping) -> PlexShowMapping:
    return PlexShowMapping.objects.select_for_update().get(pk=mapping.pk)


def map_by_hand(mapping: PlexShowMapping, show: TVShow) -> None:
    if mapping.tvshow_id != show.pk:
        forget_numbering(mapping)
    mapping.tvshow = show
    mapping.tmdb_id = show.tmdb_id
    mapping.match_confidence = 1
    mapping.match_method = PlexShowMapping.Method.MANUAL
    mapping.evidence = ["You said so."]
    mapping.manually_confirmed = True
    mapping.sync_enabled = True
    mapping.needs_review = ""
    mapping.version += 1
    mapping.save()


def forget_numbering(mapping: PlexShowMapping) -> None:
    """Drop what was said or proposed about its numbers in terms of another show than before."""
    mapping.proposed_order = mapping.proposal = mapping.declined_orders = ""
    if mapping.episode_order.startswith(OF_TMDB):
        mapping.episode_order = OWN
    if mapping.tvshow_id is not None:
        mapping.season_mappings.filter(tvshow=mapping.tvshow_id).delete()


def close_questions(
    mapping: PlexShowMapping, *, how: str, show: TVShow, has_changed: bool
) -> QuerySet[PlexWebhookLog]:
    """Close the open questions about which show this is; returns the events to replay.

    Questions about an episode of another show than before have lost their meaning; the replay asks
    anew if need be. What waited for TMDB to say which show this is need not wait any longer.
    """
    now = timezone.now()
    episode_questions = mapping.conflicts.open().about_episodes()
    mapping.conflicts.open().about_shows().resolve(how=how, now=now, show_id=show.pk)
    if has_changed:
        auto = PlexConflict.Resolution.AUTO_RESOLVED
        episode_questions.resolve(how=auto, now=now, show_id=show.pk)
    return (
        PlexWebhookLog.objects.filter(mapping=mapping)
        .filter(Q(status=Status.HELD) | Q(status=Status.PENDING, needs_network=True))
        .exclude(action_taken=Action.WAITING_FOR_ACCOUNT)
        .exclude(conflict__in=episode_questions)
    )


def confirm_mapping(mapping: PlexShowMapping, *, show: TVShow) -> Resolved:
    """Confirm what a Plex show is, or say it anew; plays recorded before stay where they are."""
    return settle_show(mapping, show=show, how=PlexConflict.Resolution.USER_SELECTED)


def stop_sync(mapping: PlexShowMapping) -> None:
    """Record nothing more of this Plex show, for anybody."""
    set_sync(mapping, enabled=False)


def resume_sync(mapping: PlexShowMapping) -> None:
    """Record its plays again from now on, for everybody."""
    set_sync(mapping, enabled=True)


def set_sync(mapping: PlexShowMapping, *, enabled: bool) -> None:
    PlexShowMapping.objects.filter(pk=mapping.pk).update(
        sync_enabled=enabled, version=F("version") + 1, updated_at=timezone.now()
    )
