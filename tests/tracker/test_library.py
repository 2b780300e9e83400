from __future__ import annotations

import time

import pytest

from tests.factories import TrackedShowFactory, WatchFactory, episode_of
from tracker.library import add_show, refresh_show, save_show
from tracker.models import Episode, Season, TVShow, Watch
from tracker.tmdb import EpisodeData, SeasonData, ShowData, connect

pytestmark = pytest.mark.django_db


def test_adds_a_show_with_all_its_seasons(tmdb):
    tmdb.add_show(7, "Dark", seasons={0: 1, 1: 10, 2: 8}, tvdb_id=334824, imdb_id="tt5753856")
    show = add_show(tmdb_id=7, tmdb=connect())
    assert (show.title, show.tvdb_id, show.imdb_id, show.source) == (
        "Dark",
        334824,
        "tt5753856",
        "manual",
    )
    assert Episode.objects.filter(season__show=show).count() == 19
    assert show.refreshed_at is not None


def test_keeps_watches_when_tmdb_shifts_the_numbers(tmdb, make_show, viewer):
    show = make_show("Dark", {1: 5}, tmdb_id=7)
    watched = [WatchFactory(user=viewer, episode=episode_of(show, 1, n)).episode for n in (1, 2, 5)]
    entry = tmdb.add_show(7, "Dark", seasons={1: 5, 2: 1})
    episodes = entry["season/1"]["episodes"]
    for episode in episodes:
        episode["episode_number"] = episode["episode_number"] % 5 + 1
    refresh_show(show, tmdb=connect())
    for before in watched:
        after = Episode.objects.get(pk=before.pk)
        assert (after.tmdb_id, after.name) == (before.tmdb_id, before.name)
        assert after.episode_number == before.episode_number % 5 + 1
    assert Watch.objects.standing().count() == 3


def test_a_thousand_episodes_are_written_in_under_a_second():
    def data(prefix):
        return ShowData(
            tmdb_id=9,
            title="Long",
            seasons=tuple(
                SeasonData(
                    season_number=s,
                    episodes=tuple(
                        EpisodeData(episode_number=n, name=f"{prefix}{n}", tmdb_id=s * 1000 + n)
                        for n in range(1, 101)
                    ),
                )
                for s in range(1, 11)
            ),
        )

    for prefix in ("A", "B"):
        t = time.monotonic()
        show = save_show(data(prefix), source="manual")
        print(prefix, time.monotonic() - t)
    assert Episode.objects.filter(name__startswith="B").count() == 1000
