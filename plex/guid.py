"""Plex guids: what they identify, and the text that names one Plex show.

A guid is `scheme://value?lang=xx`. Which ids it holds, and whether they are a show's or an
episode's, depends on the agent that made it:

* `plex://episode/<hex>`: the same on every server, holds no other id.
* `com.plexapp.agents.thetvdb://SHOW/S/E`, `themoviedb`, `imdb`: legacy agents; SHOW is the
  show's own id.
* `com.plexapp.agents.hama://tvdb4-SHOW/S/E`: the anime agent, with modes.
* `local://`, `agents.none`, custom providers: mean something on one server only.

The entries of a message's `Guid` list are ids of the message's item: of the episode, for an
episode. The two kinds of ids are two types here, so that they can't be compared by mistake.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from plex.guid_agents import BARE_SCHEMES, ParsedGuid, ShowIds, id_of, parse_value

__all__ = [
    "EpisodeIds",
    "ParsedGuid",
    "ShowIds",
    "episode_identity",
    "guid_list_numbers",
    "guid_text",
    "parse_guid",
    "parse_guid_list",
    "show_identity",
]

MAX_GUID_LENGTH = 1000
MAX_LIST_ENTRIES = 50
MAX_IDENTITY_LENGTH = 255

_GUID = re.compile(r"\s*([a-z][a-z0-9.+-]*)://([^?\s]*)", re.IGNORECASE | re.ASCII)
# Nearly every entry of a `Guid` list, read here without the rest: each event brings three new ones.
_BARE = re.compile(r"(tmdb|tvdb|imdb)://((?:tt)?[0-9]{1,10})", re.ASCII)
# In "tvdb://429874/1/1"; an entry with fewer holds no numbers.
_SLASHES_OF_NUMBERS = 4


@dataclass(frozen=True, kw_only=True)
class EpisodeIds:
    """Ids that identify an episode; never to be compared with a show's."""

    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str | None = None

    def __bool__(self) -> bool:
        return (self.tmdb, self.tvdb, self.imdb) != (None, None, None)


def parse_guid(text: object) -> ParsedGuid:
    """Read one guid; anything that is none gives an empty ParsedGuid. Never raises."""
    return _parse(guid_text(text))


@lru_cache(maxsize=1024)
def _parse(text: str) -> ParsedGuid:
    found = _GUID.match(text)
    if found is None:
        return ParsedGuid()
    return parse_value(found[1].lower(), found[2].strip("/"))


def guid_text(value: object) -> str:
    """Return the guid of an item as text, at most 1,000 characters.

    Some senders write a list where Plex writes a text. Then the first entry counts that is
    an item's guid rather than an outside id such as `tvdb://5228295`.
    """
    if isinstance(value, str):
        return value.strip()[:MAX_GUID_LENGTH]
    for entry in _entries(value):
        if entry.partition("://")[0].lower() not in BARE_SCHEMES:
            return entry
    return ""


def parse_guid_list(items: object) -> tuple[EpisodeIds, ShowIds]:
    """Read the `Guid` list of an episode: the episode's ids, and a show's where it says so.

    `tvdb://5228295` is the episode's, `tvdb://429874/1/1` names the show 429874. Entries may
    be objects (`{"id": ...}`), texts, or a Go URL (`{"Scheme": "tvdb", "Host": "5228295"}`).
    0 and tt0000000 mean "absent". The same id twice is one; two different ids of one source
    contradict each other and neither is used; a bare id equal to the show's is the show's.
    """
    episode: dict[str, set[int | str]] = {"tmdb": set(), "tvdb": set(), "imdb": set()}
    show: dict[str, set[int | str]] = {"tmdb": set(), "tvdb": set(), "imdb": set()}
    for entry in _entries(items):
        if bare := _BARE.fullmatch(entry):
            if (number := id_of(bare[1], bare[2])) is not None:
                episode[bare[1]].add(number)
            continue
        parsed = parse_guid(entry)
        source = BARE_SCHEMES.get(parsed.scheme)
        if source is None or not parsed.is_global:
            continue
        number = id_of(source, parsed.value.partition("/")[0])
        if number is not None:
            (show if parsed.kind else episode)[source].add(number)
    for source, numbers in show.items():
        episode[source] -= numbers
    return (
        EpisodeIds(
            tmdb=_only_number(episode["tmdb"]),
            tvdb=_only_number(episode["tvdb"]),
            imdb=_only_text(episode["imdb"]),
        ),
        ShowIds(
            tmdb=_only_number(show["tmdb"]),
            tvdb=_only_number(show["tvdb"]),
            imdb=_only_text(show["imdb"]),
        ),
    )


