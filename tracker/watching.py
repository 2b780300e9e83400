"""What a user has watched: marking and unmarking, one episode or many.

The database sees to it that a play counts once: whoever loses a race gets the watch that stands.
"""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from tracker.models import Episode, Season, TrackedShow, Watch
from tracker.statuses import settle_pair, settle_status
from tracker.zones import zones_of

# Each lost race means that somebody else got on; nobody loses this many.
TRIES = 10


@transaction.atomic
def mark_watched(
    *,
    user: User,
    episode: Episode,
    watched_at: datetime,
    source: str = Watch.Source.MANUAL,
    today: date | None = None,
) -> tuple[Watch, bool]:
    """The user's first watch of an episode, and whether it was made now.

    An episode that is watched already keeps its watch and date. A new watch brings the show's status
    in line, and tracks the show if the user did not. `today` decides what has aired; the user's own
    day unless given.
    """
    for _ in range(TRIES):
        standing = standing_plays(user, episode).order_by("play").first()
        if standing is not None:
            return standing, False
        watch = try_play(user, episode, play=1, watched_at=watched_at, source=source)
        if watch is not None:
            settle_pair(user.pk, episode.season.show_id, today=today or today_of(user))
            return watch, True
    raise IntegrityError("episode could not be marked: others keep marking and unmarking it")


@transaction.atomic
def record_rewatch(
    *, user: User, episode: Episode, watched_at: datetime, source: str = Watch.Source.MANUAL
) -> Watch:
    """One more play of an episode; the first one if there was none."""
    for _ in range(TRIES):
        last = standing_plays(user, episode).aggregate(last=Max("play"))["last"] or 0
        watch = try_play(user, episode, play=last + 1, watched_at=watched_at, source=source)
        if watch is not None:
            settle_pair(user.pk, episode.season.show_id, today=today_of(user))
            return watch
    raise IntegrityError("rewatch could not be recorded: others keep recording some")


def mark_season(
    *,
    user: User,
    season: Season,
    watched_at: datetime,
    source: str = Watch.Source.MANUAL,
    today: date | None = None,
) -> list[Watch]:
    """Mark what has aired of a season; returns the watches that were made, for the undo."""
    today = today or today_of(user)
    episodes = Episode.objects.filter(season=season).aired(today)
    return mark_all(
        user, episodes, show_id=season.show_id, at=watched_at, source=source, today=today
    )


def mark_up_to(
    *,
    user: User,
    episode: Episode,
    watched_at: datetime,
    source: str = Watch.Source.MANUAL,
    today: date | None = None,
) -> list[Watch]:
    """Mark what has aired of the show up to and with this episode, without the specials.

    Up to a special means that special alone. Returns the watches that were made, for the undo.
    """
    today = today or today_of(user)
    season = episode.season
    earlier = Q(season__season_number__lt=season.season_number, season__season_number__gt=0)
    same = Q(season=season, episode_number__lte=episode.episode_number)
    wanted = Q(pk=episode.pk) if season.is_specials else earlier | same
    episodes = Episode.objects.filter(wanted, season__show=season.show_id).aired(today)
    return mark_all(
        user, episodes, show_id=season.show_id, at=watched_at, source=source, today=today
    )


def unmark(*, user: User, episode: Episode, now: datetime) -> int:
    """Remove every play of an episode, leaving tombstones; returns how many plays stood."""
    return unmark_all(user, Episode.objects.filter(pk=episode.pk), episode.season, now=now)


def unmark_season(*, user: User, season: Season, now: datetime) -> int:
    """Remove every play of a season's episodes, as `unmark`."""
    return unmark_all(user, Episode.objects.filter(season=season), season, now=now)


@transaction.atomic
def remove_watch(watch: Watch, *, now: datetime) -> None:
    """Remove one play, leaving a tombstone that keeps the same viewing from coming back."""
    if Watch.objects.standing().filter(pk=watch.pk).update(removed_at=now):
        reopen(watch.user, Episode.objects.filter(pk=watch.episode_id), watch.episode.season)
    watch.refresh_from_db(fields=["removed_at"])


@transaction.atomic
def restore_watch(watch: Watch) -> Watch:
    """Undo a removal; returns the watch that stands afterwards.

    That is another one where the episode was marked again in the meantime.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                Watch.objects.filter(pk=watch.pk).update(removed_at=None)
        except IntegrityError:
            plays = Watch.objects.standing().filter(user=watch.user_id, episode=watch.episode_id)
            standing = plays.filter(play=watch.play).first()
            if standing is not None:
                return standing
        else:
            watch.removed_at = None
            show_id = watch.episode.season.show_id
            # It was not watched just now: a dropped show stays dropped.
            settle_status(user_ids=[watch.user_id], show_ids=[show_id], today=today_of(watch.user))
            return watch
    raise IntegrityError("watch could not be restored: others keep marking the episode")


def today_of(user: User) -> date:
    """The day that it is where the user lives."""
    return timezone.localdate(timezone=zones_of([user.pk])[user.pk])


def standing_plays(user: User, episode: Episode) -> QuerySet[Watch]:
    return Watch.objects.standing().filter(user=user, episode=episode)


def try_play(
    user: User, episode: Episode, *, play: int, watched_at: datetime, source: str
) -> Watch | None:
    """A new watch, or None if such a play stands by now."""
    try:
        with transaction.atomic():
            return Watch.objects.create(
                user=user, episode=episode, play=play, watched_at=watched_at, source=source
            )
    except IntegrityError:
        return None


@transaction.atomic
def mark_all(
    user: User,
    episodes: QuerySet[Episode],
    *,
    show_id: int,
    at: datetime,
    source: str,
    today: date,
) -> list[Watch]:
    for _ in range(TRIES):
        standing = Watch.objects.standing().filter(user=user).values("episode")
        unwatched = episodes.exclude(pk__in=standing).order_by(
            "season__season_number", "episode_number"
        )
        watches = [
            Watch(user=user, episode=episode, watched_at=at, source=source) for episode in unwatched
        ]
        try:
            with transaction.atomic():
                made = Watch.objects.bulk_create(watches)
        except IntegrityError:
            continue
        if made:
            settle_pair(user.pk, show_id, today=today)
        return made
    raise IntegrityError("episodes could not be marked: others keep marking them")


@transaction.atomic
def unmark_all(user: User, episodes: QuerySet[Episode], season: Season, *, now: datetime) -> int:
    standing = Watch.objects.standing().filter(user=user, episode__in=episodes)
    removed = standing.update(removed_at=now)
    if removed:
        reopen(user, episodes, season)
    return removed


def reopen(user: User, episodes: QuerySet[Episode], season: Season) -> None:
    """Reopen the show if a regular episode of these is unwatched now."""
    standing = Watch.objects.standing().filter(user=user).values("episode")
    if not season.is_specials and episodes.exclude(pk__in=standing).exists():
        reopen_show(user_id=user.pk, show_id=season.show_id)


def reopen_show(*, user_id: int, show_id: int) -> None:
    """A completed show of which an episode is unwatched again is being watched."""
    completed = TrackedShow.objects.filter(
        user=user_id, show=show_id, status=TrackedShow.Status.COMPLETED
    )
    completed.update(
        status=TrackedShow.Status.WATCHING, finished_on=None, updated_at=timezone.now()
    )
