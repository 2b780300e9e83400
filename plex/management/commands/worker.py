"""Process Plex events as they arrive, until stopped."""

from __future__ import annotations

import gc
import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from plex.worker import Worker
from tracker.apps import SETTINGS
from tracker.postgresql import WORKER_SECONDS, patience
from tracker.running import hold


class Command(BaseCommand):
    help = "Process Plex events as they arrive, and do the periodic work. Stops on TERM or Ctrl-C."
    # The others load every page and form, which nobody opens here.
    requires_system_checks = (SETTINGS,)

    def handle(self, *args: Any, **options: Any) -> None:
        hold(settings.DATA_DIR)
        patience.seconds = WORKER_SECONDS
        worker = Worker()

        def stop(_number: int, _frame: FrameType | None) -> None:
            worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        # What is here now stays: the collector of garbage need not go through it with every batch.
        gc.collect()
        gc.freeze()
        worker.run()
