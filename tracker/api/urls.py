from __future__ import annotations

from django.urls import re_path

from tracker.api import documentation, export, shows, watches
from tracker.api.exceptions import not_found
from tracker.api.routes import route

urlpatterns = [
    *route("shows", shows.ShowsView, name="api-shows"),
    *route("shows/<int:pk>", shows.ShowView, name="api-show"),
    *route(
        "shows/<int:pk>/seasons/<int:season_number>/episodes/<int:episode_number>/watch",
        watches.WatchView,
        name="api-watch",
    ),
    *route("up-next", watches.UpNextView, name="api-up-next"),
    *route("history", watches.HistoryView, name="api-history"),
    *route("export", export.ExportView, name="api-export"),
    *route("schema", documentation.SchemaView, name="api-schema"),
    *route("docs", documentation.DocumentationView, name="api-docs"),
    # This list is the last under api/: what no call answers gets JSON too, not the pages' 404.
    re_path(r"", not_found),
]
