"""How gunicorn serves the tracker: `gunicorn -c python:tracker.server tracker.wsgi`.

`manage.py run` starts it so. The worker class gives a request to a thread only once it has arrived
in full: however many half-sent requests are open, none of them holds a thread.
"""

from __future__ import annotations

import gc
import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http import get_parser  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from tracker.environment import env
from tracker.logs import formatter

CHUNK_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
# Views see nothing of a larger body: they refuse it by its length, or find it cut.
BODY_BYTES = 8_000_000
# What all half-sent requests together may occupy; the one that exceeds it is dropped.
WAITING_BYTES = 32_000_000
WAITING_CONNECTIONS = 400
# For a whole request to arrive. It costs no thread, so slow lines get their time.
REQUEST_SECONDS = 20.0
# For one write once a thread has the request.
SEND_SECONDS = 20.0
# For a client to read the end of an answer before its connection is closed.
LINGER_SECONDS = 2.0
STOP_SECONDS = 2.0

# More of them are a body larger than any view takes.
LENGTH_DIGITS = 12

HEAD_END = b"\r\n\r\n"
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
TRANSFER_ENCODING = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
EXPECT_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Extent(NamedTuple):
    """How far a request reaches in a buffer, and whether its body is waited for."""

    size: int
    whole: bool


def measure(received: bytes | bytearray) -> Extent | None:
    """The extent of the first request in a buffer, or None before its headers are complete.

    A chunked body, or one too large for any view, is not waited for: such a request takes what is
    there, and the view answers it by its headers.
    """
    end = received.find(HEAD_END)
    if end < 0:
        return None
    head = bytes(received[: end + len(HEAD_END)])
    length = CONTENT_LENGTH.search(head)
    # gunicorn reads the number however it is written: one that is read otherwise here would let the
    # body pass for the next request.
    digits = length[1].lstrip(b"0") if length else b""
    body = int(digits or b"0") if len(digits) <= LENGTH_DIGITS else BODY_BYTES + 1
    if body > BODY_BYTES or TRANSFER_ENCODING.search(head):
        return Extent(len(received), whole=False)
    return Extent(len(head) + body, whole=True)


