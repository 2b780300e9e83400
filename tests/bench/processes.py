"""Starts the web server and the worker as `manage.py run` does, and measures them."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tracker.management.commands.run import BACKLOG
from tracker.serving import children

START_SECONDS = 30.0
STOP_SECONDS = 20.0


@contextlib.contextmanager
def web_server(settings: str = "tracker.settings", **environment: str) -> Iterator[tuple[int, int]]:
    """gunicorn on a free port of loopback; yields its port and its process."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listener.set_inheritable(True)
    port = int(listener.getsockname()[1])
    web = children(listener)[0]
    environment["DJANGO_SETTINGS_MODULE"] = settings
    with started(web.arguments, environment, pass_fds=web.pass_fds) as process:
        listener.close()
        wait_for(lambda: answers(port), "the web server answers")
        yield port, process.pid


@contextlib.contextmanager
def worker(**environment: str) -> Iterator[int]:
    """The worker, at rest after its start; yields its process."""
    from plex.models import Job  # noqa: PLC0415 - needs Django, which a sender does without

    with started([sys.executable, "manage.py", "worker"], environment) as process:
        beats = Job.objects.filter(name__startswith="worker:", name__endswith=f":{process.pid}")
        wait_for(beats.exists, "the worker beats")
        time.sleep(2)  # Its first round of periodic jobs.
        yield process.pid


@contextlib.contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], *, pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    with Path(os.environ["DATA_DIR"], "processes.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            pass_fds=pass_fds,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(
    happened: Callable[[], bool], what: str, *, every: float = 0.1, seconds: float = START_SECONDS
) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            log = Path(os.environ["DATA_DIR"], "processes.log").read_text(encoding="utf-8")
            raise TimeoutError(f"waited {seconds:.0f} s until {what}\n{log[-2000:]}")
        time.sleep(every)


def answers(port: int) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", "/healthz", headers={"Host": "localhost"})
        client.getresponse().read()
    except OSError:
        return False
    else:
        return True
    finally:
        client.close()


def memory_megabytes(pid: int) -> float:
    """The resident memory of a process, or of the largest of its children where it has some."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    ).stdout
    rows = [tuple(map(int, line.split())) for line in listing.splitlines()]
    own = [rss for process, _, rss in rows if process == pid]
    below = [rss for _, parent, rss in rows if parent == pid]
    return max(below or own) / 1024


def send(port: int, request: bytes) -> tuple[float, bytes]:
    """Send one request on a new connection; the seconds until the whole answer was here, and it."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
            if is_whole(answer):
                break
        took = time.perf_counter() - began
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"refused: {answer[:300]!r}")
    return took, answer.partition(b"\r\n\r\n")[2]


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    return len(body) >= length


def throughput(port: int, request: bytes, *, senders: int, seconds: float) -> float:
    """Requests a second that are answered while so many senders send without a pause."""
    ends = threading.Event()

    def keep_sending(_number: int) -> int:
        count = 0
        while not ends.is_set():
            send(port, request)
            count += 1
        return count

    with ThreadPoolExecutor(senders) as pool:
        began = time.perf_counter()
        counts = pool.map(keep_sending, range(senders))
        time.sleep(seconds)
        ends.set()
        total = sum(counts)
        return total / (time.perf_counter() - began)
