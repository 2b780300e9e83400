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
# Plex's history notes a play when it ends, a webhook tells of it before the credits.
SAME_PLAY_MINIMUM = timedelta(minutes=10)
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
    """One play of one item. `viewed_at` is when, `sent_at` Plex's own time of it (may be missing).

    `history_key` names its row in Plex's history, "" while no such row is known; `told_by_webhook` is
    False while only that row told of it, or only the library's mark.
    """

    viewed_at: datetime
    sent_at: datetime | None
    view_count: int | None
    runtime: timedelta
    log_id: int | None = None
    is_removed: bool = False
    history_key: str = ""
    told_by_webhook: bool = True

    @property
    def is_mark(self) -> bool:
        """Only the library says so: watched, and when last. No event of its own, maybe by hand."""
        return not (self.history_key or self.told_by_webhook)


@dataclass(frozen=True, kw_only=True)
class Play:
    """A standing watch of the episode, from wherever it came."""

    number: int
    watched_at: datetime


def is_same_viewing(new: Viewing, old: Viewing) -> bool:
    """The same event, the same lastViewedAt, or less apart than five minutes or half the runtime."""
    if new.log_id is not None and new.log_id == old.log_id:
        return True
    if new.history_key and new.history_key == old.history_key:
        return True
    if new.sent_at is not None and new.sent_at == old.sent_at:
        return True
    window = max(SAME_VIEWING_MINIMUM, new.runtime / 2)
    return abs(new.viewed_at - old.viewed_at) < window


def play_window(runtime: timedelta) -> timedelta:
    """How far apart two tellings of one play may be: ten minutes, or as long as it runs."""
    return max(SAME_PLAY_MINIMUM, runtime)


def other_half(new: Viewing, past: Sequence[Viewing]) -> Viewing | None:
    """The webhook's viewing for a row of the history, or the other way round: the nearest in time
    that has not found its other half yet."""
    if not past:
        return None
    window = play_window(new.runtime)
    near = [old for old in past if are_halves(new, old) and distance(new, old) <= window]
    return min(near, key=lambda old: distance(new, old), default=None)


def are_halves(new: Viewing, old: Viewing) -> bool:
    if new.history_key:
        return not new.told_by_webhook and not old.history_key
    return new.told_by_webhook and not old.told_by_webhook


def distance(new: Viewing, old: Viewing) -> timedelta:
    """Between the times that Plex sent."""
    return abs((new.sent_at or new.viewed_at) - (old.sent_at or old.viewed_at))


def same_viewings(new: Viewing, past: Sequence[Viewing]) -> list[Viewing]:
    """Those of the past that are this very viewing."""
    if not past:
        return []
    half = other_half(new, past)
    return [old for old in past if old is half or is_same_viewing(new, old) or explains(old, new)]


def explains(old: Viewing, mark: Viewing) -> bool:
    """Whether a mark in the library only says what is known: of several plays that are near, too."""
    return mark.is_mark and distance(mark, old) <= play_window(mark.runtime)


def known_verdict(new: Viewing, past: Sequence[Viewing]) -> Verdict | None:
    """What a viewing is that arrived before; None for a new one."""
    same = same_viewings(new, past)
    if any(old.is_removed for old in same):
        return Verdict.REMOVED
    return Verdict.DUPLICATE if same else None


def judge(
    new: Viewing,
    *,
    past: Sequence[Viewing],
    plays: Sequence[Play],
    record_rewatches: bool,
    removed_at: datetime | None = None,
) -> Verdict:
    """What a viewing means, given earlier viewings of the item and standing watches of the episode.

    `removed_at`: when the episode was last unmarked by hand.
    """
    if known := known_verdict(new, past):
        return known
    if not plays:
        is_older = removed_at is not None and new.viewed_at <= removed_at
        return Verdict.REMOVED if new.is_mark and is_older else Verdict.FIRST
    if record_rewatches and is_rewatch(new, past=past, plays=plays):
        return Verdict.REWATCH
    return Verdict.ALREADY_WATCHED


def is_rewatch(new: Viewing, *, past: Sequence[Viewing], plays: Sequence[Play]) -> bool:
    """Long enough after every other play and, where Plex counts, with a higher count.

    A mark has to be counted: Plex moves its time for other reasons, too.
    """
    shortest = max(REWATCH_MINIMUM, new.runtime / 2)
    if any(abs(new.viewed_at - play.watched_at) < shortest for play in plays):
        return False
    counts = [old.view_count for old in past if old.view_count is not None]
    if new.view_count is None or not counts:
        return not new.is_mark
    return new.view_count > max(counts)


def pairs(rows: Sequence[Viewing], told: Sequence[Viewing]) -> dict[int, Viewing]:
    """The other halves of many rows of one item at once, by the row's position: the nearest pair in
    time first, each viewing in one pair at most."""
    found: dict[int, Viewing] = {}
    taken: set[int] = set()
    near = [
        (distance(row, old), position, number)
        for position, row in enumerate(rows)
        for number, old in enumerate(told)
        if are_halves(row, old) and distance(row, old) <= play_window(row.runtime)
    ]
    for _, position, number in sorted(near):
        if position not in found and number not in taken:
            found[position] = told[number]
            taken.add(number)
    return found
