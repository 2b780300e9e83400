from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs: the theme, the CSP nonce for htmx's tag, where we are."""
    profile = getattr(request, "profile", None)
    match = getattr(request, "resolver_match", None)
    return {
        "theme": profile.theme if profile else "",
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "here": match.view_name if match else "",
    }
