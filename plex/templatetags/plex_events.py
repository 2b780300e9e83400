"""Words for what Plex sent and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone

from plex.models import Action, PlexWebhookLog, Status
from plex.refusals import TEST_EVENT
from plex.story import StoryStep, as_json, story_of

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
    TEST_EVENT: "Test",
}
BADGES = {
    Status.PENDING: "info",
    Status.HELD: "warn",
    Status.SUCCESS: "good",
    Status.FAILED: "bad",
}
# Milliseconds.
SECOND = 1000
PRECISE_BELOW = 10
ICONS = {
    Status.PENDING: "clock",
    Status.HELD: "circle-help",
    Status.SUCCESS: "circle-check",
    Status.FAILED: "circle-x",
    Status.IGNORED: "ban",
    Status.DUPLICATE: "copy",
}


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
def story(event: PlexWebhookLog) -> list[StoryStep]:
    return story_of(event)


register.filter(as_json)


@register.filter
def per_cent(share: Any) -> str:
    """ "86 %" for 0.86; "" for nothing."""
    return "" if share is None else f"{round(float(share) * 100)} %"


@register.filter
def duration(milliseconds: float | None) -> str:
    """ "3.4 ms", "48 ms", "1.2 s"; "" for nothing."""
    if milliseconds is None:
        return ""
    if milliseconds >= SECOND:
        return f"{milliseconds / SECOND:.1f} s"
    return f"{milliseconds:.{0 if milliseconds >= PRECISE_BELOW else 1}f} ms"


@register.filter
def moment(value: datetime | None) -> str:
    """ "today 20:14", "yesterday 9:05", "3 March 20:14", with the year where it is another one.

    Where it stands by itself, `capfirst` follows.
    """
    if value is None:
        return ""
    local = timezone.localtime(value)
    return f"{near_day(local.date(), timezone.localdate())} {local:%H:%M}"


def near_day(day: date, today: date) -> str:
    if (name := {0: "today", 1: "yesterday"}.get((today - day).days)) is not None:
        return name
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B} {day.year}"
