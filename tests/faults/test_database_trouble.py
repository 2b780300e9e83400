"""The database locked, full, read-only or gone: 503 and nothing half-stored, and all goes on by itself."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from plex.models import Job, PlexWebhookLog, Status
from tests.factories import make_show
from tests.faults import sizes
from tests.faults.processes import Web, database_url, running, serving, wait_for
from tests.faults.proxy import Proxy
from tests.plex.factories import make_config, of_episode
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.fault]
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own trouble")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own")
EVENTS = 12
REFUSED = 5


class House:
    """Web and worker at work, and plays of one known show to send."""

    def __init__(self, web: Web, worker: Any, secret: str) -> None:
        self.web, self.worker, self.secret = web, worker, secret
        show = make_show("Severance", {1: EVENTS * 3})
        self.messages = [
            of_episode(episode)
            for episode in Episode.objects.filter(season__show=show).select_related("season__show")
        ]
        self.sent = 0

    def send(self, count: int) -> list[int]:
        """Send the next plays; the statuses of the answers. What was refused comes up again."""
        statuses = []
        for message in self.messages[self.sent :][:count]:
            status, answer = self.web.post(self.secret, message, seconds=60)
            statuses.append(status)
            if status == 200:
                self.sent += 1
            else:
                assert "not stored" in answer["detail"]
        return statuses

    def accepts(self) -> bool:
        return self.send(1) == [200]

    def settles(self, *, seconds: float = 60) -> None:
        """All that was accepted is recorded, and nothing else."""
        waiting = PlexWebhookLog.objects.exclude(next_attempt_at=None)
        wait_for(lambda: not waiting.exists(), seconds=seconds)
        stored = PlexWebhookLog.objects.values_list("status", flat=True)
        assert list(stored) == [Status.SUCCESS] * self.sent
        assert Watch.objects.count() == self.sent
        assert self.worker.poll() is None, "the worker has ended"
        assert self.web.process.poll() is None, "the web server has ended"


@contextmanager
def house_at(url: str, secret: str) -> Iterator[House]:
    with serving(DATABASE_URL=url) as web, running("worker", DATABASE_URL=url) as worker:
        wait_for(lambda: Job.objects.filter(name__endswith=f":{worker.pid}").exists())
        yield House(web, worker, secret)


@pytest.fixture
def secret(owner) -> str:
    return make_config(owner)[1]


@pytest.fixture
def cookie(owner) -> str:
    client = Client()
    client.force_login(owner)
    name = django_settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def impatient_url() -> str:
    """The address of the database, for processes that wait a second for a lock."""
    if connection.vendor == "sqlite":
        return f"{database_url()}?timeout=1"
    return f"{database_url()}?options=-c%20lock_timeout%3D1000"


def live_through(house: House, trouble: Callable[[], Any], name: str) -> None:
    """Work, meet the trouble, and work again."""
    assert house.send(EVENTS) == [200] * EVENTS
    house.settles()
    with trouble():
        assert house.send(REFUSED) == [503] * REFUSED
    wait_for(house.accepts)
    assert house.send(EVENTS) == [200] * EVENTS
    house.settles()
    sizes.tell(name, events=house.sent + REFUSED, result=f"{REFUSED} refused by 503; rest recorded")


@contextmanager
def locked() -> Iterator[None]:
    """Somebody else holds the table that events are stored in."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if other.vendor == "sqlite" else "BEGIN")
            if other.vendor == "postgresql":
                cursor.execute("LOCK TABLE plex_webhook_logs IN ACCESS EXCLUSIVE MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


def test_a_database_that_stays_locked(secret):
    with house_at(impatient_url(), secret) as house:
        live_through(house, locked, "database locked by somebody else")


@on_sqlite
def test_a_disk_that_is_full(secret):
    """The file system takes no more bytes from the two processes: as on a full disk, for them alone."""
    with house_at(database_url(), secret) as house:
        pids = [*house.web.pids(), house.worker.pid]

        @contextmanager
        def full() -> Iterator[None]:
            for pid in pids:
                limit_files(pid, 4096)
            try:
                yield
            finally:
                for pid in pids:
                    limit_files(pid, resource.RLIM_INFINITY)

        live_through(house, full, "disk full")
    check_file()


def limit_files(pid: int, size: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def check_file() -> None:
    with sqlite3.connect(str(connection.settings_dict["NAME"])) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@on_postgresql
def test_a_disk_that_is_full_at_the_database_server(secret):
    """Writing an event fails with the code that PostgreSQL gives on a full disk."""

    @contextmanager
    def full() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;"
                "CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON plex_webhook_logs "
                "EXECUTE FUNCTION disk_full()"
            )
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION disk_full CASCADE")

    with house_at(database_url(), secret) as house:
        live_through(house, full, "disk full")


@on_sqlite
def test_a_database_that_may_only_be_read(secret):
    """A start on a file that can't be written; the next start finds it writable again."""
    readable = f"{database_url()}?init_command=PRAGMA%20query_only%3DON"
    with house_at(database_url(), secret) as house:
        assert house.send(EVENTS) == [200] * EVENTS
        house.settles()
        with serving(DATABASE_URL=readable) as web:
            writing, house.web = house.web, web
            assert house.send(REFUSED) == [503] * REFUSED
            house.web = writing
        assert house.send(EVENTS) == [200] * EVENTS
        house.settles()
    sizes.tell(
        "database read-only",
        events=house.sent + REFUSED,
        result=f"{REFUSED} refused by 503; rest recorded",
    )


@on_postgresql
def test_a_database_server_that_may_only_be_read(secret):
    @contextmanager
    def read_only() -> Iterator[None]:
        set_read_only("on")
        try:
            yield
        finally:
            set_read_only("off")

    with house_at(database_url(), secret) as house:
        live_through(house, read_only, "database read-only")


def set_read_only(state: str) -> None:
    """For everybody who connects from now on; who is connected is sent away."""
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}')
    send_away()


