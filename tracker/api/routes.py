from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import URLPattern, path

if TYPE_CHECKING:
    from rest_framework.views import APIView


def route(address: str, view: type[APIView], *, name: str) -> list[URLPattern]:
    """One API address, which also answers with a slash at its end (a redirect would lose a POST)."""
    return [
        path(address, view.as_view(), name=name),
        path(f"{address}/", view.as_view(schema=None)),
    ]
