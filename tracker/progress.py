"""How far somebody has come in a show. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class EpisodeState:
    """One episode as one user has it. `watched`: a watch of it stands."""

    episode_id: int
    season_number: int
    episode_number: int
    air_date: date | None
    watched: bool

    @property
    def place(self) -> tuple[int, int]:
        return (self.season_number, self.episode_number)

    def has_aired(self, today: date) -> bool:
        return self.air_date is not None and self.air_date <= today


@dataclass(frozen=True, kw_only=True)
class ShowProgress:
    """Figures over the regular episodes; specials count for nothing.

    `aired` holds what was watched before its air date too, so `watched` is never above it.
    """

    watched: int = 0
    aired: int = 0
    total: int = 0

    @property
    def left(self) -> int:
        return self.aired - self.watched

    @property
    def percent(self) -> int:
        """Of the aired episodes; 100 only when none is left."""
        return self.watched * 100 // self.aired if self.aired else 0

    @property
    def is_caught_up(self) -> bool:
        return 0 < self.aired == self.watched


def show_progress(episodes: Collection[EpisodeState], today: date) -> ShowProgress:
    regular = [episode for episode in episodes if episode.season_number > 0]
    return ShowProgress(
        watched=sum(episode.watched for episode in regular),
        aired=sum(episode.watched or episode.has_aired(today) for episode in regular),
        total=len(regular),
    )


def next_episode(episodes: Collection[EpisodeState], today: date) -> EpisodeState | None:
    """What to watch next: the first aired unwatched regular episode behind the furthest watched one.

    Somebody who began in season five goes on there. When nothing is left behind the furthest one,
    the first gap before it is next.
    """
    regular = sorted(
        (episode for episode in episodes if episode.season_number > 0),
        key=lambda episode: episode.place,
    )
    furthest = max((episode.place for episode in regular if episode.watched), default=(0, 0))
    open_episodes: Sequence[EpisodeState] = [
        episode for episode in regular if not episode.watched and episode.has_aired(today)
    ]
    behind = (episode for episode in open_episodes if episode.place > furthest)
    return next(behind, open_episodes[0] if open_episodes else None)
