"""The secret of the webhook's address is in no log: not at any level, in an access log or a traceback."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plex import inbox
from tests.faults.processes import ROOT, database_url, wait_for
from tests.plex.factories import form, make_config, scrobble


@pytest.mark.django_db
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_a_traceback_holds_no_secret(client, owner, caplog, monkeypatch, level):
    _, secret = make_config(owner)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("somebody's mistake")

    monkeypatch.setattr(inbox, "receive", fail)
    client.raise_request_exception = False
    with caplog.at_level(level):
        answer = client.post(f"/api/plex/webhook?secret={secret}", form(scrobble()))

    assert answer.status_code == 500
    assert "somebody's mistake" in caplog.text
    assert "Traceback" in caplog.text
    assert secret not in caplog.text
    assert secret not in answer.content.decode()


def send(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_servers_own_log_has_no_secret_even_with_an_access_log(owner, settings, tmp_path: Path):
    _, secret = make_config(owner)
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        port = listener.getsockname()[1]
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "-c", "python:tracker.server"),
                *("--access-logfile", "-", "--log-level", "debug"),
                *("--bind", f"fd://{listener.fileno()}", "tracker.wsgi"),
            ],
            cwd=ROOT,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tracker.settings",
                "DATABASE_URL": database_url(),
                "DATA_DIR": str(settings.DATA_DIR),
                "LOG_LEVEL": "DEBUG",
            },
        )
    target = f"/api/plex/webhook?secret={secret}".encode()
    try:
        wait_for(lambda: b"Booting worker" in log.read_bytes())
        head = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        send(port, b"GET " + target + head + b"\r\n")
        send(port, b"POST " + target + head + b"Content-Length: 2\r\n\r\n{}")
        send(port, b"POST " + target + head + b"Content-Length: 9000000\r\n\r\n{")
        send(port, b"POST " + target + head + b"Content-Length: 5\r\n\r\n{")
        send(port, b"GET " + target + b"0" * 40 + head + b"\r\n")
        send(port, b"GET /nowhere/" + target + head + b"\r\n")
        send(port, b"GET " + target + b" HTTP/9.9 \r\nHost\r\n\r\n")
        send(port, b"GET  " + target + b"\r\n\r\n")
        send(port, b"GET " + target + head + b"Bad Header: x\r\n\r\n")
        send(port, b"GET " + target + b" HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        wait_for(lambda: b"/nowhere/" in log.read_bytes())
    finally:
        process.terminate()
        process.wait(20)
    text = log.read_text(encoding="utf-8", errors="replace")
    assert '"POST /api/plex/webhook" 200' in text
    assert "DEBUG" in text
    assert secret not in text, [line for line in text.splitlines() if secret in line][:3]
