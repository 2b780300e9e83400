"""Posts odd requests to the webhook with good events between them, and notes every broken promise."""

from __future__ import annotations

import json
import logging
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from plex.models import PlexWebhookLog, Status
from plex.processing import process_due
from tests.fuzz import bodies
from tests.fuzz.bodies import Sent
from tests.fuzz.in_process import Answer, kept_connections, post
from tests.plex.factories import scrobble

# What the webhook may answer to a right secret.
ANSWERS = {200, 400, 411, 413}
GOOD_EVERY = 10
DRAIN_EVERY = 500


@dataclass(kw_only=True)
class Outcome:
    """What came of a run. Nothing is wrong while `problems` is empty."""

    problems: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    good: int = 0
    slowest: tuple[float, str] = (0.0, "")
    grown_mb: float = 0.0

    def note_time(self, seconds: float, kind: str) -> None:
        self.slowest = max(self.slowest, (seconds, kind))


def most_memory_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Complaints(logging.Handler):
    """Keeps what was logged as an error: an exception that something caught is one all the same."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trouble = record.exc_info[1] if record.exc_info else None
        self.records.append(f"{record.name}: {record.getMessage()} {trouble!r}"[:500])


@contextmanager
def complaints() -> Iterator[list[str]]:
    handler = Complaints()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.records
    finally:
        logging.getLogger().removeHandler(handler)


class Fuzz:
    """Posts odd requests to one address, and a good event among every ten of them.

    Every so often it looks for the good ones, and lets the worker's code see to the latest
    `drained` events, or to all.
    """

    def __init__(self, *, address: str, seed: int, drained: int | None = None) -> None:
        self.address, self.seed, self.drained = address, seed, drained
        self.outcome = Outcome()
        self.good: dict[int, str] = {}

    def run(self, count: int) -> Outcome:
        before = most_memory_mb()
        with complaints() as errors, kept_connections():
            for number in range(count):
                self.post_odd(number)
                if number % GOOD_EVERY == 0:
                    self.post_good(number)
                if number % DRAIN_EVERY == DRAIN_EVERY - 1:
                    self.settle()
            self.settle()
        self.outcome.problems += errors
        self.outcome.grown_mb = most_memory_mb() - before
        return self.outcome

    def post_odd(self, number: int) -> None:
        sent = bodies.make(Random(f"{self.seed}/{number}"))
        started = time.thread_time()
        answer = post(self.address, sent)
        self.outcome.note_time(time.thread_time() - started, sent.kind)
        self.outcome.statuses[answer.status] += 1
        if problem := wrong_with(answer):
            self.complain(number, sent, problem)

    def complain(self, number: int, sent: Sent, problem: str) -> None:
        self.outcome.problems.append(f"seed {self.seed}/{number}, {sent.kind}: {problem}")

    def post_good(self, number: int) -> None:
        title = f"Good show {self.seed} {number}"
        payload = json.dumps(scrobble(title)).encode()
        answer = post(
            self.address,
            Sent(kind="a good event", body=bodies.form(payload), content_type=bodies.FORM),
        )
        if answer.status != 200:
            self.outcome.problems.append(f"a good event was answered {answer.status}")
            return
        self.good[json.loads(answer.content)["id"]] = title
        self.outcome.good += 1

    def settle(self) -> None:
        """Every good event is there, and the worker gets through all that came."""
        stored = dict(
            PlexWebhookLog.objects.filter(pk__in=self.good).values_list("pk", "plex_title")
        )
        if stored != self.good:
            self.outcome.problems.append(
                f"{len(self.good.items() - stored.items())} good events are lost"
            )
        due = PlexWebhookLog.objects.exclude(next_attempt_at=None).order_by("-pk")
        process_due(ids=due.values_list("pk", flat=True)[: self.drained])
        lost = self.good.keys() - set(
            PlexWebhookLog.objects.filter(pk__in=self.good)
            .exclude(status=Status.FAILED)
            .values_list("pk", flat=True)
        )
        if lost:
            self.outcome.problems.append(f"{len(lost)} good events failed")
        PlexWebhookLog.objects.all().delete()
        self.good = {}


def wrong_with(answer: Answer) -> str:
    """What is wrong with an answer to a right secret, or ""."""
    if answer.status not in ANSWERS:
        return f"answered {answer.status}: {answer.content[:200]!r}"
    try:
        detail = json.loads(answer.content)["detail"]
    except (ValueError, KeyError, TypeError):
        return f"no sentence in the answer: {answer.content[:200]!r}"
    return "" if isinstance(detail, str) and detail.endswith(".") else f"said {detail!r}"
