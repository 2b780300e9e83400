"""TMDB away, slow, or answering nonsense."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress

import pytest

from tests.tmdb import FakeTmdb
from tracker.tmdb import Tmdb, TmdbError


@pytest.fixture
def client(tmdb: FakeTmdb) -> Tmdb:
    return Tmdb(api_key=tmdb.key, base_url=tmdb.url)


class TestTrouble:
    def test_tries_three_times_when_the_connection_breaks(self, tmdb, client):
        tmdb.down()
        with pytest.raises(TmdbError, match="can't be reached") as raised:
            client.check()
        assert not raised.value.permanent
        assert len(tmdb.requests) == 3
        tmdb.up()
        client.check()

    def test_nobody_listens(self):
        with pytest.raises(TmdbError, match="can't be reached") as raised:
            Tmdb(api_key="key", base_url="http://127.0.0.1:9/3").check()
        assert not raised.value.permanent

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_tries_again_until_it_works(self, tmdb, client, status):
        tmdb.fail_with(status, times=2)
        client.check()
        assert len(tmdb.requests) == 3

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_gives_up_after_three_tries(self, tmdb, client, status):
        tmdb.fail_with(status)
        with pytest.raises(TmdbError, match=str(status)) as raised:
            client.check()
        assert not raised.value.permanent
        assert raised.value.retry_after is None
        assert len(tmdb.requests) == 3

    @pytest.mark.parametrize("status", [400, 403, 418])
    def test_does_not_repeat_other_errors(self, tmdb, client, status):
        tmdb.fail_with(status)
        with pytest.raises(TmdbError) as raised:
            client.check()
        assert not raised.value.permanent
        assert len(tmdb.requests) == 1

    def test_waits_as_long_as_it_is_told(self, tmdb, client):
        tmdb.fail_with(429, times=1, retry_after=1)
        started = time.monotonic()
        client.check()
        assert 1 <= time.monotonic() - started < 5

    def test_leaves_a_long_wait_to_the_caller(self, tmdb, client):
        tmdb.fail_with(429, retry_after=600)
        started = time.monotonic()
        with pytest.raises(TmdbError) as raised:
            client.check()
        assert raised.value.retry_after == 600
        assert len(tmdb.requests) == 1
        assert time.monotonic() - started < 5

    @pytest.mark.parametrize("retry_after", ["soon", "-5", "", "1e999"])
    def test_a_senseless_wait_is_none(self, tmdb, client, retry_after):
        tmdb.fail_with(503, retry_after=retry_after)
        with pytest.raises(TmdbError) as raised:
            client.check()
        assert not raised.value.retry_after
        assert len(tmdb.requests) == 3

    def test_gives_up_on_an_answer_that_takes_too_long(self, tmdb, client, monkeypatch):
        monkeypatch.setattr("tracker.tmdb.READ_SECONDS", 0.2)
        monkeypatch.setattr("tracker.bounded_retry.LAST_START_SECONDS", 0.1)
        tmdb.slow(3)
        started = time.monotonic()
        with pytest.raises(TmdbError, match="can't be reached"):
            client.check()
        assert time.monotonic() - started < 2.5
        assert len(tmdb.requests) == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b'{"id": 1, "name": "Da',
            b"null",
            b"[]",
            b"3",
            b'"text"',
            b"\xff\xfe",
            b"[" * 100_000,
            b"{}",
        ],
    )
    def test_half_and_senseless_answers_are_temporary_errors(self, tmdb, client, body):
        for ask in (
            lambda: client.find("1", source="tvdb_id"),
            lambda: client.search("Dark"),
            lambda: client.fetch_show(1),
            lambda: client.fetch_season(1, 1),
        ):
            tmdb.answer_with(body)
            with pytest.raises(TmdbError, match="can't be read") as raised:
                ask()
            assert not raised.value.permanent

    def test_less_than_was_announced_is_a_temporary_error(self):
        with RawServer(b"{}", announced=100) as server, pytest.raises(TmdbError) as raised:
            Tmdb(api_key="key", base_url=server.url).check()
        assert not raised.value.permanent

    @pytest.mark.parametrize("status", [200, 502])
    def test_a_web_page_is_a_temporary_error(self, tmdb, client, status):
        tmdb.answer_html(status=status)
        with pytest.raises(TmdbError) as raised:
            client.search("Dark")
        assert not raised.value.permanent

    def test_takes_the_key_to_no_other_address(self, tmdb, client):
        tmdb.answer_with(b"", status=302, headers={"Location": f"{tmdb.url}/elsewhere"})
        with pytest.raises(TmdbError, match="check TMDB_API_URL"):
            client.check()
        assert [request.path for request in tmdb.requests] == ["/configuration"]

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("name",), 5),
            (("name",), None),
            (("id",), "1"),
            (("id",), True),
            (("id",), 2**40),
            (("seasons",), None),
            (("seasons",), {}),
            (("seasons",), [5]),
            (("genres",), [None]),
            (("genres",), "Drama"),
            (("networks",), [{"name": []}]),
            (("origin_country",), [1]),
            (("external_ids",), []),
            (("external_ids", "tvdb_id"), "334824"),
            (("translations",), {"translations": [{"data": []}]}),
            (("season/1",), []),
            (("season/1", "episodes"), None),
            (("season/1", "episodes"), {"1": {}}),
            (("season/1", "episodes", 0, "episode_number"), None),
            (("season/1", "episodes", 0, "name"), {}),
            (("season/1", "episodes", 0, "runtime"), "45"),
            (("season/1", "episodes", 0, "air_date"), 5),
            (("seasons", 0, "season_number"), -1),
        ],
    )
    def test_wrong_types_are_temporary_errors(self, tmdb, client, path, value):
        part = tmdb.add_show(1, "Dark")
        for step in path[:-1]:
            part = part[step]
        if path[-1] == "name" and value is None:
            part["original_name"] = None
        part[path[-1]] = value
        with pytest.raises(TmdbError) as raised:
            client.fetch_show(1)
        assert not raised.value.permanent

    def test_does_without_what_is_not_known(self, tmdb, client):
        show = tmdb.add_show(1, "Dark", seasons={1: 1})
        for name in (
            "overview",
            "first_air_date",
            "poster_path",
            "networks",
            "created_by",
            "status",
        ):
            show[name] = None
        show["first_air_date"] = ""
        show["last_air_date"] = "2017-13-40"
        show["season/1"]["episodes"][0] = {"episode_number": 1, "air_date": ""}
        data = client.fetch_show(1)
        assert (data.overview, data.network, data.creators) == ("", "", ())
        assert (data.first_air_date, data.last_air_date) == (None, None)
        (episode,) = data.seasons[0].episodes
        assert (episode.name, episode.air_date, episode.runtime, episode.tmdb_id) == (
            "",
            None,
            None,
            None,
        )

    def test_drops_characters_that_no_database_takes(self, tmdb, client):
        tmdb.add_show(1, "Da\0rk")["overview"] = json.loads('"x\\ud800y"')
        show = client.fetch_show(1)
        assert (show.title, show.overview) == ("Dark", "xy")

    def test_stops_reading_an_answer_that_drips_in(self, monkeypatch):
        """The read timeout limits only the wait for each piece."""
        monkeypatch.setattr("tracker.tmdb.CALL_SECONDS", 0.5)
        started = time.monotonic()
        with RawServer(b" " * 1000, announced=1000, pause=0.05) as server:
            with pytest.raises(TmdbError, match="can't be reached"):
                Tmdb(api_key="key", base_url=server.url).check()
            assert time.monotonic() - started < 3


class RawServer:
    """Answers one request with a body that it sends byte by byte, then closes."""

    def __init__(self, body: bytes, *, announced: int, pause: float = 0) -> None:
        self._head = f"HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n".encode()
        self._body, self._pause = body, pause
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/3"

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(self._head)
            for byte in self._body:
                if self._stopped.wait(self._pause):
                    return
                connection.sendall(bytes([byte]))
