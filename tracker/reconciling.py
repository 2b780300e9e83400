"""Which of our episodes is which of TMDB's, after TMDB has renumbered, re-cut or removed some.

Pure: decides, writes nothing. Watches hang on our rows, so a row must stay the episode that it was,
whatever number it gets; only a row without watches may go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tracker.tmdb_parsing import EpisodeData, SeasonData

Place = tuple[int, int]  # Season number, episode number.


@dataclass(frozen=True, kw_only=True)
class OurEpisode:
    pk: int
    place: Place
    tmdb_id: int | None
    name: str
    air_date: date | None
    has_watches: bool  # Removed ones count: they keep a viewing from coming back.


@dataclass(kw_only=True)
class Reconciliation:
    """What to do with each row: `kept` gets TMDB's data, `moved_aside` only another place."""

    kept: dict[int, tuple[Place, EpisodeData]] = field(default_factory=dict)
    new: list[tuple[Place, EpisodeData]] = field(default_factory=list)
    moved_aside: dict[int, Place] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


def reconcile_episodes(
    ours: Iterable[OurEpisode],
    seasons: Iterable[SeasonData],
    *,
    same: Mapping[int, Place] | None = None,
) -> Reconciliation:
    """Match by TMDB's episode id first, then by number where nothing speaks against it.

    | our row                                          | becomes                                   |
    |--------------------------------------------------|-------------------------------------------|
    | its id is in TMDB's data                         | kept, with the place that TMDB gives now  |
    | same place, one of the two has no id             | kept                                      |
    | same place, other id, same name or air date      | kept: TMDB made the entry anew            |
    | not in the data, never watched                   | gone                                      |
    | not in the data, watched                         | stays; behind the season's last episode   |
    |                                                  | if TMDB gave its number to another        |

    With `same`, of rows that never came from TMDB, that alone says which row is which episode.
    """
    plan = Reconciliation()
    left = {row.pk: row for row in ours}
    if same is not None:
        return reconcile_as_told(plan, left, dict(wanted_episodes(seasons)), same)
    ids = {row.tmdb_id: row for row in left.values() if row.tmdb_id is not None}
    unmatched: list[tuple[Place, EpisodeData]] = []
    for place, episode in wanted_episodes(seasons):
        row = ids.get(episode.tmdb_id) if episode.tmdb_id is not None else None
        if row is None:
            unmatched.append((place, episode))
        else:
            plan.kept[row.pk] = (place, episode)
            del left[row.pk]
    places = {row.place: row for row in left.values()}
    for place, episode in unmatched:
        row = places.get(place)
        if row is not None and may_be_same(row, episode):
            plan.kept[row.pk] = (place, episode)
            del left[row.pk]
        else:
            plan.new.append((place, episode))
    settle_rest(plan, list(left.values()))
    return plan


def reconcile_as_told(
    plan: Reconciliation,
    left: dict[int, OurEpisode],
    wanted: dict[Place, EpisodeData],
    same: Mapping[int, Place],
) -> Reconciliation:
    for pk, place in same.items():
        if pk in left and place in wanted:
            plan.kept[pk] = (place, wanted.pop(place))
            del left[pk]
    plan.new = list(wanted.items())
    settle_rest(plan, list(left.values()))
    return plan


def wanted_episodes(seasons: Iterable[SeasonData]) -> list[tuple[Place, EpisodeData]]:
    """TMDB's episodes by place; an id or a place that comes a second time is not believed."""
    places: set[Place] = set()
    ids: set[int] = set()
    wanted = []
    for season in seasons:
        for episode in season.episodes:
            place = (season.season_number, episode.episode_number)
            if place in places:
                continue
            places.add(place)
            if episode.tmdb_id in ids:
                wanted.append((place, replace(episode, tmdb_id=None)))
                continue
            if episode.tmdb_id is not None:
                ids.add(episode.tmdb_id)
            wanted.append((place, episode))
    return wanted


def may_be_same(row: OurEpisode, episode: EpisodeData) -> bool:
    """Whether a row may be the episode that TMDB has in its place."""
    if row.tmdb_id is None or episode.tmdb_id is None:
        return True
    same_name = bool(row.name) and row.name.casefold() == episode.name.casefold()
    return same_name or (row.air_date is not None and row.air_date == episode.air_date)


def settle_rest(plan: Reconciliation, rest: Sequence[OurEpisode]) -> None:
    """Rows that TMDB no longer has: let go, leave, or move behind the season's last episode."""
    taken = {place for place, _ in [*plan.kept.values(), *plan.new]}
    watched = [row for row in rest if row.has_watches]
    plan.gone = [row.pk for row in rest if not row.has_watches]
    last: dict[int, int] = {}
    for season_number, episode_number in [*taken, *(row.place for row in watched)]:
        last[season_number] = max(last.get(season_number, 0), episode_number)
    for row in watched:
        if row.place in taken:
            last[row.place[0]] += 1
            plan.moved_aside[row.pk] = (row.place[0], last[row.place[0]])
