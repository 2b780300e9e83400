"""What is counted for Prometheus, apart from the page that shows it: the worker needs none of that."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

WEBHOOKS = Counter(
    "full_tracker_webhook_requests",
    "Requests to the webhook by the status of the answer.",
    ["status"],
)
EVENTS = Counter(
    "full_tracker_plex_events", "Plex events processed, by outcome.", ["status", "action"]
)
PROCESSING = Histogram(
    "full_tracker_plex_event_seconds",
    "Time spent on one Plex event.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)


def note_event(*, status: str, action: str, seconds: float) -> None:
    """Count an event that was processed. Harmless if its transaction is rolled back: it is a count."""
    EVENTS.labels(status, action).inc()
    PROCESSING.observe(seconds)
