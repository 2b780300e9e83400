"""Calling the API as somebody, and finding every call that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from tracker.models import ApiToken


def caller(user: User | None) -> APIClient:
    """A client that sends JSON with a fresh token of that user; of nobody for None."""
    client = APIClient(raise_request_exception=False)
    client.default_format = "json"
    if user is not None:
        _, text = ApiToken.make(user=user, name="test")
        client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    return client


def api_addresses() -> list[str]:
    """Every address under /api/, with 1 for each number: a new one can't be forgotten."""
    return sorted(
        f"/{address}" for address in addresses(get_resolver().url_patterns) if is_api(address)
    )


def is_api(address: str) -> bool:
    # The last pattern catches everything that is no call.
    return address.startswith("api/") and address != "api/"


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield fill(address)


def fill(address: str) -> str:
    return re.sub(r"<int:\w+>", "1", address)
