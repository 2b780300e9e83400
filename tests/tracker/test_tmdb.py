from __future__ import annotations

import pytest

from tests.tmdb import FakeTmdb
from tracker.tmdb import Tmdb, TmdbError, connect


@pytest.fixture
def client(tmdb: FakeTmdb) -> Tmdb:
    return Tmdb(api_key=tmdb.key, base_url=tmdb.url)


def test_fetches_a_show_of_45_seasons_with_at_most_20_appended(tmdb, client):
    tmdb.add_show(1, "Long", seasons={n: 3 for n in range(46)})
    show = client.fetch_show(1)
    assert [season.season_number for season in show.seasons] == list(range(46))
    assert sum(len(season.episodes) for season in show.seasons) == 46 * 3
    assert [len(request.appended) for request in tmdb.requests] == [20, 20, 9]


def test_down(tmdb, client):
    tmdb.down()
    with pytest.raises(TmdbError) as raised:
        client.check()
    assert not raised.value.permanent
    assert len(tmdb.requests) == 3
    tmdb.up()
    client.check()


@pytest.mark.django_db
def test_connects(tmdb):
    connect().check()
