"""Shows come in, stay fresh, and are tracked by users.

What needs TMDB fetches first and writes afterwards, in one short transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from tracker import catalogue_rows, orders, statuses
from tracker.models import Season, ShowTitle, TrackedShow, TVShow, Watch
from tracker.reconciling import Place
from tracker.titles import title_key
from tracker.tmdb import ShowData, Tmdb, TmdbError, TmdbKeyMissingError
from tracker.transliteration import scripts

RUNNING_SHOW_AGE = timedelta(days=1)
# TMDB's terms allow six months; one is left for the tries that fail.
ANY_SHOW_AGE = timedelta(days=150)
# So many shows failing one after the other mean that TMDB is away, not that their entries are broken.
FAILURES_IN_A_ROW = 3


@dataclass(kw_only=True)
class Refreshed:
    refreshed: int = 0
    failed: list[tuple[TVShow, str]] = field(default_factory=list)  # With the reason.


def add_show(*, tmdb_id: int, tmdb: Tmdb, source: str = TVShow.Source.MANUAL) -> TVShow:
    """The show with this TMDB id, fetched with all its seasons if the library lacks it.

    Two at once make one show. Raises `TmdbError`.
    """
    complete = Q(refreshed_at__isnull=False) | Q(seasons__isnull=False)
    show = TVShow.objects.filter(complete, tmdb_id=tmdb_id).first()
    return show or save_show(tmdb.fetch_show(tmdb_id), source=source)


def save_show(data: ShowData, *, source: str) -> TVShow:
    """Write a fetched show, over the row that the library has of it or as a new one.

    A row without a TMDB id but with the same TVDB or IMDb id is taken over.
    """

    def find_or_make() -> TVShow:
        show = catalogue_rows.find_show(data)
        return show or TVShow.objects.create(
            tmdb_id=data.tmdb_id, title=data.title[:500], source=source
        )

    return _write(data, find_or_make)


@transaction.atomic
def save_show_without_tmdb(data: ShowData, *, source: str) -> TVShow:
    """Write a show that somebody else than TMDB describes, until `replace_show` brings TMDB's data.

    One that TMDB has described already stays as it is.
    """
    show = catalogue_rows.find_show(data)
    if show is not None and (show.refreshed_at or show.seasons.exists()) and not is_makeshift(show):
        return show
    show = show or TVShow.objects.create(tmdb_id=data.tmdb_id, title=data.title[:500])
    show = TVShow.objects.select_for_update().get(pk=show.pk)
    show.source = source
    show.save(update_fields=["source"])
    catalogue_rows.write_show(show, data, now=None)
    catalogue_rows.write_episodes(show, data)
    index_titles(show)
    return show


def makeshift_shows() -> QuerySet[TVShow]:
    """Shows that Plex described for want of TMDB's data."""
    seasons = Season.objects.filter(show=OuterRef("pk"))
    return TVShow.objects.from_plex_alone().filter(Exists(seasons))


def is_makeshift(show: TVShow) -> bool:
    return makeshift_shows().filter(pk=show.pk).exists()


def replace_show(show: TVShow, data: ShowData, *, same: Mapping[int, Place]) -> TVShow:
    """Put TMDB's data in the place of a makeshift show's.

    `same` says which of its episodes, by their ids, is which of TMDB's: nothing else is compared.
    Watched episodes that are none of TMDB's stay.
    """
    return _write(data, lambda: TVShow.objects.get(pk=show.pk), same=same)


def refresh_show(show: TVShow, *, tmdb: Tmdb) -> TVShow:
    """Bring a show up to date with TMDB; its watches stay with their episodes.

    Trackers' statuses follow: complete when the show has ended meanwhile, watching again when it has
    been revived. Raises `TmdbError`.
    """
    if show.tmdb_id is None:
        raise TmdbError("This show has no TMDB id; add it again by search.", permanent=True)
    if is_makeshift(show):
        # Permanent: the caller must not take it for trouble with TMDB.
        sentence = "TMDB's data takes the place of Plex's by itself, within minutes."
        raise TmdbError(sentence, permanent=True)
    try:
        data = tmdb.fetch_show(show.tmdb_id)
    except TmdbError as error:
        if error.permanent and not isinstance(error, TmdbKeyMissingError):
            # Gone from TMDB: it keeps its data, and is not the stalest for ever.
            TVShow.objects.filter(pk=show.pk).update(refreshed_at=timezone.now())
        raise
    return _write(data, lambda: TVShow.objects.get(pk=show.pk))


