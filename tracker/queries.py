"""What the pages and the API show of a user's shows. Each in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from tracker.models import Episode, ShowTitle, TrackedShow, TVShow, Watch
from tracker.progress import (
    EpisodeState,
    Place,
    ShowProgress,
    next_episode,
    next_place,
    show_progress,
)
from tracker.titles import title_key

# Season and episode number in one whole number, for the database to compare.
SEASON_STEP = 100_000
LIST_COLUMNS = (
    "user_id",
    "status",
    "rating",
    "created_at",
    "show__title",
    "show__first_air_date",
    "show__poster_path",
    "show__production_status",
    "show__network",
    "show__genres",
    "show__source",
)


@dataclass(frozen=True, kw_only=True)
class UpNext:
    """A show that is being watched, and what comes next in it."""

    tracked: TrackedShow
    episode: Episode
    progress: ShowProgress
    last_watched_at: datetime | None

    @property
    def show(self) -> TVShow:
        return self.tracked.show


@dataclass(frozen=True, kw_only=True)
class ShowWithProgress:
    tracked: TrackedShow
    progress: ShowProgress
    last_watched_at: datetime | None

    @property
    def show(self) -> TVShow:
        return self.tracked.show


@dataclass(frozen=True, kw_only=True)
class ShowState:
    """One show as one user has it."""

    progress: ShowProgress
    seasons: dict[int, ShowProgress]  # By season number; of the specials too.
    next: EpisodeState | None


@dataclass(frozen=True, kw_only=True)
class CalendarEntry:
    episode: Episode
    is_watched: bool

    @property
    def show(self) -> TVShow:
        return self.episode.season.show


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a user has watched of a show's regular episodes: `early` of them before their air date,
    `undated` without any."""

    count: int = 0
    early: int = 0
    undated: int = 0
    last_at: datetime | None = None
    furthest: Place | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a user has come in a show; `is_at_hand` as for `shows_at_hand`."""

    show_id: int
    seen: Seen
    progress: ShowProgress
    is_at_hand: bool


def up_next(user: User, today: date, *, limit: int | None = None) -> list[UpNext]:
    """For each show being watched that has one the next episode, the latest activity first."""
    return up_next_cards(user, waiting_shows(user, today)[:limit], today)


def waiting_shows(user: User, today: date) -> list[Standing]:
    """The shows being watched with an aired episode to watch, the latest activity first."""
    watching = TrackedShow.objects.filter(user=user, status=TrackedShow.Status.WATCHING)
    began = dict(watching.values_list("show_id", "created_at"))
    waiting = [one for one in standings(user, began, today).values() if one.progress.left]
    return sorted(waiting, key=lambda one: one.seen.last_at or began[one.show_id], reverse=True)


def shared_titles(user: User) -> set[str]:
    """The titles that several of the person's shows have: these need their year to be told apart."""
    titles = TrackedShow.objects.filter(user=user).values("show__title").annotate(shows=Count("pk"))
    return set(titles.filter(shows__gt=1).values_list("show__title", flat=True))


def up_next_cards(user: User, waiting: Collection[Standing], today: date) -> list[UpNext]:
    """What comes next in each of these shows, in their order."""
    unwatched = unwatched_by_show(user, waiting, today)
    chosen: dict[int, int] = {}
    for one in waiting:
        place = next_place(unwatched[one.show_id], furthest=one.seen.furthest)
        if place is not None:
            chosen[one.show_id] = unwatched[one.show_id][place]
    episodes = Episode.objects.select_related("season").defer("overview").in_bulk(chosen.values())
    tracked = TrackedShow.objects.filter(user=user, show__in=chosen).select_related("show")
    rows = {row.show_id: row for row in tracked.only(*LIST_COLUMNS, "show__backdrop_path")}
    cards = []
    for one in waiting:
        row, episode = rows.get(one.show_id), episodes.get(chosen.get(one.show_id, 0))
        if row is None or episode is None:
            continue  # Changed between two of the queries.
        episode.season.show = row.show
        cards.append(
            UpNext(
                tracked=row,
                episode=episode,
                progress=one.progress,
                last_watched_at=one.seen.last_at,
            )
        )
    return cards


