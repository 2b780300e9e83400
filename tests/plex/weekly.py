"""Plays and episodes for the tests of the pure matching, and its decision in short."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from plex.episodes.match import (
    EpisodeIndex,
    EpisodeMissing,
    EpisodeQuestion,
    KnownEpisode,
    match_episode,
)
from plex.guid import EpisodeIds, ShowIds
from plex.payload import Playback, PlexShow

PLAYBACK = Playback(
    event="media.scrobble",
    account_id="1",
    account_title="mira",
    is_user=True,
    is_owner=True,
    server_uuid="s",
    server_title="Attic",
    show=PlexShow(
        identity="server:s:1",
        server_uuid="s",
        rating_key="1",
        guid="",
        title="Some Show",
        year=None,
        original_title="",
        ids=ShowIds(),
    ),
    rating_key="11",
    guid="",
    item_key="11",
    title="",
    season_number=None,
    episode_number=None,
    guid_season_number=None,
    guid_episode_number=None,
    is_absolute=False,
    air_date=None,
    episode_year=None,
    duration_seconds=None,
    view_count=None,
    last_viewed_at=datetime(2025, 10, 9, tzinfo=UTC),
    episode_ids=EpisodeIds(),
    library_section="",
    joined_titles=(),
)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def play(
    number: tuple[int | None, int | None] = (None, None),
    title: str = "",
    aired: str | None = None,
    **more: Any,
) -> Playback:
    return replace(
        PLAYBACK,
        season_number=number[0],
        episode_number=number[1],
        title=title,
        air_date=day(aired),
        joined_titles=tuple(title.split(" / ")) if " / " in title else (),
        **more,
    )


def known(
    season: int,
    number: int,
    title: str = "",
    aired: str | None = None,
    tmdb_id: int | None = None,
) -> KnownEpisode:
    return KnownEpisode(
        id=season * 1000 + number,
        season_number=season,
        episode_number=number,
        title=title,
        air_date=day(aired),
        tmdb_id=tmdb_id,
        runtime=45,
    )


# A weekly show in two seasons with a special that aired with the last episode.
WEEKLY = [
    known(0, 1, "Behind the Curtain", "2020-02-05", 900),
    known(1, 1, "Pilot", "2019-01-02", 101),
    known(1, 2, "The Long Way Home", "2019-01-09", 102),
    known(1, 3, "Old Friends", "2019-01-16", 103),
    known(2, 1, "New Shoes", "2020-01-22", 201),
    known(2, 2, "Old Debts", "2020-01-29", 202),
    known(2, 3, "The Last Word", "2020-02-05", 203),
]
# The catalogue has three seasons numbered through, as TMDB has some long anime.
THROUGH = [known(1 + (n - 1) // 10, n, f"Voyage {n} begins") for n in range(1, 31)]


def decide(playback: Playback, episodes: list[KnownEpisode], **more: Any) -> tuple[str | int, ...]:
    decision = match_episode(playback, episodes, **more)
    assert decision == match_episode(playback, EpisodeIndex(episodes), **more)
    if isinstance(decision, EpisodeQuestion):
        return ("question", *[c.episode_id for c in decision.candidates])
    if isinstance(decision, EpisodeMissing):
        return ("missing",)
    return (decision.evidence, *decision.episode_ids)
