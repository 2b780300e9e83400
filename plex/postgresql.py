"""What the worker does in one statement where PostgreSQL is the database; elsewhere the ORM does it.

Rows travel as one JSON text, which `json_to_recordset` makes columns of: quoting thousands of values
one by one, or planning a statement for each row, costs more than all else about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from plex.models import PlexWebhookLog, Status

LOG = PlexWebhookLog._meta
# Nothing that is decided about an event reads its old story, or what could not be read.
UNREAD = {"trace", "raw_body"}
READ = ", ".join(f'log."{f.column}"' for f in LOG.concrete_fields if f.name not in UNREAD)
IN_BULK = f"('{PlexWebhookLog.Source.HISTORY}', '{PlexWebhookLog.Source.SCAN}')"
DUE = f"""SELECT id FROM "{LOG.db_table}"
    WHERE "needs_network" = %(needs_network)s AND "next_attempt_at" <= %(now)s AND "source" {{}}
    ORDER BY "next_attempt_at" LIMIT %(limit)s"""  # noqa: S608 - names of our own
CLAIM = f"""WITH arrived AS ({DUE.format(f"NOT IN {IN_BULK}")} FOR UPDATE SKIP LOCKED),
read_in_bulk AS (
    {DUE.format(f"IN {IN_BULK}")} - (SELECT count(*) FROM arrived) FOR UPDATE SKIP LOCKED
)
UPDATE "{LOG.db_table}" AS log SET "next_attempt_at" = %(lease)s, "attempts" = "attempts" + 1
WHERE id = ANY(ARRAY(SELECT id FROM arrived UNION ALL SELECT id FROM read_in_bulk))
RETURNING {READ}"""  # noqa: S608 - names of our own


def is_used() -> bool:
    return connection.vendor == "postgresql"


def claim(
    *, limit: int, now: datetime, lease: datetime, needs_network: bool
) -> list[PlexWebhookLog]:
    """Take due rows until `lease`: what just arrived first, then what was read in bulk."""
    values = {"limit": limit, "now": now, "lease": lease, "needs_network": needs_network}
    return list(PlexWebhookLog.objects.raw(CLAIM, values))


def insert(model: type[Model], rows: Sequence[dict[str, Any]]) -> list[int]:
    """INSERT rows, all with the same columns; returns their numbers in the same order.

    Columns that are not given get what the database has for them.
    """
    with connection.cursor() as cursor:
        cursor.execute(insert_of(model, tuple(rows[0])), [as_json(rows)])
        # In the order of the rows, on which the ORM's own bulk_create relies, too.
        return [number for (number,) in cursor.fetchall()]


def finish(rows: Iterable[dict[str, Any]]) -> int:
    """UPDATE events, each given with `id`, `attempts` and the same other columns, as long as the
    claim holds; returns how many that were."""
    given = list(rows)
    with connection.cursor() as cursor:
        cursor.execute(update_of(tuple(given[0])), [as_json(given)])
        return int(cursor.rowcount)


@cache
def insert_of(model: type[Model], columns: tuple[str, ...]) -> str:
    fields = {field.column: field for field in model._meta.concrete_fields}
    names = ", ".join(f'"{column}"' for column in columns)
    return (
        f'INSERT INTO "{model._meta.db_table}" ({names}) '  # noqa: S608 - names of our own
        f"SELECT {names} FROM {given_as(fields[column] for column in columns)} RETURNING id"
    )


@cache
def update_of(columns: tuple[str, ...]) -> str:
    fields = [field for field in LOG.concrete_fields if field.column in columns]
    changed = [column for column in columns if column not in {"id", "attempts"}]
    assignments = ", ".join(f'"{column}" = given."{column}"' for column in changed)
    # COALESCE hides the outcome from the planner: its statistics know no row that is pending, so that
    # it would compare the few it expects with each of those given.
    return (
        f"UPDATE {LOG.db_table} AS log SET {assignments} "  # noqa: S608 - names of our own
        f"FROM {given_as(fields)} WHERE log.id = given.id AND log.attempts = given.attempts "
        f"AND COALESCE(log.status IN ('{Status.PENDING}', '{Status.HELD}'), FALSE)"
    )


def given_as(fields: Iterable[Field[Any, Any]]) -> str:
    types = ", ".join(f'"{field.column}" {field.db_type(connection)}' for field in fields)
    return f"json_to_recordset(%s) AS given({types})"


def as_json(rows: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(rows), default=str)
