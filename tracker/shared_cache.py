"""Redis for several web processes. While it is away each counts for itself: no event is refused for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

logger = logging.getLogger(__name__)

# Nobody is asked for so long after a failure: a Redis that hangs would cost each request its time-out.
PAUSE_SECONDS = 5.0
SOCKET_SECONDS = 1.0
# Only what is there is counted on: a key made by this would stay for ever.
COUNT = (
    "if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('INCRBY', KEYS[1], ARGV[1]) end"
)


class Outage:
    """Whether Redis failed lately, for all threads of this process."""

    def __init__(self) -> None:
        self.until = 0.0
        self.is_told = False

    def lasts(self) -> bool:
        return time.monotonic() < self.until

    def begin(self, error: Exception) -> None:
        self.until = time.monotonic() + PAUSE_SECONDS
        if not self.is_told:
            logger.warning(
                "Redis does not answer (%s): limits are counted in each process until it does.",
                type(error).__name__,
            )
        self.is_told = True

    def end(self) -> None:
        if self.is_told:
            logger.warning("Redis answers again.")
        self.is_told = False


outage = Outage()


class OneClient(RedisCacheClient):
    """Django makes a client for each command, which costs as much as the command; one serves them all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._clients:
            self._clients[write] = super().get_client(key, write=write)
        return self._clients[write]


class RedisAtOnce(RedisCache):
    """Django asks whether there is something to count before it counts; every event would pay twice."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = OneClient

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        made = self.make_and_validate_key(key, version=version)
        count = self._cache.get_client(made, write=True).eval(COUNT, 1, made, delta)
        if count is None:
            raise ValueError(f"There is nothing to count under {key!r}.")
        return int(count)


def redis_or_own(name: str) -> Callable[..., Any]:
    """The cache's method of that name: Redis's, or while that fails the one of the own memory."""

    def method(cache: SharedCache, *args: Any, **kwargs: Any) -> Any:
        # The package is there where CACHE_URL is set; a system check sees to it.
        from redis.exceptions import RedisError  # noqa: PLC0415

        if not outage.lasts():
            try:
                answer = getattr(super(SharedCache, cache), name)(*args, **kwargs)
            except RedisError as error:
                outage.begin(error)
            else:
                outage.end()
                return answer
        return getattr(cache.own, name)(*args, **kwargs)

    return method


class SharedCache(RedisAtOnce):
    """A Redis server, or as long as it can't be reached the memory of this process."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        waits = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}
        super().__init__(server, {**params, "OPTIONS": waits})
        self.own = LocMemCache("without-redis", {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    add = redis_or_own("add")
    get = redis_or_own("get")
    set = redis_or_own("set")
    touch = redis_or_own("touch")
    delete = redis_or_own("delete")
    get_many = redis_or_own("get_many")
    set_many = redis_or_own("set_many")
    delete_many = redis_or_own("delete_many")
    has_key = redis_or_own("has_key")
    incr = redis_or_own("incr")
    clear = redis_or_own("clear")
