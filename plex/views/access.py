"""What each Plex page starts with: who asks, and where to go back to."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


class UserRequest(HttpRequest):
    """A request of a signed-in person, as `login_required` passes it on."""

    user: User


def next_url(request: HttpRequest, *, default: str, arg: int | None = None) -> str:
    """The page of ours that the form names in `next`, else the default page."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return target
    return reverse(default, args=[] if arg is None else [arg])


def as_id(text: Any) -> int | None:
    """A row's id from an address; None for anything that is none."""
    return int(text) if isinstance(text, str) and re.fullmatch(r"[0-9]{1,18}", text) else None
