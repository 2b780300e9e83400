"""Stores what arrives, with one statement for all requests that meet.

The first of them stores for itself. Those that come while the database works wait, and the first of
these stores for all of them: one statement, one commit, and only one thread that talks to the
database. A request that is alone waits for nobody.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Field, JSONField

from plex.models import PlexWebhookLog

Columns = dict[str, Any]
PLAIN = {str, int, bool}
# Errors that one row can be the reason of.
OF_A_ROW = (DataError, IntegrityError)


@dataclass(slots=True, eq=False)
class Arrival:
    """A row to be stored; `called` when that is over, or when it is its thread's turn to store."""

    columns: Columns
    called: threading.Event = field(default_factory=threading.Event)
    number: int | None = None
    error: Exception | None = None

    @property
    def is_over(self) -> bool:
        return self.number is not None or self.error is not None


class Intake:
    """Stores rows of the log for all threads of this process; every row has the same columns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Arrival] = []
        self._is_storing = False

    def store(self, columns: Columns) -> int:
        """Store a row and return its number once it is committed. Raises what the database raises."""
        if connection.in_atomic_block:
            return insert([columns])[0]  # Of the caller's transaction, which nobody else shares.
        arrival = Arrival(columns)
        if not self._begin(arrival):
            arrival.called.wait()
        if not arrival.is_over:
            self._store_waiting()
        if arrival.error is not None:
            raise arrival.error
        assert arrival.number is not None  # noqa: S101 - it is over, and without an error
        return arrival.number

    def _begin(self, arrival: Arrival) -> bool:
        """Put the arrival in line; whether its thread is to store."""
        with self._lock:
            self._waiting.append(arrival)
            is_first = not self._is_storing
            self._is_storing = True
        return is_first

    def _store_waiting(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        failure: Exception = OperationalError("the thread that stored ended")
        try:
            store_each(batch)
        except Exception as error:  # noqa: BLE001 - each of the threads raises it
            failure = error
        finally:
            for arrival in batch:
                if not arrival.is_over:
                    arrival.error = failure
            self._call(batch)

    def _call(self, batch: Sequence[Arrival]) -> None:
        """Wake those whose rows were seen to, and the one whose turn it is."""
        with self._lock:
            following = self._waiting[:1]
            self._is_storing = bool(following)
        for arrival in (*batch, *following):
            arrival.called.set()


_intake = Intake()
store = _intake.store


def store_each(batch: Sequence[Arrival]) -> None:
    """Store them together; one by one where a row among them is refused."""
    try:
        numbers = insert([arrival.columns for arrival in batch])
    except OF_A_ROW:
        for arrival in batch:
            try:
                (arrival.number,) = insert([arrival.columns])
            except OF_A_ROW as error:
                arrival.error = error
        return
    for arrival, number in zip(batch, numbers, strict=True):
        arrival.number = number


def insert(rows: Sequence[Columns]) -> list[int]:
    """Store rows of the log; what is not among the columns begins as the model says.

    Returns their numbers in the same order.
    """
    names = tuple(rows[0])
    if connection.vendor == "postgresql" or len(rows) == 1:
        return run_insert(names, rows)
    # SQLite promises no order for the numbers of several rows; a statement each costs it little.
    with transaction.atomic():
        return [number for row in rows for number in run_insert(names, [row])]


def run_insert(names: tuple[str, ...], rows: Sequence[Columns]) -> list[int]:
    statement, fields = insert_statement(names, len(rows))
    values = [
        prepared(column, value)
        for row in rows
        for column, value in zip(fields, row.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [int(number) for (number,) in cursor.fetchall()]


@functools.cache
def insert_statement(names: tuple[str, ...], count: int) -> tuple[str, list[Any]]:
    """The INSERT of so many rows with these columns as parameters, and the columns' fields.

    Made once, while the ORM would write it anew for each event. The other columns' defaults stand
    in it: less to quote, to send and to read.
    """
    meta = PlexWebhookLog._meta
    fields = {field.attname: field for field in meta.concrete_fields}
    given = dict.fromkeys(names, "%s")
    others = {
        name: literal(field.get_default())
        for name, field in fields.items()
        if name not in given and not field.null and not field.primary_key
    }
    values = {**given, **others}
    row = f"({', '.join(values.values())})"
    statement = (
        f'INSERT INTO "{meta.db_table}" ({", ".join(values)}) '  # noqa: S608 - names of our own
        f"VALUES {', '.join([row] * count)} RETURNING id"
    )
    return statement, [fields[name] for name in names]


def literal(default: object) -> str:
    """A default of the model in SQL: a number or a flag, a plain text, an empty list."""
    return str(default) if isinstance(default, int) else f"'{default}'"


def prepared(column: Field, value: Any) -> Any:
    """The value as the database takes it. Most are plain texts, numbers or empty, and are so already."""
    if value is None or (type(value) in PLAIN and not isinstance(column, JSONField)):
        return value
    return column.get_db_prep_save(value, connection)
