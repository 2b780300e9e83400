"""The web process notices that no worker lives: a dead worker can't raise that alarm."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections

from plex.jobs import PeriodicJob, run_if_due
from plex.monitoring.alarms import WATCHED_BY_WEB, check_alarms

EVERY = timedelta(minutes=1)
WATCH = PeriodicJob(name="watch_worker", every=EVERY, run=lambda: check_alarms(WATCHED_BY_WEB))


def start() -> None:
    threading.Thread(target=watch, name="watchdog", daemon=True).start()


def watch() -> None:
    """Look for ever."""
    while True:
        time.sleep(EVERY.total_seconds())
        look()


def look() -> None:
    """Raise or end the alarm, unless another web process has just looked."""
    try:
        run_if_due(WATCH)
    except (DatabaseError, InterfaceError):
        pass  # The web pages say so; the next round looks again.
    finally:
        close_old_connections()
