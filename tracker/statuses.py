"""The status of a tracked show as it follows from what was watched. Set-wise: made for batches.

| status before            | after a new watch                                               |
|--------------------------|-----------------------------------------------------------------|
| not tracked              | watching                                                        |
| plan to watch, on hold,  |                                                                 |
| dropped                  | watching                                                        |
| watching                 | watching                                                        |
| completed                | completed if the show has ended, else watching                  |
| any of them              | completed, when the show has ended and all that aired is watched |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from operator import itemgetter

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone

from tracker.models import Episode, TrackedShow, TVShow, Watch
from tracker.zones import zones_of

Pair = tuple[int, int]  # User, show.
Status = TrackedShow.Status

# A batch names users and shows, not who watched what: a watch this fresh is one of the batch's.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What one user has watched of one show."""

    first_at: datetime
    last_at: datetime
    written_at: datetime
    aired_count: int  # Regular episodes that have aired, each once.


def settle_status(*, user_ids: Iterable[int], show_ids: Iterable[int], today: date) -> None:
    """Bring the tracked shows of these users in line after watches of theirs were written.

    Of all pairs of a user and a show only those change that have a fresh watch; a show that was being
    watched may become completed without one. The number of queries does not depend on how many pairs
    there are, and rows are written in one order, so that two batches can't block each other.
    """
    settle(set(user_ids), set(show_ids), today=today, fresh_since=timezone.now() - FRESH)


def settle_pair(user_id: int, show_id: int, *, today: date) -> None:
    """The same for one user and show that are known to have a new watch."""
    settle({user_id}, {show_id}, today=today, fresh_since=None)


@transaction.atomic(savepoint=False)
def settle(
    user_ids: Collection[int],
    show_ids: Collection[int],
    *,
    today: date,
    fresh_since: datetime | None,
) -> None:
    tracked = TrackedShow.objects.filter(user__in=user_ids, show__in=show_ids)
    settled = {
        (row.user_id, row.show_id): row.pk
        for row in tracked.annotate(production=F("show__production_status"))
        if is_settled(row, row.production in TVShow.ENDED)
    }
    pairs = {(user, show) for user in user_ids for show in show_ids} - settled.keys()
    if not pairs:
        return
    watched = watched_by(pairs, today)
    if not watched:
        return
    productions = TVShow.objects.filter(pk__in={show for _, show in watched})
    ended = {
        pk: status in TVShow.ENDED
        for pk, status in productions.values_list("pk", "production_status")
    }
    zones = zones_of({user for user, _ in watched})
    make_missing(watched, zones, fresh_since=fresh_since)
    aired = count_aired([show for _, show in watched if ended[show]], today)
    changed = []
    # One order for everybody who locks several.
    open_rows = tracked.exclude(pk__in=settled.values()).order_by("user_id", "show_id")
    for row in open_rows.select_for_update():
        mine = watched.get((row.user_id, row.show_id))
        if mine is None:
            continue
        is_fresh = fresh_since is None or mine.written_at >= max(row.updated_at, fresh_since)
        status = status_after(
            row.status,
            is_fresh=is_fresh,
            has_ended=ended[row.show_id],
            all_watched=0 < aired.get(row.show_id, 0) <= mine.aired_count,
        )
        if apply(row, status, mine, zones[row.user_id]):
            changed.append(row)
    TrackedShow.objects.bulk_update(changed, ["status", "started_on", "finished_on", "updated_at"])


def status_after(status: str, *, is_fresh: bool, has_ended: bool, all_watched: bool) -> str:
    """The table at the top of this module."""
    if status == Status.COMPLETED and (has_ended or not is_fresh):
        return status
    if status != Status.WATCHING and not is_fresh:
        return status
    return Status.COMPLETED if has_ended and all_watched else Status.WATCHING


def is_settled(row: TrackedShow, has_ended: bool) -> bool:  # noqa: FBT001 - private to this module
    """Whether no watch can change this row; so it is for nearly every event of a batch."""
    if row.started_on is None:
        return False
    return row.status == (Status.COMPLETED if has_ended else Status.WATCHING)


def apply(row: TrackedShow, status: str, watched: Watched, zone: tzinfo) -> bool:
    """Set a row's status and its days as the user's calendar shows them; whether that changed it."""
    before = (row.status, row.started_on, row.finished_on)
    row.status = status
    row.started_on = row.started_on or timezone.localdate(watched.first_at, zone)
    if status != Status.COMPLETED:
        row.finished_on = None
    elif before[0] != Status.COMPLETED:
        row.finished_on = timezone.localdate(watched.last_at, zone)
    if (row.status, row.started_on, row.finished_on) == before:
        return False
    row.updated_at = timezone.now()
    return True


def watched_by(pairs: Collection[Pair], today: date) -> dict[Pair, Watched]:
    regular = Q(episode__season__season_number__gt=0, episode__air_date__lte=today)
    rows = (
        Watch.objects.standing()
        .filter(
            user__in={user for user, _ in pairs},
            episode__season__show__in={show for _, show in pairs},
        )
        .values_list("user_id", "episode__season__show_id")
        .annotate(
            Min("watched_at"),
            Max("watched_at"),
            Max("created_at"),
            aired=Count("episode", distinct=True, filter=regular),
        )
    )
    return {
        (user, show): Watched(first_at=first, last_at=last, written_at=written, aired_count=aired)
        for user, show, first, last, written, aired in rows
        if (user, show) in pairs
    }


def make_missing(
    watched: Mapping[Pair, Watched], zones: Mapping[int, tzinfo], *, fresh_since: datetime | None
) -> None:
    """Track what was watched just now and is not tracked. A row that exists stays as it is."""
    tracked = set(
        TrackedShow.objects.filter(
            user__in={user for user, _ in watched}, show__in={show for _, show in watched}
        ).values_list("user_id", "show_id")
    )
    missing = [
        TrackedShow(
            user_id=user,
            show_id=show,
            status=Status.WATCHING,
            started_on=timezone.localdate(mine.first_at, zones[user]),
        )
        for (user, show), mine in sorted(watched.items(), key=itemgetter(0))
        if (user, show) not in tracked and (fresh_since is None or mine.written_at >= fresh_since)
    ]
    TrackedShow.objects.bulk_create(missing, ignore_conflicts=True)


def count_aired(show_ids: Collection[int], today: date) -> dict[int, int]:
    """How many regular episodes of each show have aired."""
    episodes = Episode.objects.regular().aired(today).filter(season__show__in=show_ids)
    return dict(episodes.values_list("season__show_id").annotate(Count("pk")).order_by())
