"""The three Plex hosts that can be asked: the account service, a server, the metadata provider.

Every method raises `PlexError`; its `kind` says what is wrong. Nothing here writes to a server; the
list of webhooks, which belongs to the account, is the one thing that is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings

from plex.answers import (
    HistoryPage,
    HistoryRow,
    Identity,
    Item,
    Kind,
    Pin,
    PlexError,
    PlexUser,
    Section,
    Server,
    ServerAccount,
    parse_accounts,
    parse_history,
    parse_identity,
    parse_item_page,
    parse_items,
    parse_pin,
    parse_sections,
    parse_servers,
    parse_user,
    parse_webhooks,
    wrong_shape,
)
from plex.calls import TRIES, Caller, client_identifier
from plex.circuit import Circuit

__all__ = [
    "HistoryPage",
    "HistoryRow",
    "Identity",
    "Item",
    "Kind",
    "Pin",
    "PlexError",
    "PlexMetadata",
    "PlexServer",
    "PlexTv",
    "PlexUser",
    "Section",
    "Server",
    "ServerAccount",
    "client_identifier",
]

HISTORY_PAGE = 100
ITEMS_PAGE = 200
# Rating keys in one address.
MOST_KEYS = 50
SHOWS_PAGE = 1000
SHOW_TYPE, EPISODE_TYPE = 2, 4
WITH_GUIDS = {"includeGuids": 1}
POSTER_SIZE = {"width": 320, "height": 480}
LARGEST_PICTURE_BYTES = 3_000_000
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")

_SHOW_GUID = re.compile(r"plex://show/([0-9a-f]{8,64})", re.ASCII)
_KEY = re.compile(r"[0-9]{1,18}", re.ASCII)


class PlexTv:
    """Plex's account service; a sign-in needs no token yet."""

    def __init__(self, token: str = "", *, circuit: Circuit | None = None) -> None:
        self._caller = Caller(
            base_url=settings.PLEX_TV_URL, token=token, who="Plex", circuit=circuit
        )

    def create_pin(self) -> Pin:
        """Begin a sign-in: the person agrees on Plex's page to this code."""
        return parse_pin(
            self._caller.call("POST", "/api/v2/pins", params={"strong": "true"}, form={})
        )

    def check_pin(self, pin_id: int) -> Pin:
        """How far a sign-in is; `not_found` where its code has expired."""
        return self._caller.get(f"/api/v2/pins/{pin_id:d}", parse_pin)

    def user(self) -> PlexUser:
        """Whose token this is; `unauthorised` where it is none of Plex's."""
        return self._caller.get("/api/v2/user", parse_user)

    def resources(self) -> tuple[Server, ...]:
        """The servers that the account may use, owned ones first."""
        params: dict[str, str | int] = {"includeHttps": 1, "includeRelay": 1, "includeIPv6": 1}
        return self._caller.get("/api/v2/resources", parse_servers, params)

    def webhooks(self) -> tuple[str, ...]:
        """The addresses that the account posts to; `no_plex_pass` without the subscription."""
        try:
            return self._caller.get("/api/v2/user/webhooks", parse_webhooks)
        except PlexError as error:
            refused = error
        raise self._without_pass(refused)

    def add_webhook(self, url: str, *, replacing: Iterable[str] = ()) -> tuple[str, ...]:
        """Add an address and keep all others but those in `replacing`; returns the new list.

        Saving replaces the whole list, so it is read at this very moment.
        """
        known, old = self.webhooks(), set(replacing)
        kept = [item for item in known if item not in old or item == url]
        wanted = tuple(kept if url in kept else [*kept, url])
        return wanted if wanted == known else self._save_webhooks(wanted)

    def remove_webhook(self, url: str) -> tuple[str, ...]:
        """Take one address out and keep all others; returns the new list."""
        known = self.webhooks()
        wanted = tuple(item for item in known if item != url)
        return wanted if wanted == known else self._save_webhooks(wanted)

    def _save_webhooks(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        form = [("urls[]", url) for url in urls] or [("urls", "")]
        try:
            self._caller.call("POST", "/api/v2/user/webhooks", form=form)
        except PlexError as error:
            refused = error
        else:
            return urls
        raise self._without_pass(refused)

    def _without_pass(self, refused: PlexError) -> PlexError:
        """Plex answers alike for a bad token and for no Plex Pass; the account tells which."""
        if refused.kind != "unauthorised":
            return refused
        try:
            self.user()
        except PlexError as error:
            return error
        return PlexError(
            "Plex lets this account have no webhooks: they need a Plex Pass.",
            kind="no_plex_pass",
            permanent=True,
        )


class PlexServer:
    """One Plex Media Server."""

    def __init__(
        self, url: str, token: str, *, tries: int = TRIES, circuit: Circuit | None = None
    ) -> None:
        self._caller = Caller(
            base_url=url, token=token, who="The Plex server", tries=tries, circuit=circuit
        )

    def identity(self) -> Identity:
        """Which server answers here; needs no token."""
        return self._caller.get("/identity", parse_identity)

    def accounts(self) -> tuple[ServerAccount, ...]:
        """The accounts as this server numbers them; its owner is 1."""
        return self._caller.get("/accounts", parse_accounts)

    def sections(self) -> tuple[Section, ...]:
        return self._caller.get("/library/sections", parse_sections)

    def items(self, rating_keys: Iterable[str]) -> dict[str, Item]:
        """The items with these keys, by key; what the server does not have is left out."""
        keys = sorted({key for key in rating_keys if _KEY.fullmatch(key)})
        found: dict[str, Item] = {}
        for start in range(0, len(keys), MOST_KEYS):
            found |= self._items(keys[start : start + MOST_KEYS])
        return found

    def _items(self, keys: list[str]) -> dict[str, Item]:
        try:
            path = f"/library/metadata/{','.join(keys)}"
            items = self._caller.get(path, parse_items, WITH_GUIDS, of_items=True)
        except PlexError as error:
            if error.kind != "not_found":
                raise
            if len(keys) == 1:
                return {}
        else:
            return {item.rating_key: item for item in items}
        # One that is gone must not hide the others.
        middle = len(keys) // 2
        return self._items(keys[:middle]) | self._items(keys[middle:])

    def episodes(self, show_key: str) -> Iterator[Item]:
        """All episodes of a show."""
        if not _KEY.fullmatch(show_key):
            return iter(())
        return self._paged(f"/library/metadata/{show_key}/allLeaves", includeGuids=1)

    def watched_episodes(self, section_key: str) -> Iterator[Item]:
        """The episodes that the token's user has watched, the latest first."""
        return self._paged(
            f"/library/sections/{int(section_key)}/all",
            type=EPISODE_TYPE,
            unwatched=0,
            sort="lastViewedAt:desc",
            includeGuids=1,
        )

    def shows(self, section_key: str) -> Iterator[Item]:
        """All shows of a library, by title; `viewedLeafCount` is that of the token's user."""
        return self._paged(
            f"/library/sections/{int(section_key)}/all",
            size=SHOWS_PAGE,
            type=SHOW_TYPE,
            sort="titleSort",
            includeGuids=1,
        )

    def poster(self, rating_key: str, version: str) -> tuple[bytes, str]:
        """An item's poster, made small, and of what type it is."""
        if not (_KEY.fullmatch(rating_key) and _KEY.fullmatch(version)):
            raise PlexError("That is no poster.", kind="not_found", permanent=True)
        path = f"/library/metadata/{rating_key}/thumb/{version}"
        try:
            return self._picture("/photo/:/transcode", url=path, minSize=1, **POSTER_SIZE)
        except PlexError as error:
            if error.kind in {"unreachable", "unauthorised"}:
                raise
        # A server that can't make it smaller.
        return self._picture(path)

    def _picture(self, path: str, **params: str | int) -> tuple[bytes, str]:
        def ask() -> tuple[bytes, str]:
            body, content_type = self._caller.exchange(
                "GET",
                path,
                params=params,
                accept=", ".join(PICTURE_TYPES),
                largest=LARGEST_PICTURE_BYTES,
            )
            content_type = content_type.partition(";")[0].strip().lower()
            if content_type not in PICTURE_TYPES or not body:
                raise wrong_shape("not a picture")
            return body, content_type

        return self._caller.guarded(ask, of_items=True)

    def _paged(self, path: str, *, size: int = ITEMS_PAGE, **params: str | int) -> Iterator[Item]:
        before: tuple[Item, ...] = ()
        start = 0
        while True:
            page, total = self._caller.get(path, parse_item_page, {**params, **paging(start, size)})
            if page and page == before:
                raise wrong_shape("the same page again")
            yield from page
            start += len(page)
            # A server may give fewer at a time than it was asked for.
            if not page or (len(page) < size if total is None else start >= total):
                return
            before = page

    def history(self, *, since: datetime) -> Iterator[tuple[HistoryRow, ...]]:
        """The finished plays since a moment, the oldest first, page by page."""
        start = 0
        before: tuple[HistoryRow, ...] = ()
        while True:
            page = self.history_page(start=start, since=since)
            if page.rows and page.rows == before:
                raise wrong_shape("the same page again")
            yield page.rows
            start += page.size
            if is_last(page, end=start) or not page.size:
                return
            before = page.rows

    def history_page(self, *, start: int, since: datetime | None = None) -> HistoryPage:
        """One page of the finished plays, the oldest first, from the `start`th on."""
        moment = {} if since is None else {"viewedAt>": int(since.timestamp())}
        params: dict[str, str | int] = {
            **moment,
            "sort": "viewedAt:asc",
            **paging(start, HISTORY_PAGE),
        }
        return self._caller.get("/status/sessions/history/all", parse_history, params)


class PlexMetadata:
    """Plex's own catalogue, which knows the outside ids of every plex:// guid."""

    def __init__(self, token: str, *, tries: int = TRIES, circuit: Circuit | None = None) -> None:
        self._caller = Caller(
            base_url=settings.PLEX_METADATA_URL,
            token=token,
            who="Plex's catalogue",
            tries=tries,
            circuit=circuit,
        )

    def show(self, guid: str) -> Item | None:
        """The show of a plex://show/… guid; None for any other and for one that is unknown."""
        found = _SHOW_GUID.match(guid)
        if found is None:
            return None
        try:
            path = f"/library/metadata/{found[1]}"
            items = self._caller.get(path, parse_items)
        except PlexError as error:
            if error.kind == "not_found":
                return None
            raise
        return items[0] if items else None


def paging(start: int, size: int) -> dict[str, str | int]:
    return {"X-Plex-Container-Start": start, "X-Plex-Container-Size": size}


def is_last(page: HistoryPage, *, end: int) -> bool:
    """Whether nothing comes after this page, which ends with the `end`th row."""
    return page.size < HISTORY_PAGE if page.total is None else end >= page.total