class Log(Logger):  # type: ignore[misc]
    """gunicorn's log. Its own one prints whole addresses when a request can't be read or fails."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(formatter(env("LOG_FORMAT").lower()))


class Connection(TConn):  # type: ignore[misc]
    """A client's connection, with what has arrived of its next request."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.received = bytearray()
        self.extent: Extent | None = None
        self.request = b""
        self.whole = True

    def init(self) -> None:
        """Called in the thread, which reads the request from memory and never from the socket."""
        self.initialized = True
        self.sock.settimeout(SEND_SECONDS)
        self.parser = get_parser(self.cfg, iter((self.request,)), self.client)
        self.request = b""

    def forget_rest(self) -> None:
        """Called in the thread after the answer: no one reads the rest of the body any more."""
        self.parser = get_parser(self.cfg, iter(()), self.client)

    def is_complete(self) -> bool:
        """Whether a whole request is there; asks a client that waits to be asked for its body."""
        if self.extent is None:
            self.extent = measure(self.received)
            if self.extent and self.extent.size > len(self.received):
                self.send_continue(self.extent)
        return self.extent is not None and len(self.received) >= self.extent.size

    def send_continue(self, extent: Extent) -> None:
        head_end = self.received.find(HEAD_END)
        # Taken out of the headers, so that gunicorn doesn't answer it a second time.
        head, count = EXPECT_CONTINUE.subn(b"", bytes(self.received[:head_end]))
        if count:
            self.extent = Extent(extent.size - (head_end - len(head)), whole=True)
            self.received[:head_end] = head
            self.sock.send(CONTINUE)

    def take_request(self) -> None:
        """Move the first request out of the buffer; what a client sent behind it stays."""
        size, whole = self.extent or (0, False)
        self.request, self.whole = bytes(self.received[:size]), whole and len(self.received) >= size
        del self.received[:size]
        self.extent = None
        self.data_ready = True


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threads, behind a main loop that reads the requests in full."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lingering: deque[Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        if len(self.pending_conns) >= WAITING_CONNECTIONS:
            self.drop(self.pending_conns[0])
        self.wait_for_request(Connection(self.cfg, sock, client, listener.getsockname()))

    def wait_for_request(self, conn: Connection) -> None:
        conn.timeout = time.monotonic() + REQUEST_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.receive, conn))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A kept-alive connection sends its next request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.wait_for_request(conn)
        self.receive(conn, client)

    def receive(self, conn: Connection, client: socket.socket) -> None:
        """Read what has arrived; pass the request on when it is complete."""
        if client.fileno() < 0:
            return  # Dropped since the poller reported it.
        ended = False
        try:
            data = client.recv(CHUNK_BYTES)
            ended = not data
            conn.received += data
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            ended = True
        self.consider(conn, ended=ended)

    def consider(self, conn: Connection, *, ended: bool) -> None:
        try:
            if conn.is_complete() or (ended and conn.extent):
                self.pass_on(conn)
            elif ended or self.is_too_much(conn):
                self.drop(conn)
        except OSError:
            self.drop(conn)

    def is_too_much(self, conn: Connection) -> bool:
        if conn.extent is None and len(conn.received) > HEAD_BYTES:
            conn.sock.send(HEAD_TOO_LARGE)
            return True
        waiting = (len(other.received) for other in self.pending_conns)
        return len(conn.received) > CHUNK_BYTES and sum(waiting) > WAITING_BYTES

    def pass_on(self, conn: Connection) -> None:
        self.stop_waiting(conn)
        conn.take_request()
        self.enqueue_req(conn)

    def drop(self, conn: Connection) -> None:
        self.stop_waiting(conn)
        self.nr_conns -= 1
        conn.close()

    def stop_waiting(self, conn: Connection) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """In the thread. What follows a body that nobody read can't be told from a request."""
        if not conn.whole:
            req.force_close()
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Connection, keepalive: object) -> bool:
        """In the thread. gunicorn reads a short rest of the body here, and gives up on a longer one."""
        conn.forget_rest()
        return bool(keepalive) and conn.whole

    def finish_request(self, conn: Connection, fs: Future[object]) -> None:
        if fs.cancelled() or fs.exception() or not fs.result():
            # gunicorn would wait for the client here, in the main loop.
            self.linger(conn)
            return
        super().finish_request(conn, fs)
        if conn.received and conn in self.keepalived_conns:
            # Its next request came with the last one, so the socket won't call.
            self.on_client_socket_readable(conn, conn.sock)

    def linger(self, conn: Connection) -> None:
        """Close a connection without cutting off the answer that its client has yet to read."""
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.discard, conn))
        except (OSError, ValueError):
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.lingering.append(conn)

    def discard(self, conn: Connection, client: socket.socket) -> None:
        try:
            if client.recv(CHUNK_BYTES):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self.end_lingering(conn)

    def end_lingering(self, conn: Connection) -> None:
        self.lingering.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """gunicorn's name for ending what has waited too long; called about once a second."""
        now = time.monotonic()
        for conn in list(self.lingering):
            if conn.timeout <= now:
                self.end_lingering(conn)
        for conn in list(self.pending_conns):
            if not self.alive:
                conn.timeout = min(conn.timeout, now + STOP_SECONDS) if conn.received else now
            if conn.timeout <= now:
                # With its headers there, the view says what is missing, and keeps what came.
                self.consider(conn, ended=True)


def processes() -> int:
    """How many web processes: one, or WEB_CONCURRENCY of them where they share a cache."""
    count = env("WEB_CONCURRENCY")
    return max(1, int(count)) if count.isdecimal() and env("CACHE_URL") else 1


def post_worker_init(worker: BufferingWorker) -> None:
    """gunicorn calls this once a process can serve; apps that have something to start beside it do."""
    from django.apps import apps  # noqa: PLC0415 - this module is read before Django is set up

    for config in apps.get_app_configs() if apps.ready else ():
        if start := getattr(config, "serving_started", None):
            start()
    # What is here now stays: the collector of garbage need not go through it again and again.
    gc.collect()
    gc.freeze()


# gunicorn's settings, by its names.
bind = [f"{env('HOST', '0.0.0.0')}:{env('PORT', '8000')}"]  # noqa: S104 - as tracker/settings.py
workers = processes()
threads = 8
worker_class: Callable[..., Any] = BufferingWorker
worker_connections = 500
backlog = 512
timeout = 60
graceful_timeout = 8
keepalive = 15
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
logger_class: Callable[..., Any] = Log
errorlog = "-"
loglevel = "info"
# No access log unless asked for on the command line; and then without the query of the address.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(L)ss'
# Which proxies are believed is decided by TRUSTED_PROXIES, in tracker/proxies.py.
forwarded_allow_ips = ""
control_socket_disable = True
