"""Counters for Prometheus. Web and worker are processes of their own: under `manage.py run` each keeps
its numbers in files of one folder, and whoever is asked adds them up.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.multiprocess import MultiProcessCollector

# prometheus_client reads this when it is imported, so it is set before the processes start.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"

TMDB_CALLS = Counter(
    "full_tracker_tmdb_calls", "Calls to TMDB by how they ended: ok or error.", ["result"]
)


def start_folder(folder: Path) -> None:
    """Let the processes that start from here on share their numbers, beginning at 0."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[FOLDER] = str(folder)


def counted() -> CollectorRegistry:
    """What was counted: by all processes where they share a folder, else by this one."""
    if not os.environ.get(FOLDER):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def tmdb_calls() -> dict[str, float]:
    """How many calls to TMDB ended how since the start: `ok`, `error`."""
    totals = {"ok": 0.0, "error": 0.0}
    for metric in counted().collect():
        for sample in metric.samples:
            if sample.name == "full_tracker_tmdb_calls_total":
                totals[sample.labels["result"]] += sample.value
    return totals
