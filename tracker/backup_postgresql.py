"""The database part of a backup on PostgreSQL: each table as COPY gives it, all of one snapshot."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

MIGRATIONS = "django_migrations"
CHUNK = 1 << 20


def save(archive: zipfile.ZipFile, *, folder: Path) -> dict[str, list[str]]:
    """Add every table; returns their columns, in the order of the copies."""
    del folder  # Nothing is written beside the archive.
    tables: dict[str, list[str]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in our_tables(cursor):
            tables[table] = columns_of(cursor, table)
            statement = f"COPY {quoted(table)} ({listed(tables[table])}) TO STDOUT"
            with (
                archive.open(member(table), "w", force_zip64=True) as target,
                connection.wrap_database_errors,
                cursor.copy(statement) as copy,
            ):
                for data in copy:
                    target.write(bytes(data))
    return tables


def load(
    archive: zipfile.ZipFile, tables: dict[str, list[str]], migrations: dict[str, list[str]]
) -> None:
    """Fill the tables anew, made as they were then where ours are not; all in one transaction.

    Raises `KeyError` where the archive lacks a table.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if MigrationLoader(connection).applied_migrations.keys() != keys_of(migrations):
            make_anew(cursor, migrations)
        cursor.execute(f"TRUNCATE {listed(our_tables(cursor))}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, columns in tables.items():
            fill(cursor, archive, table, columns)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, columns in tables.items():
            if "id" in columns:
                reset_sequence(cursor, table)


def make_anew(cursor: Any, migrations: dict[str, list[str]]) -> None:
    # Else a table with checks still to come could not be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    drop(cursor, our_tables(cursor))
    executor = MigrationExecutor(connection)
    executor.migrate(latest(executor, keys_of(migrations)))


def keys_of(migrations: dict[str, list[str]]) -> set[tuple[str, str]]:
    return {(app, name) for app, names in migrations.items() for name in names}


def latest(executor: MigrationExecutor, had: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last migrations that the archive's database had, from which all others follow."""
    nodes = executor.loader.graph.node_map
    return sorted(
        key for key in had if not {(c.key[0], c.key[1]) for c in nodes[key].children} & had
    )


def fill(cursor: Any, archive: zipfile.ZipFile, table: str, columns: list[str]) -> None:
    statement = f"COPY {quoted(table)} ({listed(columns)}) FROM STDIN"
    with (
        archive.open(member(table)) as source,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        while data := source.read(CHUNK):
            copy.write(data)


def drop(cursor: Any, tables: Iterable[str]) -> None:
    """With what depends on them: the database views."""
    if names := listed(tables):
        cursor.execute(f"DROP TABLE {names} CASCADE")


def reset_sequence(cursor: Any, table: str) -> None:
    name = quoted(table)
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [name])
    (sequence,) = cursor.fetchone()
    if sequence:
        cursor.execute(
            f"SELECT setval(%s, COALESCE(MAX(id), 1), MAX(id) IS NOT NULL) FROM {name}",  # noqa: S608
            [sequence],
        )


def our_tables(cursor: Any) -> list[str]:
    """The tables of this project that exist; a database may hold other things beside them."""
    introspection = connection.introspection
    ours = set(introspection.django_table_names(include_views=False)) | {MIGRATIONS}
    return sorted(
        t.name for t in introspection.get_table_list(cursor) if t.type == "t" and t.name in ours
    )


def columns_of(cursor: Any, table: str) -> list[str]:
    return [
        str(column.name) for column in connection.introspection.get_table_description(cursor, table)
    ]


def member(table: str) -> str:
    return f"tables/{table}"


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def listed(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)
