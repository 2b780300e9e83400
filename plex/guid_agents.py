"""How each of Plex's metadata agents writes its guids."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from plex.fields import MAX_INTEGER

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_IMDB = re.compile(r"tt([0-9]{5,10})", re.IGNORECASE | re.ASCII)
_PLEX = re.compile(r"([a-z]+)/([a-z0-9_-]+)", re.IGNORECASE | re.ASCII)
_HAMA = re.compile(
    r"(anidb|tvdb|tmdb|tsdb|imdb)([0-9]?)-((?:tt)?[0-9]{1,10})(?:-[se0-9]+)?",
    re.IGNORECASE | re.ASCII,
)
_MCM = re.compile(r"mcm_tv_a_([0-9]{1,10})", re.IGNORECASE | re.ASCII)
_CUSTOM = re.compile(r"(show|season|episode)/.+", re.IGNORECASE | re.ASCII | re.DOTALL)

BARE_SCHEMES = {"tmdb": "tmdb", "tvdb": "tvdb", "imdb": "imdb"}
_LEGACY_SCHEMES = {
    "com.plexapp.agents.thetvdb": "tvdb",
    "com.plexapp.agents.themoviedb": "tmdb",
    "com.plexapp.agents.imdb": "imdb",
}
_HAMA_SCHEME = "com.plexapp.agents.hama"
# "tmdb" is missing on purpose: the agent's own guide says that `tmdb` is TMDB's film part and
# `tsdb` its series part. A film's number taken for a show's would mark a random show.
_HAMA_SOURCES = {"tvdb": "tvdb", "tsdb": "tmdb", "imdb": "imdb"}
# tvdb3: seasons of TVDB, numbers absolute. tvdb4: story arcs as seasons, numbers absolute.
_HAMA_ABSOLUTE = frozenset({"tvdb3", "tvdb4"})
_MCM_SCHEME = "com.plexapp.agents.mcm"
_MAL_SCHEME = "net.fribbtastic.coding.plex.myanimelist"
_CUSTOM_PREFIXES = ("tv.plex.agents.custom.", "tv.plex.agents.nfo.")


@dataclass(frozen=True, kw_only=True)
class ShowIds:
    """Ids that identify a show."""

    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str | None = None

    def __bool__(self) -> bool:
        return (self.tmdb, self.tvdb, self.imdb) != (None, None, None)


@dataclass(frozen=True, kw_only=True)
class ParsedGuid:
    """What one guid says.

    `scheme` is lower-cased ("" where the text is no guid), `value` follows `://` without
    `?lang=`. `kind` is "show", "season", "episode" or "" where the guid itself doesn't say:
    `com.plexapp.agents.themoviedb://603` may be a show or a film. `show_ids` of such a guid
    hold only where it stands in a show's place. `season_number` and `episode_number` come
    from the tail; with `is_absolute` the latter counts through the whole series.
    `is_entry`: the show is one entry of AniDB, which has one for each season of a series.
    `is_global`: it means the same thing on every server.
    """

    scheme: str = ""
    kind: str = ""
    value: str = ""
    show_ids: ShowIds = ShowIds()
    season_number: int | None = None
    episode_number: int | None = None
    is_absolute: bool = False
    is_entry: bool = False
    is_global: bool = False


@dataclass(frozen=True, kw_only=True)
class _Tail:
    head: str
    kind: str
    season_number: int | None
    episode_number: int | None


def parse_value(scheme: str, value: str) -> ParsedGuid:
    """Read what follows `scheme://`; `scheme` is lower-cased, `value` without `?lang=`."""
    if scheme.startswith(_CUSTOM_PREFIXES):
        return _parse_custom(scheme, value)
    return _PARSERS.get(scheme, _parse_other)(scheme, value)


def _parse_plex(scheme: str, value: str) -> ParsedGuid:
    found = _PLEX.fullmatch(value)
    if found is None:
        return ParsedGuid(scheme=scheme, value=value)
    kind = found[1].lower()
    return ParsedGuid(
        scheme=scheme,
        value=value.lower(),
        kind=kind if kind in {"show", "season", "episode"} else "",
        is_global=True,
    )


def _parse_bare(scheme: str, value: str) -> ParsedGuid:
    tail = _split(value)
    number = id_of(scheme, tail.head)
    return ParsedGuid(
        scheme=scheme,
        value=value,
        kind=tail.kind,
        show_ids=_show_ids(scheme, number) if tail.kind else ShowIds(),
        season_number=tail.season_number,
        episode_number=tail.episode_number,
        is_global=number is not None,
    )


def _parse_legacy(scheme: str, value: str) -> ParsedGuid:
    tail = _split(value)
    source = _LEGACY_SCHEMES[scheme]
    number = id_of(source, tail.head)
    # TheTVDB's agent knows shows only; the other two are used for films as well.
    without_tail = "show" if source == "tvdb" and number is not None and "/" not in value else ""
    return ParsedGuid(
        scheme=scheme,
        value=value,
        kind=tail.kind or without_tail,
        show_ids=_show_ids(source, number),
        season_number=tail.season_number,
        episode_number=tail.episode_number,
        is_global=number is not None,
    )


def _parse_hama(scheme: str, value: str) -> ParsedGuid:
    tail = _split(value)
    found = _HAMA.fullmatch(tail.head)
    source, mode, digits = found.groups() if found else ("", "", "")
    source = source.lower()
    if source == "imdb" and digits.isdigit():
        digits = f"tt{digits:0>7}"
    has_id = id_of("imdb" if source == "imdb" else "tvdb", digits) is not None
    id_source = _HAMA_SOURCES.get(source, "")
    return ParsedGuid(
        scheme=scheme,
        value=value,
        kind=tail.kind,
        show_ids=_show_ids(id_source, id_of(id_source, digits)),
        season_number=tail.season_number,
        episode_number=tail.episode_number,
        is_absolute=source + mode in _HAMA_ABSOLUTE and tail.season_number != 0,
        is_entry=source == "anidb",
        is_global=has_id,
    )


def _parse_custom(scheme: str, value: str) -> ParsedGuid:
    """Read `…custom.<name>://episode/<key>`: the key is one server's, ids in it are a guess."""
    found = _CUSTOM.fullmatch(value)
    return ParsedGuid(scheme=scheme, value=value, kind=found[1].lower() if found else "")


