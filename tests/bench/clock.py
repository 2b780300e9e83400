"""What a piece of work takes of the processor, whatever else the machine does."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from django.db import connection


def processor_seconds() -> float:
    """The processor's time of this process, and of PostgreSQL's that works for it, if it is here."""
    seconds = time.process_time()
    if connection.vendor != "postgresql":
        return seconds
    connection.ensure_connection()
    # Nanoseconds on a processor, waiting for one, and turns.
    schedule = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    with suppress(OSError):
        seconds += int(schedule.read_text().split()[0]) / 1e9
    return seconds
