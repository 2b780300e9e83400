"""The sample events, as a Plex server sends them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

SERVER = {"title": "Sample server", "uuid": "5a3b1c9d7e2f4a6b8c0d1e3f5a7b9c1d2e4f6a8b"}
OWNER = {"id": 1, "title": "demo"}
GUEST = {"id": 77, "title": "Robin"}
SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class SampleEvent:
    """One event, with what it shows."""

    shows: str
    payload: dict[str, Any]


def sample_events(now: datetime) -> list[SampleEvent]:
    """What the demo sends, in this order."""
    moment = int(now.timestamp())
    pilot = play(
        show="Breaking Bad",
        season=1,
        episode=1,
        title="Pilot",
        aired="2008-01-20",
        ids=["imdb://tt0959621", "tmdb://62085", "tvdb://349232"],
        viewed_at=moment - 3000,
    )
    second = play(
        show="Breaking Bad",
        season=1,
        episode=2,
        title="Cat's in the Bag...",
        aired="2008-01-27",
        ids=["tmdb://62086"],
        viewed_at=moment - 60,
    )
    unknown = play(
        show="Our Allotment", season=3, episode=7, title="Courgettes", viewed_at=moment - 30
    )
    unclear = play(show="The Office", season=1, episode=3, title="Episode 3", viewed_at=moment - 20)
    guest = play(
        show="Slow Horses",
        season=2,
        episode=4,
        title="Cicada",
        aired="2022-12-16",
        account=GUEST,
        viewed_at=moment - 10,
    )
    return [
        SampleEvent(shows="a finished episode", payload=pilot),
        SampleEvent(shows="the same viewing, sent twice", payload=pilot),
        SampleEvent(shows="an episode that comes with nothing but its TMDB id", payload=second),
        SampleEvent(shows="a show that nobody knows: you decide", payload=unknown),
        SampleEvent(shows="a title that two shows share: you decide", payload=unclear),
        SampleEvent(
            shows="another person's play: it counts for nobody until you say so", payload=guest
        ),
    ]


def play(
    *,
    show: str,
    season: int,
    episode: int,
    title: str,
    viewed_at: int,
    aired: str = "",
    ids: list[str] | None = None,
    account: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A `media.scrobble` of Plex's current TV agent."""
    account = account or OWNER
    metadata = {
        "librarySectionType": "show",
        "librarySectionTitle": "TV Shows",
        "ratingKey": str(key_of(show, season, episode)),
        "parentRatingKey": str(key_of(show, season)),
        "grandparentRatingKey": str(key_of(show)),
        "guid": f"plex://episode/{plex_id(show, season, episode)}",
        "parentGuid": f"plex://season/{plex_id(show, season)}",
        "grandparentGuid": f"plex://show/{plex_id(show)}",
        "type": "episode",
        "title": title,
        "grandparentTitle": show,
        "parentTitle": f"Season {season}",
        "parentIndex": season,
        "index": episode,
        "viewCount": 1,
        "lastViewedAt": viewed_at,
    }
    if aired:
        metadata |= {"originallyAvailableAt": aired, "year": int(aired[:4])}
    if ids:
        metadata["Guid"] = [{"id": text} for text in ids]
    return {
        "event": "media.scrobble",
        "user": account is OWNER,
        "owner": True,
        "Account": account,
        "Server": SERVER,
        "Player": {
            "local": True,
            "publicAddress": "203.0.113.7",
            "title": "TV",
            "uuid": "sample-player",
        },
        "Metadata": metadata,
    }


def plex_id(*parts: object) -> str:
    """24 hex digits that stand for one thing, as Plex's do; ours are made up."""
    return uuid.uuid5(uuid.NAMESPACE_URL, repr(parts)).hex[:24]


def key_of(*parts: object) -> int:
    return int(plex_id(*parts)[:5], 16)


def send(event: SampleEvent, *, address: str) -> int:
    """Post an event to the webhook address as Plex does; returns the status of the answer."""
    form = {"payload": (None, json.dumps(event.payload), "application/json")}
    answer = requests.post(
        address,
        files=form,
        timeout=SECONDS,
        headers={"User-Agent": "PlexMediaServer/1.41.8.9834-071366d65"},
    )
    return answer.status_code
