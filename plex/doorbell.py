"""Waking the worker. Only a hint: the table is the truth, and workers look into it anyway.

PostgreSQL: a thread of the web process sends NOTIFY for all that was stored since it last rang. In
the INSERT's own transaction it would halve the throughput of many senders. SQLite: the worker asks
for `PRAGMA data_version`, which changes with every commit of another connection.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from django.db import Error, connection, connections

CHANNEL = "plex_events"
DATA_VERSION_SECONDS = 0.05
IDLE_SECONDS = 20.0
# The least time between two rings: one costs a process about as much as an event does.
PAUSE_SECONDS = 0.03


class Doorbell:
    """Sends NOTIFY from a thread of its own, started by the first ring and ended by a quiet while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None
        self._closing = False

    def ring(self) -> None:
        """Wake a worker, soon; returns at once."""
        if connection.vendor != "postgresql":
            return
        self._rung.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """End the thread and its connection, and wait for both."""
        thread = self._thread
        if thread is not None:
            self._closing = True
            self._rung.set()
            thread.join(timeout=5)
            self._closing = False

    def _run(self) -> None:
        try:
            while self._rung.wait(IDLE_SECONDS) and not self._closing:
                self._rung.clear()
                # A worker that missed a ring looks by itself within seconds.
                try:
                    with connection.cursor() as cursor:
                        cursor.execute(f"NOTIFY {CHANNEL}")
                except Error:
                    connection.close()
                time.sleep(PAUSE_SECONDS)
        finally:
            connection.close()
            with self._lock:
                self._thread = None


_doorbell = Doorbell()
ring = _doorbell.ring
close = _doorbell.close


class Listener:
    """Waits for the doorbell, on a connection of its own. Use it in one thread."""

    def __init__(self) -> None:
        self._data_version: int | None = None
        self._postgres: Any = None

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when something was stored, `stop` was set, or the time is over."""
        if connection.vendor == "postgresql":
            self._wait_for_notify(seconds, stop)
        else:
            self._wait_for_data_version(seconds, stop)

    def close(self) -> None:
        if self._postgres is not None:
            with suppress(Exception):
                self._postgres.close()
            self._postgres = None

    def _wait_for_notify(self, seconds: float, stop: threading.Event) -> None:
        if self._postgres is None:
            self._postgres = self._listen()
            return  # What came before LISTEN rang unheard: look once more.
        deadline = time.monotonic() + seconds
        try:
            while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
                if list(self._postgres.notifies(timeout=min(left, 0.5), stop_after=1)):
                    return
        except Exception:
            self.close()
            raise

    @staticmethod
    def _listen() -> Any:
        wrapper = connections.create_connection("default")
        params = wrapper.get_connection_params()
        fresh: Any = wrapper.get_new_connection(params)
        fresh.autocommit = True
        fresh.execute(f"LISTEN {CHANNEL}")
        return fresh

    def _wait_for_data_version(self, seconds: float, stop: threading.Event) -> None:
        deadline = time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < deadline:
            version = self._read_data_version()
            if version != self._data_version:
                self._data_version = version
                return
            stop.wait(DATA_VERSION_SECONDS)

    @staticmethod
    def _read_data_version() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            return int(cursor.fetchone()[0])
