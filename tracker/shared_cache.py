"""Redis for several web processes. While it is away each counts for itself: no event is refused for it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from tracker.together import Together

logger = logging.getLogger(__name__)

# Nobody is asked for so long after a failure: a Redis that hangs would cost each request its time-out.
PAUSE_SECONDS = 5.0
SOCKET_SECONDS = 1.0
OWN_KEYS = {"OPTIONS": {"MAX_ENTRIES": 10_000}}
COUNT = """local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return count"""

T = TypeVar("T")


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


def ask(redis: Callable[[], T], own: Callable[[], T]) -> T:
    """Redis's answer, or while it fails that of the own memory."""
    # The package is there where CACHE_URL is set; a system check sees to it.
    from redis.exceptions import RedisError  # noqa: PLC0415

    if not outage.lasts():
        try:
            answer = redis()
        except RedisError as error:
            outage.begin(error)
        else:
            outage.end()
            return answer
    return own()


def redis_or_own(name: str) -> Callable[..., Any]:
    """The cache's method of that name, of either."""

    def method(cache: SharedCache, *args: Any, **kwargs: Any) -> Any:
        return ask(
            lambda: getattr(super(SharedCache, cache), name)(*args, **kwargs),
            lambda: getattr(cache.own, name)(*args, **kwargs),
        )

    return method


class SharedCache(RedisCache):
    """A Redis server, or as long as it can't be reached the memory of this process."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        waits = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}
        super().__init__(server, {**params, "OPTIONS": waits})
        self._class = OneClient
        self.own = LocMemCache("without-redis", OWN_KEYS)

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


class SharedCounters(SharedCache):
    """What rate limits count, and nothing else.

    django-ratelimit begins a count and then counts, which are two questions for each event. Here the
    first count begins it, and threads that count at the same moment ask together. Each thread has a
    cache of its own and counts right after it began.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.own = LocMemCache("counters-without-redis", OWN_KEYS)
        self.lasts: float = self.default_timeout or 0

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Always False: "there is a count", so that the caller goes on to count."""
        self.lasts = timeout if isinstance(timeout, int | float) else 0
        return False

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Count; a new count ends when the last `add` said."""
        made = self.make_and_validate_key(key, version=version)
        counting = Counting(self, made, delta)
        return ask(lambda: count_together(counting), lambda: self.count_here(key, delta, version))

    def count_here(self, key: str, delta: int, version: int | None) -> int:
        self.own.add(key, 0, self.lasts, version=version)
        return int(self.own.incr(key, delta, version=version))

    def count(self, made: str, delta: int) -> int:
        redis = self._cache.get_client(made, write=True)
        return int(redis.eval(COUNT, 1, made, delta, int(self.lasts)))


class Counting(NamedTuple):
    """What one thread counts, in its cache: under which of Redis's keys, and how much."""

    counters: SharedCounters
    made: str
    delta: int


def count_each(countings: Sequence[Counting]) -> list[int]:
    """Ask once for each key; every thread gets its own count, as if it had asked alone."""
    sums: Counter[str] = Counter()
    for one in countings:
        sums[one.made] += one.delta
    askers = {one.made: one.counters for one in countings}
    counts = {made: askers[made].count(made, total) - total for made, total in sums.items()}
    answers = []
    for one in countings:
        counts[one.made] += one.delta
        answers.append(counts[one.made])
    return answers


count_together = Together(count_each)
