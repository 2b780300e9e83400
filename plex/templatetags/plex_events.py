"""Words for what Plex sent and what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone

from plex.models import Action, PlexWebhookLog, Status

register = template.Library()

EVENT_NAMES = {
    "media.scrobble": "Finished",
    "media.play": "Started",
    "media.pause": "Paused",
    "media.resume": "Resumed",
    "media.stop": "Stopped",
    "media.rate": "Rated",
    "library.new": "New in the library",
    "library.on.deck": "New on deck",
    "playback.started": "Started by somebody",
}
BADGES = {
    Status.PENDING: "info",
    Status.HELD: "warn",
    Status.SUCCESS: "good",
    Status.FAILED: "bad",
}
ICONS = {
    Status.PENDING: "clock",
    Status.HELD: "circle-help",
    Status.SUCCESS: "circle-check",
    Status.FAILED: "circle-x",
    Status.IGNORED: "ban",
    Status.DUPLICATE: "copy",
}
STEP_ICONS = {
    "arrived": "radio",
    "ids": "key-round",
    "account": "user",
    "candidates": "list-checks",
    "candidate": "list-checks",
    "tmdb": "search",
    "decision": "route",
    "show": "tv",
    "episode": "film",
    "watch": "check",
    "error": "circle-alert",
}


@dataclass(frozen=True, kw_only=True)
class TraceStep:
    """`data` is everything but the words, as JSON text; "" where there is nothing else."""

    step: str
    text: str
    data: str

    @property
    def icon(self) -> str:
        return STEP_ICONS.get(self.step, "circle-dot")

    @property
    def name(self) -> str:
        return self.step.replace("_", " ").capitalize()


@register.filter
def outcome(event: PlexWebhookLog) -> str:
    """What became of an event, as one sentence."""
    if event.status == Status.PENDING and not event.action_taken:
        return "Waits for its turn."
    if event.action_taken in Action.values:
        return str(Action(event.action_taken).label)
    return str(Status(event.status).label) if event.status in Status.values else ""


@register.filter
def status_badge(event: PlexWebhookLog) -> str:
    return BADGES.get(Status(event.status), "") if event.status in Status.values else ""


@register.filter
def status_icon(event: PlexWebhookLog) -> str:
    return (
        ICONS.get(Status(event.status), "circle-dot")
        if event.status in Status.values
        else "circle-dot"
    )


@register.filter
def event_name(event_type: str) -> str:
    """ "Finished" for media.scrobble; an unknown event keeps its own name."""
    return EVENT_NAMES.get(event_type, event_type or "Unreadable")


@register.filter
def trace_steps(trace: Any) -> list[TraceStep]:
    """The steps of a trace; what is not in the shape of one is shown as data."""
    steps = []
    for entry in trace if isinstance(trace, list) else []:
        known = entry if isinstance(entry, dict) else {"data": entry}
        rest = {key: value for key, value in known.items() if key not in {"step", "text"}}
        steps.append(
            TraceStep(
                step=str(known.get("step") or ""),
                text=str(known.get("text") or ""),
                data=as_json(rest) if rest else "",
            )
        )
    return steps


@register.filter
def as_json(value: Any) -> str:
    """Indented JSON, for a <pre>."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def per_cent(share: Any) -> str:
    """ "86 %" for 0.86; "" for nothing."""
    return "" if share is None else f"{round(float(share) * 100)} %"


@register.filter
def moment(value: datetime | None) -> str:
    """ "Today 20:14", "Yesterday 9:05", "3 March 20:14", with the year where it is another one."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{near_day(local.date(), timezone.localdate())} {local:%H:%M}"


def near_day(day: date, today: date) -> str:
    if (name := {0: "Today", 1: "Yesterday"}.get((today - day).days)) is not None:
        return name
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B} {day.year}"
