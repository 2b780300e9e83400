"""Tries open questions again that a show added or changed since could settle.

One held event of each such question goes back to processing, which decides as ever: from 0.90 on
the question is settled by itself, and the plays that wait for it are replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from plex import doorbell
from plex.models import Job, PlexConflict, PlexWebhookLog
from plex.payload import NotAPlayback, Playback, parse_payload
from tracker.models import Episode, ShowTitle, TVShow
from tracker.titles import parse_bare_year, parse_title

Clue = tuple[str, int | str]

EVER = datetime(2000, 1, 1, tzinfo=UTC)
JOB = "retry_questions"
# A show that was saved before the last look may have come into view after it.
OVERLAP = timedelta(minutes=5)
# Each costs a decision with look-ups; the rest has its turn a minute later.
TRIED_PER_RUN = 20
LOOKED_AT = 500


def retry_questions() -> None:
    """Wake one event of each open question that a show changed since the last run could settle."""
    now, since = timezone.now(), read_cursor()
    changed = TVShow.objects.filter(updated_at__gt=since)
    tried: list[int] = []
    if changed.exists():
        tried = could_settle(changed, waiting_events())[:TRIED_PER_RUN]
        wake(tried, now=now)
    if len(tried) < TRIED_PER_RUN:
        Job.objects.filter(name=JOB).update(cursor=(now - OVERLAP).isoformat())


def read_cursor() -> datetime:
    """Since when shows have not been looked at; at first since ever."""
    cursor = Job.objects.filter(name=JOB).values_list("cursor", flat=True).first()
    return datetime.fromisoformat(cursor) if cursor else EVER


def waiting_events() -> list[PlexWebhookLog]:
    """Of each open question the event that was decided longest ago, so that all have their turn."""
    questions = PlexConflict.objects.open().about_shows()
    newest = list(questions.order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT])
    held = PlexWebhookLog.objects.held().filter(conflict__in=newest).exclude(payload=None)
    first: dict[int | None, int] = {}
    in_order = held.order_by("processed_at", "pk").values_list("conflict_id", "pk")
    for conflict_id, pk in in_order.iterator():
        first.setdefault(conflict_id, pk)
    events = PlexWebhookLog.objects.select_related("conflict").defer("trace", "raw_body")
    return list(events.filter(pk__in=first.values()).order_by("processed_at", "pk"))


def could_settle(changed: QuerySet[TVShow], events: Sequence[PlexWebhookLog]) -> list[int]:
    """The events that name something of a show which changed after they were decided last."""
    clues = {event.pk: clues_of(event) for event in events}
    changes = changes_of(changed, set().union(*clues.values()))
    return [
        event.pk
        for event in events
        if any(
            clue in changes and (event.processed_at is None or changes[clue] > event.processed_at)
            for clue in clues[event.pk]
        )
    ]


def clues_of(event: PlexWebhookLog) -> set[Clue]:
    """What could lead from the event to a show: titles, ids, and the candidates of its question."""
    parsed = parse_payload(event.payload or {})
    if isinstance(parsed, NotAPlayback):
        return set()
    show = parsed.show
    bare = parse_bare_year(show.title)
    keys = {parse_title(show.title).key, bare.key if bare else ""}
    clues: set[Clue] = {("title", key) for key in keys if key}
    named = ("tmdb", show.ids.tmdb), ("tvdb", show.ids.tvdb), ("imdb", show.ids.imdb)
    clues |= {(name, value) for name, value in named if value}
    if isinstance(parsed, Playback) and parsed.episode_ids.tmdb:
        clues.add(("episode", parsed.episode_ids.tmdb))
    matches = event.conflict.potential_matches if event.conflict else []
    for match in matches if isinstance(matches, list) else []:
        if isinstance(match, dict) and isinstance(match.get("tmdb_id"), int):
            clues.add(("tmdb", match["tmdb_id"]))
    return clues


def changes_of(changed: QuerySet[TVShow], clues: set[Clue]) -> dict[Clue, datetime]:
    """When a show that has the clue changed last, for the clues that any changed show has."""
    changes: dict[Clue, datetime] = {}

    def values(name: str) -> list[int | str]:
        return [value for clue, value in clues if clue == name]

    def note(name: str, rows: Iterable[tuple[int | str | None, datetime]]) -> None:
        for value, at in rows:
            if value:
                changes[name, value] = max(at, changes.get((name, value), at))

    for name in ("tmdb", "tvdb", "imdb"):
        of_these = changed.filter(**{f"{name}_id__in": values(name)})
        note(name, of_these.values_list(f"{name}_id", "updated_at"))
    titles = ShowTitle.objects.filter(show__in=changed, key__in=values("title"))
    note("title", titles.values_list("key", "show__updated_at"))
    episodes = Episode.objects.filter(season__show__in=changed, tmdb_id__in=values("episode"))
    note("episode", episodes.values_list("tmdb_id", "season__show__updated_at"))
    return changes


def wake(events: Sequence[int], *, now: datetime) -> None:
    """Have held events decided again; until then they wait as they did."""
    if events:
        PlexWebhookLog.objects.held().filter(pk__in=events).update(
            next_attempt_at=now, needs_network=True, attempts=F("attempts") + 1
        )
        transaction.on_commit(doorbell.ring)
