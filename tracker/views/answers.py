"""How the pages answer a form: back to where it was sent from, with a toast that may offer to undo."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import TypedDict

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from tracker.models import Profile, Watch

UNDO_KEY = "undo"
# As many digits as every database compares with a column.
NUMBER = re.compile(r"[0-9]{1,18}")
# The undo buttons that still work: one per toast that a person may have in view.
KEPT_UNDOS = 8


class Undo(TypedDict):
    """What a toast's undo button takes back."""

    watches: list[int]
    made: bool


class UserRequest(HttpRequest):
    """A request of a signed-in person, as `login_required` passes it on."""

    user: User
    htmx: HtmxDetails
    profile: Profile | None


def for_staff(request: UserRequest) -> None:
    """For a view of what is everybody's: refuses others than staff. Raises `PermissionDenied`."""
    if not request.user.is_staff:
        raise PermissionDenied


def next_url(request: HttpRequest, default: str) -> str:
    """The page of ours that the form names in `next`, else the given address."""
    return own_address(request, request.POST.get("next", ""), default)


def own_address(request: HttpRequest, target: str, default: str) -> str:
    """The target if it is an address of ours in full or from the top, else the default."""
    is_ours = url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    )
    # Anything else `redirect` would take for the name of a view.
    return target if is_ours and target.startswith(("/", "http://", "https://")) else default


def back(request: HttpRequest, default: str) -> HttpResponse:
    return redirect(next_url(request, default))


def wants_part(request: UserRequest, target: str) -> bool:
    """Whether htmx asks for the part of a page with this id rather than for the page."""
    return bool(request.htmx) and request.htmx.target == target


def offer_undo(request: HttpRequest, text: str, *, watches: Sequence[Watch], made: bool) -> None:
    """A toast whose button takes back what was done to these watches: they were made, or removed."""
    if not watches:
        messages.success(request, text)
        return
    key = secrets.token_urlsafe(9)
    undos: dict[str, Undo] = request.session.get(UNDO_KEY, {})
    undos[key] = {"watches": [watch.pk for watch in watches], "made": made}
    request.session[UNDO_KEY] = dict(list(undos.items())[-KEPT_UNDOS:])
    messages.success(request, text, extra_tags=f"undo:{reverse('tracker:undo', args=[key])}")


def take_undo(request: HttpRequest, key: str) -> Undo | None:
    """What a toast's undo button stands for; it works once."""
    undos: dict[str, Undo] = request.session.get(UNDO_KEY, {})
    taken = undos.pop(key, None)
    request.session[UNDO_KEY] = undos
    return taken


def number_in(text: object) -> int | None:
    """A number from an address or a form; None for anything else, however long."""
    return int(text) if isinstance(text, str) and NUMBER.fullmatch(text) else None


def counted(number: int, noun: str) -> str:
    """ "1 episode", "3 episodes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
