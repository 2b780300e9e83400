from __future__ import annotations

import logging
import traceback
from datetime import date

import pytest

from tests.tmdb import FakeTmdb
from tracker.encryption import seal
from tracker.models import SiteSettings
from tracker.tmdb import (
    FindResult,
    Tmdb,
    TmdbError,
    TmdbKeyMissingError,
    TmdbKeyRefusedError,
    connect,
)


@pytest.fixture
def client(tmdb: FakeTmdb) -> Tmdb:
    return Tmdb(api_key=tmdb.key, base_url=tmdb.url)


class TestFetchShow:
    def test_reads_every_column(self, tmdb, client):
        tmdb.add_show(
            70523,
            "Dark",
            seasons={1: [{"name": "Secrets", "runtime": 51, "air_date": date(2017, 12, 1)}]},
            original_title="Dark (de)",
            alternative_titles=["Dunkel", "Dark", ""],
            translations=["다크", "Dunkel"],
            status="Ended",
            tvdb_id=334824,
            imdb_id="tt5753856",
            network="Netflix",
            genres=["Crime", "Drama"],
            creators=["Baran bo Odar", "Jantje Friese"],
            origin_countries=["DE"],
            first_air_date=date(2017, 12, 1),
        )
        show = client.fetch_show(70523)
        assert (show.tmdb_id, show.tvdb_id, show.imdb_id) == (70523, 334824, "tt5753856")
        assert (show.title, show.original_title) == ("Dark", "Dark (de)")
        assert show.alternative_titles == ("Dunkel", "다크")
        assert (show.network, show.genres) == ("Netflix", ("Crime", "Drama"))
        assert show.creators == ("Baran bo Odar", "Jantje Friese")
        assert (show.origin_countries, show.production_status) == (("DE",), "Ended")
        assert (show.first_air_date, show.last_air_date) == (date(2017, 12, 1), date(2017, 12, 1))
        assert (show.poster_path, show.backdrop_path) == ("/poster70523.jpg", "/backdrop70523.jpg")
        ((season,), (episode,)) = (show.seasons, show.seasons[0].episodes)
        assert (season.season_number, season.name) == (1, "Season 1")
        assert (episode.name, episode.runtime, episode.air_date) == (
            "Secrets",
            51,
            date(2017, 12, 1),
        )

    def test_reads_a_show_of_46_seasons_with_at_most_20_appended(self, tmdb, client):
        tmdb.add_show(1, "Long", seasons=dict.fromkeys(range(46), 3))
        show = client.fetch_show(1)
        assert [season.season_number for season in show.seasons] == list(range(46))
        assert sum(len(season.episodes) for season in show.seasons) == 46 * 3
        assert [len(request.appended) for request in tmdb.requests] == [20, 20, 9]

    def test_reads_seasons_that_are_numbered_by_year(self, tmdb, client):
        tmdb.add_show(1, "Daily", seasons={2024: 3, 2025: 2})
        assert [len(season.episodes) for season in client.fetch_show(1).seasons] == [3, 2]

    def test_asks_singly_for_a_season_that_the_answer_lacks(self, tmdb, client):
        tmdb.add_show(1, "Gap", seasons={1: 3, 2: 4})
        tmdb.hide_season(1, 2)
        assert [len(season.episodes) for season in client.fetch_show(1).seasons] == [3, 4]
        assert [request.path for request in tmdb.requests] == ["/tv/1", "/tv/1/season/2"]

    def test_refuses_half_a_show(self, tmdb, client):
        """Taken as empty, a refresh would throw the season's episodes away."""
        show = tmdb.add_show(1, "Half", seasons={1: 3, 2: 4})
        del show["season/2"]
        with pytest.raises(TmdbError, match="season 2 is missing") as raised:
            client.fetch_show(1)
        assert not raised.value.permanent

    def test_takes_an_announced_season_without_episodes(self, tmdb, client):
        show = tmdb.add_show(1, "Announced", seasons={1: 3, 2: 0})
        del show["season/2"]
        assert [len(season.episodes) for season in client.fetch_show(1).seasons] == [3, 0]

    def test_an_unknown_show_is_a_permanent_error(self, tmdb, client):
        with pytest.raises(TmdbError) as raised:
            client.fetch_show(1)
        assert raised.value.permanent

    def test_asks_in_the_language_that_is_set(self, tmdb):
        tmdb.add_show(1, "Dark")
        Tmdb(api_key=tmdb.key, base_url=tmdb.url, language="de-DE").fetch_show(1)
        assert {request.query["language"] for request in tmdb.requests} == {"de-DE"}


class TestFetchSeason:
    def test_reads_one_season(self, tmdb, client):
        tmdb.add_show(1, "Dark", seasons={2: 8})
        season = client.fetch_season(1, 2)
        assert season is not None
        assert [episode.episode_number for episode in season.episodes] == list(range(1, 9))

    def test_is_none_where_there_is_no_such_season(self, tmdb, client):
        tmdb.add_show(1, "Dark")
        assert client.fetch_season(1, 9) is None


