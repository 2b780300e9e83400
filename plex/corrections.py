"""Plans a correction: which watch goes from which episode to which, and what stays. Pure.

A play is a viewing that counted, a watch is what it was credited to; several plays may stand for one
watch, and a watch may stand for more than the plays that move.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from plex.guid import EpisodeIds
from plex.playback import Playback
from plex.viewings import REWATCH_MINIMUM


class How(StrEnum):
    """What a correction does with a play."""

    MOVES = "moves"  # Its watch goes along, with its date.
    JOINS = "joins"  # The right episode is watched already: the play is credited to that watch.
    SPLITS = (
        "splits"  # Its watch stays, something else stands for it; the play gets one of its own.
    )
    AGAIN = "again"  # No episode was found: taken back, and its event is decided again.
    STAYS = "stays"  # No episode was found, and its event is gone.


@dataclass(frozen=True, kw_only=True)
class Play:
    """`target` is the right episode, None where none was found; `has_event`: it is in the log yet."""

    viewing_id: int
    user_id: int
    watch_id: int
    viewed_at: datetime
    target: int | None
    has_event: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A watch that stands. `is_shared`: more stands for it than the plays that are looked at."""

    watch_id: int
    user_id: int
    episode_id: int
    number: int
    watched_at: datetime
    is_from_plex: bool = True
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Move:
    """What becomes of one play; `number` and `to_id` name the watch that it belongs to afterwards."""

    viewing_id: int
    user_id: int
    watch_id: int
    from_id: int
    to_id: int | None
    how: How
    at: datetime
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class MovePlan:
    """`removed` are watches that nothing stands for any more."""

    moves: tuple[Move, ...]
    removed: tuple[int, ...] = ()

    def fingerprint(self, *facts: object) -> str:
        """The same for the same plan made from the same facts: what was shown is what is done."""
        return hashlib.sha256(repr((facts, self)).encode()).hexdigest()[:32]

    def count(self, *ways: How) -> int:
        return sum(move.how in ways for move in self.moves)


@dataclass(kw_only=True)
class Place:
    """The plays of one user of one episode, as they are and as the plan adds to them."""

    dates: dict[int, datetime] = field(default_factory=dict)
    sources: dict[int, int] = field(default_factory=dict)  # Number: the episode it came from.

    def number_for(self, at: datetime, *, source: int, rewatching: bool) -> int | None:
        """The number that another play gets here; None where it belongs to the first that stands.

        Plays that were apart before stay so; others only if the user keeps rewatches.
        """
        if not self.dates:
            return 1
        if any(abs(at - other) < REWATCH_MINIMUM for other in self.dates.values()):
            return None
        came_along = all(self.sources.get(number) == source for number in self.dates)
        return max(self.dates) + 1 if rewatching or came_along else None

    def add(self, number: int, at: datetime, *, source: int) -> int:
        self.dates[number] = at
        self.sources[number] = source
        return number

    @property
    def first(self) -> int:
        return min(self.dates)


def plan_moves(
    plays: Iterable[Play],
    *,
    watches: Mapping[int, Standing],
    at_targets: Iterable[Standing],
    rewatching: Collection[int],
) -> MovePlan:
    """What happens to the plays whose `target` is another episode than their watch's.

    `watches` are those of the plays, by id; `at_targets` all that stand at the targets for these
    users; `rewatching` the users who keep rewatches. A play that is right already is left out.
    """
    planner = Planner(rewatching)
    groups: dict[int, list[Play]] = defaultdict(list)
    for play in plays:
        groups[play.watch_id].append(play)
    leaving = {pk for pk, group in groups.items() if leaves(watches[pk], group)}
    staying = [watches[pk] for pk in groups.keys() - leaving]
    others = [standing for standing in at_targets if standing.watch_id not in groups]
    for standing in (*staying, *others):
        place = planner.places[standing.user_id, standing.episode_id]
        place.dates[standing.number] = standing.watched_at
    for watch_id in sorted(groups, key=lambda pk: (watches[pk].watched_at, pk)):
        ordered = sorted(groups[watch_id], key=lambda play: (play.viewed_at, play.viewing_id))
        planner.plan_watch(watches[watch_id], ordered, leaves=watch_id in leaving)
    return MovePlan(moves=tuple(planner.moves), removed=tuple(planner.removed))


def leaves(watch: Standing, plays: Sequence[Play]) -> bool:
    """Whether nothing stands for the watch any more once the plays have gone."""
    stays = any(
        play.target == watch.episode_id or (play.target is None and not play.has_event)
        for play in plays
    )
    return watch.is_from_plex and not watch.is_shared and not stays


class Planner:
    def __init__(self, rewatching: Collection[int]) -> None:
        self.rewatching = rewatching
        self.places: dict[tuple[int, int], Place] = defaultdict(Place)
        self.moves: list[Move] = []
        self.removed: list[int] = []

    def plan_watch(self, watch: Standing, plays: Sequence[Play], *, leaves: bool) -> None:
        """One watch with the plays that stand for it, the earliest first."""
        for play in plays:
            if play.target is None:
                self.add(watch, play, How.AGAIN if play.has_event else How.STAYS)
        wrong = [play for play in plays if play.target not in {None, watch.episode_id}]
        goes_along = False
        for position, play in enumerate(wrong):
            goes_along |= self.plan_play(watch, play, carries=leaves and position == 0)
        if leaves and not goes_along:
            self.removed.append(watch.watch_id)

    def plan_play(self, watch: Standing, play: Play, *, carries: bool) -> bool:
        """Place one play; returns whether its watch went along."""
        place = self.places[watch.user_id, play.target or 0]
        joined = self.joined(watch, play)
        if joined is not None:
            self.add(watch, play, How.JOINS, joined)
            return False
        at = watch.watched_at if carries else play.viewed_at
        rewatching = watch.user_id in self.rewatching
        number = place.number_for(at, source=watch.episode_id, rewatching=rewatching)
        if number is None:
            self.add(watch, play, How.JOINS, place.first)
            return False
        place.add(number, at, source=watch.episode_id)
        self.add(watch, play, How.MOVES if carries else How.SPLITS, number)
        return carries

    def joined(self, watch: Standing, play: Play) -> int | None:
        """Where an earlier play of the same watch went to the same episode: they stay together."""
        for move in reversed(self.moves):
            if move.watch_id != watch.watch_id:
                return None
            if move.to_id == play.target:
                return move.number
        return None

    def add(self, watch: Standing, play: Play, how: How, number: int = 0) -> None:
        is_lost = how in {How.AGAIN, How.STAYS}
        self.moves.append(
            Move(
                viewing_id=play.viewing_id,
                user_id=play.user_id,
                watch_id=watch.watch_id,
                from_id=watch.episode_id,
                to_id=None if is_lost else play.target,
                how=how,
                at=watch.watched_at if how == How.MOVES else play.viewed_at,
                number=number,
            )
        )


def number_alone(playback: Playback) -> Playback:
    """The play without what Plex says about an episode of the wrong show."""
    return replace(playback, episode_ids=EpisodeIds(), title="", air_date=None, joined_titles=())
