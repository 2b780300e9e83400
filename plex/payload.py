"""A Plex message, understood: a finished episode, a new show, or the reason why it is neither.

What the fields mean (for an episode):

* `grandparent…` is the show, `parent…` the season, the plain field the episode.
* `parentIndex` and `index` are the numbers in Plex's own ordering.
* `year` is the **episode's** year; the show's year isn't in the message.
* `Guid` holds ids of the **episode**; `guid` and `grandparentGuid` may name the show.
* `lastViewedAt` (epoch seconds) is the only time in the message, and isn't always there.

Every field can be missing or of another type. Nothing here raises for any JSON object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from plex import fields
from plex.guid import (
    EpisodeIds,
    ParsedGuid,
    ShowIds,
    episode_identity,
    guid_list_numbers,
    guid_text,
    parse_guid,
    parse_guid_list,
    show_identity,
)
from plex.joint_numbers import joint_numbers
from plex.playback import EventSummary, NewShow, Playback, PlexShow
from plex.refusals import NotAPlayback, refusal
from plex.webhook_body import MAX_DEPTH, PayloadError, read_json, trim

__all__ = [
    "MAX_DEPTH",
    "EventSummary",
    "NewShow",
    "NotAPlayback",
    "PayloadError",
    "Playback",
    "PlexShow",
    "parse_payload",
    "played_at",
    "read_json",
    "summarise",
    "trim",
]

MAX_TITLE_LENGTH = 500
MAX_DURATION = timedelta(days=2)
MAX_DELIVERY_DELAY = timedelta(days=1)

Id = TypeVar("Id", int, str)

_YEAR_IN_TITLE = re.compile(r"\(((?:19|20)[0-9]{2})\)\s*$", re.ASCII)
_TITLE_SEPARATOR = " / "
_MAX_JOINED_EPISODES = 4


def summarise(payload: dict[str, Any]) -> EventSummary:
    """Return the log columns of any message, also of one that is no play."""
    account, server = fields.mapping(payload.get("Account")), fields.mapping(payload.get("Server"))
    metadata = fields.mapping(payload.get("Metadata"))
    event = fields.text(payload.get("event"), 64)
    level = _Level.of(metadata)
    return EventSummary(
        event=event,
        account_id=fields.text(account.get("id"), 64),
        account_title=fields.text(account.get("title")),
        is_user=fields.flag(payload.get("user")),
        is_owner=fields.flag(payload.get("owner")),
        server_uuid=fields.text(server.get("uuid")),
        server_title=fields.text(server.get("title")),
        show_rating_key=fields.text(_field(metadata, level.rating_key)),
        show_title=fields.text(_field(metadata, level.title), MAX_TITLE_LENGTH),
        season_number=fields.whole(_field(metadata, level.season_number)),
        episode_number=fields.whole(_field(metadata, level.episode_number)),
        item_key=_item_key(metadata),
        is_scrobble=event == "media.scrobble",
    )


def parse_payload(
    payload: dict[str, Any], summary: EventSummary | None = None
) -> Playback | NewShow | NotAPlayback:
    """Tell what a message is. Never raises, for any JSON object.

    `summary` is `summarise(payload)`, from whoever has it already.
    """
    reason = refusal(payload)
    if reason is not None:
        return reason
    metadata = fields.mapping(payload["Metadata"])
    summary = summary or summarise(payload)
    listed, named = parse_guid_list(_guid_list(metadata))
    show = _show(metadata, summary, listed=listed, named=named)
    if not show.identity:
        return NotAPlayback(
            action="invalid_payload",
            reason="The message doesn't say which show this is: no id of it and no title.",
            is_failure=summary.is_scrobble,
        )
    if not summary.is_scrobble:
        return _new_show(metadata, summary, show)
    return _playback(metadata, summary, show, listed=listed)


def played_at(playback: Playback, *, received_at: datetime) -> datetime:
    """Return the time of the viewing; `received_at` is aware.

    `lastViewedAt` if it isn't in the future and at most a day before receipt. Clocks differ:
    up to 60 seconds ahead, and anything else that can't be, count as the time of receipt.
    """
    viewed_at = playback.last_viewed_at
    if viewed_at is None or not received_at - MAX_DELIVERY_DELAY <= viewed_at <= received_at:
        return received_at
    return viewed_at


@dataclass(frozen=True, kw_only=True)
class _Level:
    """The names of the show's fields in a message about a show, a season or an episode."""

    title: str
    rating_key: str = ""
    guid: str = ""
    year: str = ""
    original_title: str = ""
    season_number: str = ""
    episode_number: str = ""

    @staticmethod
    def of(metadata: dict[str, Any]) -> _Level:
        item_type = fields.text(metadata.get("type")).lower()
        if item_type in _LEVELS:
            return _LEVELS[item_type]
        is_part = any(fields.text(metadata.get(key)) for key in _GRANDPARENT_KEYS)
        if is_part or (not item_type and parse_guid(metadata.get("guid")).kind == "episode"):
            return _EPISODE_LEVEL
        return _Level(title="title")


_GRANDPARENT_KEYS = ("grandparentTitle", "grandparentRatingKey")
_EPISODE_LEVEL = _Level(
    title="grandparentTitle",
    rating_key="grandparentRatingKey",
    guid="grandparentGuid",
    year="grandparentYear",
    season_number="parentIndex",
    episode_number="index",
)
_LEVELS = {
    "episode": _EPISODE_LEVEL,
    "season": _Level(
        title="parentTitle",
        rating_key="parentRatingKey",
        guid="parentGuid",
        year="parentYear",
        season_number="index",
    ),
    "show": _Level(
        title="title",
        rating_key="ratingKey",
        guid="guid",
        year="year",
        original_title="originalTitle",
    ),
}


