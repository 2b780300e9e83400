"""One playback, held against the episodes of a show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from plex.episodes.index import EpisodeIndex, KnownEpisode
from plex.episodes.orders import Order
from plex.episodes.titles import (
    OTHER_TITLE,
    SAME_TITLE,
    compare_titles,
    said_number,
    script,
    title_key,
    without_part,
)
from plex.payload import Playback

# Air dates of one episode in two countries lie days or weeks apart, rarely more.
CLOSE_DAYS = 60


class FoundPair(NamedTuple):
    """Season and number that TMDB gave for the episode's other ids, and its own id there."""

    season_number: int
    episode_number: int
    tmdb_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class SeasonMap:
    """The user's word that Plex's (plex_season, n) is our (season_number, n + offset).

    With `first_episode` or `last_episode` only for the numbers from the one to the other.
    """

    plex_season: int
    season_number: int
    offset: int
    first_episode: int | None = None
    last_episode: int | None = None

    def covers(self, season: int | None, episode: int | None) -> bool:
        """Whether it speaks about this episode of Plex."""
        if season != self.plex_season:
            return False
        if episode is None:
            return self.first_episode is None and self.last_episode is None
        starts = self.first_episode is None or episode >= self.first_episode
        return starts and (self.last_episode is None or episode <= self.last_episode)


class TitleFit(Enum):
    SAME = "same"
    OTHER = "other"  # comparable, and a different one
    UNKNOWN = "unknown"  # one side says nothing, or they are in different scripts