class TestFind:
    def test_finds_a_show(self, tmdb, client):
        tmdb.add_show(1, "Dark", tvdb_id=334824)
        (show,) = client.find("334824", source="tvdb_id").shows
        assert (show.tmdb_id, show.title, show.origin_countries) == (1, "Dark", ("US",))

    def test_finds_an_episode_and_its_show(self, tmdb, client):
        tmdb.add_show(1, "Dark", seasons={1: 3})
        tmdb.add_find("tt123", source="imdb_id", episode=(1, 1, 2))
        (episode,) = client.find("tt123", source="imdb_id").episodes
        assert (episode.show_tmdb_id, episode.season_number, episode.episode_number) == (1, 1, 2)

    def test_finds_nothing_for_an_unknown_id(self, tmdb, client):
        assert client.find("1", source="tvdb_id") == FindResult()

    @pytest.mark.parametrize("external_id", ["", "..", "1/../../x", "tt1?x=y", "ä"])
    def test_does_not_ask_for_what_is_no_id(self, tmdb, client, external_id):
        assert client.find(external_id, source="imdb_id") == FindResult()
        assert tmdb.requests == []


class TestSearch:
    def test_finds_by_title_alone(self, tmdb, client):
        tmdb.add_show(1, "The Office", popularity=5)
        tmdb.add_show(2, "The Office", popularity=50)
        tmdb.add_show(3, "Office Girls", alternative_titles=["Young Manager"])
        assert [show.tmdb_id for show in client.search("the office")] == [2, 1]
        assert [show.tmdb_id for show in client.search("Young Manager")] == [3]
        assert tmdb.requests[0].query["query"] == "the office"

    def test_sends_any_character(self, tmdb, client):
        assert client.search("진격의 & 50% ?#é") == ()
        assert tmdb.requests[0].query["query"] == "진격의 & 50% ?#é"


class TestKey:
    def test_sends_a_v4_token_in_the_header_only(self, tmdb, client):
        client.check()
        assert tmdb.requests[0].authorization == f"Bearer {tmdb.key}"
        assert "api_key" not in tmdb.requests[0].query

    def test_sends_a_v3_key_in_the_address(self, tmdb):
        Tmdb(api_key=tmdb.v3_key, base_url=tmdb.url).search("Dark")
        assert tmdb.requests[0].query["api_key"] == tmdb.v3_key
        assert tmdb.requests[0].query["query"] == "Dark"
        assert tmdb.requests[0].authorization == ""

    def test_a_refused_key_is_a_permanent_error(self, tmdb):
        with pytest.raises(TmdbKeyRefusedError, match="refuses the key") as raised:
            Tmdb(api_key="wrong", base_url=tmdb.url).check()
        assert raised.value.permanent

    @pytest.mark.parametrize("key", ["a b", "a\nX-Header: b", "ключ", "a\0"])
    def test_takes_no_key_that_can_be_none(self, tmdb, key):
        with pytest.raises(TmdbKeyRefusedError):
            Tmdb(api_key=key, base_url=tmdb.url)

    @pytest.mark.django_db
    def test_connects_with_the_key_of_the_settings(self, tmdb):
        connect().check()
        assert tmdb.requests[0].authorization == f"Bearer {tmdb.key}"

    @pytest.mark.django_db
    def test_connects_with_the_key_that_was_entered_in_the_page(self, tmdb, settings):
        settings.TMDB_API_KEY = ""
        site = SiteSettings.load()
        seal(site, "tmdb_api_key", tmdb.v3_key)
        site.language = "de-DE"
        site.save()
        connect().check()
        assert tmdb.requests[0].query["language"] == "de-DE"

    @pytest.mark.django_db
    def test_says_that_there_is_no_key(self, settings):
        settings.TMDB_API_KEY = ""
        with pytest.raises(TmdbKeyMissingError, match="no TMDB key yet"):
            connect()

    @pytest.mark.django_db
    def test_says_that_the_key_cannot_be_read(self, settings):
        settings.TMDB_API_KEY = ""
        SiteSettings.load()
        SiteSettings.objects.update(tmdb_api_key="00000000:AAAA")
        with pytest.raises(TmdbKeyMissingError, match="Put the old key back"):
            connect()

    @pytest.mark.parametrize("key", [FakeTmdb.key, FakeTmdb.v3_key])
    def test_stands_in_no_log_and_no_error(self, tmdb, caplog, key):
        client = Tmdb(api_key=key, base_url=tmdb.url)
        with caplog.at_level(logging.DEBUG, logger="urllib3"):
            client.check()
            tmdb.down()
            with pytest.raises(TmdbError) as raised:
                client.check()
        lines = [r.getMessage() for r in caplog.records if r.name.startswith("urllib3")]
        assert any("Retrying" in line for line in lines)
        error = raised.value
        everything = [*lines, repr(client), repr(vars(client)), *traceback.format_exception(error)]
        assert key not in "\n".join(everything)
        assert error.__context__ is None
        assert error.__cause__ is None
