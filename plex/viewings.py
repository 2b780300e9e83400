"""Once: whether an event is a new viewing, one that arrived before, or one that was taken back. Pure.

The key of a viewing is (tracker user, server, item); which webhook brought it never matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

# Plex repeats an event within seconds, and again when somebody seeks back or skips the credits.
SAME_VIEWING_MINIMUM = timedelta(minutes=5)
# Nobody watches an episode twice within half its length.
REWATCH_MINIMUM = timedelta(minutes=10)


class Verdict(Enum):
    FIRST = "first"
    REWATCH = "rewatch"
    ALREADY_WATCHED = "already_watched"
    DUPLICATE = "duplicate"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class Viewing:
    """One play of one item. `viewed_at` is when, `sent_at` Plex's own lastViewedAt (may be missing)."""

    viewed_at: datetime
    sent_at: datetime | None
    view_count: int | None
    runtime: timedelta
    log_id: int | None = None
    is_removed: bool = False


@dataclass(frozen=True, kw_only=True)
class Play:
    """A standing watch of the episode, from wherever it came."""

    number: int
    watched_at: datetime


def is_same_viewing(new: Viewing, old: Viewing) -> bool:
    """The same event, the same lastViewedAt, or less apart than five minutes or half the runtime."""
    if new.log_id is not None and new.log_id == old.log_id:
        return True
    if new.sent_at is not None and new.sent_at == old.sent_at:
        return True
    window = max(SAME_VIEWING_MINIMUM, new.runtime / 2)
    return abs(new.viewed_at - old.viewed_at) < window


def judge(
    new: Viewing, *, past: Sequence[Viewing], plays: Sequence[Play], record_rewatches: bool
) -> Verdict:
    """What a viewing means, given earlier viewings of the item and standing watches of the episode."""
    same = [old for old in past if is_same_viewing(new, old)]
    if any(old.is_removed for old in same):
        return Verdict.REMOVED
    if same:
        return Verdict.DUPLICATE
    if not plays:
        return Verdict.FIRST
    if record_rewatches and is_rewatch(new, past=past, plays=plays):
        return Verdict.REWATCH
    return Verdict.ALREADY_WATCHED


def is_rewatch(new: Viewing, *, past: Sequence[Viewing], plays: Sequence[Play]) -> bool:
    """Long enough after every other play and, where Plex counts, with a higher count."""
    distance = max(REWATCH_MINIMUM, new.runtime / 2)
    if any(abs(new.viewed_at - play.watched_at) < distance for play in plays):
        return False
    counts = [old.view_count for old in past if old.view_count is not None]
    return new.view_count is None or not counts or new.view_count > max(counts)
