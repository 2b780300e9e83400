from __future__ import annotations

from plex.api import logs, shows, views
from plex.api.webhook import WebhookView
from tracker.api.routes import route

urlpatterns = [
    # Plex follows no redirect with its payload: both answer directly.
    *route("plex/webhook", WebhookView, name="api-plex-webhook"),
    *route("plex/config", views.ConfigView, name="api-plex-config"),
    *route("plex/stats", views.StatsView, name="api-plex-stats"),
    *route("plex/mappings", shows.MappingsView, name="api-plex-mappings"),
    *route("plex/mappings/<int:pk>", shows.MappingView, name="api-plex-mapping"),
    *route(
        "plex/mappings/<int:pk>/confirm", shows.ConfirmMappingView, name="api-plex-mapping-confirm"
    ),
    *route("plex/conflicts", shows.ConflictsView, name="api-plex-conflicts"),
    *route(
        "plex/conflicts/<int:pk>/resolve",
        shows.ResolveConflictView,
        name="api-plex-conflict-resolve",
    ),
    *route("plex/logs", logs.LogsView, name="api-plex-logs"),
    *route("plex/logs/<int:pk>/retry", logs.RetryLogView, name="api-plex-log-retry"),
]
