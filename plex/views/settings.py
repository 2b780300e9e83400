"""The Plex settings page and what its buttons do."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from plex import connection
from plex.forms import PlexSettingsForm
from plex.inbox import retry_waiting_for_tmdb
from plex.models import PlexConfig, PlexWebhookLog
from plex.views.access import as_id
from plex.views.accounts import AccountRow, account_rows
from tracker.encryption import DecryptionError, reveal
from tracker.environment import own_hosts
from tracker.forms import TmdbKeyForm
from tracker.models import SiteSettings
from tracker.views.answers import UserRequest, next_url


@dataclass(frozen=True, kw_only=True)
class WebhookAddress:
    """`problem` says why there is no `url`; `suggestion` is an address that other machines reach.

    `old_until`: as long as the previous address still works.
    """

    url: str = ""
    old_until: datetime | None = None
    problem: str = ""
    is_local: bool = False
    suggestion: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of the checklist."""

    done: bool
    title: str
    hint: str
    anchor: str
    optional: bool = False


@never_cache
@login_required
def settings_page(request: UserRequest) -> HttpResponse:
    config = PlexConfig.objects.filter(user=request.user).first()
    if request.method != "POST" or config is None:
        return render_page(request, config)
    form = PlexSettingsForm(request.POST)
    if not form.is_valid():
        return render_page(request, config, form=form, status=422)
    try:
        form.save(config)
    except DecryptionError as error:
        messages.error(request, str(error))
    else:
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
        messages.success(request, "Your webhook address is ready: enter it in Plex.")
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
        request, f"The webhook address is new, and {ending}. Enter the new one in Plex."
    )
    return redirect("plex:settings")


@never_cache
@login_required
@require_POST
def save_tmdb_key(request: UserRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied
    form = TmdbKeyForm(request.POST)
    if not form.is_valid():
        config = PlexConfig.objects.filter(user=request.user).first()
        return render_page(request, config, tmdb_form=form, status=422)
    try:
        form.save()
    except DecryptionError as error:
        messages.error(request, str(error))
        return redirect("plex:settings")
    retry_waiting_for_tmdb(now=timezone.now())
    messages.success(request, "The TMDB key works and was saved.")
    return redirect(next_url(request, reverse("plex:settings")))


def render_page(
    request: UserRequest,
    config: PlexConfig | None,
    *,
    form: PlexSettingsForm | None = None,
    tmdb_form: TmdbKeyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "config": config,
        "tmdb_state": tmdb_state(),
        "tmdb_form": tmdb_form or TmdbKeyForm(),
    }
    if config is not None:
        accounts = account_rows(request.user, chosen=as_id(request.GET.get("account")))
        last_event = latest_event(config)
        context |= {
            "form": form or PlexSettingsForm.of(config),
            "webhook": webhook_address(config, request),
            "token_state": connection.token_state(config),
            "accounts": accounts,
            "people": User.objects.filter(is_active=True).order_by("username")
            if request.user.is_staff
            else [],
            "last_event": last_event,
            "steps": checklist(
                config,
                accounts=accounts,
                tmdb=context["tmdb_state"],
                has_event=last_event is not None,
            ),
        }
    return render(request, "plex/settings.html", context, status=status)


def latest_event(config: PlexConfig) -> PlexWebhookLog | None:
    logs = PlexWebhookLog.objects.filter(config=config).defer("payload", "raw_body", "trace")
    return logs.select_related("account").order_by("-id").first()


def webhook_address(config: PlexConfig, request: HttpRequest) -> WebhookAddress:
    try:
        url = connection.webhook_url(config, base_url=f"{request.scheme}://{request.get_host()}")
    except DecryptionError as error:
        return WebhookAddress(problem=str(error))
    host = split_domain_port(request.get_host())[0]
    is_local = not settings.PUBLIC_URL and is_loopback(host)
    until = config.previous_secret_until
    return WebhookAddress(
        url=url,
        old_until=until if until and until > timezone.now() else None,
        is_local=is_local,
        suggestion=reachable_address(port=request.get_port()) if is_local else "",
    )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def reachable_address(*, port: str) -> str:
    """This machine's own address as other machines see it, "" if it has none."""
    for host in own_hosts():
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            continue
        if not address.is_loopback:
            return f"http://{address}:{port}"
    return ""


def tmdb_state() -> str:
    """ "environment", "set", "not_set" or "unreadable" (sealed with a key that is not here)."""
    if settings.TMDB_API_KEY:
        return "environment"
    site = SiteSettings.load()
    try:
        return "set" if reveal(site, "tmdb_api_key") else "not_set"
    except DecryptionError:
        return "unreadable"


def checklist(
    config: PlexConfig, *, accounts: Sequence[AccountRow], tmdb: str, has_event: bool
) -> list[Step]:
    undecided = any(not row.is_decided for row in accounts)
    return [
        Step(
            done=has_event,
            title="Plex knows the webhook address",
            hint="Copy the address below into Plex: Account, Webhooks, Add webhook. Then play something.",
            anchor="address",
        ),
        Step(
            done=tmdb in {"environment", "set"},
            title="TMDB can be asked",
            hint="Enter a TMDB key, so that unknown shows are found and added.",
            anchor="tmdb",
        ),
        Step(
            done=bool(accounts) and not undecided,
            title="Every account has its person",
            hint="Say whose plays the accounts below are; until then their plays are held."
            if accounts
            else "Accounts are listed below as soon as their first event arrives.",
            anchor="accounts",
        ),
        Step(
            done=connection.token_state(config) == "set",
            title="A Plex token is stored",
            hint="With it, shows are recognised that can't be told from the event alone.",
            anchor="settings",
            optional=True,
        ),
    ]
