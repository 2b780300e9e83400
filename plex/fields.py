"""Tolerant readers for single values of a Plex message.

Any field of a message can be missing or of another JSON type: numbers arrive as text, flags
as "1", texts as numbers. Each reader takes any value and answers with a value of one type;
none ever raises.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

MAX_INTEGER = 2**31 - 1  # what an integer column holds on both databases
MAX_EPOCH = 4_102_444_800  # 2100-01-01: seconds beyond it are milliseconds or nonsense
YEARS = range(1900, 2201)  # of television
MAX_MOMENT_LENGTH = 40

_DIGITS = re.compile(r"[0-9]{1,12}", re.ASCII)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?", re.ASCII | re.DOTALL)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TRUE_TEXTS = frozenset({"1", "true", "yes"})


def text(value: object, limit: int = 255) -> str:
    """Return a text of at most `limit` characters; whole numbers become text, the rest ""."""
    if isinstance(value, str):
        if not value.isprintable():
            value = UNSTORABLE.sub("", value)
        return value.strip()[:limit].rstrip()
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return f"{value:d}" if abs(value) < 10**18 else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return f"{value:.0f}"
    return ""


def whole(value: object, *, maximum: int = MAX_INTEGER) -> int | None:
    """Return a whole number from 0 to `maximum`, also from "7" and 7.0, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        stripped = value.strip()
        value = int(stripped) if _DIGITS.fullmatch(stripped) else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if isinstance(value, int) and 0 <= value <= maximum:
        return value
    return None


def flag(value: object) -> bool:
    """Return True for true, 1, "1", "true" and "yes"; False for everything else."""
    if isinstance(value, str):
        return value.strip().lower() in _TRUE_TEXTS
    return isinstance(value, bool | int | float) and value == 1


def mapping(value: object) -> dict[str, Any]:
    """Return the object itself, the first object of a list, or an empty dict."""
    if isinstance(value, list):
        value = next((item for item in value[:50] if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else {}


def day(value: object) -> date | None:
    """Return the day of "1974-06-20" or "1974-06-20T00:00:00Z"; both occur."""
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


def year(value: object) -> int | None:
    """Return a plausible year of television, else None."""
    number = whole(value)
    return number if number in YEARS else None


def moment(value: object) -> datetime | None:
    """Return an aware UTC time from epoch seconds or ISO text with an offset, else None.

    Milliseconds, 1e18, negative numbers and text that is no number give None.
    """
    seconds = whole(value, maximum=MAX_EPOCH)
    if seconds:
        return datetime.fromtimestamp(seconds, tz=UTC)
    if not isinstance(value, str) or len(value) > MAX_MOMENT_LENGTH:
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return parsed.astimezone(UTC) if parsed.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