class DateFit(Enum):
    SAME = "same"
    NEAR = "near"  # a day apart: time zones
    CLOSE = "close"
    FAR = "far"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Search:
    """A playback with what is asked of every episode it is held against."""

    playback: Playback
    index: EpisodeIndex
    season_map: SeasonMap | None
    order: Order | None  # only where it speaks about this season
    ordered: KnownEpisode | None  # the episode with Plex's number there
    season_number: int | None  # after the user's mapping or order
    episode_number: int | None
    is_doubted: bool = False  # other numbers of Plex's season were proven to be no TMDB numbers

    @staticmethod
    def of(
        playback: Playback,
        index: EpisodeIndex,
        season_map: SeasonMap | None,
        order: Order | None = None,
        *,
        is_doubted: bool = False,
    ) -> Search:
        season, episode = playback.season_number, playback.episode_number
        if season_map is not None and not season_map.covers(season, episode):
            season_map = None
        if season_map is not None or (order is not None and not order.covers(season)):
            order = None
        ordered = _ordered(playback, index, order) if order is not None else None
        if season_map is not None and episode is not None:
            season, episode = season_map.season_number, episode + season_map.offset
        elif ordered is not None:
            season, episode = ordered.season_number, ordered.episode_number
        elif order is not None:
            episode = None  # The number means nothing in TMDB's numbering.
        elif season is None and len(index.seasons) == 1:
            season = index.last_season()  # Seasons can be hidden in Plex.
        return Search(
            playback=playback,
            index=index,
            season_map=season_map,
            order=order,
            ordered=ordered,
            season_number=season,
            episode_number=episode,
            is_doubted=is_doubted,
        )

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of those of the playback's titles that say something."""
        playback = self.playback
        titles = (playback.title, playback.original_title, *playback.joined_titles)
        keys = (title_key(title) for title in titles if title)
        return tuple(dict.fromkeys(key for key in keys if key))

    def at(self, season: int | None, episode: int | None) -> KnownEpisode | None:
        if season is None or episode is None:
            return None
        return self.index.by_number.get((season, episode))

    def counted(self) -> KnownEpisode | None:
        """Return the episode that the number counts to, where it may count all seasons."""
        if self.order is not None:
            return None
        if not self.playback.is_absolute and (
            self.season_number == 0 or self.at(self.season_number, self.episode_number)
        ):
            return None
        guid_number = self.playback.guid_episode_number if self.playback.is_absolute else None
        return self.index.absolute(guid_number or self.episode_number)

    def title_of(self, episode: KnownEpisode) -> TitleFit:
        known = self.index.key(episode)
        if not known or not self.keys:
            return TitleFit.UNKNOWN
        if known in self.keys:
            return TitleFit.SAME
        likeness = max(compare_titles(key, known) for key in self.keys)
        if likeness >= SAME_TITLE:
            return TitleFit.SAME
        comparable = any(script(key) == script(known) for key in self.keys)
        return TitleFit.OTHER if comparable and likeness < OTHER_TITLE else TitleFit.UNKNOWN

    def date_of(self, episode: KnownEpisode) -> DateFit:
        if self.playback.air_date is None or episode.air_date is None:
            return DateFit.UNKNOWN
        days = abs((self.playback.air_date - episode.air_date).days)
        if days <= 1:
            return DateFit.NEAR if days else DateFit.SAME
        return DateFit.CLOSE if days <= CLOSE_DAYS else DateFit.FAR

    def titled(self, *, besides: KnownEpisode | None) -> tuple[KnownEpisode, ...]:
        """Return the episodes that bear this title; slips of spelling only if none does."""
        for find in (self.index.titled, self.index.titled_like):
            found = {e.id: e for key in self.keys for e in find(key) if e is not besides}
            if found:
                return tuple(found.values())
        return ()

    def dated(self, *, besides: KnownEpisode | None) -> tuple[KnownEpisode, ...]:
        """Return the episodes of this very date, specials for a special, else regular ones."""
        season = self.season_number
        return tuple(
            episode
            for episode in self.index.on_date(self.playback.air_date)
            if episode is not besides
            and (season is None or (episode.season_number == 0) == (season == 0))
        )

    def nearly_dated(self, *, besides: KnownEpisode) -> tuple[KnownEpisode, ...]:
        """Return the episodes a day before or after this date, where the one given is not."""
        if self.playback.air_date is None or self.date_of(besides) in {DateFit.SAME, DateFit.NEAR}:
            return ()
        is_special = besides.season_number == 0
        return tuple(
            episode
            for days in (-1, 1)
            for episode in self.index.on_date(self.playback.air_date + timedelta(days=days))
            if (episode.season_number == 0) == is_special
        )

    def whole_of_part(self, *, besides: KnownEpisode) -> tuple[KnownEpisode, ...]:
        """Return the other episodes that are called "Pilot" where this is "Pilot (2)"."""
        whole = without_part(self.playback.title)
        if not whole:
            return ()
        key = title_key(whole)
        named = self.index.titled(key) if key else self.index.called(whole)
        return tuple(episode for episode in named if episode is not besides)

    def is_said_to_be_another(self, episode: KnownEpisode) -> bool:
        """Tell whether "Episode 10" counts to another episode than Plex's numbers and this one's."""
        said = said_number(self.playback.title)
        numbers = {
            self.playback.episode_number,
            self.playback.guid_episode_number,
            self.episode_number,
            episode.episode_number,
            said_number(episode.title),
        }
        return said is not None and said not in numbers and self.index.absolute(said) != episode

    def has_other_tmdb_id(self, episode: KnownEpisode) -> bool:
        sent = self.playback.episode_ids.tmdb
        return sent is not None and episode.tmdb_id is not None and sent != episode.tmdb_id


def _ordered(playback: Playback, index: EpisodeIndex, order: Order) -> KnownEpisode | None:
    """Return the episode that Plex's number is in an order; the agent's own count goes first."""
    counts = order.counts_through and playback.is_absolute
    number = (counts and playback.guid_episode_number) or playback.episode_number
    return index.by_id.get(order.find(playback.season_number, number) or 0)


@dataclass(frozen=True, kw_only=True)
class Rivals:
    """The episodes besides the numbered one that title or date point to."""

    titled: tuple[KnownEpisode, ...]
    dated: tuple[KnownEpisode, ...]
    proven: tuple[KnownEpisode, ...]  # by title and date together

    @staticmethod
    def of(search: Search, *, besides: KnownEpisode | None = None) -> Rivals:
        titled = search.titled(besides=besides)
        return Rivals(
            titled=titled,
            dated=search.dated(besides=besides),
            proven=tuple(e for e in titled if search.date_of(e) is DateFit.SAME),
        )

    @property
    def all(self) -> tuple[KnownEpisode, ...]:
        return (*self.proven, *self.titled, *self.dated)
