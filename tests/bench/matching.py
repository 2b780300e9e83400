"""Finding the shows that a title could mean, and deciding, in a large catalogue."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from plex.candidates import similar_shows
from plex.matching import decide_by_title
from tests.bench.clock import processor_seconds
from tracker.models import TVShow

SEED = 20


def measure(*, titles: int) -> dict[str, Any]:
    """Titles as they are, misspelt, and of no show here; the first look-up is told apart.

    The processor's milliseconds; `clock` is what a clock on the wall said, in the middle.
    """
    chosen = random.Random(SEED)
    shows = list(TVShow.objects.order_by("pk").values_list("title", flat=True))
    asked = [changed(chosen, title) for title in chosen.sample(shows, titles)]
    first, _ = seconds_for(asked[0])
    took = [seconds_for(title) for title in asked]
    milliseconds = sorted(1000 * processor for processor, _ in took)
    return {
        "shows": len(shows),
        "first": 1000 * first,
        "median": statistics.median(milliseconds),
        "p95": milliseconds[len(milliseconds) * 95 // 100],
        "clock": 1000 * statistics.median(wall for _, wall in took),
    }


def changed(chosen: random.Random, title: str) -> str:
    kind = chosen.randrange(4)
    if kind == 0:
        return title
    if kind == 1:
        return title.casefold()
    place = chosen.randrange(len(title) - 1)
    if kind == 2:
        return title[:place] + title[place + 1] + title[place] + title[place + 2 :]
    return f"{title[:place]} Unheard-of {title[place:]}"


def seconds_for(title: str) -> tuple[float, float]:
    """Of the processor, and by the clock."""
    began = processor_seconds(), time.perf_counter()
    decide_by_title(title, show_year=None, latest_year=2024, candidates=similar_shows(title))
    return processor_seconds() - began[0], time.perf_counter() - began[1]