def guid_list_numbers(items: object) -> tuple[int, int] | None:
    """Return season and episode of `tvdb://SHOW/S/E` in a `Guid` list, if all such agree."""
    pairs = set()
    for entry in _entries(items):
        if entry.count("/") < _SLASHES_OF_NUMBERS:
            continue
        parsed = parse_guid(entry)
        if parsed.scheme in BARE_SCHEMES and parsed.season_number is not None:
            pairs.add((parsed.season_number, parsed.episode_number))
    season_number, episode_number = pairs.pop() if len(pairs) == 1 else (None, None)
    if season_number is None or episode_number is None:
        return None
    return season_number, episode_number


def show_identity(
    *,
    server_uuid: str,
    show_guid: str,
    episode_guid: str,
    show_rating_key: str,
    show_title: str,
) -> str:
    """Return the text that names one Plex show: the same show, the same text, and no other's.

    In this order: the show's guid where it is global; the show in the episode's legacy guid;
    the rating key on its server; the title on its server. "" where nothing identifies it:
    without a server, a rating key or a title could be anybody's. At most 255 characters.

    The mode of the anime agent stays in (`…hama://tvdb4-81797`): the same series in two modes
    is numbered differently, so that each needs its own decisions.
    """
    global_text = _global_show(show_guid, in_place_of_a_show=True) or _global_show(episode_guid)
    if global_text:
        return _fit(global_text)
    server = _quoted(server_uuid.strip())
    if not server:
        return ""
    if show_rating_key.strip():
        return _fit(f"server:{server}:{_quoted(show_rating_key.strip())}")
    title = " ".join(show_title.split()).casefold()
    return _fit(f"server:{server}:title:{title}") if title else ""


def episode_identity(guid: ParsedGuid) -> str:
    """Return the text that names one episode on every server, "" for any other guid."""
    if not guid.is_global or guid.kind != "episode":
        return ""
    return _fit(f"{guid.scheme}://{guid.value.lower()}")


def _entries(items: object) -> Iterator[str]:
    """Yield the guids of a list as texts, whatever shape its entries have."""
    if isinstance(items, str | dict):
        items = [items]
    if not isinstance(items, list | tuple):
        return
    for item in items[:MAX_LIST_ENTRIES]:
        entry = _entry_text(item)
        if entry:
            yield entry[:MAX_GUID_LENGTH]


def _entry_text(item: object) -> str:
    if isinstance(item, str):
        return item.strip()
    if not isinstance(item, dict):
        return ""
    if len(item) == 1 and isinstance(item.get("id"), str):
        return str(item["id"]).strip()
    fields = {str(key).lower(): value for key, value in item.items()}
    if isinstance(fields.get("id"), str):
        return str(fields["id"]).strip()
    scheme, host, path = (fields.get(name) for name in ("scheme", "host", "path"))
    if not isinstance(scheme, str) or not isinstance(host, str | int):
        return ""
    return f"{scheme}://{host}{path if isinstance(path, str) else ''}"


def _only_number(numbers: set[int | str]) -> int | None:
    only = next(iter(numbers)) if len(numbers) == 1 else None
    return only if isinstance(only, int) else None


def _only_text(texts: set[int | str]) -> str | None:
    only = next(iter(texts)) if len(texts) == 1 else None
    return only if isinstance(only, str) else None


def _global_show(guid: str, *, in_place_of_a_show: bool = False) -> str:
    """Return the normal text of the show that a guid names, "" if it names none."""
    parsed = parse_guid(guid)
    if not parsed.is_global:
        return ""
    if parsed.scheme == "plex":
        return f"plex://{parsed.value}" if parsed.kind == "show" and in_place_of_a_show else ""
    if parsed.kind != "episode" and not in_place_of_a_show:
        return ""
    return f"{parsed.scheme}://{parsed.value.partition('/')[0].lower()}"


def _quoted(text: str) -> str:
    return text.replace("%", "%25").replace(":", "%3A")


def _fit(text: str) -> str:
    """Cut to the length of the column; the hash keeps different texts different."""
    if len(text) <= MAX_IDENTITY_LENGTH:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[: MAX_IDENTITY_LENGTH - 65]}#{digest}"
