"""Hundreds of connections that send a byte now and then and never end, while good events come in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from plex.models import PlexWebhookLog
from tests.factories import make_show
from tests.faults import sizes
from tests.faults.processes import Web, serving, wait_for
from tests.plex.factories import make_config, of_episode
from tracker.models import Episode
from tracker.server import WAITING_CONNECTIONS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.fault]
EVENTS = 20
EACH = WAITING_CONNECTIONS // 5
PAUSE_SECONDS = 0.5
HOST = "Host: localhost\r\n"
SLOW = {
    "nothing": "",
    "half a head": f"POST /api/plex/webhook?secret=SECRET HTTP/1.1\r\n{HOST}X-Slow: ",
    "half a body": f"POST /api/plex/webhook?secret=SECRET HTTP/1.1\r\n{HOST}Content-Length: 9000\r\n\r\n{{",
    "half a body of nobody": f"POST /api/plex/webhook?secret=x HTTP/1.1\r\n{HOST}Content-Length: 9000\r\n\r\n{{",
    "half a form": f"POST /sign-in/ HTTP/1.1\r\n{HOST}Content-Length: 9000\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\nusername=",
}


class Dripping(threading.Thread):
    """Keeps the connections and sends one byte on each again and again, until stopped."""

    def __init__(self, connections: list[socket.socket]) -> None:
        super().__init__(daemon=True)
        self.connections = connections
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(PAUSE_SECONDS):
            for connection in self.connections:
                with suppress(OSError):
                    connection.send(b"x")


@contextmanager
def dripping(web: Web, secret: str) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        connections = []
        for start in SLOW.values():
            for _ in range(EACH):
                connection = socket.create_connection(("127.0.0.1", web.port), timeout=30)
                stack.callback(connection.close)
                with suppress(OSError):
                    connection.sendall(start.replace("SECRET", secret).encode())
                connections.append(connection)
        thread = Dripping(connections)
        thread.start()
        try:
            yield connections
        finally:
            thread.ended.set()
            thread.join()


def has_ended(connection: socket.socket) -> bool:
    """Whether the server has closed it, or answered for what did not come."""
    connection.settimeout(0)
    try:
        return connection.recv(1, socket.MSG_PEEK) is not None
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_slow_senders_hold_up_nobody_and_are_sent_away(owner):
    _, secret = make_config(owner)
    make_show("Severance", {1: EVENTS})
    episodes = Episode.objects.select_related("season__show")
    with serving() as web, dripping(web, secret) as connections:
        for episode in episodes:
            assert web.post(secret, of_episode(episode), seconds=15)[0] == 200
        assert web.answers()
        wait_for(lambda: all(map(has_ended, connections)), seconds=120)

    good = PlexWebhookLog.objects.exclude(payload=None)
    assert good.filter(plex_title="Severance").count() == EVENTS
    sizes.tell(
        f"{len(connections)} connections that send a byte now and then",
        events=EVENTS,
        result="every good event accepted, every slow connection ended",
    )
