"""Several episodes in one file: their titles joined in one ("A / B"), or their numbers ("Episode 1-2")."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from plex.episodes.answers import EpisodeMatch
from plex.episodes.index import KnownEpisode
from plex.episodes.search import DateFit, Search
from plex.episodes.titles import said_number, title_key


def by_joined_titles(search: Search) -> EpisodeMatch | None:
    """Find both episodes of "A / B": neighbours in one season, named or numbered so."""
    parts = search.playback.joined_titles
    if not parts or search.index.titled(title_key(search.playback.title)):
        return None
    parts_found = [_part(search, title, at) for at, title in enumerate(parts)]
    episodes = sorted((e for e in parts_found if e is not None), key=lambda e: e.episode_number)
    if len(episodes) < len(parts) or not _are_neighbours(episodes):
        return None
    by_id = search.index.by_tmdb_id.get(search.playback.episode_ids.tmdb or 0)
    if by_id is not None and by_id not in episodes:
        return None
    return _all_of(episodes, evidence="joined_titles", why="its title joins those of")


def _all_of(episodes: Sequence[KnownEpisode], *, evidence: str, why: str) -> EpisodeMatch:
    codes = " and ".join(episode.code for episode in episodes)
    return EpisodeMatch(
        episode_ids=tuple(episode.id for episode in episodes),
        evidence=evidence,
        reason=f"The file holds several episodes: {why} {codes}.",
    )


def _part(search: Search, title: str, at: int) -> KnownEpisode | None:
    """Return the one episode with this part's title, of several the one that the number is of.

    "Episode 4" and "TBA" go by the number, if it is in them or the catalogue has the same.
    """
    key = title_key(title)
    number = (search.episode_number or 0) + at
    numbered = search.at(search.season_number, number)
    if not key:
        is_same = numbered is not None and numbered.title.casefold() == title.casefold()
        return numbered if is_same or said_number(title) == number else None
    found = search.index.titled(key)
    if len(found) > 1:
        found = tuple(e for e in found if e.season_number == search.season_number)
    if len(found) > 1:
        found = tuple(e for e in found if e.episode_number == number)
    return found[0] if len(found) == 1 else None


def _are_neighbours(episodes: Sequence[KnownEpisode]) -> bool:
    return all(
        (after.season_number, after.episode_number)
        == (before.season_number, before.episode_number + 1)
        for before, after in pairwise(episodes)
    )


def by_joint_number(search: Search) -> EpisodeMatch | None:
    """Find all episodes of "Episode 1-2": the one that Plex numbers and its neighbours."""
    numbers = search.playback.joint_numbers
    sent = search.playback.episode_number
    # "Episode 1-2" with the number 2 is rather the second episode of season 1.
    if not numbers or sent not in {None, numbers[0]} or search.season_number is None:
        return None
    if search.order is not None and search.ordered is None:
        return None
    shift = 0 if sent is None else (search.episode_number or sent) - sent
    episodes = [search.at(search.season_number, number + shift) for number in numbers]
    known = [episode for episode in episodes if episode is not None]
    if len(known) < len(numbers) or not _are_neighbours(known):
        return None
    if any(search.date_of(episode) is DateFit.FAR for episode in known):
        return None
    if all(search.has_other_tmdb_id(episode) for episode in known):
        return None
    return _all_of(known, evidence="joint_number", why="its number is that of")
