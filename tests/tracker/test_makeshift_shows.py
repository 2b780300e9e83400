"""Shows that Plex described for want of TMDB, until TMDB's data takes their place."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from tests.factories import WatchFactory, episode_of, make_show
from tracker import library
from tracker.models import Episode, TVShow
from tracker.tmdb import TmdbError, connect
from tracker.tmdb_parsing import EpisodeData, SeasonData, ShowData

pytestmark = pytest.mark.django_db


def described(*episodes: EpisodeData, **fields) -> ShowData:
    given = {"tmdb_id": None, "tvdb_id": 81189, "title": "Dark", **fields}
    return ShowData(**given, seasons=(SeasonData(season_number=1, episodes=episodes),))


@pytest.fixture
def makeshift() -> TVShow:
    data = described(
        EpisodeData(episode_number=1, name="Secrets", air_date=date(2017, 12, 1)),
        EpisodeData(episode_number=2, name="Lies"),
        tmdb_id=70523,
    )
    return library.save_show_without_tmdb(data, source=TVShow.Source.PLEX)


def test_it_is_found_by_its_title_and_waits_for_tmdb(makeshift):
    assert (makeshift.source, makeshift.refreshed_at) == ("plex", None)
    assert [title.key for title in makeshift.titles.all()] == ["dark"]
    assert Episode.objects.filter(season__show=makeshift, tmdb_id=None).count() == 2
    assert list(library.makeshift_shows()) == [makeshift]


def test_described_again_it_keeps_what_was_watched(makeshift):
    watch = WatchFactory(episode=episode_of(makeshift, 1, 2))
    again = described(EpisodeData(episode_number=1, name="Geheimnisse"), tmdb_id=70523)
    assert library.save_show_without_tmdb(again, source=TVShow.Source.PLEX) == makeshift
    watch.refresh_from_db()
    assert watch.episode.code == "S01E02"
    assert episode_of(makeshift, 1, 1).name == "Geheimnisse"


def test_one_that_tmdb_described_is_left_alone():
    show = make_show("Dark of TMDB", {1: 3}, tmdb_id=70523, refreshed_at=timezone.now())
    data = described(EpisodeData(episode_number=1, name="Other"), tmdb_id=70523)
    assert library.save_show_without_tmdb(data, source=TVShow.Source.PLEX) == show
    show.refresh_from_db()
    assert show.title == "Dark of TMDB"
    assert Episode.objects.filter(season__show=show).count() == 3


def test_it_is_not_refreshed_by_numbers(makeshift, tmdb):
    tmdb.add_show(70523, "Dark", seasons={1: 2})
    assert not library.shows_due_for_refresh(timezone.now()).exists()
    with pytest.raises(TmdbError, match="by itself"):
        library.refresh_show(makeshift, tmdb=connect())


def test_tmdbs_data_takes_its_place_and_watches_stay_with_their_episodes(makeshift):
    first, second = (WatchFactory(episode=episode_of(makeshift, 1, number)) for number in (1, 2))
    data = described(
        EpisodeData(episode_number=1, name="Prologue", tmdb_id=901),
        EpisodeData(episode_number=2, name="Secrets", tmdb_id=902),
        tmdb_id=70523,
    )
    library.replace_show(makeshift, data, same={first.episode_id: (1, 2)})
    for watch in (first, second):
        watch.refresh_from_db()
    assert (first.episode.code, first.episode.tmdb_id) == ("S01E02", 902)
    assert (second.episode.code, second.episode.name) == ("S01E03", "Lies")
    makeshift.refresh_from_db()
    assert makeshift.refreshed_at is not None
    assert not library.makeshift_shows().exists()
