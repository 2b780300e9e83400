"""What goes wrong with the fake TMDB and the hosts of the fake Plex."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug import Request, Response

from tests.tmdb_json import ERRORS


@dataclass(kw_only=True)
class Trouble:
    """What the next requests meet instead of an answer; `times` None: until `up()`."""

    kind: str
    times: int | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0

    def meet(self, request: Request) -> Response | None:
        """What a request gets instead of its answer; None where that only comes late."""
        if self.kind == "down":
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response()
        if self.kind == "answer":
            return Response(self.body, self.status, self.headers)
        time.sleep(self.seconds)
        return None


class Troubled:
    """The switches of a fake server: each replaces the one before, `up()` ends it."""

    _trouble: Trouble | None = None

    def up(self) -> None:
        """Answer normally again."""
        self._trouble = None

    def down(self) -> None:
        """Close every connection without an answer."""
        self._trouble = Trouble(kind="down")

    def fail_with(
        self, status: int, *, times: int | None = None, retry_after: float | str | None = None
    ) -> None:
        """Answer with TMDB's error body for a status."""
        code, message = ERRORS.get(status, (11, "Internal error."))
        body = {"success": False, "status_code": code, "status_message": message}
        headers = {"Content-Type": "application/json;charset=utf-8"}
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        self._trouble = Trouble(
            kind="answer",
            times=times,
            status=status,
            headers=headers,
            body=json.dumps(body).encode(),
        )

    def answer_html(self, *, status: int = 200, times: int | None = None) -> None:
        """Answer with a web page, as proxies and hotel networks do."""
        self.answer_with(
            b"<!DOCTYPE html><title>Hello</title>",
            status=status,
            times=times,
            content_type="text/html",
        )

    def answer_with(
        self,
        body: bytes,
        *,
        status: int = 200,
        times: int | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with exactly this, for half answers and wrong types."""
        self._trouble = Trouble(
            kind="answer",
            times=times,
            status=status,
            headers={"Content-Type": content_type, **(headers or {})},
            body=body,
        )

    def slow(self, seconds: float, *, times: int | None = None) -> None:
        """Wait before each right answer."""
        self._trouble = Trouble(kind="slow", times=times, seconds=seconds)

    def _next_trouble(self) -> Trouble | None:
        trouble = self._trouble
        if trouble is not None and trouble.times is not None:
            trouble.times -= 1
            if trouble.times <= 0:
                self._trouble = None
        return trouble
