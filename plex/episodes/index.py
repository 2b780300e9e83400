"""The episodes of one show, found at once by id, number, date and title."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

from rapidfuzz import fuzz, process

from plex.episodes.titles import SAME_TITLE, numbers_in, title_key


@dataclass(frozen=True, kw_only=True)
class KnownEpisode:
    """An episode of the catalogue, in TMDB's numbering; season 0 holds the specials."""

    id: int
    season_number: int
    episode_number: int
    title: str
    air_date: date | None
    tmdb_id: int | None
    runtime: int | None  # minutes

    @property
    def code(self) -> str:
        return f"S{self.season_number:02}E{self.episode_number:02}"


class EpisodeTitles:
    """The titles of a show's episodes, made comparable."""

    def __init__(self, episodes: Collection[KnownEpisode]) -> None:
        self.key_of = {episode.id: title_key(episode.title) for episode in episodes}
        self.by_key: dict[str, list[KnownEpisode]] = defaultdict(list)
        for episode in episodes:
            if self.key_of[episode.id]:
                self.by_key[self.key_of[episode.id]].append(episode)
        self.by_numbers: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in self.by_key:
            self.by_numbers[numbers_in(key)].append(key)


class EpisodeIndex:
    """Built once from a show's episodes; never changes."""

    def __init__(self, episodes: Iterable[KnownEpisode]) -> None:
        ordered = sorted(episodes, key=lambda e: (e.season_number, e.episode_number))
        self.regular = tuple(episode for episode in ordered if episode.season_number > 0)
        self.by_number = {(e.season_number, e.episode_number): e for e in ordered}
        self.by_id = {episode.id: episode for episode in ordered}
        self.by_tmdb_id = {e.tmdb_id: e for e in ordered if e.tmdb_id is not None}
        self.seasons = frozenset(episode.season_number for episode in self.regular)
        self._by_date: dict[date, list[KnownEpisode]] = defaultdict(list)
        for episode in ordered:
            if episode.air_date is not None:
                self._by_date[episode.air_date].append(episode)

    @cached_property
    def _titles(self) -> EpisodeTitles:
        # Most plays name their episode by an id, and titles take longer than all the rest.
        return EpisodeTitles(self.by_id.values())

    def key(self, episode: KnownEpisode) -> str:
        """Return the key of an episode's title, "" where it says nothing."""
        return self._titles.key_of[episode.id]

    def on_date(self, day: date | None) -> tuple[KnownEpisode, ...]:
        return tuple(self._by_date.get(day, ())) if day is not None else ()

    def titled(self, key: str) -> tuple[KnownEpisode, ...]:
        """Return the episodes with exactly this title."""
        return tuple(self._titles.by_key.get(key, ())) if key else ()

    def called(self, title: str) -> tuple[KnownEpisode, ...]:
        """Return the episodes of exactly this name, also where it says as little as "Part I"."""
        return tuple(e for e in self.by_id.values() if e.title.casefold() == title.casefold())

    def titled_like(self, key: str) -> tuple[KnownEpisode, ...]:
        """Return the episodes whose title is this one but for a slip of spelling."""
        similar = process.extract(
            key,
            self._titles.by_numbers.get(numbers_in(key), ()),
            scorer=fuzz.ratio,
            score_cutoff=SAME_TITLE,
            limit=None,
        )
        return tuple(episode for known, _, _ in similar for episode in self._titles.by_key[known])

    def absolute(self, number: int | None) -> KnownEpisode | None:
        """Return the regular episode that is `number`th in the series, specials not counted.

        Some shows are numbered through in TMDB as well (season 2 begins with 62); then the
        number itself counts, which is the same unless an episode is missing.
        """
        if number is None or number < 1:
            return None
        if self._is_numbered_through():
            return next((e for e in self.regular if e.episode_number == number), None)
        return self.regular[number - 1] if number <= len(self.regular) else None

    def counted(self) -> list[tuple[int, KnownEpisode]]:
        """Return all regular episodes with the number that `absolute` finds them by."""
        if self._is_numbered_through():
            return [(episode.episode_number, episode) for episode in self.regular]
        return list(enumerate(self.regular, start=1))

    def last_season(self) -> int:
        return max(self.seasons, default=0)

    def _is_numbered_through(self) -> bool:
        numbers = [episode.episode_number for episode in self.regular]
        return len(self.seasons) > 1 and all(a < b for a, b in pairwise(numbers))
