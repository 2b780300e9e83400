"""A WSGI application for the tests of tracker/server.py: says what arrived."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("as asked")
    length = environ.get("CONTENT_LENGTH") or "0"
    unread = environ["PATH_INFO"] == "/unread"
    body = b"" if unread else environ["wsgi.input"].read()
    answer = json.dumps(
        {
            "path": environ["PATH_INFO"],
            "length": int(length),
            "got": len(body),
            "scheme": environ["wsgi.url_scheme"],
            "chunked": environ.get("HTTP_TRANSFER_ENCODING", ""),
        }
    ).encode()
    status = "413 Content Too Large" if unread else "200 OK"
    start_response(
        status, [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    )
    return [answer]
