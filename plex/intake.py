"""The INSERT of what arrives: one for all requests that meet.

Those that come while the database works wait, and are then stored with one statement and one commit.
A request that is alone waits for nobody.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Field, JSONField

from plex.models import PlexWebhookLog
from tracker.together import Together

Columns = dict[str, Any]
PLAIN = {str, int, bool}
# Errors that one row can be the reason of.
OF_A_ROW = (DataError, IntegrityError)


def store(columns: Columns) -> int:
    """Store a row of the log, and return its number once it is committed. Raises database errors.

    Every row has the same columns.
    """
    if connection.in_atomic_block:
        return insert([columns])[0]  # Of the caller's transaction, which nobody else shares.
    return _store_together(columns)


def store_each(rows: Sequence[Columns]) -> Sequence[int | Exception]:
    """Store rows together; one by one where one of them is refused, with its error in its place."""
    try:
        return insert(rows)
    except OF_A_ROW as error:
        return [error] if len(rows) == 1 else [store_each([row])[0] for row in rows]


_store_together = Together(store_each)


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
