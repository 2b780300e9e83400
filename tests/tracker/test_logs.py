from __future__ import annotations

import json
import logging
import sys

import pytest

from tracker.logs import formatter

ADDRESS = "'POST /api/plex/webhook?secret=abc HTTP/1.1' from http://a/?x=1"
CUT = "'POST /api/plex/webhook?… HTTP/1.1' from http://a/?…"


def record(text: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("plex").makeRecord(
        "plex.worker", logging.INFO, __file__, 1, text, args, None, extra=extra
    )
    made.created = 0.0
    return made


@pytest.mark.parametrize("name", ["text", "json"])
def test_a_query_is_cut_out_of_a_line(name):
    line = formatter(name).format(record("Invalid line %s", ADDRESS))
    assert f"Invalid line {CUT}" in line
    assert "abc" not in line


@pytest.mark.parametrize("name", ["text", "json"])
def test_a_query_is_cut_out_of_a_traceback(name):
    made = record("It failed")
    try:
        raise ValueError(ADDRESS)
    except ValueError:
        made.exc_info = sys.exc_info()
    line = formatter(name).format(made)
    assert "ValueError" in line
    assert "abc" not in line


def test_json_has_one_object_a_line_with_what_the_call_names():
    line = formatter("json").format(record("Event %d: füllt\nzwei Zeilen", 7, log_id=7))
    assert "\n" not in line
    read = json.loads(line)
    assert read["time"].startswith("19")
    assert read | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "plex.worker",
        "message": "Event 7: füllt\nzwei Zeilen",
        "log_id": 7,
    }


def test_an_unknown_format_is_text():
    assert formatter("xml").format(record("Hello")).endswith("INFO plex.worker: Hello")


def test_a_title_makes_no_line_of_its_own():
    line = formatter("text").format(
        record("Unknown: %s", "a\n2026 CRITICAL forged\r\x1b[31m\u2028b")
    )
    assert line.endswith(r"Unknown: a\n2026 CRITICAL forged\r\x1b[31m\u2028b")
