from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from tracker.running import hold

# The checks of what the environment says.
SETTINGS = "settings"


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Tracker"

    def ready(self) -> None:
        # Not before the models are loaded.
        from tracker.checks import check_settings  # noqa: PLC0415

        register(check_settings, SETTINGS)

    def serving_started(self) -> None:
        """Called in each web process once it serves: see `tracker.server.post_worker_init`."""
        hold(settings.DATA_DIR)
