"""Real processes on the database of the tests."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.bench.processes import is_whole
from tracker.management.commands.run import BACKLOG
from tracker.serving import children

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The address of the database that this test uses."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    user = quote(config["USER"] or "postgres")
    password = f":{quote(config['PASSWORD'])}" if config["PASSWORD"] else ""
    port = f":{config['PORT']}" if config["PORT"] else ""
    return f"postgres://{user}{password}@{config['HOST'] or '127.0.0.1'}{port}/{config['NAME']}"


@contextmanager
def running(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py command` on the tests' database, with the settings of a real installation.

    Whatever the test does to it, it is gone in the end.
    """
    process = start([str(ROOT / "manage.py"), *command], environment)
    try:
        yield process
    finally:
        kill(process)


def start(
    arguments: list[str], environment: dict[str, str], *, pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    """Python with these arguments, in a group of its own; to be ended by `kill`."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=env,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, the process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Web:
    """The web server as `manage.py run` starts it. Connections wait while it is away."""

    def __init__(self, **environment: str) -> None:
        self.environment = {"PLEX_WEBHOOK_RATE": "100000000/m", **environment}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self.listener.set_inheritable(True)
        self.port = int(self.listener.getsockname()[1])
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        web = children(self.listener)[0]
        return start(list(web.arguments[1:]), self.environment, pass_fds=tuple(web.pass_fds))

    def restart(self) -> None:
        kill(self.process)
        self.process = self._start()

    def close(self) -> None:
        kill(self.process)
        self.listener.close()

    def pids(self) -> list[int]:
        """The processes that answer."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def answers(self) -> bool:
        """Whether it answers, whatever it says."""
        try:
            return self.get("/healthz") > 0
        except OSError:
            return False

    def get(self, path: str, *, cookie: str = "") -> int:
        """The status of a page."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Host": "localhost", **({"Cookie": cookie} if cookie else {})}
            client.request("GET", path, headers=headers)
            answer = client.getresponse()
            answer.read()
            return answer.status
        finally:
            client.close()

    def post(self, secret: str, message: dict[str, Any], *, seconds: float = 30) -> tuple[int, Any]:
        """Send an event on a connection of its own, as Plex does: status and JSON.

        Raises `OSError` where no whole answer came.
        """
        body = json.dumps(message).encode()
        head = (
            f"POST /api/plex/webhook?secret={secret} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as sender:
            sender.sendall(head.encode() + body)
            while data := sender.recv(65536):
                answer += data
        if not is_whole(answer):
            raise ConnectionError("no whole answer")
        return int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])


@contextmanager
def serving(**environment: str) -> Iterator[Web]:
    """The web server on the tests' database, once it answers."""
    web = Web(**environment)
    try:
        wait_for(web.answers)
        yield web
    finally:
        web.close()


def wait_for(done: Callable[[], Any], *, seconds: float = 60) -> None:
    """Return when `done` is true; fail the test when it takes too long."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)