def shows_with_progress(
    user: User,
    today: date,
    *,
    status: str = "",
    source: str = "",
    network: str = "",
    genre: str = "",
    text: str = "",
) -> list[ShowWithProgress]:
    """The user's shows, the latest activity first; an empty filter lets everything pass.

    `text` is looked for in every title that a show goes by.
    """
    wanted = Q(user=user)
    for column, value in (("status", status), ("show__source", source), ("show__network", network)):
        if value:
            wanted &= Q(**{column: value})
    if text:
        titles = ShowTitle.objects.filter(Q(title__icontains=text) | key_contains(text))
        wanted &= Q(show__in=titles.values("show"))
    rows = TrackedShow.objects.filter(wanted).select_related("show").only(*LIST_COLUMNS)
    # Not every database looks into a JSON list, and there are hundreds of shows, not millions.
    tracked = [row for row in rows if not genre or genre in row.show.genres]
    shows = with_progress(user, tracked, today)
    shows.sort(key=lambda card: card.last_watched_at or card.tracked.created_at, reverse=True)
    return shows


def with_progress(
    user: User, tracked: Collection[TrackedShow], today: date
) -> list[ShowWithProgress]:
    """Tracked shows with the user's progress, in their order."""
    found = standings(user, [row.show_id for row in tracked], today)
    return [
        ShowWithProgress(
            tracked=row,
            progress=found[row.show_id].progress,
            last_watched_at=found[row.show_id].seen.last_at,
        )
        for row in tracked
    ]


def show_state(user: User, show: TVShow, today: date) -> ShowState:
    """The user's progress in one show, over all and by season, and what comes next."""
    rows = (
        Episode.objects.filter(season__show=show)
        .annotate(watched=Exists(watches_of(user)))
        .order_by()
        .values_list("pk", "season__season_number", "episode_number", "air_date", "watched")
    )
    episodes = [
        EpisodeState(
            episode_id=pk,
            season_number=season,
            episode_number=number,
            air_date=air_date,
            watched=watched,
            is_at_hand=show.is_from_plex_alone,
        )
        for pk, season, number, air_date, watched in rows
    ]
    by_season: dict[int, list[EpisodeState]] = defaultdict(list)
    for episode in episodes:
        by_season[episode.season_number].append(episode)
    return ShowState(
        progress=show_progress(episodes, today),
        seasons={
            number: show_progress(some, today, specials=number == 0)
            for number, some in by_season.items()
        },
        next=next_episode(episodes, today),
    )


def calendar(user: User, start: date, end: date) -> list[CalendarEntry]:
    """What airs from `start` to `end` (both included) of the shows that the user has not dropped."""
    dropped = TrackedShow.Status.DROPPED
    tracked = TrackedShow.objects.filter(user=user).exclude(status=dropped)
    episodes = (
        Episode.objects.filter(
            air_date__range=(start, end), season__show__in=tracked.values("show")
        )
        .annotate(watched=Exists(watches_of(user)))
        .select_related("season__show")
        .only(
            "episode_number",
            "name",
            "air_date",
            "season__season_number",
            "season__show__title",
            "season__show__poster_path",
        )
        .order_by(
            "air_date", "season__show__title", "season__season_number", "episode_number", "pk"
        )
    )
    return [CalendarEntry(episode=row, is_watched=row.watched) for row in episodes]


def history(user: User, show: TVShow | None = None, source: str | None = None) -> QuerySet[Watch]:
    """The user's watches, the latest first, with episode, season and show selected."""
    watches = Watch.objects.standing().filter(user=user).select_related("episode__season__show")
    if show is not None:
        watches = watches.filter(episode__season__show=show)
    if source:
        watches = watches.filter(source=source)
    return watches.order_by("-watched_at", "-pk")


