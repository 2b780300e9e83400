"""The one transaction in which an event takes effect and gets its outcome, for one row or many.

Locks the mapping rows first, so that nothing lands on a decision that has changed meanwhile, and no
event is attached to a conflict that is being resolved.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from plex import doorbell, postgresql
from plex.inbox import requeue
from plex.intake import prepared
from plex.matching import Match
from plex.models import Action, PlexAccount, PlexShowMapping, PlexWebhookLog, Status
from plex.monitoring import counters
from plex.payload import NotAPlayback, Playback
from plex.processing import conflicts, record
from plex.processing.events import Ask, Event, Finish, Forget, Library, Plan, Record, Wait
from tracker import library
from tracker.models import TrackedShow, TVShow

logger = logging.getLogger(__name__)

Planned = tuple[Event, Plan]
TOLD_AT_THE_END = {"once", "question", "settled"}


class LostClaimError(Exception):
    """A row was finished or put back by somebody else meanwhile: nothing of this may land."""


@dataclass(kw_only=True)
class Outcome:
    """What the row will say."""

    event: Event
    status: Status
    action: Action
    reason: str = ""
    next_attempt_at: datetime | None = None
    needs_network: bool = False
    waiting_since: datetime | None = None
    conflict_id: int | None = None
    show_id: int | None = None
    is_forgotten: bool = False


@dataclass(kw_only=True)
class Applied:
    """`stale` events met a mapping that changed since they were gathered: gather them again."""

    outcomes: list[Outcome] = field(default_factory=list)
    stale: list[Event] = field(default_factory=list)


def apply(planned: Sequence[Planned], *, now: datetime, started: float) -> Applied:
    """Carry the plans out, all or none of them. Raises `LostClaimError`, and database errors.

    `started` is the `time.perf_counter()` at which work on these rows began.
    """
    applied = Applied()
    for event, _ in planned:
        # A try that was rolled back has told its end already.
        event.trace = [step for step in event.trace if step["step"] not in TOLD_AT_THE_END]
    with transaction.atomic():
        versions = lock_mappings(planned)
        current: list[Planned] = []
        for event, plan in planned:
            if is_stale(event, versions):
                applied.stale.append(event)
            else:
                current.append((event, plan))
        mappings = read_changing(current)
        for event, plan in current:
            match = getattr(plan, "match", None)
            if match is not None:
                keep_match(mappings[event.show_mapping.pk], match, event, now=now)
            if event.review:
                PlexShowMapping.objects.filter(pk=event.show_mapping.pk).update(
                    needs_review=event.review[:300]
                )
        applied.outcomes = outcomes_of(current, mappings, now=now)
        write_outcomes(applied.outcomes, now=now, started=started)
        close_questions(applied.outcomes, now=now)
    count(applied.outcomes, started=started)
    return applied


def count(outcomes: Sequence[Outcome], *, started: float) -> None:
    """For Prometheus and for the log."""
    seconds = (time.perf_counter() - started) / max(1, len(outcomes))
    for outcome in outcomes:
        counters.note_event(status=outcome.status, action=outcome.action, seconds=seconds)
    if not logger.isEnabledFor(logging.DEBUG):
        return
    for outcome in outcomes:
        pk = outcome.event.log.pk
        said = {"log_id": pk, "status": str(outcome.status), "action": str(outcome.action)}
        logger.debug("Plex event %d: %s", pk, outcome.action, extra=said)


def lock_mappings(planned: Iterable[Planned]) -> dict[int, int]:
    """Lock the Plex shows of the events; returns the version of each."""
    wanted = {event.mapping.pk for event, _ in planned if event.mapping is not None}
    if not wanted:
        return {}
    locked = PlexShowMapping.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    return dict(locked.values_list("pk", "version"))


def is_stale(event: Event, versions: dict[int, int]) -> bool:
    return event.mapping is not None and versions.get(event.mapping.pk) != event.mapping.version


def read_changing(planned: Iterable[Planned]) -> dict[int, PlexShowMapping]:
    """The mappings, locked before, that a match or a question is written to."""
    return PlexShowMapping.objects.in_bulk(
        {
            event.show_mapping.pk
            for event, plan in planned
            if isinstance(plan, Ask) or getattr(plan, "match", None) is not None
        }
    )


def keep_match(mapping: PlexShowMapping, match: Match, event: Event, *, now: datetime) -> None:
    """The mapping remembers what was proved; an open question about it is settled by it."""
    if mapping.tvshow_id == match.candidate.tvshow_id:
        return
    assert not isinstance(event.parsed, NotAPlayback)  # noqa: S101 - only shows are matched
    ids = event.parsed.show.ids
    mapping.tvshow_id = match.candidate.tvshow_id
    mapping.match_confidence = round(match.confidence, 2)
    mapping.match_method = match.method
    mapping.evidence = list(match.evidence)
    mapping.rule_id = match.rule_id
    mapping.needs_review = ""
    mapping.tmdb_id, mapping.tvdb_id, mapping.imdb_id = (
        match.candidate.tmdb_id,
        ids.tvdb,
        ids.imdb or "",
    )
    mapping.version += 1
    mapping.save()
    if event.log.conflict_id is not None:
        event.tell("settled", "That settles the open question about this show by itself.")
    waiting = conflicts.settle(mapping, now=now)
    requeue(waiting.exclude(pk=event.log.pk), now=now)


def outcomes_of(
    planned: Sequence[Planned], mappings: dict[int, PlexShowMapping], *, now: datetime
) -> list[Outcome]:
    recording = [(event, plan) for event, plan in planned if isinstance(plan, Record)]
    asking = [(event, plan) for event, plan in planned if isinstance(plan, Ask)]
    past = record.read_past([event for event, _ in (*recording, *asking)])
    outcomes = [
        Outcome(event=event, status=status, action=action, show_id=plan.show_id)
        for event, plan, status, action in record.record_plays(recording, past, now=now)
    ]
    for event, question in asking:
        outcomes.append(ask(event, question, mappings, past))
    for event, plan in planned:
        if isinstance(plan, Finish | Wait | Forget | Library):
            outcomes.append(simple_outcome(event, plan))
    return outcomes


def ask(
    event: Event,
    plan: Ask,
    mappings: dict[int, PlexShowMapping],
    past: record.Past,
) -> Outcome:
    is_play = isinstance(event.parsed, Playback)
    if is_play and ((waits := past.waits_already(event)) or past.counted_already(event)):
        sentence = "The same viewing arrived before"
        event.tell("once", f"{sentence} and waits already." if waits else f"{sentence}.")
        return Outcome(event=event, status=Status.DUPLICATE, action=Action.IGNORED_DUPLICATE)
    mapping = mappings[event.show_mapping.pk]
    conflict = conflicts.open_conflict(mapping, event, plan)
    event.tell("question", f"{conflict.reason} You decide.")
    return Outcome(
        event=event,
        status=Status.HELD,
        action=Action.CONFLICT_CREATED,
        reason=conflict.reason,
        conflict_id=conflict.pk,
        next_attempt_at=plan.retry_at,
        needs_network=plan.retry_at is not None,
        waiting_since=plan.waiting_since,
    )


def simple_outcome(event: Event, plan: Finish | Wait | Forget | Library) -> Outcome:
    if isinstance(plan, Forget):
        return Outcome(
            event=event, status=Status.IGNORED, action=Action.OTHER_ACCOUNT, is_forgotten=True
        )
    if isinstance(plan, Library):
        return put_on_list(event, plan)
    if isinstance(plan, Wait):
        return Outcome(
            event=event,
            status=plan.status,
            action=plan.action,
            reason=plan.reason,
            next_attempt_at=plan.at,
            needs_network=plan.needs_network,
            waiting_since=plan.waiting_since,
        )
    return Outcome(event=event, status=plan.status, action=plan.action, reason=plan.reason)


def put_on_list(event: Event, plan: Library) -> Outcome:
    action = listing(event, plan)
    library.track_show(user=event.config.user, show=TVShow.objects.get(pk=plan.show_id))
    return Outcome(event=event, status=Status.SUCCESS, action=action, show_id=plan.show_id)


def listing(event: Event, plan: Library) -> Action:
    """Whether the show comes onto the list of the hook's owner, or is there already."""
    listed = TrackedShow.objects.filter(user=event.config.user, show=plan.show_id)
    return Action.SHOW_ALREADY_EXISTS if listed.exists() else Action.LIBRARY_SHOW_ADDED


