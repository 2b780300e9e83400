"""A show's own ids, as the Plex server or Plex's catalogue lists them: asked once, and kept.

An episode's message holds the episode's ids only, and TMDB can't lead from its own episode id to
the show. Plex can.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.utils import timezone

from plex import host_circuits
from plex.circuit import Circuit
from plex.client import Item, PlexError, PlexMetadata, PlexServer
from plex.connection import note_refusal, server_token_of, token_of
from plex.guid import ShowIds, parse_guid, parse_guid_list
from plex.models import PlexConfig, TmdbLookup
from plex.payload import PlexShow
from tracker.titles import title_key

KEPT = timedelta(days=30)
# Plex may not have matched a new show yet.
MISS_KEPT = timedelta(hours=12)
# A host that gives this person nothing is left alone, longer each time; circuits are everybody's.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30.0, 1200.0
GLOBAL = "plex://show/"
Look = Callable[[Circuit | None], ShowIds]


@dataclass(frozen=True, kw_only=True)
class Away:
    """Until when (monotonic) a host is left alone, and why."""

    until: float
    pause: float
    error: PlexError


class ShowIdLookups:
    """Asks Plex for the ids of shows; remembers in the database, and which hosts are away in memory."""

    server_circuit: Callable[[str], Circuit | None] = staticmethod(host_circuits.of_server)
    catalogue_circuit: Callable[[], Circuit | None] = staticmethod(host_circuits.of_catalogue)

    def __init__(self) -> None:
        self._away: dict[tuple[str, str], Away] = {}

    def recall(self, show: PlexShow) -> ShowIds | None:
        """What Plex said before, or None where it was not asked or too long ago."""
        kept = TmdbLookup.objects.filter(key=cache_key(show)).first()
        if kept is None:
            return None
        ids = ShowIds(**(kept.answer or {}))
        age = timezone.now() - kept.fetched_at
        return ids if age < (KEPT if ids else MISS_KEPT) else None

    def ask(self, config: PlexConfig, show: PlexShow) -> ShowIds:
        """Ask the server, else the catalogue; no ids where neither knows any. Raises `PlexError`."""
        token = token_of(config)
        trouble: PlexError | None = None
        for host, look in sources(config, show, token):
            is_catalogue = host == settings.PLEX_METADATA_URL
            circuit = self.catalogue_circuit() if is_catalogue else self.server_circuit(host)
            try:
                ids = self._unless_away((host, config.plex_token), lambda: look(circuit))  # noqa: B023
            except PlexError as error:
                trouble = error
                sent = token if is_catalogue else server_token_of(config)
                self.note_refusal(config, error, sent=sent)
                continue
            if ids:
                return self.keep(show, ids)
        if trouble is not None:
            raise trouble
        return self.keep(show, ShowIds())

    def keep(self, show: PlexShow, ids: ShowIds) -> ShowIds:
        return remember(show, ids)

    def note_refusal(self, config: PlexConfig, error: PlexError, *, sent: str) -> None:
        note_refusal(config, error, sent=sent)

    def _unless_away(self, key: tuple[str, str], look: Callable[[], ShowIds]) -> ShowIds:
        away = self._away.get(key)
        if away is not None and time.monotonic() < away.until:
            raise away.error
        try:
            ids = look()
        except PlexError as error:
            if error.retry_after:
                raise  # Its circuit remembers that, for everybody.
            pause = min(away.pause * 2, LONGEST_PAUSE_SECONDS) if away else SHORTEST_PAUSE_SECONDS
            until = time.monotonic() + pause
            self._away[key] = Away(until=until, pause=pause, error=error)
            raise
        self._away.pop(key, None)
        return ids


def can_ask(config: PlexConfig, show: PlexShow) -> bool:
    """Whether this connection may ask about the show: its token is for its own server only."""
    if not show.server_uuid or show.server_uuid != config.plex_server_uuid:
        return False
    return bool(sources(config, show, token_of(config)))


def sources(config: PlexConfig, show: PlexShow, token: str) -> list[tuple[str, Look]]:
    """Who can be asked, in order: the host, and how."""
    found: list[tuple[str, Look]] = []
    server_token = server_token_of(config)
    if server_token and config.plex_server_url and show.rating_key:
        url = config.plex_server_url
        found.append((url, partial(from_server, url, server_token, show)))
    if token and show.guid.startswith(GLOBAL):
        found.append((settings.PLEX_METADATA_URL, partial(from_catalogue, token, show)))
    return found


def from_server(url: str, token: str, show: PlexShow, circuit: Circuit | None) -> ShowIds:
    items = PlexServer(url, token, tries=1, circuit=circuit).items([show.rating_key])
    item = items.get(show.rating_key)
    return ids_of(item) if item is not None and is_this(item, show) else ShowIds()


def from_catalogue(token: str, show: PlexShow, circuit: Circuit | None) -> ShowIds:
    item = PlexMetadata(token, tries=1, circuit=circuit).show(show.guid)
    return ids_of(item) if item is not None else ShowIds()


def is_this(item: Item, show: PlexShow) -> bool:
    """Whether the key still means the show: servers give keys again to others."""
    if item.type != "show":
        return False
    if item.guid.startswith(GLOBAL) and show.guid.startswith(GLOBAL):
        return item.guid == show.guid
    return title_key(item.title) == title_key(show.title)


def ids_of(item: Item) -> ShowIds:
    """The ids in a show's `Guid` list, else in its legacy guid."""
    listed, _ = parse_guid_list(item.metadata.get("Guid"))
    ids = ShowIds(tmdb=listed.tmdb, tvdb=listed.tvdb, imdb=listed.imdb)
    return ids or parse_guid(item.guid).show_ids


def cache_key(show: PlexShow) -> str:
    """A rating key can come to mean another show, so that the title belongs to it."""
    if show.identity.startswith("plex://"):
        return f"plex:{show.identity}"[:300]
    return f"plex:{show.identity}:{title_key(show.title)}"[:300]


def remember(show: PlexShow, ids: ShowIds) -> ShowIds:
    TmdbLookup.objects.update_or_create(
        key=cache_key(show), defaults={"answer": asdict(ids), "fetched_at": timezone.now()}
    )
    return ids
