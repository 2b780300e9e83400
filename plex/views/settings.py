"""The Plex settings page and what its buttons do."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from plex import circuit, connection
from plex.context_processors import PlexOf
from plex.forms import PlexSettingsForm, ServerForm, TokenForm
from plex.inbox import retry_waiting_for_tmdb
from plex.models import PlexConfig, PlexWebhookLog
from plex.sign_in import sign_in_address
from plex.views.accounts import account_rows, unlisted_accounts
from plex.views.address import webhook_address
from plex.views.checklist import checklist, has_arrived, works_without_webhooks
from plex.views.reading import server_reading
from tracker.encryption import DecryptionError, reveal
from tracker.forms import TmdbKeyForm
from tracker.models import SiteSettings
from tracker.views.answers import UserRequest, for_staff, next_url, number_in

# The account's servers when they were last asked for: names and ids, never a token.
SERVERS_KEY = "plex_servers"
# The sign-in that is under way: its number and code, which open nothing by themselves.
PIN_KEY = "plex_pin"


@never_cache
@login_required
def settings_page(request: UserRequest) -> HttpResponse:
    config = PlexConfig.objects.filter(user=request.user).first()
    if request.method != "POST" or config is None:
        return render_page(request, config)
    form = PlexSettingsForm(request.POST, instance=config)
    if not form.is_valid():
        return render_page(request, config, form=form, status=422)
    connection.save_settings(config, **form.cleaned_data)
    messages.success(request, "The Plex settings were saved.")
    return redirect("plex:settings")


@login_required
@require_POST
def connect(request: UserRequest) -> HttpResponse:
    try:
        connection.connect(request.user)
    except DecryptionError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, "Your webhook address is ready. Sign in with Plex, or enter it there by hand."
        )
    return redirect("plex:settings")


@login_required
@require_POST
def renew_secret(request: UserRequest) -> HttpResponse:
    config = get_object_or_404(PlexConfig, user=request.user)
    keep_old = request.POST.get("old") == "keep"
    try:
        connection.renew_secret(config, keep_old=keep_old)
    except DecryptionError as error:
        messages.error(request, str(error))
        return redirect("plex:settings")
    ending = "the old one works for 24 hours" if keep_old else "the old one has stopped working"
    messages.success(
        request,
        f"The webhook address is new, and {ending}. Enter the new one in Plex: a button below does it.",
    )
    return redirect("plex:settings")


@never_cache
@login_required
@require_POST
def save_tmdb_key(request: UserRequest) -> HttpResponse:
    for_staff(request)
    form = TmdbKeyForm(request.POST)
    target = next_url(request, reverse("plex:settings"))
    if not form.is_valid() and target == reverse("tracker:add-show"):
        return render(request, "tracker/add_show.html", {"key_form": form}, status=422)
    if not form.is_valid():
        config = PlexConfig.objects.filter(user=request.user).first()
        return render_page(request, config, tmdb_form=form, status=422)
    try:
        form.save()
    except DecryptionError as error:
        messages.error(request, str(error))
        return redirect("plex:settings")
    circuit.close(now=timezone.now())
    retry_waiting_for_tmdb(now=timezone.now())
    messages.success(request, "The TMDB key works and was saved.")
    return redirect(target)


def render_page(
    request: UserRequest, config: PlexConfig | None, *, status: int = 200, **forms: Any
) -> HttpResponse:
    """The page. `forms` are those that were sent and stay as they are: form, token_form, …"""
    context: dict[str, Any] = {
        "config": config,
        "tmdb_state": tmdb_state(),
        "tmdb_form": TmdbKeyForm(),
    }
    if config is not None:
        context |= connected_context(request, config, tmdb=context["tmdb_state"])
    return render(request, "plex/settings.html", context | forms, status=status)


def connected_context(request: UserRequest, config: PlexConfig, *, tmdb: str) -> dict[str, Any]:
    accounts = account_rows(request.user, chosen=number_in(request.GET.get("account")))
    last_event = latest_event(config)
    token = connection.token_state(config)
    reading = server_reading(config, token=token)
    has_event = has_arrived(config, last_event)
    plex = PlexOf(request.user)
    steps = checklist(
        config,
        token=token,
        accounts=accounts,
        tmdb=tmdb,
        outage=plex.outage,
        has_event=has_event,
        reading=reading,
    )
    return {
        # The same that every page has, with what was looked up for the steps.
        "plex": plex,
        "form": PlexSettingsForm(instance=config),
        "token_form": TokenForm(),
        "server_form": ServerForm(initial={"plex_server_url": config.plex_server_url}),
        "sign_in_address": pending_sign_in(request),
        "servers": request.session.get(SERVERS_KEY, []),
        "webhook": webhook_address(config, request),
        "token_state": token,
        "accounts": accounts,
        "unlisted": unlisted_accounts(request, config),
        "people": User.objects.filter(is_active=True).order_by("username")
        if request.user.is_staff
        else [],
        "last_event": last_event,
        "reading": reading,
        "has_event": has_event,
        "without_webhooks": works_without_webhooks(config, has_event=has_event),
        "has_lost_plex_pass": config.has_plex_pass is False and has_event,
        "steps": steps,
        "done_count": sum(step.done for step in steps),
    }


def latest_event(config: PlexConfig) -> PlexWebhookLog | None:
    logs = PlexWebhookLog.objects.filter(config=config).without_bodies()
    return logs.select_related("account").order_by("-id").first()


def pending_sign_in(request: HttpRequest) -> str:
    """Plex's page for the sign-in that is under way, "" where none is."""
    pin = request.session.get(PIN_KEY)
    if pin is None:
        return ""
    return sign_in_address(
        pin["code"], return_to=request.build_absolute_uri(reverse("plex:settings"))
    )


def tmdb_state() -> str:
    """ "environment", "set", "not_set" or "unreadable" (sealed with a key that is not here)."""
    if settings.TMDB_API_KEY:
        return "environment"
    site = SiteSettings.load()
    try:
        return "set" if reveal(site, "tmdb_api_key") else "not_set"
    except DecryptionError:
        return "unreadable"
