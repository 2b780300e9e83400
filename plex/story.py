"""An event's trace as a story: what arrived, what it named, what was looked at, what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plex import fields
from plex.models import PlexWebhookLog

# The words and the icon for each step that processing tells.
STEPS = {
    "arrived": ("Arrived", "radio"),
    "ids": ("Ids", "key-round"),
    "event": ("Event", "info"),
    "account": ("Account", "user"),
    "mapping": ("Known show", "link"),
    "rule": ("Your rule", "list-checks"),
    "tmdb_episode_id": ("TMDB id", "key-round"),
    "show_ids": ("Ids of the show", "key-round"),
    "episode_ids": ("Ids of the episode", "key-round"),
    "plex": ("Plex's ids of the show", "key-round"),
    "title": ("Title", "search"),
    "tmdb": ("TMDB", "search"),
    "added": ("Added", "plus"),
    "refresh": ("Refreshed", "refresh-cw"),
    "episode": ("Episode", "film"),
    "settled": ("Settled", "circle-check"),
    "question": ("Question", "circle-help"),
    "corrected": ("Corrected", "repeat"),
    "once": ("Outcome", "circle-check"),
}
EVENTS = {
    "media.scrobble": "finished",
    "media.play": "started",
    "media.pause": "paused",
    "media.resume": "resumed",
    "media.stop": "stopped",
    "media.rate": "rated",
    "playback.started": "started",
}
MOST_IDS = 10


@dataclass(frozen=True, kw_only=True)
class Look:
    """A candidate that was looked at."""

    title: str
    year: int | None
    score: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StoryStep:
    """`ids` and `looks` are lists to show; `data` is whatever else was kept, as JSON text."""

    name: str
    icon: str
    text: str
    ids: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()
    data: str = ""


def story_of(event: PlexWebhookLog) -> list[StoryStep]:
    """The story of one event, for people; a trace in another shape is shown as it is."""
    steps = list(traced(event.trace))
    arrived = steps.pop(0) if tells_arrival(event) else arrival(event)
    return [arrived, *named_ids(event.payload), *steps]


def tells_arrival(event: PlexWebhookLog) -> bool:
    """Whether the trace itself begins with what was played, more exactly than the row knows."""
    if event.source in {PlexWebhookLog.Source.TEST, PlexWebhookLog.Source.CHOSEN}:
        return False
    first = event.trace[0] if isinstance(event.trace, list) and event.trace else None
    return isinstance(first, dict) and first.get("step") == "arrived"


def arrival(event: PlexWebhookLog) -> StoryStep:
    name, icon = STEPS["arrived"]
    if event.source == PlexWebhookLog.Source.TEST:
        return StoryStep(name=name, icon=icon, text="The settings page sent a test event.")
    title = event.plex_title or "something without a title"
    if event.source == PlexWebhookLog.Source.CHOSEN:
        return StoryStep(name=name, icon=icon, text=f"{title} was chosen in the Plex library.")
    what = f"{title} {event.episode_code}".strip()
    if event.event_type not in EVENTS:
        text = (
            f"Plex sent “{event.event_type}” about {what}."
            if event.event_type
            else "Something arrived."
        )
        return StoryStep(name=name, icon=icon, text=text)
    who = event.account.account_title if event.account else ""
    text = f"{who or 'Somebody'} {EVENTS[event.event_type]} {what}."
    return StoryStep(name=name, icon=icon, text=text)


def named_ids(payload: Any) -> Iterator[StoryStep]:
    """The guids of the message, the item's own first."""
    metadata = fields.mapping(fields.mapping(payload).get("Metadata"))
    if not metadata:
        return
    listed = metadata.get("Guid")
    entries = listed if isinstance(listed, list) else []
    guids = [
        metadata.get("guid"),
        metadata.get("grandparentGuid"),
        *(fields.mapping(entry).get("id") for entry in entries),
    ]
    ids = [text for guid in guids if (text := fields.text(guid))]
    name, icon = STEPS["ids"]
    text = "The message names:" if ids else "The message names no id."
    yield StoryStep(name=name, icon=icon, text=text, ids=tuple(dict.fromkeys(ids))[:MOST_IDS])


def traced(trace: Any) -> Iterator[StoryStep]:
    for entry in trace if isinstance(trace, list) else []:
        known = entry if isinstance(entry, dict) else {"data": entry}
        step = str(known.get("step") or "")
        name, icon = STEPS.get(step, (step.replace("_", " ").capitalize(), "circle-dot"))
        data = known.get("data")
        looks, rest = ((), data) if not isinstance(data, dict) else looks_of(data)
        yield StoryStep(
            name=name,
            icon=icon,
            text=str(known.get("text") or ""),
            looks=looks,
            data=as_json(rest) if rest else "",
        )


def looks_of(data: dict[str, Any]) -> tuple[tuple[Look, ...], dict[str, Any]]:
    """The candidates in a step's data, and what else there is."""
    listed = data.get("candidates")
    entries = (
        [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    )
    rest = {key: value for key, value in data.items() if key != "candidates" or not entries}
    return tuple(look_of(entry) for entry in entries), rest


def look_of(entry: dict[str, Any]) -> Look:
    score, reasons = entry.get("score"), entry.get("reasons")
    return Look(
        title=str(entry.get("title") or ""),
        year=fields.whole(entry.get("year")),
        score=float(score) if isinstance(score, int | float) else None,
        reasons=tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else (),
    )


def as_json(value: Any) -> str:
    """Indented JSON, for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
