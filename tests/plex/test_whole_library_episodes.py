"""Which episode, for many plays of the whole library at once: without database, worker and network.

Quick enough for other seeds: `SEED=5 PLAYS=50000 pytest tests/plex/test_whole_library_episodes.py -s`.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime

from plex.episodes.match import EpisodeIndex, EpisodeMatch, FoundPair, KnownEpisode, match_episode
from plex.payload import Playback, parse_payload
from tests.plex.whole_library import LibraryShow, Maker
from tests.plex.whole_library_plays import Play, plays

COUNT = int(os.environ.get("PLAYS", "5000"))
SEED = int(os.environ.get("SEED", "21"))
FIRST = datetime(2025, 1, 1, 20, tzinfo=UTC)


def index_of(show: LibraryShow) -> EpisodeIndex:
    """The show's episodes as the tracker holds them; an id is the place in the show's list."""
    return EpisodeIndex(
        KnownEpisode(
            id=at,
            season_number=episode.season,
            episode_number=episode.number,
            title=episode.name,
            air_date=episode.aired,
            tmdb_id=episode.tmdb_id,
            runtime=45,
        )
        for at, episode in enumerate(show.episodes)
    )


def recorded(play: Play, index: EpisodeIndex, pair: FoundPair | None) -> set | None:
    """The episodes that would be recorded; None where it is a question or waits."""
    playback = parse_payload(play.payload)
    assert isinstance(playback, Playback)
    found = match_episode(playback, index, found_pair=pair)
    if not isinstance(found, EpisodeMatch):
        return None
    show = play.copy.show
    return {(show.tmdb_id, *show.episodes[at].place) for at in found.episode_ids}


def test_no_episode_is_wrong_with_and_without_what_tmdb_says_of_the_ids():
    shows = Maker().shows()
    indexes = {show.tmdb_id: index_of(show) for show in shows}
    wrong, results = [], Counter[str]()
    for play in plays(shows, count=COUNT, first=FIRST, seed=SEED):
        index = indexes[play.copy.show.tmdb_id]
        named = FoundPair(*play.place.episodes[0].place) if play.copy.family in PAIRED else None
        for pair in {None, named}:
            found = recorded(play, index, pair)
            results["asked" if found is None else "recorded"] += 1
            if found is not None and found != play.right:
                wrong.append(f"{play} but would be recorded as {sorted(found)}")

    print(results)  # noqa: T201 - what -s is for
    assert not wrong
    assert results["recorded"] > results.total() * 0.95


# Whose ids TMDB can turn into a show, a season and a number.
PAIRED = {"plex_all", "plex_tvdb", "plex_imdb"}
