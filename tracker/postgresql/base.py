"""The backend: see the package."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg.types.datetime import TimestamptzLoader

from tracker.postgresql import patience

# Whether a connection that was kept open is still good is answered at once, or not at all.
USABLE_SECONDS = 4.0
SERVERS_SHARE = 0.8


class TimeLoader(TimestamptzLoader):
    """Reads a time as Django's own loader does, in a tenth of the time: each event has several."""

    timezone = UTC  # Django asks for it.

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # Of an age that Python has no year for.
            return super().load(data).replace(tzinfo=UTC)


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives up, and the connection with it, when an answer does not come."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection: Any = super().get_new_connection(with_timeout(conn_params))
        if self.timezone == UTC:
            connection.adapters.register_loader("timestamptz", TimeLoader)
        connection.wait = partial(wait, connection)
        return connection

    def is_usable(self) -> bool:
        if self.connection is None or patience.seconds is None:
            return super().is_usable()
        connection: Any = self.connection
        connection.wait = partial(wait, connection, seconds=USABLE_SECONDS)
        try:
            return super().is_usable()
        finally:
            connection.wait = partial(wait, connection)


def with_timeout(conn_params: dict[str, Any]) -> dict[str, Any]:
    """Have the server give up first: what waits there for a lock would be done later all the same."""
    if patience.seconds is None:
        return conn_params
    milliseconds = int(patience.seconds * SERVERS_SHARE * 1000)
    options = f"{conn_params.get('options', '')} -c statement_timeout={milliseconds}"
    return {**conn_params, "options": options.strip()}


def wait(
    connection: Connection[Any],
    generator: Any,
    interval: float = 0.1,
    timeout: float | None = None,
    *,
    seconds: float | None = None,
) -> Any:
    """psycopg's own wait, for `timeout`, `seconds` or as long as this process has patience."""
    limit = timeout if timeout is not None else seconds or patience.seconds
    try:
        return Connection.wait(connection, generator, interval, limit)
    except OperationalError:
        # What the server refuses is no error of waiting, and who gave a timeout reckons with it.
        if timeout is not None or connection.closed:
            raise
    # What the server may still send belongs to a statement that nobody waits for.
    connection.close()
    raise OperationalError("the database did not answer in time")
