"""The body of a webhook: bytes to a JSON object that every database can store, and its trimming."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from plex.fields import UNSTORABLE, mapping

MAX_DEPTH = 64
MAX_TEXT_LENGTH = 2000
MAX_LIST_LENGTH = 50
MAX_KEY_LENGTH = 64
MAX_NUMBER = 2**63  # what a 64-bit column holds

_BOUNDARY = re.compile(
    r"multipart/form-data; *boundary=(?P<boundary>[0-9a-z'()+_,./:=?-]{1,70})",
    re.IGNORECASE | re.ASCII,
)
_PAYLOAD_HEAD = re.compile(
    rb'\r\nContent-Disposition: form-data; name="payload"'
    rb"(?:\r\nContent-Type: application/json(?:; *charset=utf-8)?)?",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Keys of other senders that a stored row must not hold.
_PRIVATE = re.compile(r"ip|addr|mail|token|secret|pass|auth|cookie|key", re.IGNORECASE)

_FLAGS = frozenset({"event", "user", "owner", "rating"})
_ACCOUNT_KEYS = frozenset({"id", "title"})
_SERVER_KEYS = frozenset({"uuid", "title"})
_PLAYER_KEYS = frozenset({"title"})
_OBJECT_KEYS = {"Account": _ACCOUNT_KEYS, "Server": _SERVER_KEYS, "Player": _PLAYER_KEYS}
_GUID_KEYS = frozenset({"guid", "parentGuid", "grandparentGuid", "Guid", "Guids"})
_METADATA_KEYS = _GUID_KEYS | {
    *("librarySectionType", "librarySectionID", "librarySectionTitle", "librarySectionKey"),
    *("ratingKey", "parentRatingKey", "grandparentRatingKey"),
    *("key", "parentKey", "grandparentKey", "skipParent"),
    *("slug", "grandparentSlug"),
    *("type", "subtype", "extraType", "live", "oneShot"),
    *("title", "titleSort", "originalTitle", "parentTitle", "grandparentTitle"),
    *("index", "parentIndex", "absoluteIndex", "year", "parentYear", "grandparentYear"),
    *("originallyAvailableAt", "studio", "duration", "viewOffset", "viewCount", "skipCount"),
    *("lastViewedAt", "lastRatedAt", "userRating", "addedAt", "updatedAt"),
}


class PayloadError(Exception):
    """The body can't be read. The message is one sentence for people, without the body."""


def read_json(raw: bytes | str) -> dict[str, Any]:
    """Return the JSON object in `raw`, free of everything that a database refuses.

    UTF-8, with or without a byte order mark; invalid bytes become U+FFFD. U+0000 and lone
    surrogates are taken out of keys and values. Raises PayloadError where the body is empty,
    cut, no JSON, no object, nested deeper than 64, or holds a number beyond 64 bits.
    """
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = text.removeprefix("\ufeff").replace("\x00", "")
    if not text or text.isspace():
        raise PayloadError("The payload is empty.")
    value = _decode(text)
    if not isinstance(value, dict):
        raise PayloadError("The payload is JSON, but not an object.")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    has_surrogate = isinstance(raw, str) and not text.isascii() and _SURROGATE.search(text)
    if has_surrogate or ("\\u" in text and _ESCAPED.search(text)):
        value = without_unstorable(value)
    return value


def leading_payload(body: bytes, content_type: str) -> str | None:
    """Return the form field `payload` where it is the body's first part, as Plex sends it.

    What stands behind it, a picture, need not be taken apart: no delimiter occurs within a part
    (RFC 2046, section 5.1.1). None for every other shape, which a parser of forms has to read.
    """
    named = _BOUNDARY.fullmatch(content_type)
    if named is None:
        return None
    delimiter = b"--" + named["boundary"].encode("ascii")
    head = body.find(b"\r\n\r\n")
    # The line break before the delimiter is the delimiter's; an empty part shares it with its head.
    end = body.find(b"\r\n" + delimiter, head + 2)
    if head < 0 or end < 0 or _PAYLOAD_HEAD.fullmatch(body, len(delimiter), head) is None:
        return None
    return body[head + 4 : end].decode("utf-8", "replace") if body.startswith(delimiter) else None


