"""How much a scenario does: little within the test suite, much with `make faults ARGS=--full`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Size:
    events: int
    kills: int
    outage: timedelta
    hours: int


SIZES = {
    "small": Size(events=320, kills=6, outage=timedelta(hours=2), hours=1),
    FULL: Size(events=10_000, kills=100, outage=timedelta(days=7), hours=24),
}
SENDERS = 16


def chosen() -> Size:
    """FAULTS_SIZE's; FAULTS_EVENTS and FAULTS_KILLS go before it."""
    size = SIZES[os.environ.get("FAULTS_SIZE", "small")]
    return Size(
        events=int(os.environ.get("FAULTS_EVENTS", size.events)),
        kills=int(os.environ.get("FAULTS_KILLS", size.kills)),
        outage=size.outage,
        hours=size.hours,
    )


def tell(scenario: str, *, events: int, kills: int = 0, result: str) -> None:
    """A line of the report that `python -m tests.faults` prints in the end."""
    if path := os.environ.get("FAULTS_REPORT"):
        line = {"scenario": scenario, "events": events, "kills": kills, "result": result}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
