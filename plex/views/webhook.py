"""The third and the fifth step of connecting Plex: our address in Plex's list, and an event."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from plex import connection, hooks
from plex.client import PlexError
from plex.models import PlexConfig
from plex.views.address import bases_of
from plex.views.server import note
from plex.views.settings import latest_event
from tracker.encryption import DecryptionError
from tracker.views.answers import UserRequest, counted, number_in

HISTORY_INSTEAD = (
    "Nothing is missing without it: your server's history is read every ten minutes instead."
)


@login_required
@require_POST
def register(request: UserRequest) -> HttpResponse:
    """Enter our address in the account's list of webhooks."""
    config = get_object_or_404(PlexConfig, user=request.user)
    try:
        url = connection.webhook_url(config, base_url=chosen_base(request))
        others = hooks.register(config, url)
    except DecryptionError as error:
        messages.error(request, str(error))
    except PlexError as error:
        note(request, config, error)
        if error.kind == "no_plex_pass":
            connection.note_plex_pass(config, has_plex_pass=False)
            messages.info(request, HISTORY_INSTEAD)
    else:
        kept = f" {counted(others, 'other webhook')} stayed as before." if others else ""
        messages.success(request, f"Plex posts to this tracker from now on.{kept}")
    return redirect(reverse("plex:settings") + "#address")


@login_required
@require_POST
def remove(request: UserRequest) -> HttpResponse:
    """Take our address out of the account's list of webhooks."""
    config = get_object_or_404(PlexConfig, user=request.user)
    try:
        url = connection.webhook_url(config, base_url=chosen_base(request))
        count = hooks.deregister(config, url)
    except DecryptionError as error:
        messages.error(request, str(error))
    except PlexError as error:
        note(request, config, error)
    else:
        gone = "Plex no longer posts to this tracker. Your other webhooks stayed as before."
        messages.success(request, gone if count else "Plex's list held no address of this tracker.")
    return redirect(reverse("plex:settings") + "#address")


@login_required
@require_POST
def send_test(request: UserRequest) -> HttpResponse:
    """Post an event that records nothing through the address that Plex uses."""
    config = get_object_or_404(PlexConfig, user=request.user)
    try:
        url = connection.webhook_url(config, base_url=chosen_base(request))
        hooks.send_test_event(url)
    except (DecryptionError, hooks.UndeliveredError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The test event arrived: the address works.")
    return redirect(reverse("plex:settings") + "#arrive")


@never_cache
@login_required
@require_safe
def last_event(request: UserRequest) -> HttpResponse:
    """The newest event for a page that waits; 204 while it is the one that the page shows."""
    config = get_object_or_404(PlexConfig, user=request.user)
    event = latest_event(config)
    if event is None or (
        event.pk == number_in(request.GET.get("shown")) and event.status == request.GET.get("as")
    ):
        return HttpResponse(status=204)
    return render(
        request,
        "plex/_settings_last_event.html",
        {"config": config, "last_event": event, "is_new": True},
    )


def chosen_base(request: UserRequest) -> str:
    """The address of the tracker that was chosen, out of those that the page offers."""
    offered = bases_of(request)
    asked = request.POST.get("base", "")
    return asked if asked in offered else offered[0]
