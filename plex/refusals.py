"""Why a message is no play of an episode, in words for people.

The order matters: who sent it, then the event, then what was played. Anything not named here
goes on to be read as an episode (`media.scrobble`) or a new show (`library.new`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from plex import fields
from plex.guid import parse_guid

# Plex's free streaming names this instead of a server: "tv.plex.provider.vod".
PROVIDER_PREFIX = "tv.plex.provider."

# The settings page sends it through the webhook's address.
TEST_EVENT = "tracker.test"

_EVENT_REASONS = {
    TEST_EVENT: "A test from the settings page: the address works, and nothing is recorded.",
    "media.play": "Plex said that playback started; only finished plays count.",
    "media.pause": "Plex said that playback paused; only finished plays count.",
    "media.resume": "Plex said that playback went on; only finished plays count.",
    "media.stop": "Plex said that playback stopped, which it says at any position; only finished plays count.",
    "media.rate": "Plex said that something was rated; ratings aren't taken over.",
    "library.on.deck": "Plex said that something new is on deck; only finished plays count.",
    "playback.started": "Plex said that somebody on your server started to play; only finished plays count.",
    "device.new": "Plex said that a new device signed in.",
    "admin.database.backup": "Plex said that it saved a copy of its database.",
    "admin.database.corrupted": "Plex said that its database is damaged: look after your Plex server.",
}
_EVENT_GROUP_REASONS = {
    "library.": "Plex said that something changed in a library; only finished plays count.",
    "playback.": "Plex said something about a running playback; only finished plays count.",
    "admin.": "Plex said something about the care of your server.",
    "device.": "Plex said something about a device.",
}
_READ_EVENTS = frozenset({"media.scrobble", "library.new"})

_TYPE_REASONS = {
    "movie": "This is a film; only episodes of shows count.",
    "track": "This is music; only episodes of shows count.",
    "album": "This is music; only episodes of shows count.",
    "artist": "This is music; only episodes of shows count.",
    "photo": "This is a photo; only episodes of shows count.",
    "photoalbum": "These are photos; only episodes of shows count.",
    "clip": "This is a trailer or an extra; only episodes of shows count.",
}
_EXTRA_SUBTYPES = frozenset(
    {
        *("trailer", "clip", "deletedscene", "interview", "behindthescenes", "sceneorsample"),
        *("featurette", "short", "musicvideo", "lyricmusicvideo", "livemusicvideo", "concert"),
        *("other", "preroll"),
    }
)
_SHOW_TYPES = frozenset({"show", "season", "episode"})
_FLAG_TEXTS = frozenset({"", "0", "1", "true", "false", "yes", "no", "null", "none"})
# Jellyfin's account ids: a GUID with or without dashes. Plex's are numbers.
_JELLYFIN_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class NotAPlayback:
    """Why a message counts for nothing.

    `action` is `event_not_scrobble`, `not_an_episode`, `not_plex` or `invalid_payload`;
    `reason` one sentence for people. `is_failure`: it should have been a play, but can't be
    read as one, so that the log row is `failed` rather than `ignored`.
    """

    action: str
    reason: str
    is_failure: bool = False


def refusal(payload: dict[str, Any]) -> NotAPlayback | None:
    """Return why a message is neither a finished episode nor a new show, or None if it is."""
    return (
        _other_sender(payload)
        or _other_event(payload)
        or _incomplete(payload)
        or _other_item(payload)
    )


def _other_sender(payload: dict[str, Any]) -> NotAPlayback | None:
    """Recognise senders that imitate Plex; most put a show's ids where Plex puts an episode's."""
    event, user = fields.text(payload.get("event"), 64), payload.get("user")
    if not event:
        return _not_plex("The message names no event, so that Plex can't have sent it.")
    if event.lower().startswith("tautulli"):
        return _not_plex("Tautulli sent this; only Plex's own webhook can be read safely.")
    if isinstance(user, str) and user.strip().lower() not in _FLAG_TEXTS:
        return _not_plex(
            "The message names its user as Tautulli does; only Plex's own webhook can be read safely."
        )
    account_id = fields.mapping(payload.get("Account")).get("id")
    if isinstance(account_id, str) and _JELLYFIN_ID.fullmatch(account_id.strip()):
        return _not_plex(
            "The account id is Jellyfin's kind; only Plex's own webhook can be read safely."
        )
    return None


def _other_event(payload: dict[str, Any]) -> NotAPlayback | None:
    event = fields.text(payload.get("event"), 64)
    if event in _READ_EVENTS:
        return None
    reason = _EVENT_REASONS.get(event)
    if reason is None:
        groups = (text for prefix, text in _EVENT_GROUP_REASONS.items() if event.startswith(prefix))
        reason = next(groups, "This kind of event is not known; only finished plays count.")
    return NotAPlayback(action="event_not_scrobble", reason=reason)


def _incomplete(payload: dict[str, Any]) -> NotAPlayback | None:
    if not fields.mapping(payload.get("Metadata")):
        return NotAPlayback(
            action="invalid_payload",
            reason="The message doesn't say what was played: it has no Metadata.",
            is_failure=payload.get("event") == "media.scrobble",
        )
    server = fields.mapping(payload.get("Server"))
    if not fields.text(server.get("uuid")) and not fields.text(server.get("title")):
        return _not_plex(
            "The message names no server, as Plex always does; its ids could mean anything."
        )
    return None


def _other_item(payload: dict[str, Any]) -> NotAPlayback | None:
    metadata = fields.mapping(payload["Metadata"])
    server_uuid = fields.text(fields.mapping(payload.get("Server")).get("uuid"))
    if server_uuid.startswith(PROVIDER_PREFIX):
        return _not_an_episode("This was played on Plex's own streaming service, not on a server.")
    if _is_extra(metadata):
        return _not_an_episode(_TYPE_REASONS["clip"])
    if _is_live(metadata):
        return _not_an_episode("This was live TV; only episodes in a library count.")
    return _other_type(payload, metadata)


def _other_type(payload: dict[str, Any], metadata: dict[str, Any]) -> NotAPlayback | None:
    item_type = fields.text(metadata.get("type"), 64).lower()
    is_scrobble = payload.get("event") == "media.scrobble"
    if item_type == "episode" or (item_type in _SHOW_TYPES and not is_scrobble):
        return None
    if item_type in _SHOW_TYPES:
        return _not_an_episode("This is a whole show or season; only single episodes count.")
    if item_type:
        return _not_an_episode(
            _TYPE_REASONS.get(item_type, "This is no episode; only episodes of shows count.")
        )
    if parse_guid(metadata.get("guid")).kind == "episode":
        return None
    return NotAPlayback(
        action="invalid_payload",
        reason="The message doesn't say whether this is an episode: it has no type.",
        is_failure=is_scrobble,
    )


def _is_extra(metadata: dict[str, Any]) -> bool:
    subtype = fields.text(metadata.get("subtype"), 64).lower()
    is_film = fields.text(metadata.get("type")).lower() == "movie" and subtype == "clip"
    # A personal video is a "movie" of subtype "clip": called a film below, which it is.
    return bool(fields.text(metadata.get("extraType"))) or (
        subtype in _EXTRA_SUBTYPES and not is_film
    )


def _is_live(metadata: dict[str, Any]) -> bool:
    return (
        fields.flag(metadata.get("live"))
        or fields.text(metadata.get("librarySectionType")).lower() == "livetv"
        or parse_guid(metadata.get("guid")).scheme == "tv.plex.xmltv"
    )


def _not_plex(reason: str) -> NotAPlayback:
    return NotAPlayback(action="not_plex", reason=reason)


def _not_an_episode(reason: str) -> NotAPlayback:
    return NotAPlayback(action="not_an_episode", reason=reason)
