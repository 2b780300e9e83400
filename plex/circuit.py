"""Circuit breakers: a host is in trouble, every process knows, nobody calls it for a while, and the
pages say so.

One row beside the periodic jobs for each host: how many calls failed in a row, since when, and until
when nothing is asked (`lease_until`). When that time has come one call is let through. Its answer
closes the circuit and wakes what waits; its failure opens it again for longer. The functions here are
about TMDB unless a name is given; `host_circuits` has those of Plex.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from plex import inbox
from plex.models import Job
from tracker.tmdb import TmdbError, TmdbKeyMissingError

if TYPE_CHECKING:
    from plex.answers import PlexError

PREFIX = "circuit:"
NAME = f"{PREFIX}tmdb"
# Failed calls, each of which was tried three times.
FAILURES_IN_A_ROW = 3
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=20)
REFUSED_KEY_PAUSE = timedelta(minutes=10)
# A longer Retry-After is cut to this.
LONGEST_RETRY_AFTER = timedelta(hours=4)
# The one call that is let through ends well within this time; nobody else tries meanwhile.
TRIAL = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class State:
    """What the row's cursor holds."""

    failures: int = 0
    has_key: bool = True


@dataclass(frozen=True, kw_only=True)
class Outage:
    """The host is not asked until `until`; `sentence` says what was wrong last."""

    since: datetime
    until: datetime
    sentence: str
    has_key: bool

    def seconds_left(self, now: datetime) -> float:
        return max(0.0, (self.until - now).total_seconds())


class Circuit:
    """What those who call ask before and tell after. Writes only while something is wrong."""

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        # Whether this very call is the one that is let through.
        self.is_trial = False
        self._was_wrong = False

    def outage(self, *, now: datetime) -> Outage | None:
        """Why nothing may be asked now; None where the caller may call, and then has to tell."""
        row = Job.objects.filter(name=self.name).first()
        self._was_wrong, self.is_trial = row is not None and bool(row.cursor), False
        if row is None or row.lease_until is None:
            return None
        if is_running(row.lease_until, now=now) or not self._take_trial(row, now=now):
            return outage_of(row)
        self.is_trial = True
        return None

    def _take_trial(self, row: Job, *, now: datetime) -> bool:
        same = Job.objects.filter(pk=row.pk, lease_until=row.lease_until)
        return bool(same.update(lease_until=now + TRIAL))

    def failed(self, error: TmdbError | PlexError, *, now: datetime, is_away: bool = False) -> None:
        """A call failed for a reason that will pass. `is_away`: several of them did."""
        row, _ = Job.objects.get_or_create(name=self.name)
        has_key = not isinstance(error, TmdbKeyMissingError)
        failures = read_state(row).failures + (FAILURES_IN_A_ROW if is_away else 1)
        pause = pause_after(failures)
        if error.retry_after:
            pause = max(pause, min(timedelta(seconds=error.retry_after), LONGEST_RETRY_AFTER))
        if not has_key:
            pause = REFUSED_KEY_PAUSE
        Job.objects.filter(pk=row.pk).update(
            cursor=json.dumps(asdict(State(failures=failures, has_key=has_key))),
            last_run_at=row.last_run_at if row.cursor else now,
            lease_until=now + pause if pause else None,
            last_error=str(error),
        )

    def answered(self, *, now: datetime) -> None:
        """A call was answered: whatever was wrong is over."""
        if self._was_wrong:
            self.close(now=now)

    def close(self, *, now: datetime) -> None:
        """Let everybody ask again, and wake what waits for this host."""
        row = Job.objects.filter(name=self.name)
        was_open = row.filter(lease_until__isnull=False).update(lease_until=None)
        row.exclude(cursor="").update(cursor="", last_error="")
        if was_open:
            self.wake(now=now)

    def wake(self, *, now: datetime) -> None:
        inbox.retry_waiting_for_tmdb(now=now)


def close(*, now: datetime) -> None:
    """Let everybody ask TMDB again, and wake what waits for it."""
    Circuit().close(now=now)


def current(name: str = NAME) -> Outage | None:
    """The outage for the pages, also while the next try is under way."""
    row = Job.objects.filter(name=name, lease_until__isnull=False).first()
    return None if row is None else outage_of(row)


def is_due(name: str = NAME, *, now: datetime) -> bool:
    """Whether the next try's time has come."""
    outage = current(name)
    return outage is not None and not is_running(outage.until, now=now)


def is_running(until: datetime, *, now: datetime) -> bool:
    """A time further ahead than any pause was written before the clock was set back."""
    return now < until <= now + LONGEST_RETRY_AFTER


def pause_after(failures: int) -> timedelta:
    """Nothing until several calls failed, then longer each time."""
    if failures < FAILURES_IN_A_ROW:
        return timedelta(0)
    return min(SHORTEST_PAUSE * (1 << min(failures - FAILURES_IN_A_ROW, 10)), LONGEST_PAUSE)


def outage_of(row: Job) -> Outage:
    until = row.lease_until
    assert until is not None  # noqa: S101 - only open circuits are told
    return Outage(
        since=row.last_run_at or until,
        until=until,
        sentence=row.last_error,
        has_key=read_state(row).has_key,
    )


def read_state(row: Job) -> State:
    """A text that is none, as somebody may enter by hand, counts as no failure."""
    try:
        found = json.loads(row.cursor)
        return State(failures=max(0, int(found["failures"])), has_key=bool(found["has_key"]))
    except (ValueError, TypeError, KeyError):
        return State()
