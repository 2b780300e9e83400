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
    transaction,
)
from django.db.models import F, Q
from django.utils import timezone

from plex import inbox, postgresql
from plex.lookups import Lookups, NetworkNeededError
from plex.models import Action, PlexConfig, PlexWebhookLog, Status
from plex.processing.apply import Applied, LostClaimError, Planned, apply
from plex.processing.asking import needs_network
from plex.processing.decide import Decider, plan_without_show
from plex.processing.events import Event, Plan, Record
from plex.processing.gather import gather
from plex.processing.indexes import EpisodeIndexes
from tracker.models import TVShow

logger = logging.getLogger(__name__)

# Few enough that a transaction stays in milliseconds: receiving waits for it on SQLite. Nobody waits
# for it on PostgreSQL, where a round costs some fifteen queries however many rows it takes; but 200
# more of them in both lanes cost the worker 5 MB.
BATCH = 100
POSTGRESQL_BATCH = 400
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
    Use each in one thread. `when_full` is called when there may be more due than one round takes.
    """

    def __init__(self, *, network: bool, when_full: Callable[[], object] | None = None) -> None:
        self.network = network
        self.when_full = when_full
        self.lookups = Lookups(may_call=network)
        self.decider = Decider(lookups=self.lookups, indexes=EpisodeIndexes())
        self.claimed_at = timezone.now()
        # Of the network lane: its rows wait for a show that was settled by now.
        self.mostly_known = False

    def process_due(self, *, ids: Iterable[int] | None = None) -> int:
        """Process one round of due rows, with `ids` only those; returns how many it took."""
        now = timezone.now()
        limit = self.batch()
        rows = inbox.claim(limit=limit, now=now, needs_network=self.network, ids=ids)
        self.claimed_at = now
        if len(rows) == limit and self.when_full is not None:
            self.when_full()
        if rows:
            self.process(rows, now=now)
        return len(rows)

    def batch(self) -> int:
        if self.network and not self.mostly_known:
            return NETWORK_BATCH
        return POSTGRESQL_BATCH if postgresql.is_used() else BATCH

    def process(self, rows: Sequence[PlexWebhookLog], *, now: datetime) -> None:
        """See claimed rows through. Of a show that is still unknown one row goes first: where it
        settles the show, the others go together like those of any known show."""
        others = self.process_known(rows, now=now)
        known = len(rows) - len(others)
        if self.network and len(others) > NETWORK_BATCH:
            # Each may take seconds, for which others than these would be kept waiting.
            inbox.give_back(others[NETWORK_BATCH:], now=timezone.now())
            others = others[:NETWORK_BATCH]
        first = {row.plex_title: row for row in reversed(others)}
        for row in first.values():
            self.process_one(row)
        rest = [row for row in others if row is not first[row.plex_title]]
        if rest and not self.network:
            rest = self.hand_over(rest, first)
        left = self.process_known(rest, now=now)
        for row in left:
            self.process_one(row)
        self.mostly_known = known + len(rest) - len(left) > len(rows) // 2

    def hand_over(
        self, rows: Sequence[PlexWebhookLog], first: dict[str, PlexWebhookLog]
    ) -> list[PlexWebhookLog]:
        """Where a show's first row needs the network its others wait there as well; returns the
        rows of all other shows."""
        moved = PlexWebhookLog.objects.filter(
            pk__in=[row.pk for row in first.values()], needs_network=True
        )
        titles = set(moved.values_list("plex_title", flat=True))
        inbox.hand_over([row for row in rows if row.plex_title in titles], now=timezone.now())
        return [row for row in rows if row.plex_title not in titles]

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
        except Exception:
            # One row at a time then, so that the one which raises harms no other.
            logger.exception(
                "A batch of %d Plex events could not be recorded together", len(planned)
            )
            return False
        note_sync(planned, now=now)
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
                note_sync([(event, plan)], now=now)
                return
        postpone(row, now=timezone.now())

    def plan(self, event: Event, *, now: datetime) -> Plan:
        try:
            return self.decider.plan(event, now=now)
        except NetworkNeededError:
            event.trace.clear()
            return needs_network(now=now)

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
    while taken := (
        local.process_due(ids=without_network(wanted))
        or (network and remote.process_due(ids=wanted))
    ):
        count += taken
    return count


def without_network(ids: list[int] | None) -> list[int] | None:
    """Those that were not handed over to the other lane: here they would be for ever."""
    if ids is None:
        return None
    rows = PlexWebhookLog.objects.filter(pk__in=ids, needs_network=False)
    return list(rows.values_list("pk", flat=True))


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


def note_sync(planned: Sequence[Planned], *, now: datetime) -> None:
    """Keep "last event" and "last play" roughly current; nothing depends on them."""
    before = now - SYNC_NOTED_EVERY
    # Neither a test nor what the tracker read by itself says anything about Plex's webhook.
    posted = PlexWebhookLog.Source.WEBHOOK
    configs = {
        event.config.pk
        for event, _ in planned
        if event.log.source == posted and is_before(event.config.last_webhook_received, before)
    }
    shows = {
        plan.show_id
        for event, plan in planned
        if isinstance(plan, Record) and is_before(last_sync(event, plan.show_id), before)
    }
    try:
        if configs:
            PlexConfig.objects.filter(
                Q(last_webhook_received=None) | Q(last_webhook_received__lt=before), pk__in=configs
            ).update(last_webhook_received=now)
        if shows:
            TVShow.objects.filter(
                Q(plex_last_sync=None) | Q(plex_last_sync__lt=before), pk__in=shows
            ).update(plex_synced=True, plex_last_sync=now)
    except OperationalError:
        logger.info("The time of the last play was not noted: the database was busy")


def last_sync(event: Event, show_id: int) -> datetime | None:
    """When the show was last noted, where that is known: of the one that the Plex show is."""
    show = None if event.mapping is None else event.mapping.tvshow
    return show.plex_last_sync if show is not None and show.pk == show_id else None


def is_before(at: datetime | None, before: datetime) -> bool:
    return at is None or at < before
