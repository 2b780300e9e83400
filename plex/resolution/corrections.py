"""A person corrects a wrong match: first what would move, then that and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from plex.corrections import How, MovePlan
from plex.inbox import requeue
from plex.models import (
    PlexConflict,
    PlexCorrection,
    PlexEpisodeMapping,
    PlexShowMapping,
    PlexWebhookLog,
)
from plex.resolution.answers import ChangedMeanwhileError, Resolved, in_one_transaction, replay
from plex.resolution.decisions import keep_correction, keep_decision
from plex.resolution.moving import PLACED, carry_out, lock_watches
from plex.resolution.placing import (
    Targets,
    place_show,
    plan_for,
    viewings_elsewhere,
    viewings_to_move,
)
from plex.resolution.shows import close_questions, lock, map_by_hand
from tracker.models import TVShow


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a correction would do. `untouched` are other people's plays, `waiting` held events."""

    mapping: PlexShowMapping
    show: TVShow
    plan: MovePlan
    targets: Targets
    untouched: int
    waiting: int

    @property
    def fingerprint(self) -> str:
        return self.plan.fingerprint(
            self.mapping.pk, self.mapping.version, self.show.pk, self.untouched
        )


def look_at_correction(mapping: PlexShowMapping, *, user: User, show: TVShow) -> Correction:
    """What "it is this show" would move. Writes nothing."""
    everybody = viewings_elsewhere(mapping, show=show)
    viewings = list(
        viewings_to_move(mapping, show=show, user=user)
        .select_related("watch__episode__season")
        .order_by("pk")
    )
    targets = place_show(mapping, viewings, show=show)
    return Correction(
        mapping=mapping,
        show=show,
        plan=plan_for(viewings, targets),
        targets=targets,
        untouched=0 if user.is_staff else everybody.exclude(user=user).count(),
        waiting=PlexWebhookLog.objects.held().filter(mapping=mapping).count(),
    )


def correct_mapping(
    mapping: PlexShowMapping, *, user: User, show: TVShow, expected: str = ""
) -> Resolved:
    """ "This was the wrong show": map it anew and move the plays that came through it.

    The user's own plays; everybody's where the user is staff. With `expected`, the fingerprint of
    what the person was shown, raises `ChangedMeanwhileError` where it would be something else now.
    """
    moved, ids, kept = in_one_transaction(
        lambda: correct_once(mapping, user=user, show=show, expected=expected)
    )
    resolved = replay(sorted(ids), show=show)
    return Resolved(
        show=show,
        replayed=resolved.replayed,
        recorded=resolved.recorded + moved.plan.count(*PLACED),
        still_open=resolved.still_open + moved.plan.count(How.STAYS),
        under_way=resolved.under_way,
        moved=moved.plan.count(*PLACED),
        watched=resolved.watched,
        correction=kept,
    )


def correct_once(
    mapping: PlexShowMapping, *, user: User, show: TVShow, expected: str
) -> tuple[Correction, set[int], PlexCorrection]:
    """In one transaction; returns what was done, the events to process, and what undoes it."""
    locked = lock(mapping)
    lock_watches(viewings_to_move(locked, show=show, user=user))
    correction = look_at_correction(locked, user=user, show=show)
    if expected and expected != correction.fingerprint:
        raise ChangedMeanwhileError
    before = TVShow.objects.filter(pk=locked.tvshow_id or 0).first()
    kept = {**keep_decision(locked), **kept_moves(correction)}
    has_changed = locked.tvshow_id != show.pk
    if has_changed:
        forget_answers(locked)
    map_by_hand(locked, show)
    waiting = close_questions(
        locked, how=PlexConflict.Resolution.USER_SELECTED, show=show, has_changed=has_changed
    )
    ids = set(waiting.values_list("pk", flat=True)) | taken_back(kept)
    requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    row = keep_correction(
        locked,
        plan=correction.plan,
        by=user,
        kind=PlexCorrection.Kind.SHOW,
        summary=f"{before or 'Not a show yet'} → {show}",
        from_show=before,
        to_show=show,
        kept={**kept, "show_after": show.pk},
    )
    return correction, ids, row


def kept_moves(correction: Correction) -> dict[str, Any]:
    told = f"Corrected by hand: this is {correction.show}."
    return carry_out(correction.plan, evidence=correction.targets.evidence, told=told)


def forget_answers(mapping: PlexShowMapping) -> None:
    """What was said about single episodes was said about the other show."""
    PlexEpisodeMapping.objects.filter(mapping=mapping, is_elsewhere=False).delete()


def taken_back(kept: dict[str, Any]) -> set[int]:
    return {int(log["id"]) for log in kept["logs"]}


def strays(mapping: PlexShowMapping, *, user: User) -> int:
    """How many of the user's plays that came through a Plex show stand in another show."""
    if mapping.tvshow is None:
        return 0
    return viewings_to_move(mapping, show=mapping.tvshow, user=user).count()
