"""The rows of one show, written from what TMDB said. Callers hold the transaction and the lock."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, Q

from tracker.models import Episode, Season, TVShow, Watch
from tracker.reconciling import OurEpisode, Place, Reconciliation, reconcile_episodes
from tracker.tmdb_parsing import EpisodeData, ShowData

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Model)

SHOW_COLUMNS = (
    "title",
    "original_title",
    "overview",
    "network",
    "first_air_date",
    "last_air_date",
    "production_status",
    "poster_path",
    "backdrop_path",
)
LIST_COLUMNS = ("alternative_titles", "origin_countries", "creators", "genres")
EPISODE_COLUMNS = ("name", "overview", "air_date", "runtime", "tmdb_id", "still_path")
# Out of the way of any real number while rows change places, which are unique.
FIRST_PASSING_NUMBER = 1_000_000_000


def find_show(data: ShowData) -> TVShow | None:
    """Our row of a show: by its TMDB id, else one without such an id by the other ids."""
    if data.tmdb_id is not None:
        show = TVShow.objects.filter(tmdb_id=data.tmdb_id).first()
        if show is not None:
            return show
    same = Q(pk__in=[])
    if data.tvdb_id is not None:
        same |= Q(tvdb_id=data.tvdb_id)
    if data.imdb_id:
        same |= Q(imdb_id=data.imdb_id)
    return TVShow.objects.filter(same, tmdb_id=None).order_by("id").first()


def write_show(show: TVShow, data: ShowData, *, now: datetime | None) -> None:
    """The show's own columns. Ids that TMDB does not know stay as they are.

    `now` is when TMDB was read; None where somebody else describes the show.
    """
    columns = {name: getattr(data, name) for name in SHOW_COLUMNS}
    columns |= {name: list(getattr(data, name)) for name in LIST_COLUMNS}
    columns |= {"refreshed_at": now}
    columns["tmdb_id"] = show.tmdb_id if show.tmdb_id is not None else data.tmdb_id
    columns["tvdb_id"] = data.tvdb_id if data.tvdb_id is not None else show.tvdb_id
    columns["imdb_id"] = data.imdb_id or show.imdb_id
    for name, value in fitted(TVShow, columns).items():
        setattr(show, name, value)
    # Not the others: a play from Plex may be noting itself on the row at this moment.
    show.save(update_fields=[*columns, "updated_at"])


def write_episodes(
    show: TVShow, data: ShowData, *, same: Mapping[int, Place] | None = None
) -> None:
    """Seasons and episodes, with as few writes as it takes. `same` as in `reconcile_episodes`."""
    seasons = write_seasons(show, data)
    rows = {
        row.pk: row for row in Episode.objects.filter(season__show=show).select_related("season")
    }
    plan = reconcile_episodes(our_episodes(rows.values()), data.seasons, same=same)
    others = ids_of_other_shows(show, plan)
    Episode.objects.filter(pk__in=plan.gone).delete()
    changed: list[Episode] = []
    moving: list[Episode] = []
    for pk, place, columns in wanted_columns(plan, others):
        row = rows[pk]
        moves = (row.season.season_number, row.episode_number) != place
        if moves:
            row.season, row.episode_number = seasons[place[0]], place[1]
            moving.append(row)
        if moves or any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            changed.append(row)
    step_aside(moving)
    overwrite(Episode, changed, ["season", "episode_number", *EPISODE_COLUMNS])
    Episode.objects.bulk_create(
        Episode(
            season=seasons[place[0]], episode_number=place[1], **episode_columns(episode, others)
        )
        for place, episode in plan.new
    )
    listed = [season.season_number for season in data.seasons]
    show.seasons.exclude(season_number__in=listed).filter(episodes=None).delete()


def write_seasons(show: TVShow, data: ShowData) -> dict[int, Season]:
    """The seasons by number, those that only we have too."""
    seasons = {season.season_number: season for season in show.seasons.all()}
    new, changed = [], []
    for season in data.seasons:
        columns = fitted(Season, {"name": season.name, "poster_path": season.poster_path})
        row = seasons.get(season.season_number)
        if row is None:
            row = Season(show=show, season_number=season.season_number, **columns)
            seasons[season.season_number] = row
            new.append(row)
        elif any(getattr(row, name) != value for name, value in columns.items()):
            row.name, row.poster_path = columns["name"], columns["poster_path"]
            changed.append(row)
    Season.objects.bulk_create(new)
    overwrite(Season, changed, ["name", "poster_path"])
    return seasons


def our_episodes(rows: Iterable[Episode]) -> list[OurEpisode]:
    rows = list(rows)
    watches = Watch.objects.filter(episode=OuterRef("pk"))
    seasons = {row.season_id for row in rows}
    watched = set(
        Episode.objects.filter(Exists(watches), season__in=seasons).values_list("pk", flat=True)
    )
    return [
        OurEpisode(
            pk=row.pk,
            place=(row.season.season_number, row.episode_number),
            tmdb_id=row.tmdb_id,
            name=row.name,
            air_date=row.air_date,
            has_watches=row.pk in watched,
        )
        for row in rows
    ]


def ids_of_other_shows(show: TVShow, plan: Reconciliation) -> set[int]:
    """The wanted episode ids that sit on other shows' episodes: ours get none then."""
    wanted = {episode.tmdb_id for _, episode in [*plan.kept.values(), *plan.new]} - {None}
    elsewhere = set(
        Episode.objects.filter(tmdb_id__in=wanted)
        .exclude(season__show=show)
        .values_list("tmdb_id", flat=True)
    )
    if elsewhere:
        logger.warning(
            "show %s: %d episode ids of TMDB stand on another show's episodes; left empty here",
            show.pk,
            len(elsewhere),
        )
    return {tmdb_id for tmdb_id in elsewhere if tmdb_id is not None}


def wanted_columns(
    plan: Reconciliation, others: set[int]
) -> Iterable[tuple[int, Place, dict[str, Any]]]:
    for pk, (place, episode) in plan.kept.items():
        yield pk, place, episode_columns(episode, others)
    for pk, place in plan.moved_aside.items():
        yield pk, place, {}


def episode_columns(episode: EpisodeData, others: set[int]) -> dict[str, Any]:
    columns = {name: getattr(episode, name) for name in EPISODE_COLUMNS}
    if columns["tmdb_id"] in others:
        columns["tmdb_id"] = None
    return fitted(Episode, columns)


def step_aside(rows: Iterable[Episode]) -> None:
    """Free the places of rows that are about to change theirs."""
    passing = [
        Episode(pk=row.pk, season=row.season, episode_number=FIRST_PASSING_NUMBER + number)
        for number, row in enumerate(rows)
    ]
    overwrite(Episode, passing, ["season", "episode_number"])


def overwrite(model: type[Row], rows: list[Row], columns: list[str]) -> None:
    """Update rows that exist: an upsert by primary key, several times as quick as `bulk_update`."""
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=columns
    )


def fitted(model: type[Model], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Texts cut to their columns' lengths, which PostgreSQL insists on."""
    return {
        name: value[: getattr(model._meta.get_field(name), "max_length", None)]
        if isinstance(value, str)
        else value
        for name, value in columns.items()
    }