def write_outcomes(outcomes: Sequence[Outcome], *, now: datetime, started: float) -> None:
    """Finish the rows as long as each is still ours; else `LostClaimError` undoes everything."""
    forget_strangers([outcome.event for outcome in outcomes if outcome.is_forgotten])
    staying = [outcome for outcome in outcomes if not outcome.is_forgotten]
    if not staying:
        return
    duration = (time.perf_counter() - started) * 1000 / len(outcomes)
    staying.sort(key=lambda outcome: outcome.event.log.pk)
    rows = [outcome_columns(outcome, now, duration) for outcome in staying]
    finish = postgresql.finish if postgresql.is_used() else finish_each
    if finish(rows) != len(rows):
        raise LostClaimError
    if any(outcome.needs_network and outcome.next_attempt_at == now for outcome in staying):
        # The other lane takes them over: it listens, too.
        transaction.on_commit(doorbell.ring)


def close_questions(outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Close the questions that plays waited for and that did not come up again."""
    asked = {outcome.event.log.conflict_id: outcome for outcome in outcomes}
    left = {pk for pk, outcome in asked.items() if pk is not None and pk != outcome.conflict_id}
    by_rule = (one for one in outcomes if one.action == Action.IGNORED_BY_RULE)
    ignored = left & {one.event.log.conflict_id for one in by_rule}
    if ignored:
        conflicts.close_ignored(ignored, now=now)
    if left - ignored:
        conflicts.close_answered(left - ignored, now=now)


def outcome_columns(outcome: Outcome, now: datetime, duration: float) -> dict[str, Any]:
    """What is written of an outcome, by column; and which row it is, in which claim."""
    event = outcome.event
    return {
        "status": outcome.status,
        "action_taken": outcome.action,
        "error_message": outcome.reason,
        "trace": event.trace,
        "processing_duration_ms": duration,
        "processed_at": None if outcome.status == Status.PENDING else now,
        "next_attempt_at": outcome.next_attempt_at,
        "needs_network": outcome.needs_network,
        "waiting_since": outcome.waiting_since,
        "viewed_at": event.viewed_at,
        "mapping_id": event.mapping.pk if event.mapping else None,
        "conflict_id": outcome.conflict_id,
        "tvshow_id": outcome.show_id,
        "account_id": event.account_id,
        "id": event.log.pk,
        "attempts": event.log.attempts,
    }


def finish_each(rows: Sequence[dict[str, Any]]) -> int:
    """UPDATE events as long as the claim of each holds; returns how many that were."""
    fields = {field.column: field for field in PlexWebhookLog._meta.concrete_fields}
    changed = [column for column in rows[0] if column not in {"id", "attempts"}]
    assignments = ", ".join(f'"{column}" = %s' for column in changed)
    sql = (
        f'UPDATE "{PlexWebhookLog._meta.db_table}" SET {assignments} '  # noqa: S608 - our own names
        "WHERE id = %s AND attempts = %s AND status IN ('pending', 'held')"
    )
    order = (*changed, "id", "attempts")
    with connection.cursor() as cursor:
        cursor.executemany(
            sql, [[prepared(fields[name], row[name]) for name in order] for row in rows]
        )
        return int(cursor.rowcount)


def forget_strangers(events: Sequence[Event]) -> None:
    for event in events:
        mine = PlexWebhookLog.objects.filter(pk=event.log.pk, attempts=event.log.attempts)
        if not mine.delete()[0]:
            raise LostClaimError
        PlexAccount.objects.filter(pk=event.account_id or 0).update(
            ignored_count=F("ignored_count") + 1
        )
