from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tmdb import FakeTmdb
from tracker import metrics
from tracker.tmdb import TmdbError, connect

COUNT = "from tracker.metrics import TMDB_CALLS; TMDB_CALLS.labels('{result}').inc({times})"
READ = "from tracker.metrics import tmdb_calls; print(tmdb_calls())"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_processes_add_up_what_they_counted_also_after_their_end(tmp_path, monkeypatch):
    folder = tmp_path / "metrics"
    monkeypatch.setenv(metrics.FOLDER, "")
    metrics.start_folder(folder)
    run(COUNT.format(result="ok", times=2))
    run(COUNT.format(result="ok", times=3))
    run(COUNT.format(result="error", times=1))
    assert run(READ) == "{'ok': 5.0, 'error': 1.0}"


def test_a_new_start_counts_from_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(metrics.FOLDER, "")
    metrics.start_folder(tmp_path / "metrics")
    run(COUNT.format(result="ok", times=2))
    metrics.start_folder(tmp_path / "metrics")
    assert run(READ) == "{'ok': 0.0, 'error': 0.0}"


def counted_while(call) -> tuple[float, float]:
    before = metrics.tmdb_calls()
    call()
    after = metrics.tmdb_calls()
    return after["ok"] - before["ok"], after["error"] - before["error"]


@pytest.mark.django_db
def test_calls_to_tmdb_are_counted_by_how_they_ended(tmdb: FakeTmdb):
    client = connect()
    assert counted_while(client.check) == (1, 0)

    def unknown_show() -> None:
        with pytest.raises(TmdbError):
            client.fetch_show(999_999)

    assert counted_while(unknown_show) == (1, 0)


@pytest.mark.django_db
def test_trouble_with_tmdb_is_counted_as_such(tmdb: FakeTmdb):
    client = connect()
    tmdb.down()

    def ask() -> None:
        with pytest.raises(TmdbError):
            client.check()

    assert counted_while(ask) == (0, 1)
