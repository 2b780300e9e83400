"""Whose play an event is: the account that sent it, and the people whom it counts for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F

from plex.models import PlexAccount, PlexConfig
from plex.payload import EventSummary, NotAPlayback, Playback
from plex.processing.events import Event
from plex.refusals import PROVIDER_PREFIX

SEEN_EVERY = timedelta(minutes=1)

AccountKey = tuple[str, str]


@dataclass(kw_only=True)
class Sender:
    """An account, the hooks that it came through before, and the users for whom its plays count."""

    account: PlexAccount
    hooks: set[int] = field(default_factory=set)
    users: set[int] = field(default_factory=set)


def has_account(event: Event, summary: EventSummary) -> bool:
    """Whether the sender is somebody's Plex server, whose accounts are worth listing.

    Plex's own free streaming calls itself a server too, and nothing of it ever counts.
    """
    if summary.server_uuid.startswith(PROVIDER_PREFIX):
        return False
    if isinstance(event.parsed, NotAPlayback):
        return event.parsed.action not in {"not_plex", "invalid_payload"}
    return True


def account_key(summary: EventSummary) -> AccountKey:
    """(server, account); an account without an id goes by its name."""
    named = f"title:{summary.account_title.casefold()}" if summary.account_title else ""
    return summary.server_uuid, summary.account_id or named


def gather_senders(
    events: Sequence[Event], summaries: dict[int, EventSummary], *, now: datetime
) -> dict[AccountKey, Sender]:
    """The accounts of the events; those never seen before are made."""
    sent = [event for event in events if has_account(event, summaries[event.log.pk])]
    wanted = {account_key(summaries[event.log.pk]): event for event in sent}
    # An account without id and name is listed once it played something.
    wanted = {
        key: event for key, event in wanted.items() if key[1] or isinstance(event.parsed, Playback)
    }
    senders = find_senders(wanted)
    missing = [key for key in wanted if key not in senders]
    if missing:
        PlexAccount.objects.bulk_create(
            [new_account(key, summaries[wanted[key].log.pk]) for key in missing],
            ignore_conflicts=True,
        )
        senders = find_senders(wanted)
    for key, sender in senders.items():
        note_seen(sender.account, summaries[wanted[key].log.pk], now=now)
    note_hooks(
        {
            (senders[key].account.pk, event.config.pk)
            for event in sent
            if (key := account_key(summaries[event.log.pk])) in senders
            and event.config.pk not in senders[key].hooks
        }
    )
    return senders


def find_senders(keys: Iterable[AccountKey]) -> dict[AccountKey, Sender]:
    wanted = set(keys)
    # A row for each pair of a hook and a user; of nearly every account that is one.
    found = PlexAccount.objects.filter(
        server_uuid__in={server for server, _ in wanted}, account_key__in={key for _, key in wanted}
    ).annotate(hook=F("seen_by"), person=F("users"))
    senders: dict[AccountKey, Sender] = {}
    for account in found:
        key = account.server_uuid, account.account_key
        # Among them one server's account of another's number.
        if key in wanted:
            sender = senders.setdefault(key, Sender(account=account))
            sender.hooks |= {account.hook} - {None}
            sender.users |= {account.person} - {None}
    return senders


def new_account(key: AccountKey, summary: EventSummary) -> PlexAccount:
    return PlexAccount(
        server_uuid=key[0],
        account_key=key[1],
        account_id=summary.account_id,
        account_title=summary.account_title,
        server_title=summary.server_title,
    )


def note_seen(account: PlexAccount, summary: EventSummary, *, now: datetime) -> None:
    """Keep the names current; at most once a minute for each."""
    if account.last_seen_at is not None and now - account.last_seen_at < SEEN_EVERY:
        return
    PlexAccount.objects.filter(pk=account.pk).update(
        last_seen_at=now,
        account_title=summary.account_title or account.account_title,
        server_title=summary.server_title or account.server_title,
    )


def note_hooks(new: set[tuple[int, int]]) -> None:
    """Keep through whose hooks each account came: these may see it."""
    through = PlexAccount.seen_by.through
    through.objects.bulk_create(
        [through(plexaccount_id=account, plexconfig_id=config) for account, config in sorted(new)],
        ignore_conflicts=True,
    )


def assign_people(event: Event, sender: Sender, summary: EventSummary) -> None:
    """Say whose play this is; the account that owns the hook is bound to the hook's user."""
    account = sender.account
    if not sender.users and owns_hook(event.config, account, summary):
        account.users.add(event.config.user_id)
        sender.users = set(account.users.values_list("pk", flat=True))
    event.account_id = account.pk
    event.account_key = account.account_key
    event.is_stranger = account.never
    event.users = tuple(sorted(sender.users))


def owns_hook(config: PlexConfig, account: PlexAccount, summary: EventSummary) -> bool:
    """The first account that arrives as the hook's own, and later the same account elsewhere.

    Asked for accounts that nobody has been given yet.

    A second account that also calls itself the owner (a couple with one address) is nobody's until
    somebody says so. The id 1 means another person on each server.
    """
    if not summary.is_user or account.never:
        return False
    if config.account is None:
        PlexConfig.objects.filter(pk=config.pk, account=None).update(account=account)
        config.refresh_from_db(fields=["account"])
        # Another worker may have bound it in this very moment: to this account, or another.
        return config.account_id == account.pk
    is_same_person = account.account_id == config.account.account_id
    return (
        is_same_person and account.pk != config.account_id and account.account_id not in {"", "1"}
    )
