"""Claims rows and sees them through: many at once where all is known, one by one where not."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import F, Q
from django.utils import timezone

from plex import inbox
from plex.lookups import Lookups, NetworkNeededError
from plex.models import Action, PlexConfig, PlexWebhookLog, Status
from plex.processing.apply import Applied, LostClaimError, Planned, apply
from plex.processing.decide import Decider, needs_network, plan_without_show
from plex.processing.events import Event, Plan, Record
from plex.processing.gather import EpisodeIndexes, gather
from tracker.models import TVShow

logger = logging.getLogger(__name__)

# Few enough that a transaction stays in milliseconds: receiving waits for it on SQLite. Nobody waits
# for it on PostgreSQL, and each round costs some twenty queries however many rows it takes.
BATCH = 100
POSTGRESQL_BATCH = 300
NETWORK_BATCH = 5
TRIES = 4
PAUSE_SECONDS = 0.05
POSTPONED = timedelta(seconds=5)
# A row that raises this often has failed; it stops nobody else.
MOST_ERRORS = 5
ERROR_PAUSE = timedelta(seconds=20)
# Well within the lease of a claim.
CLAIM_IS_OLD = timedelta(seconds=10)
SYNC_NOTED_EVERY = timedelta(minutes=1)


class Lane:
    """One of the two lanes of the queue, with what it remembers between rounds.

    The local lane never waits for anything outside; rows that need the network go to the other.
    Use each in one thread.
    """

    def __init__(self, *, network: bool) -> None:
        self.network = network
        self.lookups = Lookups(may_call=network)
        self.decider = Decider(lookups=self.lookups, indexes=EpisodeIndexes())
        self.claimed_at = timezone.now()

    def process_due(self, *, ids: Iterable[int] | None = None) -> int:
        """Process one round of due rows, with `ids` only those; returns how many it took."""
        now = timezone.now()
        rows = inbox.claim(limit=self.batch(), now=now, needs_network=self.network, ids=ids)
        self.claimed_at = now
        if rows:
            self.process(rows, now=now)
        return len(rows)

    def batch(self) -> int:
        if self.network:
            return NETWORK_BATCH
        return POSTGRESQL_BATCH if connection.vendor == "postgresql" else BATCH

    def process(self, rows: Sequence[PlexWebhookLog], *, now: datetime) -> None:
        """See claimed rows through. Of a show that is still unknown one row goes first: where it
        settles the show, the others go together like those of any known show."""
        others = self.process_known(rows, now=now)
        first = {row.plex_title: row for row in reversed(others)}
        for row in first.values():
            self.process_one(row)
        rest = [row for row in others if row is not first[row.plex_title]]
        for row in self.process_known(rest, now=now):
            self.process_one(row)

    def process_known(
        self, rows: Sequence[PlexWebhookLog], *, now: datetime
    ) -> list[PlexWebhookLog]:
        """Do together what needs no look-up; returns the rows that have to be done one by one."""
        if not rows:
            return []
        started = time.perf_counter()
        try:
            planned, others = self.plan_known(gather(rows, now=now), now=now)
        except Exception:
            # One row at a time then, so that the one which raises harms no other.
            logger.exception("A batch of %d Plex events could not be planned together", len(rows))
            return list(rows)
        if planned and not self.apply_together(planned, now=now, started=started):
            others = [*(event.log for event, _ in planned), *others]
        return sorted(others, key=lambda row: row.pk)

    def plan_known(
        self, events: Sequence[Event], *, now: datetime
    ) -> tuple[list[Planned], list[PlexWebhookLog]]:
        """Plans that need no look-up, and the rows of the others."""
        shows = [
            e.mapping.tvshow
            for e in events
            if e.mapping is not None and e.mapping.tvshow is not None
        ]
        self.decider.indexes.of(shows, now=now)
        planned: list[Planned] = []
        others: list[PlexWebhookLog] = []
        for event in events:
            plan = plan_without_show(event) or self.decider.plan_known(event, now=now)
            if plan is None:
                others.append(event.log)
            else:
                planned.append((event, plan))
        return planned, others

    def apply_together(self, planned: Sequence[Planned], *, now: datetime, started: float) -> bool:
        """Apply a batch in one transaction; False where it has to be done row by row."""
        try:
            applied = retried(lambda: apply(planned, now=now, started=started))
        except (LostClaimError, DatabaseError, InterfaceError):
            return False
        note_sync(planned, applied, now=now)
        for event in applied.stale:
            self.process_one(event.log)
        return True

    def process_one(self, row: PlexWebhookLog) -> None:
        """See one row through; whatever goes wrong, the row keeps its reason and its turn."""
        self.lookups.before_call = lambda: self.renew(row)
        try:
            if timezone.now() - self.claimed_at > CLAIM_IS_OLD:
                # Others may have taken what this round has not come to yet.
                self.renew(row)
            self.decide_and_apply(row)
        except LostClaimError:
            logger.info("Plex event %d was taken over by somebody else", row.pk)
        except (OperationalError, InterfaceError) as error:
            logger.warning(
                "Plex event %d postponed, the database refused: %s", row.pk, type(error).__name__
            )
            postpone(row, now=timezone.now())
        except Exception:
            logger.exception("Plex event %d could not be processed", row.pk)
            note_error(row, now=timezone.now())

    def decide_and_apply(self, row: PlexWebhookLog) -> None:
        for _ in range(TRIES):
            now, started = timezone.now(), time.perf_counter()
            event = gather([row], now=now)[0]
            plan = self.plan(event, now=now)
            applied = retried(lambda: apply([(event, plan)], now=now, started=started))  # noqa: B023
            if not applied.stale:
                note_sync([(event, plan)], applied, now=now)
                return
        postpone(row, now=timezone.now())

    def plan(self, event: Event, *, now: datetime) -> Plan:
        try:
            return self.decider.plan(event, now=now)
        except NetworkNeededError as error:
            event.trace.clear()
            return needs_network(error, now=now)

    @staticmethod
    def renew(row: PlexWebhookLog) -> None:
        if not inbox.renew_lease(row, now=timezone.now()):
            raise LostClaimError


def process_due(*, network: bool = True, ids: Iterable[int] | None = None) -> int:
    """Process all that is due now, in both lanes; returns how many rows were taken.

    For tests, commands and the pages; the worker keeps its lanes.
    """
    local, remote = Lane(network=False), Lane(network=True)
    wanted = None if ids is None else list(ids)
    count = 0
    while taken := local.process_due(ids=wanted) or (network and remote.process_due(ids=wanted)):
        count += taken
    return count


def process_rows(ids: Iterable[int]) -> int:
    """Process these rows at once, without the network: what needs it goes on in the worker."""
    return Lane(network=False).process_due(ids=list(ids))


def retried(step: Callable[[], Applied]) -> Applied:
    """Run a transaction again that met a deadlock, a lock, or a watch made meanwhile."""
    for attempt in range(1, TRIES):
        try:
            return step()
        except (OperationalError, IntegrityError):
            time.sleep(PAUSE_SECONDS * attempt)
    return step()


def postpone(row: PlexWebhookLog, *, now: datetime) -> None:
    try:
        inbox.mine(row).update(next_attempt_at=now + POSTPONED)
    except (DatabaseError, InterfaceError):
        logger.warning("Plex event %d waits for its lease to run out", row.pk)


def note_error(row: PlexWebhookLog, *, now: datetime) -> None:
    """Count an error of our own; the fifth ends the row as failed, with what to do."""
    has_failed = row.error_count + 1 >= MOST_ERRORS
    with transaction.atomic():
        inbox.mine(row).update(
            error_count=F("error_count") + 1,
            status=Status.FAILED if has_failed else Status.PENDING,
            action_taken=Action.PROCESSING_ERROR if has_failed else Action.RETRYING,
            error_message="Processing raised an error; the server's log has the details.",
            next_attempt_at=None if has_failed else now + ERROR_PAUSE * (row.error_count + 1),
            processed_at=now if has_failed else None,
        )


def note_sync(planned: Sequence[Planned], applied: Applied, *, now: datetime) -> None:
    """Keep "last event" and "last play" roughly current; nothing depends on them."""
    before = now - SYNC_NOTED_EVERY
    # What the tracker read by itself says nothing about the webhook.
    configs = {event.config.pk for event, _ in planned if not event.log.history_key}
    shows = {plan.show_id for _, plan in planned if isinstance(plan, Record)}
    try:
        PlexConfig.objects.filter(
            Q(last_webhook_received=None) | Q(last_webhook_received__lt=before), pk__in=configs
        ).update(last_webhook_received=now)
        if shows:
            TVShow.objects.filter(
                Q(plex_last_sync=None) | Q(plex_last_sync__lt=before), pk__in=shows
            ).update(plex_synced=True, plex_last_sync=now)
    except OperationalError:
        logger.info("The time of the last play was not noted: the database was busy")
