"""What a decision did, and the replay of what waited for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from django.db import IntegrityError, transaction

from plex.models import Action, PlexConflict, PlexCorrection, PlexWebhookLog, Status
from plex.processing import process_rows
from plex.processing.record import RECORDED
from tracker.models import TVShow

# How long a person waits for the replay: the worker goes on with the rest, and may hold some rows.
REPLAY_SECONDS = 10.0
REPLAY_CHUNK = 100
TRIES = 3

T = TypeVar("T")


class ResolutionError(Exception):
    """The decision can't be carried out; the text is one sentence for people."""


class ChangedMeanwhileError(ResolutionError):
    """What was shown is not what would happen now: show it again."""

    def __init__(self) -> None:
        super().__init__("Something has changed since: look at it again before you confirm.")


def in_one_transaction(step: Callable[[], T]) -> T:
    """What the step returns, done in one transaction: all of it or nothing.

    The step is tried again where somebody marks one of its episodes in the very same moment. Raises
    `ChangedMeanwhileError` where that never ends.
    """
    for _ in range(TRIES):
        with suppress(IntegrityError), transaction.atomic():
            return step()
    raise ChangedMeanwhileError


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a decision did: events put back, plays recorded, events that still wait.

    `moved` are those of the recorded plays that stood elsewhere before; `watched` are plays of
    episodes that were watched before, whose date stays; `under_way` are those of the open events
    that are too many to wait for; `correction` can be undone.
    """

    show: TVShow | None
    replayed: int = 0
    recorded: int = 0
    still_open: int = 0
    under_way: int = 0
    conflict: PlexConflict | None = None
    is_ignored: bool = False
    moved: int = 0
    watched: int = 0
    correction: PlexCorrection | None = None

    @property
    def sentence(self) -> str:
        if self.is_ignored:
            is_episode = self.conflict and self.conflict.conflict_type == PlexConflict.Type.EPISODE
            taken_back = "" if is_episode else " You can take that back under Ignored shows."
            return f"Ignored: its plays are not recorded.{taken_back}"
        parts = []
        if self.moved:
            parts.append(said(self.moved, "moved to", self.show))
        if self.recorded > self.moved:
            parts.append(said(self.recorded - self.moved, "recorded for", self.show))
        if self.watched:
            plays = (
                "1 play is of an episode"
                if self.watched == 1
                else f"{self.watched} plays are of episodes"
            )
            parts.append(f"{plays} watched already: the first date stays.")
        if self.under_way:
            events = "1 event is" if self.under_way == 1 else f"{self.under_way} events are"
            parts.append(f"{events} still worked on: see the activity.")
        if waiting := self.still_open - self.under_way:
            events = "1 event waits" if waiting == 1 else f"{waiting} events wait"
            parts.append(f"{events} for another answer or for TMDB: see the activity.")
        return " ".join(parts) or self.nothing_recorded

    @property
    def nothing_recorded(self) -> str:
        if self.replayed:
            return "Nothing new was recorded: see the activity."
        later = f"; later ones are recorded for {self.show.title}" if self.show else ""
        return f"No play waited{later}."


def said(count: int, what: str, show: TVShow | None) -> str:
    plays = "1 play was" if count == 1 else f"{count} plays were"
    return f"{plays} {what} {show.title}." if show else f"{plays} {what.split(maxsplit=1)[0]}."


def replay(
    ids: Sequence[int], *, show: TVShow | None, conflict: PlexConflict | None = None
) -> Resolved:
    """Process the queued rows now, in order, and say what became of them.

    As many as there is time for; the worker, whose rows they are as well, does the rest.
    """
    rows = PlexWebhookLog.objects.filter(pk__in=ids)
    under_way = rows.pending().filter(needs_network=False)
    deadline = time.monotonic() + REPLAY_SECONDS
    waiting = sorted(ids)
    for start in range(0, len(waiting), REPLAY_CHUNK):
        process_rows(waiting[start : start + REPLAY_CHUNK])
        if time.monotonic() > deadline:
            break
    wait_until(lambda: not under_way.exists(), deadline=deadline)
    ends = list(rows.values_list("status", "action_taken", "needs_network"))
    done = [action for status, action, _ in ends if status == Status.SUCCESS]
    return Resolved(
        show=show,
        conflict=conflict,
        replayed=len(ids),
        recorded=sum(action in RECORDED for action in done),
        still_open=sum(status in {Status.PENDING, Status.HELD} for status, *_ in ends),
        under_way=sum(status == Status.PENDING and not network for status, _, network in ends),
        watched=done.count(Action.ALREADY_WATCHED),
    )


def wait_until(done: Callable[[], bool], *, deadline: float) -> None:
    """A worker may have taken some of the rows: it needs moments."""
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
