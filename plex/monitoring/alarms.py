"""What somebody should hear of: shown on the Plex pages to administrators, and sent by Apprise.

The worker looks every minute. Whether the worker itself lives is watched by `watchdog`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from plex.models import Alarm, Job, PlexConflict, PlexWebhookLog, Status
from plex.monitoring.reports import since
from tracker import metrics, notification
from tracker.encryption import DecryptionError, reveal
from tracker.models import SiteSettings
from tracker.notification import NotificationError

Kind = Alarm.Kind
WATCHED_BY_WORKER = (Kind.FAILED_EVENTS, Kind.CONFLICTS, Kind.TMDB_ERRORS, Kind.NEW_CONFLICT)
WATCHED_BY_WEB = (Kind.WORKER_SILENT,)

# A share is only judged where an hour had at least this many events, or calls.
FEW = 10
MOST_FAILED = 0.10
MOST_CONFLICTS = 50
MOST_TMDB_ERRORS = 0.20
# Longer than a restart takes.
WORKER_SILENT = timedelta(minutes=5)
HOUR = timedelta(hours=1)
NAMED_CONFLICTS = 5


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the alarms are judged by; of the last hour where nothing else is said."""

    events: int = 0
    failed: int = 0
    open_conflicts: int = 0
    tmdb_calls: float = 0
    tmdb_errors: float = 0
    worker_silent: timedelta = timedelta()


