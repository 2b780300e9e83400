from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.environment import env, env_bool, env_list, own_hosts

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_file_is_read_where_the_name_itself_is_not_set(monkeypatch, tmp_path, value):
    (tmp_path / "value").write_text(" from a file \n")
    monkeypatch.setenv("SOME_SETTING_FILE", str(tmp_path / "value"))
    if value is not None:
        monkeypatch.setenv("SOME_SETTING", value)
    assert env("SOME_SETTING", "default") == "from a file"
    monkeypatch.setenv("SOME_SETTING", "itself")
    assert env("SOME_SETTING", "default") == "itself"


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_setting_has_its_default(monkeypatch, value):
    monkeypatch.setenv("SOME_SETTING", value)
    assert env("SOME_SETTING", "default") == "default"


def test_a_list_has_no_blanks(monkeypatch):
    monkeypatch.setenv("SOME_SETTING", " a, b ,,c,")
    assert env_list("SOME_SETTING") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("Yes", True), ("on", True), ("0", False), ("off", False), ("maybe", False)],
)
def test_a_switch(monkeypatch, text, expected):
    monkeypatch.setenv("SOME_SETTING", text)
    assert env_bool("SOME_SETTING") is expected


def test_a_switch_that_is_unset_has_its_default(monkeypatch):
    monkeypatch.delenv("SOME_SETTING", raising=False)
    assert env_bool("SOME_SETTING", default=True)


def test_this_machine_is_reached_as_localhost():
    assert {"localhost", "127.0.0.1", "[::1]"} <= set(own_hosts())


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tracker.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "mysteryql://host/name", "Scheme 'mysteryql://' is unknown"),
        ("TIME_ZONE", "Mars/Olympus", "Mars/Olympus"),
        ("TMDB_API_KEY_FILE", "/nowhere/at/all", "/nowhere/at/all"),
    ],
)
def test_a_setting_that_cannot_be_read_is_said_in_a_sentence(tmp_path, name, value, expected):
    done = manage("check", **{"DATABASE_URL": "", "DATA_DIR": str(tmp_path), name: value})
    assert done.returncode == 1
    assert done.stderr.startswith("A setting is wrong: ")
    assert expected in done.stderr
    assert "docs/configuration.md" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_log_level_does_not_keep_the_check_from_saying_so(tmp_path):
    done = manage("check", DATABASE_URL="", DATA_DIR=str(tmp_path), LOG_LEVEL="loud")
    assert done.returncode == 1
    assert "LOG_LEVEL is 'LOUD'" in done.stderr


def test_this_machine_may_always_ask(tmp_path):
    code = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
    done = manage(
        "shell",
        "-v0",
        "-c",
        code,
        DATABASE_URL="",
        DATA_DIR=str(tmp_path),
        ALLOWED_HOSTS="tv.example.org",
    )
    assert done.stdout.strip() == "['tv.example.org', 'localhost', '127.0.0.1']"
