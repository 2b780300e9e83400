from __future__ import annotations

from django.apps import AppConfig


class PlexAppConfig(AppConfig):
    name = "plex"
    verbose_name = "Plex"
