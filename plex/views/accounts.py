"""The accounts whose plays arrive, and whose plays those are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from plex.client import PlexError, PlexServer, ServerAccount
from plex.connection import note_refusal, server_token_of
from plex.forms import AccountForm, first_error
from plex.models import Action, PlexAccount, PlexConfig, PlexWebhookLog
from plex.resolution import ResolutionError, assign_account, replay_account
from plex.sign_in import sentence
from tracker.views.answers import UserRequest, counted, number_in

SHOWN_ACCOUNTS, SHOWN_FORMS = 50, 5
MOST_ACCOUNTS = 100
# The server's accounts when they were last asked for: [id, name], and of which server.
ACCOUNTS_KEY = "plex_server_accounts"
ONLY_OWNERS = (
    "The server lists its accounts to its owner only; they appear here by themselves as they play."
)


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    account: PlexAccount
    users: Sequence[User]
    held: int
    is_mine: bool
    is_somebody_elses: bool
    is_open: bool = False  # Its form is shown.

    @property
    def is_decided(self) -> bool:
        return bool(self.users or self.account.never)

    @property
    def can_replay(self) -> bool:
        return bool(self.held and self.users)


@login_required
@require_POST
def assign(request: UserRequest, pk: int) -> HttpResponse:
    """Say whose plays an account's are."""
    account = get_object_or_404(PlexAccount.objects.visible_to(request.user), pk=pk)
    form = AccountForm(request.POST, account=account, by=request.user)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect("plex:settings")
    try:
        count = assign_account(
            account, by=request.user, users=form.chosen_users(), never=form.cleaned_data["never"]
        )
    except ResolutionError as error:
        messages.error(request, str(error))
        return redirect("plex:settings")
    waiting = f" {plays(count)} can be recorded now." if count else ""
    if account.never or account.users.exists():
        messages.success(request, f"Saved whose plays “{account.account_title}” makes.{waiting}")
    else:
        messages.info(
            request, f"Nobody is ticked, so the plays of “{account.account_title}” wait on."
        )
    return redirect("plex:settings")


@login_required
@require_POST
def replay(request: UserRequest, pk: int) -> HttpResponse:
    """Record the plays of an account that were held until somebody said whose they are."""
    account = get_object_or_404(PlexAccount.objects.visible_to(request.user), pk=pk)
    resolved = replay_account(account)
    recorded = "1 play was" if resolved.recorded == 1 else f"{resolved.recorded} plays were"
    waiting = f" {resolved.still_open} still wait: see the activity." if resolved.still_open else ""
    messages.success(request, f"{recorded} recorded for “{account.account_title}”.{waiting}")
    return redirect("plex:settings")


@login_required
@require_POST
def read(request: UserRequest) -> HttpResponse:
    """Ask the server for its accounts, to say at once whose plays they are."""
    config = get_object_or_404(PlexConfig, user=request.user)
    try:
        server = PlexServer(config.plex_server_url, server_token_of(config))
        uuid = server.identity().uuid
        listed = server.accounts()
    except PlexError as error:
        refused = error.kind == "unauthorised"
        messages.error(request, why_refused(config) if refused else sentence(error))
        return back_to_step()
    if uuid != config.plex_server_uuid:
        messages.error(request, "Another server answers at this address: choose yours again.")
        return back_to_step()
    known = [[account.id, account.name] for account in listed[:MOST_ACCOUNTS]]
    request.session[ACCOUNTS_KEY] = {"uuid": uuid, "accounts": known}
    if not unlisted_accounts(request, config):
        messages.info(request, "Every account of the server is listed here already.")
    return back_to_step()


def why_refused(config: PlexConfig) -> str:
    """Servers answer alike to guests and to a token that ended; guests may see the libraries."""
    token = server_token_of(config)
    try:
        PlexServer(config.plex_server_url, token).sections()
    except PlexError as error:
        note_refusal(config, error, sent=token)
        return sentence(error)
    return ONLY_OWNERS


@login_required
@require_POST
def choose(request: UserRequest) -> HttpResponse:
    """Say whose plays the ticked accounts of the server are."""
    config = get_object_or_404(PlexConfig, user=request.user)
    ticked = set(request.POST.getlist("account"))
    chosen = [one for one in unlisted_accounts(request, config) if one.id in ticked]
    try:
        with transaction.atomic():
            for one in chosen:
                user = chosen_user(request, one.id)
                assign_account(account_of(config, one), by=request.user, users=[user])
    except ResolutionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The plays of {counted(len(chosen), 'account')} count.")
    return back_to_step()


def chosen_user(request: UserRequest, account_id: str) -> User:
    """The person chosen for an account: anybody for staff, oneself for all others."""
    pk = number_in(request.POST.get(f"user-{account_id}"))
    if not request.user.is_staff or pk is None:
        return request.user
    return get_object_or_404(User, pk=pk, is_active=True)


def account_of(config: PlexConfig, one: ServerAccount) -> PlexAccount:
    """The row of an account that the server lists; made where it never played."""
    account, _ = PlexAccount.objects.get_or_create(
        server_uuid=config.plex_server_uuid,
        account_key=one.id,
        defaults={
            "server_title": config.plex_server_name,
            "account_id": one.id,
            "account_title": one.name,
        },
    )
    account.seen_by.add(config)
    return account


def unlisted_accounts(request: UserRequest, config: PlexConfig) -> list[ServerAccount]:
    """The accounts that the server named when it was asked, and that are not listed yet."""
    kept = request.session.get(ACCOUNTS_KEY)
    if not kept or kept["uuid"] != config.plex_server_uuid:
        return []
    known = set(
        PlexAccount.objects.visible_to(request.user)
        .filter(server_uuid=kept["uuid"])
        .values_list("account_key", flat=True)
    )
    return [ServerAccount(id=pk, name=name) for pk, name in kept["accounts"] if pk not in known]


def back_to_step() -> HttpResponse:
    return redirect(reverse("plex:settings") + "#accounts")


def account_rows(user: User, *, chosen: int | None = None) -> list[AccountRow]:
    """The accounts seen last; with a form for the chosen one and for the first that wait for an answer.

    A form has a box for each person, and there may be many of both.
    """
    accounts = list(
        PlexAccount.objects.visible_to(user)
        .prefetch_related("users")
        .order_by("-last_seen_at", "-pk")[:SHOWN_ACCOUNTS]
    )
    held = held_per_account()
    rows = []
    forms = 0
    for account in accounts:
        users = list(account.users.all())
        is_open = account.pk == chosen or (not (users or account.never) and forms < SHOWN_FORMS)
        forms += is_open
        rows.append(
            AccountRow(
                account=account,
                users=users,
                held=held[account.pk],
                is_mine=user in users,
                is_somebody_elses=any(person != user for person in users),
                is_open=is_open,
            )
        )
    return rows


def held_per_account() -> Counter[int | None]:
    """How many plays of each account wait for the answer whose they are."""
    # By the connections, of which there are few: their index holds the held rows alone.
    rows = PlexWebhookLog.objects.held().filter(
        config__in=list(PlexConfig.objects.values_list("pk", flat=True)),
        action_taken=Action.WAITING_FOR_ACCOUNT,
    )
    return Counter(rows.order_by().values_list("account_id", flat=True))


def plays(count: int) -> str:
    return "1 held play" if count == 1 else f"{count} held plays"
