"""Which of our episodes a play is: what people said about its Plex show first, then the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import F

from plex.episodes.answers import PROVEN
from plex.episodes.match import (
    EpisodeIndex,
    EpisodeMatch,
    EpisodeMissing,
    EpisodeQuestion,
    FoundPair,
    SeasonMap,
    match_episode,
)
from plex.episodes.orders import OWN, Order
from plex.lookups import Lookups, TmdbAwayError
from plex.models import PlexEpisodeMapping, PlexShowMapping, PlexViewing
from plex.numbering.orders import order_of
from plex.payload import Playback
from plex.processing.by_ids import only_pair
from plex.processing.events import Answers, Event
from plex.processing.indexes import KEPT_INDEXES, EpisodeIndexes
from tracker.models import Episode, TVShow

# So many of the newest plays that were elsewhere are looked at.
DOUBTS = 100


@dataclass(frozen=True, kw_only=True)
class Placed:
    """The show that a play counts for (a season of Plex can be another show's), and the episode."""

    show: TVShow
    index: EpisodeIndex
    found: EpisodeMatch | EpisodeQuestion | EpisodeMissing

    @property
    def runtime(self) -> int | None:
        """Minutes, of the longest where a file holds several; None where nobody knows."""
        ids: Sequence[int] = self.found.episode_ids if isinstance(self.found, EpisodeMatch) else ()
        return max((self.index.by_id[pk].runtime or 0 for pk in ids), default=0) or None


class EpisodeFinder:
    """Finds the episodes of plays; keeps the orders of the shows met last. One for each thread."""

    def __init__(self, *, lookups: Lookups, indexes: EpisodeIndexes) -> None:
        self.lookups = lookups
        self.indexes = indexes
        self._orders: dict[tuple[int, str], tuple[EpisodeIndex, Order | None]] = {}

    def find(
        self,
        event: Event,
        playback: Playback,
        show: TVShow,
        *,
        pair: FoundPair | None = None,
        now: datetime,
    ) -> Placed:
        """The episode by what is known here. `pair` is where TMDB has it, by its other ids."""
        show, season_map = mapped_season(event.answers, playback, show)
        index = self.indexes.of([show], now=now)[show.pk]
        order = self._order(event.show_mapping.episode_order, show, index)
        match = partial(
            match_episode, playback, index, found_pair=pair, season_map=season_map, order=order
        )
        found = match()
        if isinstance(found, EpisodeMatch) and found.evidence == "number":
            found = match(is_doubted=is_doubted(event.show_mapping, playback, show, index))
        return Placed(show=show, index=index, found=found)

    def ask_tmdb(self, playback: Playback, show: TVShow) -> FoundPair | None:
        """The episode that TMDB gives for the episode's TVDB or IMDb id in this show.

        Raises `NetworkNeededError`.
        """
        ids, found = playback.episode_ids, []
        try:
            for source, value in (("tvdb_id", ids.tvdb), ("imdb_id", ids.imdb)):
                for episode in (
                    self.lookups.find(str(value), source=source).episodes if value else ()
                ):
                    is_same = ids.tmdb in {None, episode.tmdb_id}
                    if is_same and episode.show_tmdb_id == show.tmdb_id:
                        found.append(episode)
        except TmdbAwayError:
            return None
        return only_pair(found)

    def _order(self, key: str, show: TVShow, index: EpisodeIndex) -> Order | None:
        if key == OWN:
            return None
        kept = self._orders.get((show.pk, key))
        if kept is None or kept[0] is not index:
            if len(self._orders) > KEPT_INDEXES:
                self._orders.clear()
            kept = self._orders[show.pk, key] = index, order_of(show.pk, key, index)
        return kept[1]


def is_doubted(
    mapping: PlexShowMapping, playback: Playback, show: TVShow, index: EpisodeIndex
) -> bool:
    """Whether an earlier play of this Plex season was proven to be another episode than its number.

    Where all of those count through the series, the first season's numbers mean the same.
    """
    others = PlexViewing.objects.filter(
        mapping=mapping,
        plex_season=playback.season_number,
        plex_episode__isnull=False,
        evidence__in=PROVEN,
        watch__episode__season__show=show,
    ).exclude(
        plex_season=F("watch__episode__season__season_number"),
        plex_episode=F("watch__episode__episode_number"),
    )
    rows = others.values_list("plex_episode", "watch__episode").order_by("-pk")[:DOUBTS]
    counts = [counted_id(index, number) == pk for number, pk in rows]
    here = (playback.season_number or 0, playback.episode_number or 0)
    known = index.by_number.get(here)
    is_counted = known is not None and counted_id(index, here[1]) == known.id
    return not all(counts) or (bool(counts) and not is_counted)


def counted_id(index: EpisodeIndex, number: int | None) -> int | None:
    counted = index.absolute(number)
    return counted.id if counted else None


def answered_episode(event: Event, playback: Playback) -> Episode | None:
    """The episode that a person named for this Plex episode, of the show that it is now."""
    shows = {event.show_mapping.tvshow_id, *(s.tvshow_id for s in event.answers.seasons)}
    about = [answer for answer in event.answers.episodes if is_about(answer, playback)]
    # The answer about this very item goes first, then the newest about its numbers.
    for answer in sorted(about, key=lambda a: (a.item_key != playback.item_key, -a.pk)):
        episode = Episode.objects.select_related("season").get(pk=answer.episode_id)
        if answer.is_elsewhere or episode.season.show_id in shows:
            return episode
    return None


def is_about(answer: PlexEpisodeMapping, playback: Playback) -> bool:
    if playback.item_key and answer.item_key == playback.item_key:
        return True
    numbers = (playback.season_number, playback.episode_number)
    return None not in numbers and (answer.plex_season, answer.plex_episode) == numbers


def mapped_season(
    answers: Answers, playback: Playback, show: TVShow
) -> tuple[TVShow, SeasonMap | None]:
    """The show and numbers of a Plex season, or of a part of one, that TMDB files elsewhere."""
    for season in answers.seasons:
        season_map = season.as_map()
        if season_map.covers(playback.season_number, playback.episode_number):
            return season.tvshow, season_map
    return show, None