def watches_of(user: User) -> QuerySet[Watch]:
    """For `Exists`: the standing watches that a user has of the outer episode."""
    return Watch.objects.standing().filter(user=user, episode=OuterRef("pk"))


def key_contains(text: str) -> Q:
    key = title_key(text)
    return Q(key__contains=key) if key else Q(pk__in=[])


def standings(user: User, show_ids: Collection[int], today: date) -> dict[int, Standing]:
    """How far the user has come in each of these shows.

    Counted by the database, and what was watched apart from what there is: to ask of each episode
    whether it was watched takes many times as long.
    """
    seen = seen_by_show(user, show_ids, today)
    rows = (
        Episode.objects.filter(season__show__in=show_ids, season__season_number__gt=0)
        .order_by()
        .values_list("season__show_id")
        .annotate(
            total=Count("pk"),
            aired=Count("pk", filter=Q(air_date__lte=today)),
            dated=Count("air_date"),
        )
    )
    counts = {show_id: figures for show_id, *figures in rows}
    at_hand = shows_at_hand([pk for pk, (total, _, dated) in counts.items() if dated < total])
    found = {}
    for show_id in show_ids:
        total, aired, dated = counts.get(show_id, (0, 0, 0))
        one, is_at_hand = seen[show_id], show_id in at_hand
        progress = ShowProgress(
            watched=one.count,
            aired=aired + one.early + (total - dated if is_at_hand else one.undated),
            total=total,
            is_dateless=total > 0 and not dated and not is_at_hand,
        )
        found[show_id] = Standing(
            show_id=show_id, seen=one, progress=progress, is_at_hand=is_at_hand
        )
    return found


def shows_at_hand(show_ids: Collection[int]) -> set[int]:
    """Those that are known from Plex alone: whatever is listed of them lies on a server."""
    from_plex = TVShow.objects.from_plex_alone().filter(pk__in=show_ids)
    return set(from_plex.values_list("pk", flat=True))


def seen_by_show(user: User, show_ids: Collection[int], today: date) -> dict[int, Seen]:
    """What the user has watched, for each of these shows."""
    place = F("episode__season__season_number") * SEASON_STEP + F("episode__episode_number")
    unaired, undated = Q(episode__air_date__gt=today), Q(episode__air_date=None)
    rows = (
        Watch.objects.standing()
        .filter(user=user, episode__season__season_number__gt=0)
        .order_by()
        .values_list("episode__season__show_id")
        .annotate(
            count=Count("episode_id", distinct=True),
            early=Count("episode_id", distinct=True, filter=unaired),
            undated=Count("episode_id", distinct=True, filter=undated),
            last=Max("watched_at"),
            place=Max(place),
        )
    )
    found = {
        show_id: Seen(
            count=count,
            early=early,
            undated=undated,
            last_at=last,
            furthest=divmod(furthest, SEASON_STEP),
        )
        for show_id, count, early, undated, last, furthest in rows
    }
    return {show_id: found.get(show_id, Seen()) for show_id in show_ids}


def unwatched_by_show(
    user: User, waiting: Collection[Standing], today: date
) -> dict[int, dict[Place, int]]:
    """The aired regular episodes that the user has not watched: their keys by place."""
    show_ids = [one.show_id for one in waiting]
    has_aired = Q(air_date__lte=today)
    if at_hand := [one.show_id for one in waiting if one.is_at_hand]:
        has_aired |= Q(air_date=None, season__show__in=at_hand)
    rows = (
        Episode.objects.filter(season__show__in=show_ids, season__season_number__gt=0)
        .filter(has_aired)
        .filter(~Exists(watches_of(user)))
        .order_by()
        .values_list("season__show_id", "season__season_number", "episode_number", "pk")
    )
    found: dict[int, dict[Place, int]] = {show_id: {} for show_id in show_ids}
    for show_id, season, number, pk in rows:
        found[show_id][season, number] = pk
    return found
