"""What a user has watched: marking, unmarking, and the status of the show that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.auth.models import User

from tracker.models import Episode, Season, Watch


def mark_watched(
    *,
    user: User,
    episode: Episode,
    watched_at: datetime,
    source: str = Watch.Source.MANUAL,
    today: date | None = None,
) -> tuple[Watch, bool]:
    raise NotImplementedError


def record_rewatch(
    *, user: User, episode: Episode, watched_at: datetime, source: str = Watch.Source.MANUAL
) -> Watch:
    raise NotImplementedError


def mark_season(*, user: User, season: Season, watched_at: datetime) -> list[Watch]:
    raise NotImplementedError


def mark_up_to(*, user: User, episode: Episode, watched_at: datetime) -> list[Watch]:
    raise NotImplementedError


def unmark(*, user: User, episode: Episode, now: datetime) -> int:
    raise NotImplementedError


def unmark_season(*, user: User, season: Season, now: datetime) -> int:
    raise NotImplementedError


def remove_watch(watch: Watch, *, now: datetime) -> None:
    raise NotImplementedError


def restore_watch(watch: Watch) -> Watch:
    """Undo: returns the watch that stands afterwards."""
    raise NotImplementedError


def settle_status(*, user_ids: Iterable[int], show_ids: Iterable[int], today: date) -> None:
    raise NotImplementedError
