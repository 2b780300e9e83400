"""`make test` itself: on which databases it runs."""

from __future__ import annotations

import socket

import pytest

from tests import __main__ as suite


@pytest.fixture
def runs(monkeypatch):
    """Notes each run of the suite instead of starting it."""
    noted: list[str] = []

    def note(name: str, arguments: list[str], **environment: str) -> int:
        noted.append(environment["TEST_DATABASE_URL"])
        return 0

    monkeypatch.setattr(suite, "run", note)
    monkeypatch.delenv("CI", raising=False)
    return noted


@pytest.fixture
def nothing_listens(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("TEST_POSTGRES_URL", f"postgres://nobody@127.0.0.1:{port}/none")


def test_without_postgresql_sqlite_is_enough_and_one_line_says_so(runs, nothing_listens, capsys):
    assert suite.main([]) == 0
    assert runs == [""]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("PostgreSQL: no server answers (")


def test_under_ci_a_missing_postgresql_is_a_failure(runs, nothing_listens, monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert suite.main([]) == 1


def test_where_a_server_answers_the_suite_runs_on_it_too(runs, monkeypatch):
    monkeypatch.setattr(suite, "find_postgresql", lambda: "postgres://somewhere/db")
    assert suite.main([]) == 0
    assert runs == ["", "postgres://somewhere/db"]


def test_a_failure_on_either_database_fails(monkeypatch):
    codes = iter([0, 1])
    monkeypatch.setattr(suite, "run", lambda name, arguments, **environment: next(codes))
    monkeypatch.setattr(suite, "find_postgresql", lambda: "postgres://somewhere/db")
    assert suite.main([]) == 1
