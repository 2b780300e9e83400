"""What Plex said, in the words of this project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from plex.guid import EpisodeIds, ShowIds


@dataclass(frozen=True, kw_only=True)
class Sender:
    """What every message says: which event it is, and of whom on which server."""

    event: str  # at most 64 characters
    account_id: str  # at most 64; "" if absent
    account_title: str  # 255, as all below where nothing else is said
    is_user: bool
    is_owner: bool
    server_uuid: str
    server_title: str

    def said(self) -> dict[str, Any]:
        """These fields by their names, for another that says the same."""
        return {name: getattr(self, name) for name in Sender.__dataclass_fields__}


@dataclass(frozen=True, kw_only=True)
class EventSummary(Sender):
    """The columns of a log row. Computable for any JSON object; every text fits its column."""

    show_rating_key: str
    show_title: str  # 500
    season_number: int | None
    episode_number: int | None
    item_key: str
    is_scrobble: bool


@dataclass(frozen=True, kw_only=True)
class PlexShow:
    """A show as one Plex server names it."""

    identity: str  # unique text, see plex.guid.show_identity
    server_uuid: str
    rating_key: str
    guid: str
    title: str
    year: int | None  # the show's own first year, never an episode's
    original_title: str  # "" unless the message is about the show itself
    ids: ShowIds


@dataclass(frozen=True, kw_only=True)
class Playback(Sender):
    """A finished play of one episode.

    The numbers are Plex's. `guid_season_number` and `guid_episode_number` come from the tail
    of a legacy guid or from `tvdb://SHOW/S/E`; they may disagree with Plex's own.
    `is_absolute`: the episode number counts through the series. `episode_year` is an upper
    bound for the first year of the show and nothing else. `item_key`: the episode's guid
    where it is global, else its rating key. `is_entry`: the show is one entry of AniDB, numbered
    from 1 whichever season of a series it is. `joint_numbers`: the numbers of all episodes in the
    file, where Plex or the title gives several.
    """

    show: PlexShow
    rating_key: str
    guid: str
    item_key: str
    title: str
    season_number: int | None
    episode_number: int | None
    guid_season_number: int | None
    guid_episode_number: int | None
    is_absolute: bool
    air_date: date | None
    episode_year: int | None
    duration_seconds: int | None
    view_count: int | None
    last_viewed_at: datetime | None
    episode_ids: EpisodeIds
    library_section: str
    joined_titles: tuple[str, ...]  # "A / B": two episodes in one file
    original_title: str = ""  # the episode's title in its original language
    is_entry: bool = False
    joint_numbers: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewShow(Sender):
    """A show, season or episode was added to a library; only the show matters."""

    show: PlexShow
    library_section: str
