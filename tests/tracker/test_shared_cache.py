from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import Client

from tests.threads import at_once
from tracker import shared_cache
from tracker.shared_cache import SharedCache, SharedCounters

COUNTERS = "tracker.shared_cache.SharedCounters"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port on which nothing listens, and no memory of an earlier outage."""
    monkeypatch.setattr(shared_cache, "outage", shared_cache.Outage())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found: int = listener.getsockname()[1]
    return found


@pytest.fixture
def redis(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("needs redis-server")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    wait_for(port)
    yield process
    process.kill()
    process.wait()


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def cache_at(port: int) -> SharedCache:
    return SharedCache(f"redis://127.0.0.1:{port}/0", {})


def test_without_redis_the_process_counts_for_itself(port, caplog):
    cache = cache_at(port)
    cache.clear()
    assert cache.add("tries", 1)
    assert not cache.add("tries", 1)
    assert cache.incr("tries") == 2
    cache.set_many({"a": 1, "b": 2})
    assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert cache.get_or_set("d", lambda: 4) == 4
    assert ("b" in cache, cache.delete("b"), "b" in cache) == (True, True, False)
    # Said once, not with each request.
    assert caplog.text.count("Redis does not answer") == 1


def test_redis_is_used_while_it_is_there_and_again_afterwards(port, redis, caplog):
    cache = cache_at(port)
    cache.set("who", "redis")
    assert cache.own.get("who") is None
    redis.kill()
    redis.wait()
    assert cache.get("who") is None
    cache.set("who", "own")
    assert (cache.get("who"), cache.own.get("who")) == ("own", "own")
    again = subprocess.Popen(redis.args, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        shared_cache.outage.until = 0
        cache.set("who", "redis")
        assert cache_at(port).get("who") == "redis"
        assert cache.own.get("who") == "own"
    finally:
        again.kill()
        again.wait()
    assert "Redis answers again." in caplog.text


@pytest.mark.django_db
def test_guesses_at_a_password_are_limited_without_redis_too(port, settings, django_user_model):
    settings.CACHES = {"default": {"BACKEND": COUNTERS, "LOCATION": f"redis://127.0.0.1:{port}/0"}}
    caches["default"].clear()
    django_user_model.objects.create_user("anna", password="tea-kettle-17")
    client = Client()
    guess = {"username": "anna", "password": "wrong"}
    statuses = [client.post("/sign-in/", guess).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def counters_at(port: int) -> SharedCounters:
    return SharedCounters(f"redis://127.0.0.1:{port}/0", {})


def test_the_first_count_begins_it_for_all_processes_and_it_ends_in_time(redis, port):
    here, there = counters_at(port), counters_at(port)
    assert not here.add("limit", 1, 1)
    assert not there.add("limit", 1, 1)
    assert [here.incr("limit"), there.incr("limit"), here.incr("limit", 5)] == [1, 2, 7]
    time.sleep(1.1)
    assert here.incr("limit") == 1


def test_counting_asks_redis_once(redis, port):
    counters = counters_at(port)
    counters.add("limit", 1, 60)
    counters.incr("limit")
    client = counters._cache.get_client(write=True)

    def commands() -> int:
        return int(client.info("stats")["total_commands_processed"])

    before = commands()
    counters.add("limit", 1, 60)
    counters.incr("limit")

    # The script, the command in it, and the question itself.
    assert commands() - before == 3


def test_threads_that_count_at_once_get_a_count_each(redis, port):
    everybody = [counters_at(port) for _ in range(24)]

    def count(counters: SharedCounters, key: str) -> tuple[str, int]:
        counters.add(key, 1, 60)
        return key, counters.incr(key)

    counts = at_once([partial(count, one, f"limit-{n % 3}") for n, one in enumerate(everybody)])
    assert sorted(counts) == [(f"limit-{n}", count) for n in range(3) for count in range(1, 9)]


def test_counts_go_on_in_the_process_while_redis_is_away(redis, port):
    counters = counters_at(port)
    counters.add("limit", 1, 60)
    assert counters.incr("limit") == 1
    redis.kill()
    redis.wait()
    assert [counters.incr("limit") for _ in range(3)] == [1, 2, 3]
