from __future__ import annotations

from django.apps import AppConfig


class PlexAppConfig(AppConfig):
    name = "plex"
    verbose_name = "Plex"

    def serving_started(self) -> None:
        """Called in each web process once it serves: see `tracker.server.post_worker_init`."""
        from plex.monitoring import watchdog  # noqa: PLC0415 - models can't be imported with the app's name

        watchdog.start()
