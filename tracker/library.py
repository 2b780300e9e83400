"""Shows come in, stay fresh, and are tracked by users."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from tracker.models import ShowTitle, TrackedShow, TVShow
from tracker.titles import title_key
from tracker.tmdb import ShowData, Tmdb


def add_show(*, tmdb_id: int, tmdb: Tmdb, source: str = TVShow.Source.MANUAL) -> TVShow:
    raise NotImplementedError


def save_show(data: ShowData, *, source: str) -> TVShow:
    raise NotImplementedError


def refresh_show(show: TVShow, *, tmdb: Tmdb) -> TVShow:
    raise NotImplementedError


def index_titles(show: TVShow) -> None:
    """Rewrite the titles under which a show is found, touching only the rows that changed."""
    texts = [
        (show.title, ShowTitle.Kind.TITLE),
        (show.original_title, ShowTitle.Kind.ORIGINAL),
        *((str(text), ShowTitle.Kind.ALTERNATIVE) for text in show.alternative_titles),
    ]
    wanted: dict[str, tuple[str, str]] = {}
    for text, kind in texts:
        key = title_key(text)[:500]
        if key:
            wanted.setdefault(key, (text[:500], kind))
    for row in show.titles.all():
        if wanted.get(row.key) == (row.title, row.kind):
            del wanted[row.key]
        else:
            row.delete()
    ShowTitle.objects.bulk_create(
        [ShowTitle(show=show, key=key, title=t, kind=kind) for key, (t, kind) in wanted.items()]
    )


def track_show(
    *, user: User, show: TVShow, status: str = TrackedShow.Status.PLAN_TO_WATCH
) -> TrackedShow:
    raise NotImplementedError


def stop_tracking(*, user: User, show: TVShow, forget_watches: bool) -> None:
    raise NotImplementedError


def shows_due_for_refresh(now: datetime) -> QuerySet[TVShow]:
    raise NotImplementedError
