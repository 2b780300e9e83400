"""Times as they are read from PostgreSQL: the same as by Django's own loader."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from psycopg.types.datetime import TimestamptzLoader

from tracker.postgresql.base import TimeLoader

WRITTEN = [
    "2026-11-22 23:30:09.552311+00",
    "2026-11-22 23:30:09.5+00",
    "2026-11-22 23:30:09.05+00",
    "2026-11-22 23:30:09+00",
    "0900-01-01 00:00:00+00",
    "1890-05-01 12:00:00.0001+00",
    "2026-11-22 23:30:09+05:30",
]


@pytest.mark.parametrize("written", WRITTEN)
def test_a_time_is_read_as_by_the_driver(written: str) -> None:
    text = written.encode()
    ours = TimeLoader(1184).load(memoryview(text))
    assert ours == TimestamptzLoader(1184).load(text)


@pytest.mark.django_db
def test_times_come_back_in_utc() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        (now,) = cursor.fetchone()
    if connection.vendor == "postgresql":
        assert isinstance(now, datetime)
        assert now.tzinfo is UTC
        loader = connection.connection.adapters.get_loader(1184, 0)
        assert loader is TimeLoader


def test_what_python_has_no_year_for_is_refused_as_before() -> None:
    with pytest.raises(Exception, match="too large"):
        TimeLoader(1184).load(b"12000-01-01 00:00:00+00")
