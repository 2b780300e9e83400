"""Takes a correction back: every row that it changed is as it was, and what came since stays valid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, Q
from django.utils import timezone

from plex.inbox import requeue
from plex.models import PlexCorrection, PlexShowMapping, PlexViewing, PlexWebhookLog
from plex.resolution.answers import ResolutionError, Resolved, in_one_transaction, replay
from plex.resolution.decisions import existing, put_back_decision
from plex.resolution.images import Image, image_of, row_of, values_of
from plex.resolution.moving import carry_out, tell_events, tracked_of
from plex.resolution.placing import place_show, plan_for
from plex.resolution.shows import lock
from tracker.models import Episode, TrackedShow, Watch

TOLD = "The correction by hand was undone."


def undo_correction(correction: PlexCorrection, *, user: User) -> Resolved:
    """Everything as it was before the correction; plays that came since follow the old decision.

    Raises `ResolutionError` where somebody decided anew since: then correct it again instead.
    """
    mapping, ids = in_one_transaction(lambda: undo_once(correction, user=user))
    replay(sorted(ids), show=None)
    return Resolved(show=mapping.tvshow, moved=correction.plays, recorded=correction.plays)


def undo_once(correction: PlexCorrection, *, user: User) -> tuple[PlexShowMapping, set[int]]:
    """In one transaction; returns the Plex show and the events to process."""
    mapping = lock(correction.mapping)
    correction = PlexCorrection.objects.select_for_update().get(pk=correction.pk)
    check(correction, mapping, user=user)
    put_back_decision(correction, mapping)
    put_back_plays(correction.kept)
    ids = follow(correction, mapping, user=user)
    PlexCorrection.objects.filter(pk=correction.pk).update(undone_at=timezone.now())
    requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    return mapping, ids


def can_undo(correction: PlexCorrection, mapping: PlexShowMapping, *, user: User) -> bool:
    try:
        check(correction, mapping, user=user)
    except ResolutionError:
        return False
    return True


def check(correction: PlexCorrection, mapping: PlexShowMapping, *, user: User) -> None:
    """Raises `ResolutionError` with what stands against an undo."""
    if correction.undone_at is not None:
        raise ResolutionError("This was undone already: reload the page.")
    if not correction.kept:
        raise ResolutionError(
            "What it changed is no longer kept, so nothing can be undone: correct the show again instead."
        )
    if not user.is_staff and correction.by_id != user.pk:
        raise ResolutionError("Only whoever made the correction, or an administrator, can undo it.")
    later = PlexCorrection.objects.filter(mapping=mapping, undone_at=None, pk__gt=correction.pk)
    if later.exists():
        raise ResolutionError("It was corrected again since: undo the later correction first.")
    if mapping.tvshow_id != correction.kept["show_after"]:
        raise ResolutionError("Somebody has decided anew since: correct the show again instead.")


def put_back_plays(kept: dict[str, Any]) -> None:
    forget_decided_again(kept)
    put_back_watches(kept["watches"])
    put_back_viewings(kept["viewings"])
    drop_watches(Watch.objects.filter(pk__in=kept["made"]).values_list("pk", flat=True))
    put_back_events(kept["logs"])
    put_back_tracking(kept)
    viewings = PlexViewing.objects.filter(pk__in=[image["id"] for image in kept["viewings"]])
    tell_events(list(viewings.exclude(log=None)), TOLD)


def forget_decided_again(kept: dict[str, Any]) -> None:
    """The plays that were taken back then, as their events decided them since."""
    images = [image for image in kept["viewings"] if image["log_id"] is not None]
    again = PlexViewing.objects.filter(
        log__in=[image["id"] for image in kept["logs"]],
        user__in={image["user_id"] for image in images},
    ).exclude(pk__in=[image["id"] for image in images])
    watches = list(again.values_list("watch_id", flat=True))
    again.delete()
    drop_watches(watches)


def drop_watches(ids: Any) -> None:
    """Those from Plex for which nothing stands any more."""
    Watch.objects.filter(
        pk__in=list(ids), source=Watch.Source.PLEX, viewings=None, removed_at=None
    ).delete()


def put_back_watches(images: Sequence[Image]) -> None:
    """At their old episodes, with their old numbers where these are free; a watch that was removed
    or dated anew since stays so."""
    before = [row_of(Watch, image) for image in images]
    rows = Watch.objects.in_bulk([row.pk for row in before])
    episodes = existing(Episode, {row.episode_id for row in before})
    users = existing(User, {row.user_id for row in before})
    wanted = [row for row in before if row.episode_id in episodes and row.user_id in users]
    Watch.objects.filter(pk__in=[row.pk for row in wanted]).park()
    taken: dict[tuple[int, int], set[int]] = defaultdict(set)
    others = Watch.objects.standing().filter(
        user__in={row.user_id for row in wanted}, episode__in={row.episode_id for row in wanted}
    )
    for row in others.exclude(pk__in=[row.pk for row in wanted]):
        taken[row.user_id, row.episode_id].add(row.play)
    for old in wanted:
        numbers = taken[old.user_id, old.episode_id]
        row = rows.get(old.pk, old)
        row.episode_id = old.episode_id
        row.play = old.play if old.play not in numbers else max(numbers) + 1
        if row.removed_at is None:
            numbers.add(row.play)
    changed = [rows[old.pk] for old in wanted if old.pk in rows]
    Watch.objects.bulk_update(changed, ["episode", "play"], batch_size=200)
    gone = [old for old in wanted if old.pk not in rows]
    created = {old.pk: old.created_at for old in gone}
    Watch.objects.bulk_create(gone)
    for pk, at in created.items():
        # The database's own time went in with the row.
        Watch.objects.filter(pk=pk).update(created_at=at)


def put_back_viewings(images: Sequence[Image]) -> None:
    before = [row_of(PlexViewing, image) for image in images]
    watches = existing(Watch, {row.watch_id for row in before})
    rows = PlexViewing.objects.in_bulk([row.pk for row in before])
    logs = existing(PlexWebhookLog, {row.log_id for row in before if row.log_id})
    keys = [row.history_key for row in before if row.history_key and row.pk not in rows]
    told = set(
        PlexViewing.objects.filter(history_key__in=keys).values_list(
            "user_id", "server_uuid", "history_key"
        )
    )
    changed, gone = [], []
    for old in before:
        if old.watch_id not in watches:
            continue
        if row := rows.get(old.pk):
            row.watch_id, row.evidence = old.watch_id, old.evidence
            changed.append(row)
        elif (old.user_id, old.server_uuid, old.history_key) not in told:
            old.log_id = old.log_id if old.log_id in logs else None
            gone.append(old)
    PlexViewing.objects.bulk_update(changed, ["watch", "evidence"], batch_size=200)
    PlexViewing.objects.bulk_create(gone)


def put_back_events(images: Sequence[Image]) -> None:
    """Events that were put back into the queue are done again, as they were."""
    for image in images:
        values = values_of(PlexWebhookLog, image)
        pk = values.pop("id")
        values["conflict_id"] = None
        PlexWebhookLog.objects.filter(pk=pk).update(
            **values, next_attempt_at=None, needs_network=False, attempts=F("attempts") + 1
        )


def put_back_tracking(kept: dict[str, Any]) -> None:
    """Statuses as they were, unless somebody changed them since."""
    pairs = {(user_id, show_id) for user_id, show_id in kept["pairs"]}
    before = {image["id"]: image for image in kept["tracked"]}
    after = {image["id"]: image for image in kept["tracked_after"]}
    for row in tracked_of(pairs):
        if str(row.pk) not in after or image_of(row) != after[str(row.pk)]:
            continue
        if str(row.pk) not in before:
            row.delete()
        else:
            TrackedShow.objects.filter(pk=row.pk).update(
                **values_of(TrackedShow, before[str(row.pk)])
            )


def follow(correction: PlexCorrection, mapping: PlexShowMapping, *, user: User) -> set[int]:
    """Plays that came since, as plays of the show that was undone, go where they belong now.

    Returns the events that have to be decided again.
    """
    show = mapping.tvshow
    if correction.kind != PlexCorrection.Kind.SHOW or show is None or show == correction.to_show:
        return set()
    later = PlexViewing.objects.filter(
        mapping=mapping,
        pk__gt=correction.kept["last_viewing"] or 0,
        watch__removed_at=None,
        watch__episode__season__show=correction.to_show,
    ).filter(Q() if user.is_staff else Q(user=user))
    viewings = list(later.select_related("watch__episode__season").order_by("pk"))
    targets = place_show(mapping, viewings, show=show)
    plan = plan_for(viewings, targets)
    kept = carry_out(plan, evidence=targets.evidence, told=TOLD)
    return {int(log["id"]) for log in kept["logs"]}
