"""Once a day: the plays of the last month in Plex's history that are not recorded here, and why.

The catch-up brings nearly all by itself. What is left was written into the history late, or ended as
an event that can be tried again. A person sees the list, and has it brought in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from plex import doorbell, inbox
from plex.answers import EPISODE, HistoryRow
from plex.client import PlexServer
from plex.history import reading
from plex.history.events import Play, place_of
from plex.history.memory import note_told
from plex.history.reading import LEASE, OVERLAP, Cursor, Reading, never, pause_after, read_on
from plex.models import Action, Job, PlexConfig, PlexWebhookLog, Status
from plex.models.webhook_log import PlexWebhookLogQuerySet
from plex.viewings import play_window

EVERY = timedelta(days=1)
LOOK_BACK = timedelta(days=30)
# What was finished just now is on its way.
FRESH = timedelta(hours=1)
JOB_PREFIX = "missing:"
MOST_LISTED = 100

LATE = "No event of it arrived, and Plex wrote it into its history only after that was read."
UNREAD = "No event of it arrived, and the history has not been read that far."
SWITCHED_OFF = "Marking by itself was switched off when it arrived."
FAILED = "It arrived, and could not be processed."


@dataclass(frozen=True, kw_only=True)
class MissingPlay:
    """A play that is not recorded. `at` in epoch seconds, `log` where it arrived once."""

    key: str
    at: int
    show: str
    season: int | None
    episode: int | None
    title: str
    why: str
    log: int | None = None

    @property
    def viewed_at(self) -> datetime:
        return datetime.fromtimestamp(self.at, tz=UTC)

    @property
    def code(self) -> str:
        if self.season is None or self.episode is None:
            return ""
        return f"S{self.season:02}E{self.episode:02}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the last comparison found on a server. `is_wanted`: the worker is to bring the plays in."""

    server_uuid: str = ""
    plays: tuple[MissingPlay, ...] = ()
    total: int = 0
    brought: int = 0
    is_wanted: bool = False

    @staticmethod
    def read(found: Any) -> Comparison:
        """Whatever can't be read says nothing."""
        try:
            plays = tuple(MissingPlay(**play) for play in found["plays"])
            numbers = int(found["total"]), int(found["brought"])
        except (KeyError, TypeError, ValueError):
            return Comparison()
        return Comparison(
            server_uuid=str(found.get("server_uuid", "")),
            plays=plays,
            total=numbers[0],
            brought=numbers[1],
            is_wanted=bool(found.get("is_wanted")),
        )


def job_name(user_id: int) -> str:
    return f"{JOB_PREFIX}{user_id}"


def last_comparison(config: PlexConfig, job: Job | None) -> Comparison:
    """What the job found on the connection's server; nothing where that is another one by now."""
    found = Comparison.read(job.found if job else None)
    known = found.server_uuid and config.plex_server_uuid
    return Comparison() if known and found.server_uuid != config.plex_server_uuid else found


def due_every() -> dict[int, timedelta]:
    """The connections whose history can be compared, by user, and how long to wait between two."""
    cursors = dict(Job.objects.filter(name__startswith=JOB_PREFIX).values_list("name", "cursor"))
    refused = PlexConfig.objects.exclude(token_refused_at=None).values_list("pk", flat=True)
    readable = reading.due_every().keys() - set(refused)
    failures = {pk: Cursor.read(cursors.get(job_name(pk), "")).failures for pk in sorted(readable)}
    return {pk: pause_after(number) if number else EVERY for pk, number in failures.items()}


def compare(user_id: int) -> str:
    """Compare one connection's history; returns what went wrong in one sentence, or ""."""
    return read_on(user_id, job_name(user_id), Comparing, never)


def bring_in(config: PlexConfig) -> bool:
    """Have the worker bring in what is missing; False where there is nothing to bring."""
    job = Job.objects.filter(name=job_name(config.pk)).first()
    if job is None or job.found is None or not last_comparison(config, job).total:
        return False
    wanted = {**job.found, "is_wanted": True}
    return bool(Job.objects.filter(pk=job.pk).update(found=wanted, last_run_at=None))


