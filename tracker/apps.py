from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Tracker"

    def ready(self) -> None:
        # Not before the models are loaded.
        from tracker.checks import check_settings  # noqa: PLC0415

        register(check_settings)
