"""Trying again over the network, in bounded time: for TMDB and for Plex's hosts."""

from __future__ import annotations

import random
import time
from typing import Any, Self

from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

BACKOFF_SECONDS = 0.5
# No try starts later than this. With the 13 seconds that one may take a call ends within 20.
LAST_START_SECONDS = 6.9
# A longer Retry-After is not slept through: the error carries it to whoever plans the next attempt.
LONGEST_RETRY_AFTER_SECONDS = 5.0


class BoundedRetry(Retry):
    """Growing, random waits between the tries; Retry-After is obeyed as far as the time allows."""

    def __init__(self, *args: Any, started: float | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.started = time.monotonic() if started is None else started

    def new(self, **kwargs: Any) -> Self:
        return super().new(started=self.started, **kwargs)

    def get_backoff_time(self) -> float:
        return random.uniform(0.5, 1) * BACKOFF_SECONDS * 2.0 ** len(self.history)  # noqa: S311

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        following = super().increment(*args, **kwargs)
        response = kwargs.get("response")
        wait = (response and self.get_retry_after(response)) or following.get_backoff_time()
        elapsed = time.monotonic() - self.started
        if wait > LONGEST_RETRY_AFTER_SECONDS or elapsed + wait > LAST_START_SECONDS:
            raise MaxRetryError(kwargs["_pool"], "", ResponseError("out of time"))
        return following
