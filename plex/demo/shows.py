"""The sample shows: facts about a dozen real ones, and what the demo's account watched of them."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tracker.library import save_show, track_show
from tracker.models import Episode, TrackedShow, TVShow, Watch
from tracker.statuses import settle_status
from tracker.tmdb import EpisodeData, SeasonData, ShowData

SHOWS = Path(__file__).with_name("shows.json")
LIST_COLUMNS = ("alternative_titles", "origin_countries", "genres", "creators")
TEXT_COLUMNS = ("network", "overview", "production_status", "original_title", "imdb_id")
PRIME_TIME = time(20, 15)


def read_samples() -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = json.loads(SHOWS.read_text(encoding="utf-8"))
    return samples


def show_data(sample: dict[str, Any]) -> ShowData:
    """A sample in the form that TMDB's shows arrive in."""
    seasons = tuple(season_data(sample, number) for number in sample["seasons"])
    dates = [
        episode.air_date for season in seasons for episode in season.episodes if episode.air_date
    ]
    last = sample.get("last_air_date")
    columns: dict[str, Any] = {name: sample.get(name, "") for name in TEXT_COLUMNS}
    columns |= {name: tuple(sample.get(name, ())) for name in LIST_COLUMNS}
    return ShowData(
        tmdb_id=sample["tmdb_id"],
        tvdb_id=sample.get("tvdb_id"),
        title=sample["title"],
        first_air_date=min(dates),
        last_air_date=date.fromisoformat(last) if last else max(dates),
        seasons=seasons,
        **columns,
    )


def season_data(sample: dict[str, Any], number: str) -> SeasonData:
    ids = dict(enumerate(sample.get("episode_ids", {}).get(number, []), start=1))
    episodes = tuple(
        EpisodeData(
            episode_number=episode,
            name=name,
            air_date=date.fromisoformat(aired),
            runtime=sample["runtime"],
            tmdb_id=ids.get(episode),
        )
        for episode, (name, aired) in enumerate(sample["seasons"][number], start=1)
    )
    return SeasonData(season_number=int(number), name=f"Season {number}", episodes=episodes)


def load_samples(user: User) -> int:
    """Write the sample shows, and what the user tracks and watched of them; returns how many shows."""
    samples = read_samples()
    for sample in samples:
        show = save_show(show_data(sample), source=TVShow.Source.MANUAL)
        track_sample(user, show, sample["demo"])
    return len(samples)


def track_sample(user: User, show: TVShow, plan: dict[str, Any]) -> None:
    tracked = track_show(user=user, show=show, status=plan["status"])
    episodes = Episode.objects.filter(season__show=show).regular().in_order()
    Watch.objects.bulk_create(
        Watch(user=user, episode=episode, watched_at=evening(plan, number))
        for number, episode in enumerate(episodes[: plan.get("watched", 0)])
    )
    settle_status(user_ids=[user.pk], show_ids=[show.pk], today=timezone.localdate())
    TrackedShow.objects.filter(pk=tracked.pk).update(rating=plan.get("rating"))
    if plan["status"] == TrackedShow.Status.ON_HOLD:
        TrackedShow.objects.filter(pk=tracked.pk).update(status=plan["status"])


def evening(plan: dict[str, Any], number: int) -> datetime:
    """When the n-th episode was watched: `every` so many days from `days_ago`, two an evening."""
    day = timezone.localdate() - timedelta(days=plan["days_ago"] - number // 2 * plan["every"])
    start = timezone.make_aware(datetime.combine(min(day, timezone.localdate()), PRIME_TIME))
    watched_at = start + timedelta(minutes=50 * (number % 2) + plan["days_ago"] % 7 * 6)
    return min(watched_at, timezone.now() - timedelta(hours=1))
