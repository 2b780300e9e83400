from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.server import measure, processes

ROOT = Path(__file__).resolve().parents[2]
HALF_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nonly this"
HALF_CHUNK = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"


class Server:
    """gunicorn with our settings and a small application, on a free port."""

    def __init__(self, log: Path) -> None:
        self.log = log
        with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
            self.port = listener.getsockname()[1]
            listener.set_inheritable(True)
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "-c", "python:tracker.server"),
                    *("--bind", f"fd://{listener.fileno()}", "tests.tracker.echo"),
                ],
                cwd=ROOT,
                pass_fds=[listener.fileno()],
                stdout=output,
                stderr=output,
                env={**os.environ, "CACHE_URL": "", "WEB_CONCURRENCY": "1"},
            )

    def open(self, data: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(data)
        return connection

    def exchange(self, data: bytes) -> bytes:
        """Send, and read until the server closes."""
        with self.open(data) as connection:
            return read_all(connection)

    def get(self, path: str = "/") -> tuple[int, float]:
        started = time.monotonic()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        client.request("GET", path)
        status = client.getresponse().status
        client.close()
        return status, time.monotonic() - started

    def stop(self) -> float:
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - started


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "log")
    assert server.get()[0] == 200
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: a", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", (27, True)),
        (b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", (49, True)),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:10 \r\n\r\nabc", (49, True)),
        (b"POST / HTTP/1.1\r\nX: Content-Length: 10\r\n\r\nabc", (42, True)),
        (b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\nabc", (47, False)),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5", (48, False)),
    ],
)
def test_measure_finds_where_a_request_ends(received, expected):
    assert measure(received) == expected


@pytest.mark.parametrize(
    ("count", "cache", "expected"),
    [
        ("", "", 1),
        ("4", "", 1),
        ("4", "redis://x", 4),
        ("0", "redis://x", 1),
        ("x", "redis://x", 1),
    ],
)
def test_several_processes_need_a_shared_cache(monkeypatch, count, cache, expected):
    monkeypatch.setenv("WEB_CONCURRENCY", count)
    monkeypatch.setenv("CACHE_URL", cache)
    assert processes() == expected


@pytest.mark.parametrize("half", [b"", HALF_HEAD, HALF_BODY, HALF_CHUNK])
def test_half_sent_requests_hold_up_nobody(server, half):
    stuck = [server.open(half) for _ in range(40)]
    answers = [server.get() for _ in range(10)]
    for connection in stuck:
        connection.close()
    assert [status for status, _ in answers] == [200] * 10
    assert max(seconds for _, seconds in answers) < 1


def test_clients_that_do_not_hang_up_hold_up_nobody(server):
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    open_connections = [server.open(request) for _ in range(20)]
    status, seconds = server.get()
    for connection in open_connections:
        connection.close()
    assert (status, seconds < 1) == (200, True)


def test_a_request_in_many_small_pieces_arrives_whole(server):
    with server.open() as connection:
        for piece in (HALF_BODY[:10], HALF_BODY[10:60], HALF_BODY[60:], b"x" * 500, b"y" * 491):
            connection.sendall(piece)
            time.sleep(0.01)
        assert b'"got": 1000' in connection.recv(4096)


def test_a_body_that_ends_early_reaches_the_view_as_it_is(server):
    with server.open(HALF_BODY) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert b'"got": 9' in read_all(connection)


def test_requests_sent_in_one_go_are_answered_in_turn(server):
    one = b"POST /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    last = b"GET /3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = server.exchange(one % 1 + one % 2 + last)
    assert re.findall(rb'"path": "/(\d)"', answer) == [b"1", b"2", b"3"]


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked_once(server):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
    with server.open(head + b"Connection: close\r\n\r\n") as connection:
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"got": 4' in answer


def test_a_body_too_large_is_refused_by_its_length_and_the_answer_arrives(server):
    body = b"x" * 9_000_000
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("POST", "/unread", body=body)
    answer = client.getresponse()
    assert (answer.status, json.load(answer)["length"]) == (413, 9_000_000)
    client.close()


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_connection_goes_on_after_a_body_that_no_view_read(server, size):
    """A proxy keeps its connections: one that ended unsaid would cost the next event."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path in ("/unread", "/next"):
        client.request("POST", path, body=b"x" * size)
        answer = client.getresponse()
        assert (answer.getheader("Connection"), json.load(answer)["path"]) == ("keep-alive", path)
    client.close()


def test_a_connection_that_ends_says_so(server):
    body = b"x" * 9_000_000
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("POST", "/unread", body=body)
    assert client.getresponse().getheader("Connection") == "close"
    client.close()


def test_a_chunked_body_is_not_waited_for_and_the_connection_ends(server):
    answer = server.exchange(HALF_CHUNK.replace(b"POST /", b"POST /unread"))
    assert b'"chunked": "chunked"' in answer
    assert answer.count(b"HTTP/1.1") == 1


def test_endless_headers_are_refused(server):
    with server.open(HALF_HEAD) as connection:
        answer = b""
        try:
            for _ in range(100):
                connection.sendall(b"x" * 1000)
            answer = read_all(connection)
        except ConnectionError:
            return
    assert answer.startswith(b"HTTP/1.1 431")


def test_no_forwarded_scheme_is_believed_here(server):
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
    assert b'"scheme": "http"' in server.exchange(request)


def test_the_log_never_shows_a_query(server):
    secret = b"s3cr3t-of-the-webhook"
    server.exchange(b"GET /fail?secret=%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % secret)
    server.exchange(b"GET /?secret=%s  HTTP/1.1 x\r\nHost: localhost\r\n\r\n" % secret)
    text = server.log.read_text()
    assert "as asked" in text
    assert secret.decode() not in text


@pytest.mark.slow
def test_it_stops_quickly_with_connections_open(tmp_path):
    server = Server(tmp_path / "log")
    server.get()
    stuck = [server.open(data) for data in (b"", HALF_HEAD, HALF_BODY)]
    assert server.stop() < 5
    for connection in stuck:
        connection.close()


def test_a_length_with_zeros(server):
    inner = b"GET /inner HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    last = inner.replace(b"/inner", b"/last")
    length = str(len(inner)).zfill(13).encode()
    outer = b"POST /outer HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n"
    answer = server.exchange(outer + inner + last)
    assert b'"/inner"' not in answer
    assert b'"/last"' in answer
    assert b'"got": 59' in answer


def test_a_length_of_thirteen_digits(server):
    inner = b"GET /inner HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    outer = b"POST /outer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n"
    answer = server.exchange(outer + inner)
    assert answer.count(b"HTTP/1.1 ") == 1
