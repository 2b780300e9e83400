"""Items at which a Plex server fails each time it is asked: left out, so that the others get through."""

from __future__ import annotations

from collections.abc import Iterable

from plex.answers import Item, PlexError
from plex.client import MOST_KEYS, PlexServer


class UnreadItemsError(PlexError):
    """The server answers, but fails at some of the items it is asked for."""

    def __init__(self, error: PlexError) -> None:
        super().__init__(str(error), kind=error.kind, permanent=error.permanent)


def all_items(server: PlexServer, keys: Iterable[str]) -> dict[str, Item]:
    """The items with these keys. Raises `UnreadItemsError`, and `PlexError` where nothing answers."""
    try:
        return server.items(keys)
    except PlexError as error:
        if error.kind != "trouble":
            raise
        trouble = error
    raise UnreadItemsError(trouble)


def readable_items(
    server: PlexServer, keys: Iterable[str], *, most: int
) -> tuple[dict[str, Item], frozenset[str]]:
    """The items, and the keys of those at which the server fails.

    Raises `UnreadItemsError` when these are more than `most`: then it is the server that is ill.
    """
    wanted = sorted(set(keys))
    waiting = [wanted[start : start + MOST_KEYS] for start in range(0, len(wanted), MOST_KEYS)]
    found: dict[str, Item] = {}
    broken: set[str] = set()
    while waiting:
        part = waiting.pop()
        try:
            found |= all_items(server, part)
        except UnreadItemsError:
            if len(part) == 1:
                broken.add(part[0])
            if len(broken) > most:
                raise
            middle = len(part) // 2
            waiting += [part[:middle], part[middle:]] if middle else []
    return found, frozenset(broken)