def _parse_other(scheme: str, value: str) -> ParsedGuid:
    """Read agents of which only the numbers, and for two of them the id, mean something."""
    tail = _split(value)
    show_ids, is_global = ShowIds(), False
    if scheme == _MCM_SCHEME and (found := _MCM.fullmatch(tail.head)):
        show_ids = _show_ids("tvdb", id_of("tvdb", found[1]))
        is_global = bool(show_ids)
    elif scheme == _MAL_SCHEME:
        is_global = id_of("tvdb", tail.head) is not None
    return ParsedGuid(
        scheme=scheme,
        value=value,
        kind=tail.kind,
        show_ids=show_ids,
        season_number=tail.season_number,
        episode_number=tail.episode_number,
        is_global=is_global,
    )


_PARSERS: dict[str, Callable[[str, str], ParsedGuid]] = {
    "plex": _parse_plex,
    **dict.fromkeys(BARE_SCHEMES, _parse_bare),
    **dict.fromkeys(_LEGACY_SCHEMES, _parse_legacy),
    _HAMA_SCHEME: _parse_hama,
}


def _split(value: str) -> _Tail:
    """Split SHOW/S/E, SHOW/S and SHOW/2019-07-22; an odd tail says nothing."""
    head, *rest = value.split("/")
    nothing = _Tail(head=head, kind="", season_number=None, episode_number=None)
    if not rest:
        return nothing
    match [(_number(part), part) for part in rest]:
        case [(int(season), _), (int(episode), _)]:
            return replace(nothing, kind="episode", season_number=season, episode_number=episode)
        case [(int(season), _)]:
            return replace(nothing, kind="season", season_number=season)
        case [(season, _), (None, last)] if _DATE.fullmatch(last):
            return replace(nothing, kind="episode", season_number=season)
        case [(None, last)] if _DATE.fullmatch(last):
            return replace(nothing, kind="episode")
    return nothing


def _number(text: str) -> int | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = int(text)
    return number if number <= MAX_INTEGER else None


def id_of(source: str, text: str) -> int | str | None:
    """Return an id, or None for the values that mean "absent" (0, tt0000000)."""
    if source == "imdb":
        found = _IMDB.fullmatch(text)
        return f"tt{found[1]}" if found and int(found[1]) else None
    return (_number(text) or None) if source else None


def _show_ids(source: str, number: int | str | None) -> ShowIds:
    if isinstance(number, str):
        return ShowIds(imdb=number)
    return ShowIds(
        tmdb=number if source == "tmdb" else None, tvdb=number if source == "tvdb" else None
    )
