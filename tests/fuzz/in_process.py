"""The application that the web server serves, asked in this process: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.fuzz.bodies import Sent
from tracker.postgresql import patience
from tracker.wsgi import application

# Which has the web server's patience; the suite, in whose process this runs, has more.
patience.seconds = None


class Answer(NamedTuple):
    status: int
    content: bytes


@contextmanager
def kept_connections() -> Iterator[None]:
    """Requests leave the database's connection open, whose transaction is that of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def post(address: str, sent: Sent) -> Answer:
    """Not Django's test client: that reads the content type, and encodes the body by it."""
    builder = EnvironBuilder(
        path=address,
        method="POST",
        data=sent.body,
        content_type=sent.content_type,
        headers=list(sent.headers.items()),
        base_url="http://localhost",
    )
    pieces, status, _ = run_wsgi_app(application, builder.get_environ())
    return Answer(status=int(status.split()[0]), content=b"".join(pieces))
