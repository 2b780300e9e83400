"""The process that drains the inbox: its lanes and the periodic jobs, each in a thread of its own."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from plex import jobs
from plex.doorbell import Listener
from plex.imports import lifecycle
from plex.processing import Lane

logger = logging.getLogger(__name__)

# The doorbell is only a hint, so each lane looks at least this often.
LOOK_SECONDS = 5.0
JOB_SECONDS = 15.0
# Somebody looks at the page of an import and waits for its first sign of life.
IMPORT_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0
TROUBLE_SECONDS = 1.0
# A lane that waits looks this often whether it is to stop.
STOP_SECONDS = 0.25


class Worker:
    """Runs until `stop` is called. A killed worker loses nothing: its rows' leases run out."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.network_turn = threading.Event()
        self.second_turn = threading.Event()
        self.is_starting = True
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    def stop(self) -> None:
        self.stopping.set()

    def run(self) -> None:
        """Drain in this thread, with the network lane and the jobs beside it."""
        threads = [
            threading.Thread(target=self.drain_network, name="network"),
            threading.Thread(target=self.repeat, args=(self.work,), name="jobs"),
        ]
        if connection.features.has_select_for_update_skip_locked:
            threads.append(threading.Thread(target=self.drain_beside, name="beside"))
        for thread in threads:
            thread.start()
        self.drain()
        for thread in threads:
            thread.join()

    def drain(self) -> None:
        """The local lane, which every event goes through first."""
        lane, listener = Lane(network=False, when_full=self.second_turn.set), Listener()
        last_beat = 0.0

        def step() -> None:
            nonlocal last_beat
            taken = lane.process_due()
            if time.monotonic() - last_beat > HEARTBEAT_SECONDS:
                jobs.beat(self.name)
                last_beat = time.monotonic()
            self.network_turn.set()
            if not taken:
                listener.wait(LOOK_SECONDS, self.stopping)

        self.repeat(step)
        listener.close()

    def drain_network(self) -> None:
        """The network lane. The local one wakes it, and so it looks after that one, not beside it."""
        lane = Lane(network=True)

        def step() -> None:
            if not lane.process_due():
                self.wait_for_network_turn()

        self.repeat(step)

    def drain_beside(self) -> None:
        """A second local lane while much is due, as another worker would be one: it decides while
        the database works for the first. Not on SQLite, where one writes at a time."""
        lane = Lane(network=False, when_full=self.second_turn.set)

        def step() -> None:
            if self.second_turn.wait(STOP_SECONDS):
                self.second_turn.clear()
                lane.process_due()

        self.repeat(step)

    def wait_for_network_turn(self) -> None:
        deadline = time.monotonic() + LOOK_SECONDS
        while not self.stopping.is_set() and time.monotonic() < deadline:
            if self.network_turn.wait(STOP_SECONDS):
                self.network_turn.clear()
                return

    def work(self) -> None:
        jobs.run_due_jobs(is_starting=self.is_starting, should_stop=self.stopping.is_set)
        self.is_starting = False
        if not lifecycle.work_on_imports(self.stopping.is_set):
            self.wait_for_jobs()

    def wait_for_jobs(self) -> None:
        """Until the jobs are to be looked at again, or an import is there to be worked on."""
        deadline = time.monotonic() + JOB_SECONDS
        while not self.stopping.wait(IMPORT_SECONDS) and time.monotonic() < deadline:
            if lifecycle.is_waiting():
                return

    def repeat(self, step: Callable[[], None]) -> None:
        """Do the step until it is time to stop; trouble with the database is outlived."""
        while not self.stopping.is_set():
            try:
                step()
            except (DatabaseError, InterfaceError) as error:
                logger.warning(
                    "The database can't be used (%s); trying again", type(error).__name__
                )
                connection.close()
                self.stopping.wait(TROUBLE_SECONDS)
            except Exception:
                logger.exception("The worker met an error and goes on")
                close_old_connections()
                self.stopping.wait(TROUBLE_SECONDS)
        connection.close()
