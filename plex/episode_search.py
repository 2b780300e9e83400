"""One playback, held against the episodes of a show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from plex.episode_index import EpisodeIndex, KnownEpisode
from plex.episode_titles import OTHER_TITLE, SAME_TITLE, compare_titles, script, title_key
from plex.payload import Playback

# Air dates of one episode in two countries lie days or weeks apart, rarely more.
CLOSE_DAYS = 60


@dataclass(frozen=True, kw_only=True)
class SeasonMap:
    """The user's word that Plex's (plex_season, n) is our (season_number, n + offset)."""

    plex_season: int
    season_number: int
    offset: int


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
    season_number: int | None  # after the user's mapping
    episode_number: int | None
    keys: tuple[str, ...]  # of the titles that say something

    @staticmethod
    def of(playback: Playback, index: EpisodeIndex, season_map: SeasonMap | None) -> Search:
        season, episode = playback.season_number, playback.episode_number
        if season_map is not None and season_map.plex_season != season:
            season_map = None
        if season_map is not None and episode is not None:
            season, episode = season_map.season_number, episode + season_map.offset
        elif season is None and len(index.seasons) == 1:
            season = index.last_season()  # Seasons can be hidden in Plex.
        titles = (playback.title, playback.original_title, *playback.joined_titles)
        keys = (title_key(title) for title in titles if title)
        return Search(
            playback=playback,
            index=index,
            season_map=season_map,
            season_number=season,
            episode_number=episode,
            keys=tuple(dict.fromkeys(key for key in keys if key)),
        )

    def at(self, season: int | None, episode: int | None) -> KnownEpisode | None:
        if season is None or episode is None:
            return None
        return self.index.by_number.get((season, episode))

    def counted(self) -> KnownEpisode | None:
        """Return the episode that the number counts to, where it may count all seasons."""
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

    def has_other_tmdb_id(self, episode: KnownEpisode) -> bool:
        sent = self.playback.episode_ids.tmdb
        return sent is not None and episode.tmdb_id is not None and sent != episode.tmdb_id


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
