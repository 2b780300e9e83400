"""Messages as a Plex server sends them: an episode with all its usual fields, about 4 KB."""

from __future__ import annotations

import json
import uuid
from typing import Any

SERVER = "5a3b1c9d7e2f4a6b8c0d1e3f5a7b9c1d2e4f6a8b"
BODY_BYTES = 4096
THUMB = b"\xff\xd8\xff\xe0" + bytes(1500)
SEASONS, SEASON_EPISODES = 2, 25
SHOW_EPISODES = SEASONS * SEASON_EPISODES
# Far from any id that TMDB gives today; only unlike each other they have to be.
FIRST_TMDB_ID = 50_000_000


def show_guid(show: int) -> str:
    return f"plex://show/{show:024d}"


def payload(*, account: int, show: int, number: int, title: str, viewed_at: int) -> dict[str, Any]:
    """The play of a show's episode `number`, counted from 0 through its seasons."""
    season, episode = divmod(number, SEASON_EPISODES)
    key = f"{show}{number:03d}"
    thumb = f"/library/metadata/{key}/thumb/1699999999"
    tmdb_id = FIRST_TMDB_ID + (show - 1) * SHOW_EPISODES + number
    message: dict[str, Any] = {
        "event": "media.scrobble",
        "user": True,
        "owner": True,
        "Account": {"id": account, "title": f"person{account}", "thumb": "https://plex.tv/a.png"},
        "Server": {"title": "Attic", "uuid": SERVER},
        "Player": {"local": True, "publicAddress": "203.0.113.9", "title": "TV", "uuid": "h1tt"},
        "Metadata": {
            "librarySectionType": "show",
            "librarySectionTitle": "TV Shows",
            "librarySectionID": 2,
            "ratingKey": key,
            "key": f"/library/metadata/{key}",
            "parentRatingKey": f"{show}{season}",
            "grandparentRatingKey": str(show),
            "guid": f"plex://episode/{show:018d}{number:06d}",
            "parentGuid": f"plex://season/{show:018d}{season:06d}",
            "grandparentGuid": show_guid(show),
            "type": "episode",
            "title": f"Story {season + 1}-{episode + 1}",
            "grandparentTitle": title,
            "parentTitle": f"Season {season + 1}",
            "contentRating": "TV-MA",
            "index": episode + 1,
            "parentIndex": season + 1,
            "viewCount": 1,
            "lastViewedAt": viewed_at,
            "year": 2015,
            "duration": 2_700_000,
            "originallyAvailableAt": "2015-01-01",
            "addedAt": 1_690_000_000,
            "updatedAt": 1_690_000_001,
            **dict.fromkeys(("thumb", "art", "parentThumb", "grandparentThumb"), thumb),
            "Guid": [
                {"id": f"imdb://tt{key}"},
                {"id": f"tmdb://{tmdb_id}"},
                {"id": f"tvdb://{key}"},
            ],
            "Role": [{"id": n, "tag": f"Actor {n}", "role": f"Part {n}"} for n in range(12)],
            "summary": "",
        },
    }
    missing = BODY_BYTES - len(json.dumps(message))
    message["Metadata"]["summary"] = "It goes on. " * (missing // 12)
    return message


def request(path: str, message: dict[str, Any]) -> bytes:
    """A whole HTTP request as Plex posts it: multipart, with a small picture, on a new connection."""
    boundary = uuid.uuid4().hex
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    body = b"".join(
        (
            f'{part}payload"\r\nContent-Type: application/json\r\n\r\n'.encode(),
            json.dumps(message).encode(),
            f'\r\n{part}thumb"; filename="thumb.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode(),
            THUMB,
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: PlexMediaServer/1.40\r\n"
        f"Accept: */*\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
    )
    return head.encode() + body