class Comparing(Reading):
    """One comparison of a server's history with what is recorded."""

    def __init__(self, config: PlexConfig, job: Job) -> None:
        super().__init__(config, job)
        self.read_until = self.caught_up_until()

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Raises `PlexError`, `LostLeaseError`."""
        server = self.begin()
        now = timezone.now()
        began = self.config.sync_started_date or self.config.created_at
        found: list[MissingPlay] = []
        brought = 0
        wanted = last_comparison(self.config, self.job).is_wanted
        for page in server.history(since=max(began, now - LOOK_BACK)):
            rows = [
                row for row in page if row.type == EPISODE and began <= row.viewed_at <= now - FRESH
            ]
            missing, plays = self.missing_of(rows, server)
            if wanted:
                brought += self.bring_in(missing, plays, now=timezone.now())
            else:
                found += missing
                self.save(lease_until=timezone.now() + LEASE)
        if not wanted and self.is_wanted_by_now():
            self.run(should_stop)
            return
        result = Comparison(
            server_uuid=self.config.plex_server_uuid,
            plays=tuple(found[:MOST_LISTED]),
            total=len(found),
            brought=brought,
        )
        Job.objects.filter(pk=self.job.pk, lease_until=self.job.lease_until).update(
            found=asdict(result)
        )

    def is_wanted_by_now(self) -> bool:
        """Whether somebody pressed the button of the last list while this one was made."""
        self.job.refresh_from_db(fields=["found"])
        return last_comparison(self.config, self.job).is_wanted

    def caught_up_until(self) -> datetime:
        cursors = Job.objects.filter(name=reading.job_name(self.config.pk))
        until = Cursor.read(cursors.values_list("cursor", flat=True).first() or "").until
        return datetime.fromtimestamp(until, tz=UTC) - OVERLAP

    def missing_of(
        self, rows: Sequence[HistoryRow], server: PlexServer
    ) -> tuple[list[MissingPlay], list[Play]]:
        """The rows that should be recorded and are not; those that never arrived also as plays."""
        people = self.people_of(server)
        rows = [row for row in rows if people.users.get(people.who(row.account_id).account_id)]
        by_key = {row.history_key: row for row in rows}
        missing = [
            missing_play(by_key[log.history_key], why=why, log=log.pk)
            for log in self.logs_of(list(by_key))
            if (why := why_not_recorded(log, self.config))
        ]
        plays = self.untold(self.plays_of(self.new_rows(rows), server))
        for play in plays:
            why = UNREAD if play.row.viewed_at > self.read_until else LATE
            missing.append(missing_play(play.row, why=why + refused(self.config)))
        return sorted(missing, key=lambda play: play.at), plays

    def logs_of(self, keys: Sequence[str]) -> PlexWebhookLogQuerySet:
        logs = PlexWebhookLog.objects.filter(
            server_uuid=self.config.plex_server_uuid, history_key__in=keys
        )
        return logs.exclude(history_key="").without_bodies()

    def untold(self, plays: Sequence[Play]) -> list[Play]:
        """Without those that a webhook told of: recorded, or still waiting."""
        with transaction.atomic():
            told = note_told(plays, self.people) if self.people else set()
        waiting = self.waiting_for(plays)
        return [
            play
            for play in plays
            if play.row.history_key not in told
            and not any(is_near(play, at) for at in waiting.get(play.summary.item_key, ()))
        ]

    def waiting_for(self, plays: Sequence[Play]) -> dict[str, list[datetime]]:
        """When the items were played according to events that wait for an answer."""
        held = PlexWebhookLog.objects.held().filter(
            server_uuid=self.config.plex_server_uuid,
            item_key__in={play.summary.item_key for play in plays},
        )
        found: dict[str, list[datetime]] = {}
        for key, viewed_at, created_at in held.values_list("item_key", "viewed_at", "created_at"):
            found.setdefault(key, []).append(viewed_at or created_at)
        return found

    def bring_in(
        self, missing: Sequence[MissingPlay], plays: Sequence[Play], *, now: datetime
    ) -> int:
        """Put the plays into the inbox; returns how many."""
        again = [play.log for play in missing if play.log is not None]
        with transaction.atomic():
            self.save(lease_until=now + LEASE)
            count = self.insert(plays, now=now)
            if again:
                count += inbox.requeue(PlexWebhookLog.objects.filter(pk__in=again), now=now)
            transaction.on_commit(doorbell.ring)
        return count


def missing_play(row: HistoryRow, *, why: str, log: int | None = None) -> MissingPlay:
    show, season, episode = place_of(row)
    return MissingPlay(
        key=row.history_key[:255],
        at=int(row.viewed_at.timestamp()),
        show=show[:200],
        season=season,
        episode=episode,
        title=str(row.metadata.get("title") or "")[:200],
        why=why,
        log=log,
    )


def why_not_recorded(log: PlexWebhookLog, config: PlexConfig) -> str:
    """Why an event recorded nothing though it could; "" where that is as people wish."""
    if log.status == Status.FAILED:
        return log.error_message or FAILED
    if log.action_taken == Action.AUTO_MARK_DISABLED and config.auto_mark_watched:
        return SWITCHED_OFF
    return ""


def refused(config: PlexConfig) -> str:
    """Events that were refused are counted and not kept: it may be one of these."""
    count = config.refused_rate_count + config.refused_size_count
    return f" It may be among the {count} events that were refused over a limit." if count else ""


def is_near(play: Play, at: datetime) -> bool:
    return abs(play.row.viewed_at - at) <= play_window(play.runtime)
