from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_OFFSET = 10_000_000


def read_number(request: Request, name: str, *, default: int, lowest: int, highest: int) -> int:
    """A whole number from the query, or its default. Raises `ValidationError` for anything else."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    # Not isdigit(), which also takes "²"; and int() refuses more than 4300 digits.
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(highest))):
        raise ValidationError({name: f"Must be a whole number from {lowest} to {highest}."})
    number = int(text)
    if not lowest <= number <= highest:
        raise ValidationError({name: f"Must be a whole number from {lowest} to {highest}."})
    return number


def read_flag(request: Request, name: str) -> bool | None:
    """A yes or no from the query, or None where it is not asked."""
    text = request.query_params.get(name, "").lower()
    if text in {"1", "true", "yes"}:
        return True
    if text in {"0", "false", "no"}:
        return False
    if text:
        raise ValidationError({name: 'Must be "true" or "false".'})
    return None


class Pagination(LimitOffsetPagination):
    """`limit` and `offset`; a limit or offset that makes no sense is an error, not the default."""

    default_limit = DEFAULT_LIMIT
    max_limit = MAX_LIMIT

    def get_limit(self, request: Request) -> int:
        return read_number(request, "limit", default=DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT)

    def get_offset(self, request: Request) -> int:
        return read_number(request, "offset", default=0, lowest=0, highest=MAX_OFFSET)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page: dict[str, Any] = super().get_paginated_response_schema(schema)
        page["required"] = ["count", "next", "previous", "results"]
        return page
