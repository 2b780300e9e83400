"""Shows as a Plex server has them, for a tracker that TMDB gives nothing: no key, or one it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from plex import circuit, fields
from plex.answers import EPISODE, SHOW, Item
from plex.imports.library import can_browse, new_show_message, server_of, server_unless_away
from plex.models import PlexConfig, PlexShowMapping
from plex.payload import NewShow, parse_payload
from plex.playback import PlexShow
from plex.show_ids import is_this
from tracker import library, tmdb
from tracker.models import TVShow
from tracker.tmdb import TmdbKeyMissingError
from tracker.tmdb_parsing import EpisodeData, SeasonData, ShowData

MILLISECONDS_A_MINUTE = 60_000
MOST_MINUTES = 24 * 60


class NotOnPlexError(Exception):
    """The server can't say what this show is; the text is one sentence for people."""


def tmdb_is_closed() -> bool:
    """Whether TMDB can't be asked until somebody enters a key: there is none, or it is refused."""
    try:
        tmdb.connect()
    except TmdbKeyMissingError:
        return True
    outage = circuit.current()
    return outage is not None and not outage.has_key


def can_add(config: PlexConfig | None, mapping: PlexShowMapping) -> bool:
    """Whether the connection's own server has this show."""
    if config is None or mapping.server_uuid != config.plex_server_uuid:
        return False
    return mapping.plex_rating_key.isdigit() and can_browse(config)


def add_mapped_show(mapping: PlexShowMapping, *, config: PlexConfig | None) -> TVShow:
    """The show of a question, read from the server. Raises `NotOnPlexError`, `PlexError`."""
    if config is None or not can_add(config, mapping):
        raise NotOnPlexError("Your Plex server does not have this show.")
    key = mapping.plex_rating_key
    item = server_of(config).items([key]).get(key)
    if item is None or not is_of(item, mapping):
        raise NotOnPlexError("Your Plex server does not have this show any more.")
    return add_show(item, config=config)


def is_of(item: Item, mapping: PlexShowMapping) -> bool:
    """Whether the key still means the show of the mapping: servers give keys again to others."""
    parsed = parse_payload(new_show_message(item, server_uuid=mapping.server_uuid))
    if item.type != SHOW or not isinstance(parsed, NewShow):
        return False
    return parsed.show.identity == mapping.identity and is_this(item, asked(mapping, parsed.show))


def asked(mapping: PlexShowMapping, found: PlexShow) -> PlexShow:
    return PlexShow(
        identity=mapping.identity,
        server_uuid=mapping.server_uuid,
        rating_key=mapping.plex_rating_key,
        guid=mapping.plex_guid,
        title=mapping.plex_title,
        year=mapping.plex_year,
        original_title="",
        ids=found.ids,
    )


def add_show(item: Item, *, config: PlexConfig) -> TVShow:
    """The show with seasons and episodes as the server has them. Raises `PlexError`."""
    episodes = list(server_unless_away(config, tries=2).episodes(item.rating_key))
    return library.save_show_without_tmdb(
        show_data(item, episodes, server_uuid=config.plex_server_uuid), source=TVShow.Source.PLEX
    )


def show_data(item: Item, episodes: Iterable[Item], *, server_uuid: str) -> ShowData:
    """A show of Plex's in the words of the catalogue. Pure."""
    parsed = parse_payload(new_show_message(item, server_uuid=server_uuid))
    assert isinstance(parsed, NewShow)  # noqa: S101 - a show of a library
    ids, seasons = parsed.show.ids, seasons_of(episodes)
    dates = [e.air_date for s in seasons if s.season_number for e in s.episodes if e.air_date]
    return ShowData(
        tmdb_id=ids.tmdb,
        tvdb_id=ids.tvdb,
        imdb_id=ids.imdb or "",
        title=item.title or "A show without a title",
        original_title=fields.text(item.metadata.get("originalTitle"), 500),
        overview=fields.text(item.metadata.get("summary"), 10_000),
        network=fields.text(item.metadata.get("studio"), 200),
        genres=tags(item.metadata.get("Genre")),
        first_air_date=fields.day(item.metadata.get("originallyAvailableAt"))
        or min(dates, default=None)
        or (date(parsed.show.year, 1, 1) if parsed.show.year else None),
        last_air_date=max(dates, default=None),
        seasons=seasons,
    )


def seasons_of(episodes: Iterable[Item]) -> tuple[SeasonData, ...]:
    """By Plex's numbers; an episode without a number has no place, and the first of two has it."""
    names: dict[int, str] = {}
    found: dict[int, dict[int, EpisodeData]] = {}
    for item in episodes:
        season = fields.whole(item.metadata.get("parentIndex"))
        number = fields.whole(item.metadata.get("index"))
        if item.type != EPISODE or season is None or number is None:
            continue
        names.setdefault(season, fields.text(item.metadata.get("parentTitle"), 300))
        found.setdefault(season, {}).setdefault(number, episode_data(item, number))
    return tuple(
        SeasonData(
            season_number=season,
            name=names[season],
            episodes=tuple(episode for _, episode in sorted(found[season].items())),
        )
        for season in sorted(found)
    )


def episode_data(item: Item, number: int) -> EpisodeData:
    milliseconds = fields.whole(item.metadata.get("duration")) or 0
    minutes = round(milliseconds / MILLISECONDS_A_MINUTE)
    return EpisodeData(
        episode_number=number,
        name=item.title,
        overview=fields.text(item.metadata.get("summary"), 10_000),
        air_date=fields.day(item.metadata.get("originallyAvailableAt")),
        runtime=minutes if 0 < minutes <= MOST_MINUTES else None,
    )


def tags(value: Any) -> tuple[str, ...]:
    """The names in a list such as `Genre`."""
    listed = value if isinstance(value, list) else []
    named = (fields.text(fields.mapping(entry).get("tag"), 100) for entry in listed[:20])
    return tuple(name for name in named if name)