def trim(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with what the parser needs and what explains the event, and no more.

    Left out: the player's address and id, avatars, pictures, cast and crew, media and file
    details, summaries, ratings. Texts are cut to 2,000 characters, lists to 50 entries.
    """
    trimmed: dict[str, Any] = {}
    for key, value in payload.items():
        if key == "Metadata":
            trimmed[key] = _trimmed_metadata(value)
        elif key in _OBJECT_KEYS:
            trimmed[key] = _trimmed_object(value, _OBJECT_KEYS[key])
        elif _is_plain(value) and (key in _FLAGS or _explains(key, len(trimmed))):
            trimmed[key] = _cut(value)
    return trimmed


def _decode(text: str) -> object:
    try:
        return json.loads(
            text,
            strict=False,  # Line breaks inside texts are no reason to lose an event.
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        if is_cut:
            raise PayloadError("The payload ends in the middle: it was cut on its way.") from None
        raise PayloadError("The payload is not JSON.") from None
    except RecursionError:
        raise PayloadError(_TOO_DEEP) from None


_TOO_DEEP = f"The payload is nested more than {MAX_DEPTH} levels deep."


def _integer(digits: str) -> int:
    # Short texts first: Python refuses to convert thousands of digits.
    if len(digits) <= len(str(-MAX_NUMBER)) and -MAX_NUMBER <= (number := int(digits)) < MAX_NUMBER:
        return number
    raise PayloadError("The payload holds a number that is too large.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isfinite(number):
        return number
    raise PayloadError("The payload holds a number that is too large.")


def _refuse_constant(_name: str) -> NoReturn:
    raise PayloadError("The payload holds a value that is no number (NaN or Infinity).")


def _check_depth(payload: dict[str, Any]) -> None:
    level: list[dict[str, Any] | list[Any]] = [payload]
    for _ in range(MAX_DEPTH):
        children = (child for parent in level for child in _values(parent))
        level = [child for child in children if isinstance(child, dict | list)]
        if not level:
            return
    raise PayloadError(_TOO_DEEP)


def _values(parent: dict[str, Any] | list[Any]) -> Iterable[object]:
    return parent.values() if isinstance(parent, dict) else parent


def without_unstorable(value: Any) -> Any:
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, dict):
        return {UNSTORABLE.sub("", key): without_unstorable(child) for key, child in value.items()}
    if isinstance(value, list):
        return [without_unstorable(child) for child in value]
    return value


def _trimmed_metadata(value: object) -> object:
    if isinstance(value, list):
        value = mapping(value)
    if not isinstance(value, dict):
        return _cut(value) if _is_plain(value) else None
    return {
        key: _trimmed_guids(child) if key in _GUID_KEYS else _cut(child)
        for key, child in value.items()
        if key in _METADATA_KEYS and (key in _GUID_KEYS or _is_plain(child))
    }


def _trimmed_guids(value: object) -> object:
    if isinstance(value, list):
        return [
            _trimmed_guids(item) for item in value[:MAX_LIST_LENGTH] if isinstance(item, str | dict)
        ]
    if isinstance(value, dict):
        return {
            key: _cut(child)
            for key, child in value.items()
            if key.lower() in {"id", "scheme", "host", "path"} and _is_plain(child)
        }
    return _cut(value) if _is_plain(value) else None


def _trimmed_object(value: object, keys: frozenset[str]) -> object:
    if not isinstance(value, dict):
        return _cut(value) if _is_plain(value) else None
    return {key: _cut(child) for key, child in value.items() if key in keys and _is_plain(child)}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _explains(key: str, count: int) -> bool:
    """Tell whether another sender's field may be kept, so that one can see who sent this."""
    return count < MAX_LIST_LENGTH and len(key) <= MAX_KEY_LENGTH and not _PRIVATE.search(key)


def _cut(value: Any) -> Any:
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else value
