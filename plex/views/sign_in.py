"""The first step of connecting Plex: a token, by signing in on Plex's page or by hand."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from plex import connection
from plex.client import PlexError, PlexTv
from plex.forms import TokenForm
from plex.models import PlexConfig
from plex.sign_in import keep_checked_token, keep_granted_token, sentence
from plex.views.settings import PIN_KEY, render_page
from tracker.encryption import DecryptionError
from tracker.views.answers import UserRequest


@login_required
@require_POST
def start(request: UserRequest) -> HttpResponse:
    """Get a code from Plex; the settings page then leads to Plex's page."""
    try:
        connection.connect(request.user)
        pin = PlexTv().create_pin()
    except PlexError as error:
        messages.error(request, sentence(error))
    except DecryptionError as error:
        messages.error(request, str(error))
    else:
        request.session[PIN_KEY] = {"id": pin.id, "code": pin.code}
    return back_to_step()


@login_required
@require_POST
def cancel(request: UserRequest) -> HttpResponse:
    request.session.pop(PIN_KEY, None)
    return back_to_step()


@never_cache
@login_required
@require_POST
def check(request: UserRequest) -> HttpResponse:
    """Ask Plex whether the person has agreed: every few seconds, or when they say so."""
    config = get_object_or_404(PlexConfig, user=request.user)
    pin = request.session.get(PIN_KEY)
    if pin is None:  # Another window was quicker.
        return finished(request)
    try:
        token = PlexTv().check_pin(pin["id"]).token
        if not token:
            return still_waiting(request, "Plex says that you have not signed in yet.")
        username = keep_granted_token(config, token)
    except PlexError as error:
        if error.kind != "not_found":
            return still_waiting(request, sentence(error))
        messages.error(request, "The sign-in has expired: start a new one.")
    except DecryptionError as error:
        messages.error(request, str(error))
    else:
        greet(request, username)
    request.session.pop(PIN_KEY, None)
    return finished(request)


@never_cache
@login_required
@require_POST
def save_token(request: UserRequest) -> HttpResponse:
    """Keep a token that was pasted, if Plex knows it or can't be asked and the person insists."""
    config = get_object_or_404(PlexConfig, user=request.user)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return render_page(request, config, token_form=form, status=422)
    token = form.cleaned_data["plex_token"]
    try:
        greet(request, keep_checked_token(config, token))
    except PlexError as error:
        if error.kind == "unauthorised":
            form.add_error("plex_token", "Plex doesn't know this token: copy it again.")
        elif form.cleaned_data["unchecked"]:
            return save_unchecked(request, config, token)
        else:
            unsaved = "The token was not saved, as it could not be checked: "
            form.add_error("plex_token", unsaved + sentence(error))
        return render_page(
            request, config, token_form=form, can_save_unchecked=not error.permanent, status=422
        )
    except DecryptionError as error:
        messages.error(request, str(error))
    return back_to_step()


def save_unchecked(request: UserRequest, config: PlexConfig, token: str) -> HttpResponse:
    try:
        connection.save_token(config, token)
    except DecryptionError as error:
        messages.error(request, str(error))
    else:
        messages.warning(request, "The token was saved unchecked, as Plex can't be reached.")
    return back_to_step()


@login_required
@require_POST
def remove_token(request: UserRequest) -> HttpResponse:
    config = get_object_or_404(PlexConfig, user=request.user)
    connection.save_settings(config, plex_token="")
    messages.success(request, "The Plex token was removed. Webhooks go on working.")
    return back_to_step()


def greet(request: HttpRequest, username: str) -> None:
    who = f" as {username}" if username else ""
    messages.success(request, f"You are signed in to Plex{who}.")


def still_waiting(request: UserRequest, text: str) -> HttpResponse:
    if request.htmx:
        return render(request, "plex/_sign_in_state.html", {"text": text})
    messages.info(request, text)
    return back_to_step()


def finished(request: UserRequest) -> HttpResponse:
    target = reverse("plex:settings")
    return HttpResponseClientRedirect(target) if request.htmx else redirect(target)


def back_to_step() -> HttpResponse:
    return redirect(reverse("plex:settings") + "#token")