def _field(metadata: dict[str, Any], name: str) -> object:
    return metadata.get(name) if name else None


def _show(
    metadata: dict[str, Any], summary: EventSummary, *, listed: EpisodeIds, named: ShowIds
) -> PlexShow:
    """`listed` and `named` are what the Guid list says of the item, and of the show by name."""
    level = _Level.of(metadata)
    guid = guid_text(_field(metadata, level.guid))
    item_guid = "" if level is not _EPISODE_LEVEL else guid_text(metadata.get("guid"))
    title_year = _YEAR_IN_TITLE.search(summary.show_title)
    return PlexShow(
        identity=show_identity(
            server_uuid=summary.server_uuid,
            show_guid=guid,
            episode_guid=item_guid,
            show_rating_key=summary.show_rating_key,
            show_title=summary.show_title,
        ),
        server_uuid=summary.server_uuid,
        rating_key=summary.show_rating_key,
        guid=fields.text(guid),
        title=summary.show_title,
        year=fields.year(_field(metadata, level.year))
        or (int(title_year[1]) if title_year else None),
        original_title=fields.text(_field(metadata, level.original_title), MAX_TITLE_LENGTH),
        ids=_show_ids(level, parse_guid(guid), parse_guid(item_guid), listed=listed, named=named),
    )


def _show_ids(
    level: _Level,
    show_guid: ParsedGuid,
    item_guid: ParsedGuid,
    *,
    listed: EpisodeIds,
    named: ShowIds,
) -> ShowIds:
    """Return the show's ids; two that contradict each other are both left out."""
    sources = [show_guid.show_ids, named]
    if level is _LEVELS["show"]:
        sources.append(ShowIds(tmdb=listed.tmdb, tvdb=listed.tvdb, imdb=listed.imdb))
    if item_guid.kind == "episode":
        sources.append(item_guid.show_ids)
    return ShowIds(
        tmdb=_agreed({ids.tmdb for ids in sources}),
        tvdb=_agreed({ids.tvdb for ids in sources}),
        imdb=_agreed({ids.imdb for ids in sources}),
    )


def _agreed(ids: set[Id | None]) -> Id | None:
    known = {number for number in ids if number is not None}
    return known.pop() if len(known) == 1 else None


def _new_show(metadata: dict[str, Any], summary: EventSummary, show: PlexShow) -> NewShow:
    return NewShow(
        **summary.said(),
        show=show,
        library_section=_library_section(metadata),
    )


def _playback(
    metadata: dict[str, Any], summary: EventSummary, show: PlexShow, *, listed: EpisodeIds
) -> Playback:
    guid = guid_text(metadata.get("guid"))
    parsed = parse_guid(guid)
    guid_season, guid_episode = _guid_numbers(parsed, _guid_list(metadata))
    air_date = fields.day(metadata.get("originallyAvailableAt"))
    title = fields.text(metadata.get("title"), MAX_TITLE_LENGTH)
    year = fields.year(metadata.get("year"))
    return Playback(
        **summary.said(),
        show=show,
        rating_key=fields.text(metadata.get("ratingKey")),
        guid=fields.text(guid),
        item_key=summary.item_key,
        title=title,
        season_number=summary.season_number,
        episode_number=summary.episode_number,
        guid_season_number=guid_season,
        guid_episode_number=guid_episode,
        is_absolute=parsed.is_absolute,
        air_date=air_date,
        episode_year=year or (air_date.year if air_date else None),
        duration_seconds=_duration_seconds(metadata.get("duration")),
        view_count=fields.whole(metadata.get("viewCount")),
        last_viewed_at=fields.moment(metadata.get("lastViewedAt")),
        episode_ids=listed,
        library_section=_library_section(metadata),
        joined_titles=_joined_titles(title),
        original_title=fields.text(metadata.get("originalTitle"), MAX_TITLE_LENGTH),
        is_entry=parsed.is_entry,
        joint_numbers=joint_numbers(metadata.get("index"), title),
    )


def _guid_list(metadata: dict[str, Any]) -> object:
    """Return the list of outside ids; senders that know one letter case put it in `guid`."""
    listed = metadata.get("Guid")
    if listed is None and isinstance(metadata.get("guid"), list):
        return metadata["guid"]
    return listed


def _guid_numbers(parsed: ParsedGuid, guid_list: object) -> tuple[int | None, int | None]:
    if parsed.episode_number is not None:
        return parsed.season_number, parsed.episode_number
    return guid_list_numbers(guid_list) or (None, None)


def _item_key(metadata: dict[str, Any]) -> str:
    return episode_identity(parse_guid(metadata.get("guid"))) or fields.text(
        metadata.get("ratingKey")
    )


def _library_section(metadata: dict[str, Any]) -> str:
    return fields.text(metadata.get("librarySectionTitle")) or fields.text(
        metadata.get("librarySectionID")
    )


def _duration_seconds(milliseconds: object) -> int | None:
    duration = fields.whole(milliseconds, maximum=int(MAX_DURATION.total_seconds()) * 1000)
    return round(duration / 1000) if duration else None


def _joined_titles(title: str) -> tuple[str, ...]:
    """Return ("A", "B") for "A / B", the way in which merged items are named."""
    parts = tuple(part.strip() for part in title.split(_TITLE_SEPARATOR))
    if not 1 < len(parts) <= _MAX_JOINED_EPISODES or not all(parts):
        return ()
    return parts
