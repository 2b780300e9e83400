"""A clock that was set back leaves times ahead of it, which would have to be waited for."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from plex import circuit, doorbell
from plex.models import Job, PlexWebhookLog

logger = logging.getLogger(__name__)

# Clocks of several machines differ by less.
SLACK = timedelta(minutes=5)
# Nothing is ever put off for longer.
LONGEST_WAIT = timedelta(hours=4) + SLACK
LONGEST_LEASE = timedelta(minutes=30) + SLACK


def free_what_lies_ahead(*, now: datetime) -> int:
    """Make due what only a clock that was set back keeps waiting; returns how many events.

    A claim that is made with the clock of today lies before the creation of such an event, and so is
    left alone.
    """
    rows = PlexWebhookLog.objects.filter(next_attempt_at__gt=now).filter(
        Q(created_at__gt=now + SLACK, next_attempt_at__gte=F("created_at"))
        | Q(next_attempt_at__gt=now + LONGEST_WAIT)
    )
    free_jobs(now=now)
    if not rows.exists():
        return 0
    count = rows.update(next_attempt_at=now, attempts=F("attempts") + 1)
    logger.warning("The clock was set back; %d events that waited for it go on", count)
    transaction.on_commit(doorbell.ring)
    return count


def free_jobs(*, now: datetime) -> None:
    jobs = Job.objects.exclude(name__startswith=circuit.PREFIX)
    ran_later = jobs.filter(last_run_at__gt=now + SLACK)
    leased = jobs.filter(lease_until__gt=now + LONGEST_LEASE)
    if ran_later.exists():
        ran_later.update(last_run_at=now)
    if leased.exists():
        leased.update(lease_until=None)
