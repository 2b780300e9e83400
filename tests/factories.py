"""Rows for the tests: what a test doesn't name, it doesn't care about."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import factory
from django.contrib.auth.models import Permission, User
from factory.django import DjangoModelFactory, Password

from tracker.library import index_titles
from tracker.models import Episode, Season, TrackedShow, TVShow, Watch

PASSWORD = "a long enough password"
FIRST_AIR_DATE = date(2020, 1, 6)
WEEK = timedelta(days=7)
tmdb_ids = count(500_001)

# How a test says what is in a season: a number of episodes, their names, or their columns.
SeasonSpec = int | Sequence[str | Mapping[str, Any]]


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence("user{}".format)
    password = Password(PASSWORD)


def staff_with(*codenames: str) -> User:
    """Somebody who is let into the admin with these permissions, and no others."""
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


class TVShowFactory(DjangoModelFactory[TVShow]):
    class Meta:
        model = TVShow

    tmdb_id = factory.LazyFunction(lambda: next(tmdb_ids))
    title = factory.Sequence("Show {}".format)
    original_title = factory.SelfAttribute("title")
    first_air_date = FIRST_AIR_DATE
    production_status = "Returning Series"


class SeasonFactory(DjangoModelFactory[Season]):
    class Meta:
        model = Season

    show = factory.SubFactory(TVShowFactory)
    season_number = 1


class EpisodeFactory(DjangoModelFactory[Episode]):
    class Meta:
        model = Episode

    season = factory.SubFactory(SeasonFactory)
    episode_number = factory.Sequence(lambda n: n + 1)
    name = factory.LazyAttribute(lambda e: f"Story {e.season.season_number}-{e.episode_number}")
    air_date = FIRST_AIR_DATE
    runtime = 45
    tmdb_id = factory.LazyAttribute(
        lambda e: episode_tmdb_id(
            e.season.show.tmdb_id or e.season.show.pk, e.season.season_number, e.episode_number
        )
    )


class TrackedShowFactory(DjangoModelFactory[TrackedShow]):
    class Meta:
        model = TrackedShow

    user = factory.SubFactory(UserFactory)
    show = factory.SubFactory(TVShowFactory)
    status = TrackedShow.Status.WATCHING


class WatchFactory(DjangoModelFactory[Watch]):
    class Meta:
        model = Watch

    user = factory.SubFactory(UserFactory)
    episode = factory.SubFactory(EpisodeFactory)
    watched_at = datetime(2021, 3, 4, 20, 15, tzinfo=UTC)


def episode_tmdb_id(show_tmdb_id: int, season_number: int, episode_number: int) -> int:
    """The id that an episode gets in the factories and in the fake TMDB alike."""
    return zlib.crc32(f"{show_tmdb_id}/{season_number}/{episode_number}".encode()) & 0x7FFFFFFF


def season_episodes(
    show_tmdb_id: int, season_number: int, spec: SeasonSpec, *, starts: date | None
) -> list[dict[str, Any]]:
    """The columns of a season's episodes: numbered from 1, aired weekly, each with a name and an id."""
    items: Sequence[str | Mapping[str, Any]] = (
        [{} for _ in range(spec)] if isinstance(spec, int) else spec
    )
    episodes = []
    for position, item in enumerate(items, start=1):
        given: dict[str, Any] = {"name": item} if isinstance(item, str) else dict(item)
        number = int(given.get("episode_number", position))
        episodes.append(
            {
                "episode_number": number,
                "name": f"Story {season_number}-{number}",
                "overview": "",
                "air_date": starts and starts + (position - 1) * WEEK,
                "runtime": 45,
                "tmdb_id": episode_tmdb_id(show_tmdb_id, season_number, number),
                "still_path": "",
                **given,
            }
        )
    return episodes


def season_starts(
    seasons: Mapping[int, SeasonSpec], first_air_date: date | None
) -> dict[int, date | None]:
    """When each season starts: a year after the one before, or the week after its last episode."""
    starts: dict[int, date | None] = {}
    free = begin = first_air_date
    for number in sorted(seasons):
        if number == 0 or free is None or begin is None:
            starts[number] = first_air_date
            continue
        start = max(free, begin)
        spec = seasons[number]
        free = start + (spec if isinstance(spec, int) else len(spec)) * WEEK
        begin = start + 52 * WEEK
        starts[number] = start
    return starts


def make_show(
    title: str,
    seasons: Mapping[int, SeasonSpec] | None = None,
    *,
    first_air_date: date | None = FIRST_AIR_DATE,
    tmdb_id: int | None = None,
    **fields: Any,
) -> TVShow:
    """A show of our own with its seasons (one of ten episodes unless told), titles indexed.

    `seasons={1: 10, 2: ["Pilot", "Second"], 3: [{"name": "X", "air_date": None}]}`
    """
    tmdb_id = next(tmdb_ids) if tmdb_id is None else tmdb_id
    seasons = {1: 10} if seasons is None else seasons
    show = TVShowFactory.create(
        title=title, tmdb_id=tmdb_id, first_air_date=first_air_date, **fields
    )
    starts = season_starts(seasons, first_air_date)
    rows = {
        number: Season.objects.create(
            show=show,
            season_number=number,
            name=f"Season {number}" if number else "Specials",
        )
        for number in sorted(seasons)
    }
    Episode.objects.bulk_create(
        Episode(season=rows[number], **columns)
        for number, spec in sorted(seasons.items())
        for columns in season_episodes(tmdb_id, number, spec, starts=starts[number])
    )
    index_titles(show)
    return show


def episode_of(show: TVShow, season_number: int, episode_number: int) -> Episode:
    """One episode of a show by its numbers, its season and show selected."""
    return Episode.objects.select_related("season__show").get(
        season__show=show, season__season_number=season_number, episode_number=episode_number
    )
