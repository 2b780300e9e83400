"""The sample events, as a Plex server sends them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

SERVER = {"title": "Sample server", "uuid": "5a3b1c9d7e2f4a6b8c0d1e3f5a7b9c1d2e4f6a8b"}
OWNER = {"id": 1, "title": "demo"}
GUEST = {"id": 77, "title": "Robin"}
SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Play:
    """A finished episode, and how long ago that was."""

    show: str
    season: int
    episode: int
    title: str
    seconds_ago: int
    aired: str = ""
    ids: tuple[str, ...] = ()
    account: dict[str, Any] = field(default_factory=lambda: OWNER)


PILOT = Play(
    show="Breaking Bad",
    season=1,
    episode=1,
    title="Pilot",
    seconds_ago=3000,
    aired="2008-01-20",
    ids=("imdb://tt0959621", "tmdb://62085", "tvdb://349232"),
)
SECOND = Play(
    show="Breaking Bad",
    season=1,
    episode=2,
    title="Cat's in the Bag...",
    seconds_ago=60,
    aired="2008-01-27",
    ids=("tmdb://62086",),
)
UNKNOWN = Play(show="Our Allotment", season=3, episode=7, title="Courgettes", seconds_ago=30)
SHARED_TITLE = Play(show="The Office", season=1, episode=3, title="Episode 3", seconds_ago=20)
GUESTS = Play(
    show="Slow Horses",
    season=2,
    episode=4,
    title="Cicada",
    seconds_ago=10,
    aired="2022-12-16",
    account=GUEST,
)
# What each one shows, in the order in which they are sent.
SAMPLES = (
    ("a finished episode", PILOT),
    ("the same viewing, sent twice", PILOT),
    ("an episode that comes with nothing but its TMDB id", SECOND),
    ("a show that nobody knows: you decide", UNKNOWN),
    ("a title that two shows share: you decide", SHARED_TITLE),
    ("another person's play: it counts for nobody until you say so", GUESTS),
)


def payload_of(play: Play, *, now: datetime) -> dict[str, Any]:
    """A `media.scrobble` of Plex's current TV agent."""
    return {
        "event": "media.scrobble",
        "user": play.account is OWNER,
        "owner": True,
        "Account": play.account,
        "Server": SERVER,
        "Player": {"local": True, "publicAddress": "203.0.113.7", "title": "TV", "uuid": "sample"},
        "Metadata": metadata_of(play) | {"lastViewedAt": int(now.timestamp()) - play.seconds_ago},
    }


def metadata_of(play: Play) -> dict[str, Any]:
    show, season, episode = play.show, play.season, play.episode
    metadata: dict[str, Any] = {
        "librarySectionType": "show",
        "librarySectionTitle": "TV Shows",
        "ratingKey": rating_key(show, season, episode),
        "parentRatingKey": rating_key(show, season),
        "grandparentRatingKey": rating_key(show),
        "guid": f"plex://episode/{plex_id(show, season, episode)}",
        "parentGuid": f"plex://season/{plex_id(show, season)}",
        "grandparentGuid": f"plex://show/{plex_id(show)}",
        "type": "episode",
        "title": play.title,
        "grandparentTitle": show,
        "parentTitle": f"Season {season}",
        "parentIndex": season,
        "index": episode,
        "viewCount": 1,
    }
    if play.aired:
        metadata |= {"originallyAvailableAt": play.aired, "year": int(play.aired[:4])}
    if play.ids:
        metadata["Guid"] = [{"id": text} for text in play.ids]
    return metadata


def plex_id(*parts: object) -> str:
    """24 hex digits that stand for one thing, as Plex's do; ours are made up."""
    return uuid.uuid5(uuid.NAMESPACE_URL, repr(parts)).hex[:24]


def rating_key(*parts: object) -> str:
    return str(int(plex_id(*parts)[:5], 16))


def send(payload: dict[str, Any], *, address: str) -> int:
    """Post an event to the webhook address as Plex does; returns the status of the answer."""
    answer = requests.post(
        address,
        files={"payload": (None, json.dumps(payload), "application/json")},
        timeout=SECONDS,
        headers={"User-Agent": "PlexMediaServer/1.41.8.9834-071366d65"},
    )
    return answer.status_code
