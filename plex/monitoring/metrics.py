"""`/metrics` for Prometheus: what was counted, and how the queue stands. For administrators only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.views import APIView

from plex.models import Job, PlexConflict, PlexWebhookLog
from tracker.metrics import counted

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

LANES = {False: "local", True: "network"}


class Standing:
    """The figures that the tables hold, read when Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        yield from queue()
        yield GaugeMetricFamily(
            "full_tracker_held_events",
            "Plex events that wait for a person or for the catalogue.",
            value=PlexWebhookLog.objects.held().count(),
        )
        yield GaugeMetricFamily(
            "full_tracker_open_conflicts",
            "Questions that nobody answered yet.",
            value=PlexConflict.objects.open().count(),
        )
        beat = Job.objects.last_heartbeat()
        if beat is not None:
            yield GaugeMetricFamily(
                "full_tracker_worker_heartbeat_seconds",
                "Time since a worker last said that it is alive.",
                value=(timezone.now() - beat).total_seconds(),
            )


def queue() -> Iterable[Metric]:
    """How many rows are due and for how long, lane by lane, as the index is sorted."""
    now = timezone.now()
    depth = GaugeMetricFamily("full_tracker_due_events", "Plex events due now.", labels=["lane"])
    oldest = GaugeMetricFamily(
        "full_tracker_oldest_due_seconds", "How long the oldest of them is due.", labels=["lane"]
    )
    for needs_network, lane in LANES.items():
        due = PlexWebhookLog.objects.due(now).in_lane(needs_network=needs_network)
        first = due.first_due_at()
        depth.add_metric([lane], due.count())
        oldest.add_metric([lane], (now - first).total_seconds() if first else 0)
    return depth, oldest


class MetricsView(APIView):
    """The figures in Prometheus's text format, for an administrator's session or API token."""

    permission_classes = (IsAdminUser,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        text = generate_latest(counted()) + generate_latest(Standing())
        return HttpResponse(
            text, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
        )


urlpatterns = [path("metrics", MetricsView.as_view(), name="metrics")]
