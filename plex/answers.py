"""What Plex's servers answer, as dataclasses. Pure. Whatever has another shape is a `PlexError`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from plex import fields

Kind = Literal["unreachable", "unauthorised", "not_found", "no_plex_pass", "trouble"]

EPISODE, SHOW = "episode", "show"
# Plex gives its pages and lists in one object of this name.
CONTAINER = "MediaContainer"
# Plex counts its sign-ins; the number fits no 32 bits for ever.
MAX_PIN = 2**53


class PlexError(Exception):
    """Plex did not give what was asked for. The text is one sentence and never holds a token.

    `permanent`: asking again later would give the same, until somebody changes something.
    `retry_after`: the seconds that are to be waited before, where that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: Kind,
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A sign-in that is under way; `token` is "" until the person has agreed on Plex's page."""

    id: int
    code: str
    expires_at: datetime | None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class PlexUser:
    """The person whose token it is. `account_id` as in webhooks and histories of others' servers."""

    account_id: str
    username: str
    title: str
    email: str
    has_plex_pass: bool


@dataclass(frozen=True, kw_only=True)
class Address:
    uri: str
    is_local: bool
    is_relay: bool


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that the account may use, with its own token and every address it is known by."""

    uuid: str
    name: str
    is_owned: bool
    addresses: tuple[Address, ...]
    token: str = field(default="", repr=False)

    @property
    def own_token(self) -> str:
        """The token to keep for it: one of its own only where it is somebody else's."""
        return "" if self.is_owned else self.token

    @property
    def is_usable(self) -> bool:
        """Whether there is a token for it: the account's must not go to somebody else's server."""
        return self.is_owned or bool(self.token)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which server answers at an address."""

    uuid: str
    version: str


@dataclass(frozen=True, kw_only=True)
class ServerAccount:
    """An account as one server numbers it: 1 is its owner, others have their plex.tv id."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Section:
    key: str
    title: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """A show, season, episode or film; `metadata` has the fields of a webhook's Metadata."""

    rating_key: str
    type: str
    title: str
    guid: str
    last_viewed_at: datetime | None
    metadata: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One finished play. Of an item that was deleted `rating_key` is ""."""

    history_key: str
    viewed_at: datetime
    account_id: str
    rating_key: str
    type: str
    metadata: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """`size` counts all rows of the page, `rows` are those that can be read."""

    rows: tuple[HistoryRow, ...]
    size: int
    total: int | None


def wrong_shape(what: str) -> PlexError:
    return PlexError(f"Plex's answer can't be read ({what}).", kind="trouble")


def as_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong_shape("not an object")
    return value


def as_objects(value: object, *, what: str) -> list[dict[str, Any]]:
    """A list of objects; missing or null counts as empty, as Plex leaves empty lists out."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise wrong_shape(f"{what} is not a list of objects")
    return value


def container(answer: object) -> dict[str, Any]:
    return as_object(as_object(answer).get(CONTAINER))


def named(data: Mapping[str, Any], name: str) -> str:
    """A text that has to be there."""
    found = fields.text(data.get(name), 500)
    if not found:
        raise wrong_shape(f"{name} is missing")
    return found


def parse_pin(answer: object) -> Pin:
    data = as_object(answer)
    number = fields.whole(data.get("id"), maximum=MAX_PIN)
    if number is None:
        raise wrong_shape("id is missing")
    return Pin(
        id=number,
        code=named(data, "code"),
        expires_at=fields.moment(data.get("expiresAt")),
        token=fields.text(data.get("authToken"), 500),
    )


def parse_user(answer: object) -> PlexUser:
    data = as_object(answer)
    return PlexUser(
        account_id=named(data, "id"),
        username=fields.text(data.get("username")),
        title=fields.text(data.get("friendlyName")) or fields.text(data.get("title")),
        email=fields.text(data.get("email")),
        has_plex_pass=fields.flag(fields.mapping(data.get("subscription")).get("active")),
    )


def parse_servers(answer: object) -> tuple[Server, ...]:
    """The servers among an account's devices, owned ones first."""
    servers = [
        Server(
            uuid=named(data, "clientIdentifier"),
            name=fields.text(data.get("name")),
            is_owned=fields.flag(data.get("owned")),
            addresses=tuple(
                Address(
                    uri=fields.text(item.get("uri"), 500),
                    is_local=fields.flag(item.get("local")),
                    is_relay=fields.flag(item.get("relay")),
                )
                for item in as_objects(data.get("connections"), what="connections")
                if fields.text(item.get("uri"), 500)
            ),
            token=fields.text(data.get("accessToken"), 500),
        )
        for data in as_objects(answer, what="the list of servers")
        if "server" in fields.text(data.get("provides")).split(",")
    ]
    return tuple(sorted(servers, key=lambda server: not server.is_owned))


def parse_webhooks(answer: object) -> tuple[str, ...]:
    """The addresses of a list. An entry that can't be read is an error: it would be deleted."""
    if not isinstance(answer, list):
        raise wrong_shape("the list of webhooks is no list")
    urls = [as_object(item).get("url") for item in answer]
    if not all(isinstance(url, str) and url for url in urls):
        raise wrong_shape("a webhook has no url")
    return tuple(str(url) for url in urls)


def parse_identity(answer: object) -> Identity:
    data = container(answer)
    return Identity(uuid=named(data, "machineIdentifier"), version=fields.text(data.get("version")))


def parse_accounts(answer: object) -> tuple[ServerAccount, ...]:
    listed = as_objects(container(answer).get("Account"), what="Account")
    # The account 0 without a name stands for "nobody".
    return tuple(
        ServerAccount(id=fields.text(data.get("id")), name=fields.text(data.get("name")))
        for data in listed
        if fields.text(data.get("id")) not in {"", "0"}
    )


def parse_sections(answer: object) -> tuple[Section, ...]:
    return tuple(
        Section(
            key=named(data, "key"),
            title=fields.text(data.get("title")),
            type=fields.text(data.get("type")),
        )
        for data in as_objects(container(answer).get("Directory"), what="Directory")
    )


def parse_items(answer: object) -> tuple[Item, ...]:
    return tuple(
        Item(
            rating_key=fields.text(data.get("ratingKey")),
            type=fields.text(data.get("type")),
            title=fields.text(data.get("title"), 500),
            guid=fields.text(data.get("guid"), 500),
            last_viewed_at=fields.moment(data.get("lastViewedAt")),
            metadata=data,
        )
        for data in as_objects(container(answer).get("Metadata"), what="Metadata")
    )


def parse_item_page(answer: object) -> tuple[tuple[Item, ...], int | None]:
    """A page of items, and how many there are on all pages."""
    return parse_items(answer), fields.whole(container(answer).get("totalSize"))


def parse_history(answer: object) -> HistoryPage:
    """A page of plays; a row without a time or a key of its own can't be told from others."""
    data = container(answer)
    listed = as_objects(data.get("Metadata"), what="Metadata")
    rows = (history_row(item) for item in listed)
    return HistoryPage(
        rows=tuple(row for row in rows if row is not None),
        size=len(listed),
        total=fields.whole(data.get("totalSize")),
    )


def history_row(data: dict[str, Any]) -> HistoryRow | None:
    key, viewed_at = fields.text(data.get("historyKey")), fields.moment(data.get("viewedAt"))
    if not key or viewed_at is None:
        return None
    return HistoryRow(
        history_key=key,
        viewed_at=viewed_at,
        account_id=fields.text(data.get("accountID"), 64),
        rating_key=fields.text(data.get("ratingKey")),
        type=fields.text(data.get("type")).lower(),
        metadata=data,
    )
