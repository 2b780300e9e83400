"""What became of the shows of an import, read from their events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plex.imports.show_import import BROKEN, GONE, event_key, events_of
from plex.models import Action, PlexImport, PlexWebhookLog, Status
from tracker.models import TVShow

ADDED, EXISTED, QUESTION, WAITING, FAILED, NEXT = (
    "added",
    "existed",
    "question",
    "waiting",
    "failed",
    "next",
)
REASONS = {
    GONE: "Plex no longer has this show.",
    BROKEN: "The Plex server fails when it is asked about this show.",
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """One show: `state` is one of the words above; `reason` says why not, or what it waits for."""

    key: str
    state: str
    title: str = ""
    reason: str = ""
    show: TVShow | None = None
    conflict_id: int | None = None
    event_id: int | None = None
    is_from_plex: bool = False


def results_of(task: PlexImport, keys: Sequence[str]) -> list[Result]:
    """The results of some of an import's shows, in their order; a fixed number of queries."""
    rows = events_of(task, keys).without_bodies()
    events = {event.history_key: event for event in rows}
    shows = TVShow.objects.defer("overview", "alternative_titles").in_bulk(
        {event.tvshow_id for event in events.values() if event.tvshow_id}
    )
    left_out = reasons_of(task)
    found = []
    for key in keys:
        event = events.get(event_key(task, key))
        if event is not None:
            show = shows.get(event.tvshow_id or 0)
            found.append(result_of(key, event, show))
        elif key in left_out:
            found.append(Result(key=key, state=FAILED, reason=left_out[key]))
        else:
            found.append(Result(key=key, state=NEXT))
    return found


def reasons_of(task: PlexImport) -> dict[str, str]:
    """Why shows that never became an event could not be added, by their keys."""
    return {key: said for why, said in REASONS.items() for key in task.cursor.get(why, [])}


def result_of(key: str, event: PlexWebhookLog, show: TVShow | None) -> Result:
    state = state_of(event.status, event.action_taken, event.conflict_id)
    return Result(
        key=key,
        state=state,
        title=event.plex_title or "A show without a title",
        reason=(event.error_message or event.get_action_taken_display())
        if state in {WAITING, FAILED}
        else "",
        show=show,
        conflict_id=event.conflict_id if state == QUESTION else None,
        event_id=event.pk,
        is_from_plex=show is not None and show.refreshed_at is None,
    )


def state_of(status: str, action: str, conflict_id: int | None) -> str:
    if status == Status.SUCCESS:
        return ADDED if action == Action.LIBRARY_SHOW_ADDED else EXISTED
    if status == Status.HELD:
        return QUESTION if conflict_id is not None else WAITING
    return WAITING if status == Status.PENDING else FAILED


def states_of(task: PlexImport) -> dict[str, str]:
    """The state of every show of an import that was worked on, by its key."""
    keys = {event_key(task, key): key for key in task.chosen[: task.done]}
    rows = events_of(task, keys.values()).values_list(
        "history_key", "status", "action_taken", "conflict_id"
    )
    states = dict.fromkeys(reasons_of(task), FAILED)
    for history_key, status, action, conflict_id in rows:
        states[keys[history_key]] = state_of(status, action, conflict_id)
    return states


def counts_in(states: Mapping[str, str]) -> dict[str, int]:
    """How many shows have which result."""
    return dict(Counter(states.values()))


def failed_keys(task: PlexImport) -> list[str]:
    """The shows that could not be added, to be tried again."""
    states = states_of(task)
    return [key for key in task.chosen if states.get(key) == FAILED]
