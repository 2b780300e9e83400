"""Our episodes, read set-wise and kept ready for look-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from plex.episodes.match import EpisodeIndex, KnownEpisode
from tracker.models import Episode, TVShow

KEPT_INDEXES = 500
INDEX_SECONDS = timedelta(seconds=60)


class EpisodeIndexes:
    """The episodes of the shows met last, ready for look-up; read again when a show changed."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[datetime, datetime, EpisodeIndex]] = {}

    def of(self, shows: Iterable[TVShow], *, now: datetime) -> dict[int, EpisodeIndex]:
        """The indexes of some shows, by the show's id."""
        wanted = {show.pk: show.updated_at for show in shows}
        stale = [pk for pk, updated_at in wanted.items() if not self._is_fresh(pk, updated_at, now)]
        if stale:
            if len(self._kept) > KEPT_INDEXES:
                self._kept.clear()
                stale = list(wanted)
            episodes = read_episodes(stale)
            for pk in stale:
                self._kept[pk] = (wanted[pk], now, EpisodeIndex(episodes.get(pk, ())))
        return {pk: self._kept[pk][2] for pk in wanted}

    def forget(self, show: TVShow) -> None:
        """Read a show again that has just changed."""
        self._kept.pop(show.pk, None)

    def _is_fresh(self, pk: int, updated_at: datetime, now: datetime) -> bool:
        kept = self._kept.get(pk)
        return kept is not None and kept[0] == updated_at and now - kept[1] < INDEX_SECONDS


def read_episodes(show_ids: Sequence[int]) -> dict[int, list[KnownEpisode]]:
    found: dict[int, list[KnownEpisode]] = {}
    rows = Episode.objects.filter(season__show_id__in=show_ids).values_list(
        "season__show_id",
        "pk",
        "season__season_number",
        "episode_number",
        "name",
        "air_date",
        "tmdb_id",
        "runtime",
    )
    for (
        show_id,
        pk,
        season_number,
        episode_number,
        name,
        air_date,
        tmdb_id,
        runtime,
    ) in rows.iterator():
        found.setdefault(show_id, []).append(
            KnownEpisode(
                id=pk,
                season_number=season_number,
                episode_number=episode_number,
                title=name,
                air_date=air_date,
                tmdb_id=tmdb_id,
                runtime=runtime,
            )
        )
    return found


def shows_of_episode_ids(tmdb_ids: Iterable[int]) -> dict[int, Episode]:
    """Our episodes with these TMDB ids, by that id, with season and show."""
    found = Episode.objects.filter(tmdb_id__in=set(tmdb_ids)).select_related("season__show")
    return {episode.tmdb_id: episode for episode in found if episode.tmdb_id is not None}
