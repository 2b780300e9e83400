"""The accounts whose plays arrive, and whose plays those are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from plex.forms import AccountForm, first_error
from plex.models import Action, PlexAccount, PlexConfig, PlexWebhookLog
from plex.resolution import ResolutionError, assign_account, replay_account
from tracker.views.answers import UserRequest

SHOWN_ACCOUNTS, SHOWN_FORMS = 50, 5


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
    messages.success(request, f"Saved whose plays “{account.account_title}” makes.{waiting}")
    return redirect("plex:settings")


@login_required
@require_POST
def replay(request: UserRequest, pk: int) -> HttpResponse:
    """Record the plays of an account that were held until somebody said whose they are."""
    account = get_object_or_404(PlexAccount.objects.visible_to(request.user), pk=pk)
    try:
        resolved = replay_account(account, by=request.user)
    except ResolutionError as error:
        messages.error(request, str(error))
        return redirect("plex:settings")
    recorded = "1 play was" if resolved.recorded == 1 else f"{resolved.recorded} plays were"
    waiting = f" {resolved.still_open} still wait: see the activity." if resolved.still_open else ""
    messages.success(request, f"{recorded} recorded for “{account.account_title}”.{waiting}")
    return redirect("plex:settings")


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
