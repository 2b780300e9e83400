"""Process Plex events as they arrive, until stopped."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from plex.worker import Worker


class Command(BaseCommand):
    help = "Process Plex events as they arrive, and do the periodic work. Stops on TERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker()

        def stop(_number: int, _frame: FrameType | None) -> None:
            worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        worker.run()
