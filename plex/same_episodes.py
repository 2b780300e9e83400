"""Which episode of one catalogue is which of another's, by title, date and number. Pure.

The evidence is that of a play: what could not tell an episode when it was watched is not matched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from plex.episodes.answers import EpisodeMatch
from plex.episodes.index import EpisodeIndex, KnownEpisode
from plex.episodes.match import match_episode
from plex.payload import Playback, parse_payload


def same_episodes(
    ours: Iterable[KnownEpisode], theirs: Sequence[KnownEpisode], *, show_title: str
) -> dict[int, int]:
    """The ids of those of `theirs` that `ours` are, by the ids of `ours`; each is taken once.

    Of two that could be one, the one with its number goes first.
    """
    index, places = EpisodeIndex(theirs), {episode.id: place_of(episode) for episode in theirs}
    found = []
    for episode in ours:
        match = match_of(episode, index, show_title)
        if match is not None:
            found.append((places[match] != place_of(episode), episode.id, match))
    same: dict[int, int] = {}
    taken: set[int] = set()
    for _, mine, match in sorted(found):
        if match not in taken:
            same[mine] = match
            taken.add(match)
    return same


def place_of(episode: KnownEpisode) -> tuple[int, int]:
    return episode.season_number, episode.episode_number


def match_of(episode: KnownEpisode, index: EpisodeIndex, show_title: str) -> int | None:
    """The one episode that a play of this one would count for."""
    parsed = parse_payload(play_of(episode, show_title))
    if not isinstance(parsed, Playback):
        return None
    found = match_episode(parsed, index)
    if not isinstance(found, EpisodeMatch) or len(found.episode_ids) != 1:
        return None
    return found.episode_ids[0]


def play_of(episode: KnownEpisode, show_title: str) -> dict[str, Any]:
    """The message that a play of this episode would have sent."""
    return {
        "event": "media.scrobble",
        "Server": {"uuid": "-"},
        "Metadata": {
            "type": "episode",
            "grandparentTitle": show_title or "-",
            "title": episode.title,
            "parentIndex": episode.season_number,
            "index": episode.episode_number,
            "originallyAvailableAt": episode.air_date.isoformat() if episode.air_date else None,
        },
    }