def send_away() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@on_postgresql
def test_postgresql_restarted(secret):
    """Every connection is cut at once, and new ones are welcome: nothing is refused for long."""
    with house_at(database_url(), secret) as house:
        for _ in range(3):
            assert house.send(2) == [200, 200]
            send_away()
            wait_for(house.accepts)
        house.settles()
        sizes.tell("PostgreSQL restarted, three times", events=house.sent, result="all recorded")


@on_postgresql
def test_postgresql_gone_for_a_while(secret, cookie):
    """Connections are cut, and new ones refused; the API and the monitor say so, too."""
    server = urlsplit(database_url())
    with Proxy(server.hostname or "127.0.0.1", server.port or 5432) as proxy:
        netloc = f"{server.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"
        with house_at(urlunsplit(server._replace(netloc=netloc)), secret) as house:

            @contextmanager
            def gone() -> Iterator[None]:
                proxy.cut()
                assert house.web.get("/api/shows", cookie=cookie) == 503
                assert house.web.get("/healthz") == 503
                yield
                proxy.mend()

            live_through(house, gone, "PostgreSQL gone")
            assert house.web.get("/api/shows", cookie=cookie) == 200


@on_postgresql
@pytest.mark.parametrize("how", ["silent", "locked"])
def test_postgresql_that_neither_answers_nor_refuses(secret, how):
    """Nobody waits for ever: neither for a server without a word, nor for somebody's lock."""
    server = urlsplit(database_url())
    with Proxy(server.hostname or "127.0.0.1", server.port or 5432) as proxy:
        netloc = f"{server.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"
        url = urlunsplit(server._replace(netloc=netloc)) + "?connect_timeout=2"
        with house_at(url, secret) as house:
            assert house.send(EVENTS) == [200] * EVENTS
            house.settles()
            refused = 2
            if how == "silent":
                proxy.fall_silent()
                assert house.send(refused) == [503] * refused
                assert house.web.get("/healthz") == 503
                proxy.mend()
            else:
                with locked():
                    assert house.send(refused) == [503] * refused
            wait_for(house.accepts, seconds=120)
            assert house.send(EVENTS) == [200] * EVENTS
            house.settles(seconds=120)
            sizes.tell(
                f"PostgreSQL {how} without a word",
                events=house.sent + refused,
                result=f"{refused} refused by 503; rest recorded",
            )


@on_postgresql
def test_the_proxy_of_these_tests_cuts_what_it_carries():
    with Proxy("127.0.0.1", connection.settings_dict["PORT"] or 5432) as proxy:
        config = connection.settings_dict
        link = f"host=127.0.0.1 port={proxy.port} user={config['USER'] or 'postgres'} dbname={config['NAME']}"
        with suppress(psycopg.OperationalError), psycopg.connect(link) as carried:
            carried.execute("SELECT 1")
            proxy.cut()
            with pytest.raises(psycopg.OperationalError):
                carried.execute("SELECT 1")
