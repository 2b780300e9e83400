"""How far somebody has come in a show. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

Place = tuple[int, int]  # Season number, episode number.


@dataclass(frozen=True, kw_only=True)
class EpisodeState:
    """One episode as one user has it. `watched`: a watch of it stands.

    `is_at_hand`: it lies on a Plex server, and so has aired, whether its date is known or not.
    """

    episode_id: int
    season_number: int
    episode_number: int
    air_date: date | None
    watched: bool
    is_at_hand: bool = False

    @property
    def place(self) -> Place:
        return (self.season_number, self.episode_number)

    def has_aired(self, today: date) -> bool:
        return self.is_at_hand if self.air_date is None else self.air_date <= today


@dataclass(frozen=True, kw_only=True)
class ShowProgress:
    """Figures over the regular episodes; specials count for nothing.

    `aired` holds what was watched before its air date too, so `watched` is never above it.
    `is_dateless`: no episode has an air date or lies on a Plex server, so nobody knows what has aired.
    """

    watched: int = 0
    aired: int = 0
    total: int = 0
    is_dateless: bool = False

    @property
    def left(self) -> int:
        return self.aired - self.watched

    @property
    def percent(self) -> int:
        """Of the aired episodes; 100 only when none is left."""
        return self.watched * 100 // self.aired if self.aired else 0

    @property
    def is_caught_up(self) -> bool:
        return 0 < self.watched == (self.total if self.is_dateless else self.aired)


def show_progress(
    episodes: Collection[EpisodeState], today: date, *, specials: bool = False
) -> ShowProgress:
    """The figures of a show or a season; of the specials themselves with `specials`."""
    regular = [episode for episode in episodes if specials or episode.season_number > 0]
    return ShowProgress(
        watched=sum(episode.watched for episode in regular),
        aired=sum(episode.watched or episode.has_aired(today) for episode in regular),
        total=len(regular),
        is_dateless=bool(regular)
        and all(episode.air_date is None and not episode.is_at_hand for episode in regular),
    )


def next_episode(episodes: Collection[EpisodeState], today: date) -> EpisodeState | None:
    """What to watch next of a show, by the rule of `next_place`; None when nothing is left."""
    regular = {episode.place: episode for episode in episodes if episode.season_number > 0}
    furthest = max((place for place, episode in regular.items() if episode.watched), default=None)
    unwatched = [
        place
        for place, episode in regular.items()
        if not episode.watched and episode.has_aired(today)
    ]
    place = next_place(unwatched, furthest=furthest)
    return None if place is None else regular[place]


def next_place(unwatched: Collection[Place], *, furthest: Place | None) -> Place | None:
    """The first unwatched place behind the furthest watched one; without any, the first gap before.

    So somebody who began in season five goes on there.
    """
    behind = [place for place in unwatched if furthest is None or place > furthest]
    return min(behind or unwatched, default=None)