def standing(figures: Figures) -> dict[str, str]:
    """Which alarms stand, each with its sentence."""
    found: dict[str, str] = {}
    if figures.events >= FEW and figures.failed > figures.events * MOST_FAILED:
        found[Kind.FAILED_EVENTS] = (
            f"{figures.failed} of {figures.events} Plex events failed within an hour: "
            "the activity page says why."
        )
    if figures.open_conflicts > MOST_CONFLICTS:
        found[Kind.CONFLICTS] = (
            f"{figures.open_conflicts} questions are open: answer them on the conflicts page."
        )
    if figures.tmdb_calls >= FEW and figures.tmdb_errors > figures.tmdb_calls * MOST_TMDB_ERRORS:
        found[Kind.TMDB_ERRORS] = (
            f"{figures.tmdb_errors:.0f} of {figures.tmdb_calls:.0f} calls to TMDB failed within "
            "an hour: check the key and the network; nothing is lost meanwhile."
        )
    if figures.worker_silent > WORKER_SILENT:
        minutes = int(figures.worker_silent.total_seconds() // 60)
        found[Kind.WORKER_SILENT] = (
            f"The worker was not seen for {minutes} minutes: events are stored and wait. Start it."
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How many calls to TMDB there were until a moment, in seconds since 1970."""

    at: float
    ok: float
    errors: float


def within_an_hour(samples: Sequence[Sample]) -> tuple[float, float]:
    """Calls and failed ones between the samples; a count that shrank began anew."""
    ok = errors = 0.0
    for before, after in pairwise(samples):
        began_anew = after.ok < before.ok or after.errors < before.errors
        ok += after.ok - (0 if began_anew else before.ok)
        errors += after.errors - (0 if began_anew else before.errors)
    return ok + errors, errors


def check_alarms(kinds: Collection[str] = WATCHED_BY_WORKER) -> str | None:
    """Raise, end and tell alarms of these kinds; returns why a message could not be sent."""
    now = timezone.now()
    alarms = read_alarms(kinds)
    sentences = standing(read_figures(alarms, now=now))
    for kind, alarm in alarms.items():
        if kind == Kind.NEW_CONFLICT:
            note_new_conflicts(alarm)
        else:
            note(alarm, sentences.get(kind, ""), now=now)
    problem = tell(list(alarms.values()))
    for alarm in alarms.values():
        alarm.save(update_fields=["raised_at", "sentence", "memory"])
    return problem


def read_alarms(kinds: Collection[str] = tuple(Kind)) -> dict[str, Alarm]:
    """The alarms by kind, in the order of `Alarm.Kind`; made where they are not there yet."""
    known = {alarm.kind: alarm for alarm in Alarm.objects.filter(kind__in=kinds)}
    if missing := [Alarm(kind=kind) for kind in kinds if kind not in known]:
        Alarm.objects.bulk_create(missing, ignore_conflicts=True)
        known = {alarm.kind: alarm for alarm in Alarm.objects.filter(kind__in=kinds)}
    return {kind: known[kind] for kind in Kind if kind in known}


def read_figures(alarms: dict[str, Alarm], *, now: datetime) -> Figures:
    """What these alarms are judged by."""
    figures: dict[str, Any] = {}
    if Kind.FAILED_EVENTS in alarms:
        figures |= since(PlexWebhookLog.objects.order_by(), now - HOUR).aggregate(
            events=Count("pk"), failed=Count("pk", filter=Q(status=Status.FAILED))
        )
    if Kind.CONFLICTS in alarms:
        figures["open_conflicts"] = PlexConflict.objects.open().count()
    if Kind.TMDB_ERRORS in alarms:
        calls, errors = read_tmdb_calls(alarms[Kind.TMDB_ERRORS], now=now)
        figures |= {"tmdb_calls": calls, "tmdb_errors": errors}
    if Kind.WORKER_SILENT in alarms:
        beat = Job.objects.last_heartbeat()
        figures["worker_silent"] = now - beat if beat else timedelta()
    return Figures(**figures)


def read_tmdb_calls(alarm: Alarm, *, now: datetime) -> tuple[float, float]:
    """Calls and failed ones of the last hour; the alarm keeps the samples."""
    counted = metrics.tmdb_calls()
    kept = [Sample(at=at, ok=ok, errors=e) for at, ok, e in alarm.memory.get("samples", [])]
    oldest = (now - HOUR).timestamp()
    samples = [sample for sample in kept if sample.at >= oldest]
    samples.append(Sample(at=now.timestamp(), ok=counted["ok"], errors=counted["error"]))
    alarm.memory["samples"] = [[s.at, s.ok, s.errors] for s in samples]
    return within_an_hour(samples)


def note(alarm: Alarm, sentence: str, *, now: datetime) -> None:
    """An alarm stands, or stands no longer."""
    stands = bool(sentence) and alarm.is_on
    if stands and alarm.raised_at is None:
        alarm.raised_at = now
        alarm.memory["untold"] = sentence
    elif not stands and alarm.raised_at is not None:
        alarm.raised_at = None
        if alarm.is_on:
            alarm.memory["untold"] = f"Over: {alarm.get_kind_display().lower()}."
    alarm.sentence = sentence[:300] if stands else ""


def note_new_conflicts(alarm: Alarm) -> None:
    """Questions that were opened since the last look. The first look only remembers where it is."""
    newest = PlexConflict.objects.aggregate(pk=Max("pk"))["pk"] or 0
    seen = alarm.memory.get("seen")
    alarm.memory["seen"] = newest
    if seen is None or not alarm.is_on:
        return
    new = PlexConflict.objects.open().filter(pk__gt=seen, pk__lte=newest).order_by("pk")
    titles = list(new.values_list("plex_title", flat=True)[: NAMED_CONFLICTS + 1])
    if titles:
        before = alarm.memory.get("untold", "")
        alarm.memory["untold"] = f"{before} {questions(titles)}".strip()


def questions(titles: Sequence[str]) -> str:
    named = ", ".join(f"“{title}”" for title in titles[:NAMED_CONFLICTS])
    more = " and more" if len(titles) > NAMED_CONFLICTS else ""
    what = "A new question about" if len(titles) == 1 else "New questions about"
    return f"{what} {named}{more}: answer on the conflicts page."


def tell(alarms: Sequence[Alarm]) -> str | None:
    """Send what was not told yet in one message; returns why that failed. It is tried again then."""
    untold = [alarm for alarm in alarms if alarm.memory.get("untold")]
    if not untold:
        return None
    problem = None
    try:
        if addresses := notification_addresses():
            body = "\n".join(alarm.memory["untold"] for alarm in untold)
            notification.send(addresses, title="Full Tracker", body=body)
    except DecryptionError as error:
        problem = str(error)
    except NotificationError as error:
        problem = str(error)
        if not error.reached_some:
            return problem
    for alarm in untold:
        del alarm.memory["untold"]
    return problem


def notification_addresses() -> list[str]:
    """The Apprise addresses of this installation. Raises `DecryptionError`."""
    return reveal(SiteSettings.load(), "notification_addresses").split()
