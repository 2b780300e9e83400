"""The shows of a Plex library, and what the tracker knows of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.cache import cache

from plex import fields
from plex.answers import SHOW, Item, PlexError, Section
from plex.circuit import Circuit
from plex.client import PlexServer
from plex.connection import server_token_of
from plex.guid import ShowIds
from plex.host_circuits import of_server
from plex.models import PlexConfig, PlexConflict, PlexShowMapping
from plex.payload import NewShow, parse_payload
from tracker.models import TrackedShow, TVShow
from tracker.titles import without_accents

if TYPE_CHECKING:
    from django.contrib.auth.models import User

T = TypeVar("T")

# A big library takes seconds to read; whoever adds shows from it turns many pages.
KEPT_SECONDS = 600
NEW_SHOW = "library.new"

_THUMB = re.compile(r"/library/metadata/([0-9]{1,18})/thumb/([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class LibraryShow:
    """A show as the server lists it. `poster` is the version of its picture, "" for none."""

    rating_key: str
    identity: str
    title: str
    year: int | None
    episodes: int
    watched: int
    poster: str
    ids: ShowIds


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the tracker knows of a Plex show: our show, and the question that is open about it."""

    show_id: int | None = None
    is_tracked: bool = False
    conflict_id: int | None = None

    @property
    def state(self) -> str:
        """ "tracked", "known" (others track it, or nobody does), "question" or "new"."""
        if self.is_tracked:
            return "tracked"
        if self.conflict_id is not None:
            return "question"
        return "known" if self.show_id is not None else "new"


def can_browse(config: PlexConfig | None) -> bool:
    """Whether there is a server, and a token for it."""
    if config is None or not config.plex_server_url or not config.plex_server_uuid:
        return False
    return bool(server_token_of(config))


def server_of(config: PlexConfig, *, tries: int = 1, circuit: Circuit | None = None) -> PlexServer:
    """The connection's own server, which alone gets its token."""
    token = server_token_of(config)
    return PlexServer(config.plex_server_url, token, tries=tries, circuit=circuit)


def server_unless_away(config: PlexConfig, *, tries: int = 1) -> PlexServer:
    """The same for whatever no person waits for: not asked while it is away."""
    circuit = of_server(config.plex_server_url)
    return server_of(config, tries=tries, circuit=circuit)


def read_sections(config: PlexConfig, *, afresh: bool = False) -> list[Section]:
    """The libraries of shows. Raises `PlexError`."""

    def read() -> list[Section]:
        sections = server_of(config).sections()
        return [s for s in sections if s.type == SHOW and s.key.isascii() and s.key.isdigit()]

    return remembered(config, "sections", read, afresh=afresh)


def read_shows(
    config: PlexConfig, section: Section, *, afresh: bool = False
) -> tuple[LibraryShow, ...]:
    """All shows of a library, by title: read once, and kept for a while. Raises `PlexError`."""

    def read() -> tuple[LibraryShow, ...]:
        items = server_of(config).shows(section.key)
        listed = (library_show(item, server_uuid=config.plex_server_uuid) for item in items)
        return tuple(show for show in listed if show is not None)

    return remembered(config, f"shows:{section.key}", read, afresh=afresh)


def remembered(config: PlexConfig, what: str, read: Callable[[], T], *, afresh: bool) -> T:
    key = f"plex:library:{config.pk}:{config.plex_server_uuid}:{what}"
    found: T | None = None if afresh else cache.get(key)
    if found is None:
        found = read()
        cache.set(key, found, KEPT_SECONDS)
    return found


def library_show(item: Item, *, server_uuid: str) -> LibraryShow | None:
    """None for what names no show."""
    parsed = parse_payload(new_show_message(item, server_uuid=server_uuid))
    if item.type != SHOW or not isinstance(parsed, NewShow) or not parsed.show.rating_key.isdigit():
        return None
    thumb = _THUMB.fullmatch(fields.text(item.metadata.get("thumb"), 500))
    return LibraryShow(
        rating_key=parsed.show.rating_key,
        identity=parsed.show.identity,
        title=parsed.show.title or "A show without a title",
        year=parsed.show.year,
        episodes=fields.whole(item.metadata.get("leafCount")) or 0,
        watched=fields.whole(item.metadata.get("viewedLeafCount")) or 0,
        poster=thumb[2] if thumb and thumb[1] == parsed.show.rating_key else "",
        ids=parsed.show.ids,
    )


def new_show_message(item: Item, *, server_uuid: str, server_name: str = "") -> dict[str, Any]:
    """The message that the webhook sends when this show is new in the library."""
    return {
        "event": NEW_SHOW,
        "user": False,
        "owner": True,
        "Server": {"uuid": server_uuid, "title": server_name},
        "Metadata": {**item.metadata, "librarySectionType": SHOW},
    }


def known_of(shows: Sequence[LibraryShow], *, user: User) -> list[Known]:
    """What the tracker knows of each; a fixed number of queries however many shows there are."""
    mapped = dict(PlexShowMapping.objects.mapped().values_list("identity", "tvshow_id"))
    by_ids = shows_by_ids()
    tracked = set(TrackedShow.objects.filter(user=user).values_list("show_id", flat=True))
    open_questions = (
        PlexConflict.objects.open()
        .about_shows()
        .visible_to(user)
        .values_list("mapping__identity", "pk")
    )
    questions = dict(open_questions)
    found = []
    for show in shows:
        question = questions.get(show.identity)
        show_id = mapped.get(show.identity) or next(
            (by_ids[key] for key in keys_of(show.ids) if key in by_ids), None
        )
        found.append(Known(show_id=show_id, is_tracked=show_id in tracked, conflict_id=question))
    return found


def shows_by_ids() -> dict[tuple[str, int | str], int]:
    """Our shows by the ids of the outside catalogues."""
    found: dict[tuple[str, int | str], int] = {}
    rows = TVShow.objects.values_list("pk", "tmdb_id", "tvdb_id", "imdb_id")
    for pk, tmdb_id, tvdb_id, imdb_id in rows.iterator():
        for key in keys_of(ShowIds(tmdb=tmdb_id, tvdb=tvdb_id, imdb=imdb_id)):
            found.setdefault(key, pk)
    return found


def keys_of(ids: ShowIds) -> Iterable[tuple[str, int | str]]:
    """The ids that are there, TMDB's first."""
    named = (("tmdb", ids.tmdb), ("tvdb", ids.tvdb), ("imdb", ids.imdb))
    return [(name, value) for name, value in named if value]


def matching(shows: Sequence[LibraryShow], query: str) -> list[LibraryShow]:
    """The shows whose title holds all the words of the query, whatever its accents."""
    words = without_accents(query).casefold().split()
    if not words:
        return list(shows)
    return [
        show
        for show in shows
        if all(word in without_accents(show.title).casefold() for word in words)
    ]


def other_server() -> PlexError:
    return PlexError(
        "The connection has another server by now; choose the shows there.",
        kind="trouble",
        permanent=True,
    )