def index_titles(show: TVShow) -> None:
    """Rewrite the titles under which a show is found, touching only the rows that changed.

    A title in another script is found by its spelling in Latin letters as well.
    """
    texts = [
        (show.title, ShowTitle.Kind.TITLE),
        (show.original_title, ShowTitle.Kind.ORIGINAL),
        *((str(text), ShowTitle.Kind.ALTERNATIVE) for text in show.alternative_titles),
    ]
    wanted: dict[str, tuple[str, str]] = {}
    for text, kind in texts:
        spellings = ("".join(words) for words in scripts(text)[1:])
        for key in (title_key(text), *spellings):
            if key:
                wanted.setdefault(key[:500], (text[:500], kind))
    outdated = []
    for row in show.titles.all():
        if wanted.get(row.key) == (row.title, row.kind):
            del wanted[row.key]
        else:
            outdated.append(row.pk)
    ShowTitle.objects.filter(pk__in=outdated).delete()
    ShowTitle.objects.bulk_create(
        ShowTitle(show=show, key=key, title=text, kind=kind) for key, (text, kind) in wanted.items()
    )


def track_show(
    *, user: User, show: TVShow, status: str = TrackedShow.Status.PLAN_TO_WATCH
) -> TrackedShow:
    """The user's tracking of a show, begun with this status.

    One that exists keeps its status; only "plan to watch" gives way to another.
    """
    tracked, _ = TrackedShow.objects.get_or_create(
        user=user, show=show, defaults={"status": status}
    )
    plan = TrackedShow.Status.PLAN_TO_WATCH
    if tracked.status == plan != status:
        tracked.status = status
        tracked.save(update_fields=["status", "updated_at"])
    return tracked


@transaction.atomic
def stop_tracking(*, user: User, show: TVShow, forget_watches: bool) -> None:
    """Take a show off the user's list, and its watches too if they are to be forgotten.

    Forgotten watches leave tombstones, so that nothing brings the same viewings back.
    """
    TrackedShow.objects.filter(user=user, show=show).delete()
    if forget_watches:
        watches = Watch.objects.standing().filter(user=user, episode__season__show=show)
        watches.update(removed_at=timezone.now())


def shows_due_for_refresh(now: datetime) -> QuerySet[TVShow]:
    """Shows to read from TMDB again, the stalest first: running ones daily, each within 150 days."""
    running = ~Q(production_status__in=TVShow.ENDED)
    due = (
        Q(refreshed_at=None)
        | Q(refreshed_at__lte=now - ANY_SHOW_AGE)
        | (running & Q(refreshed_at__lte=now - RUNNING_SHOW_AGE))
    )
    known = TVShow.objects.filter(due, tmdb_id__isnull=False)
    makeshift = makeshift_shows().values("pk")
    return known.exclude(refreshed_at=None, pk__in=makeshift).order_by(
        F("refreshed_at").asc(nulls_first=True), "id"
    )


def refresh_due(shows: Iterable[TVShow], *, tmdb: Tmdb) -> Refreshed:
    """Refresh shows one after the other; one that fails stops no other.

    Stops with the `TmdbError` where TMDB takes no key, asks to wait, or fails several times in a row.
    """
    result = Refreshed()
    failures = 0
    for show in shows:
        try:
            orders.refresh_orders(refresh_show(show, tmdb=tmdb), tmdb=tmdb)
        except TmdbError as error:
            failures = 0 if error.permanent else failures + 1
            is_away = error.retry_after or failures == FAILURES_IN_A_ROW
            if is_away or isinstance(error, TmdbKeyMissingError):
                raise
            result.failed.append((show, str(error)))
        except TVShow.DoesNotExist:
            continue  # Deleted meanwhile.
        else:
            failures = 0
            result.refreshed += 1
    return result


def _write(
    data: ShowData, get_row: Callable[[], TVShow], *, same: Mapping[int, Place] | None = None
) -> TVShow:
    """All rows of a show in one transaction. Whoever loses a race against another writer of the
    same rows finds, the second time, what the other wrote."""
    try:
        return _write_once(data, get_row, same)
    except IntegrityError:
        return _write_once(data, get_row, same)


@transaction.atomic
def _write_once(
    data: ShowData, get_row: Callable[[], TVShow], same: Mapping[int, Place] | None
) -> TVShow:
    # Locked: two refreshes of one show must not plan from the same state.
    show = TVShow.objects.select_for_update().get(pk=get_row().pk)
    had_ended = show.has_ended
    catalogue_rows.write_show(show, data, now=timezone.now())
    catalogue_rows.write_episodes(show, data, same=same)
    index_titles(show)
    _follow_production(show, had_ended=had_ended)
    return show


def _follow_production(show: TVShow, *, had_ended: bool) -> None:
    status = TrackedShow.Status
    tracked = show.tracked.all()
    if had_ended and not show.has_ended:
        tracked.filter(status=status.COMPLETED).update(
            status=status.WATCHING, finished_on=None, updated_at=timezone.now()
        )
    if show.has_ended:
        watchers = tracked.filter(status=status.WATCHING).values_list("user_id", flat=True)
        statuses.settle_status(
            user_ids=list(watchers), show_ids=[show.pk], today=timezone.localdate()
        )
