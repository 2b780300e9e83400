"""How a line of the log looks: text for people, or JSON for a collector. Never an address's query."""

from __future__ import annotations

import logging
import re

from pythonjsonlogger.json import JsonFormatter

# The secret of the webhook stands behind the "?".
QUERY = re.compile(r"\?[^\s'\"]*")
# In a title, say: a line of its own would be taken for one of ours.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
JSON_NAMES = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "traceback"}


def without_query(text: str) -> str:
    """The text with each address cut at its "?"."""
    return QUERY.sub("?…", text)


def escaped(sign: re.Match[str]) -> str:
    return repr(sign[0])[1:-1]


class LineFormatter(logging.Formatter):
    """A record in one line, its traceback below."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return CONTROL.sub(escaped, super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return without_query(super().format(record))


class JsonLineFormatter(JsonFormatter):
    """A record as one JSON object; what the call passed as `extra` are keys of their own."""

    def __init__(self) -> None:
        super().__init__(LINE, rename_fields=JSON_NAMES, json_ensure_ascii=False)

    def format(self, record: logging.LogRecord) -> str:
        return without_query(super().format(record))


FORMATTERS: dict[str, type[logging.Formatter]] = {"text": LineFormatter, "json": JsonLineFormatter}


def formatter(name: str) -> logging.Formatter:
    """The formatter that LOG_FORMAT names; lines of text for a name that is none."""
    return FORMATTERS.get(name, LineFormatter)()
