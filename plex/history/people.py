"""Whose rows the history holds: the server's owner is 1 there, and maybe a plex.tv id in webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from plex import host_circuits, inbox
from plex.client import PlexError, PlexServer, PlexTv, PlexUser
from plex.connection import note_plex_pass, token_of
from plex.history.events import Who
from plex.models import Action, PlexAccount, PlexConfig, PlexWebhookLog

OWNER = "1"


@dataclass(kw_only=True)
class People:
    """The accounts of one server, as webhooks name them. `me` is the person of the token."""

    known: dict[str, PlexAccount]
    names: dict[str, str]
    me: PlexUser | None = None
    is_owner: bool = False
    users: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def who(self, account_id: str) -> Who:
        named = self.owner_id() if account_id == OWNER else account_id
        account = self.known.get(named)
        title = account.account_title if account is not None else ""
        mine = self.me.account_id if self.me is not None else None
        return Who(
            account_id=named,
            # As the server calls it today: accounts are renamed.
            title=self.names.get(account_id, "") or title,
            is_user=account_id == mine or (account_id == OWNER and self.is_owner),
        )

    def owner_id(self) -> str:
        """The id under which webhooks bring the owner's plays; newer servers send the plex.tv id."""
        mine = self.me.account_id if self.me is not None and self.is_owner else ""
        if mine and mine in self.known:
            return mine
        if OWNER in self.known:
            return OWNER
        name = self.names.get(OWNER, "").casefold()
        same_name = [
            key for key, account in self.known.items() if account.account_title.casefold() == name
        ]
        return mine or (same_name[0] if name and len(same_name) == 1 else OWNER)

    def is_stranger(self, who: Who) -> bool:
        account = self.known.get(who.account_id)
        return account is not None and account.never


def read_people(config: PlexConfig, server: PlexServer, *, must_know: bool = False) -> People:
    """Ask who is who. Raises `PlexError` where that has to be known and can't be now.

    `must_know`: what is not the person's now is left out for good.
    """
    people = People(known={}, names=account_names(server))
    try:
        tv = PlexTv(token_of(config), circuit=host_circuits.of_account_service())
        people.me = tv.user()
        if config.has_plex_pass != people.me.has_plex_pass:
            note_plex_pass(config, has_plex_pass=people.me.has_plex_pass)
        owned = {item.uuid for item in tv.resources() if item.is_owned}
        people.is_owner = config.plex_server_uuid in owned
    except PlexError as error:
        # A token that is good for the server alone says nothing about its person; an outage passes.
        if not error.permanent and (must_know or config.account_id is None):
            raise
    accounts = PlexAccount.objects.filter(server_uuid=config.plex_server_uuid)
    people.known = {account.account_key: account for account in accounts.prefetch_related("users")}
    join_owner(people)
    for account in people.known.values():
        people.users[account.account_key] = tuple(user.pk for user in account.users.all())
    return people


def account_names(server: PlexServer) -> dict[str, str]:
    try:
        return {account.id: account.name for account in server.accounts()}
    except PlexError as error:
        # Guests may not list the accounts; whether the token is good shows in the history.
        if error.kind not in {"unauthorised", "not_found"}:
            raise
        return {}


def join_owner(people: People) -> None:
    """The owner as 1 and as a plex.tv id is one person: what was said of one holds for the other."""
    if people.me is None or not people.is_owner:
        return
    both = [people.known.get(key) for key in (OWNER, people.me.account_id)]
    accounts = [account for account in both if account is not None and not account.never]
    if len(accounts) != len(both):
        return
    said = [account for account in accounts if account.users.exists()]
    if len(said) != 1:
        return
    other = next(account for account in accounts if account.pk != said[0].pk)
    waiting = PlexWebhookLog.objects.held().filter(
        account=other, action_taken=Action.WAITING_FOR_ACCOUNT
    )
    # Together: once both have people, nothing looks here for plays that wait.
    with transaction.atomic():
        other.users.set(said[0].users.all())
        inbox.requeue(waiting, now=timezone.now())
