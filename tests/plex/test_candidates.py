"""Candidates from the tables; the same on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plex.candidates import (
    TRIGRAM_SIMILARITY,
    candidate_of,
    candidate_of_found,
    shows_with_ids,
    similar_shows,
)
from plex.matching import Match, Question, decide_by_title
from tests.factories import TrackedShowFactory, make_show
from tracker.library import index_titles
from tracker.models import ShowTitle, TVShow
from tracker.tmdb import FoundShow

pytestmark = pytest.mark.django_db


def titles(candidates):
    return [candidate.title for candidate in candidates]


def aired(year):
    return date(year, 3, 1)


@pytest.mark.parametrize(
    ("asked", "title", "others"),
    [
        ("Carole and Tuesday", "Carole & Tuesday", []),
        ("Dynasty (2017)", "Dynasty", []),
        ("What If 2021", "What If...?", []),
        ("Snooki & Jwow", "Snooki & Jwoww", []),
        ("Kabaneri of the Iron Fortres", "Kabaneri of the Iron Fortress", []),
        ("Viking", "Vikings: Valhalla", []),
        ("Dvakhanut", "Strangers", ["Dva Khanut"]),
        ("Die Tagebücher der Apothekerin", "The Apothecary Diaries", ["Die Tagebucher der Apothekerin"]),
        ("ソマリと森の神様", "Somali and the Forest Spirit", ["ソマリと森の神様"]),
    ],
)  # fmt: skip
def test_finds_a_show_by_any_of_its_titles(asked, title, others):
    make_show("Sesame Street", alternative_titles=["Rue Sésame"])
    make_show(title, alternative_titles=others)
    assert titles(similar_shows(asked))[0] == title


def test_all_namesakes_are_found_whatever_the_limit():
    for year in range(1990, 2000):
        make_show("Home", first_air_date=aired(year))
        make_show(f"Homes {year}", first_air_date=aired(year))
    found = similar_shows("HOME", limit=4)
    assert titles(found) == ["Home"] * 10
    assert {candidate.year for candidate in found} == set(range(1990, 2000))


def test_no_more_than_the_limit():
    for number in range(8):
        make_show(f"The Long Voyage {number}")
    assert len(similar_shows("The Long Voyage", limit=3)) == 3


def test_the_year_helps_among_equals():
    for year in range(1990, 2020):
        make_show(f"Murder in Room {year}", first_air_date=aired(year))
    make_show("Murder in the Rooms", first_air_date=aired(1955))
    found = similar_shows("A Murder in the Rooms Of Rome", year=1955, limit=2)
    assert found[0].title == "Murder in the Rooms"


def test_nothing_is_like_nothing():
    make_show("Vikings")
    assert similar_shows("Москва") == []
    assert similar_shows("") == []


def test_a_candidate_knows_what_matching_asks():
    show = make_show(
        "Alchemy of Souls",
        original_title="Hwan Hon",
        alternative_titles=["환혼", "Alchemy of Souls", "Resurrection"],
        first_air_date=aired(2022),
        origin_countries=["KR"],
        poster_path="/a.jpg",
        tmdb_id=135157,
    )
    (found,) = similar_shows("Hwan Hon")
    assert (found.tvshow_id, found.tmdb_id, found.title) == (show.pk, 135157, "Alchemy of Souls")
    assert (found.original_title, found.year, found.countries) == ("Hwan Hon", 2022, ("KR",))
    assert (found.poster_path, found.is_tracked) == ("/a.jpg", False)
    assert candidate_of(show).other_titles == ("환혼", "Resurrection")


def test_of_many_titles_only_the_telling_ones_are_compared():
    others = [f"Quite another title {number}" for number in range(40)]
    make_show("Vikings", alternative_titles=["Викинги", *others])
    (found,) = similar_shows("Викинги")
    assert found.other_titles[0] == "Викинги"
    assert len(found.other_titles) <= 4


def test_tracked_by_anybody():
    show = make_show("Vikings")
    TrackedShowFactory.create(show=show)
    assert similar_shows("Vikings")[0].is_tracked
    assert candidate_of(show).is_tracked


def test_follows_shows_that_come_change_and_go():
    assert similar_shows("Dark") == []
    show = make_show("Dark")
    assert titles(similar_shows("Dark")) == ["Dark"]
    TVShow.objects.filter(pk=show.pk).update(title="Gloomy Nights", original_title="")
    show.refresh_from_db()
    index_titles(show)
    other = make_show("Darker")
    assert titles(similar_shows("Gloomy Night")) == ["Gloomy Nights"]
    assert titles(similar_shows("Dark")) == ["Darker"]
    show.delete()
    assert similar_shows("Gloomy Night") == []
    assert titles(similar_shows("Darkest")) == ["Darker"]
    other.delete()
    assert similar_shows("Darkest") == []


@pytest.mark.parametrize("title", ["Vikings", "Valhalla"])
def test_no_title_of_another_test_is_left(title):
    show = make_show(title)
    assert [candidate.tvshow_id for candidate in similar_shows(title)] == [show.pk]


def test_any_number_of_candidates_costs_the_same_queries(django_assert_max_num_queries):
    for number in range(30):
        make_show(f"Vikings {number}", alternative_titles=[f"Wikinger {number}"])
    similar_shows("Vikings")
    # Namesakes, the search itself with its settings, shows, titles.
    with django_assert_max_num_queries(7):
        assert len(similar_shows("Vikings")) == 30


def test_two_offices_without_ids_are_a_question():
    make_show("The Office", first_air_date=aired(2005), origin_countries=["US"])
    make_show("The Office", first_air_date=aired(2001), origin_countries=["GB"])
    decided = decide_by_title(
        "The Office", show_year=None, latest_year=2006, candidates=similar_shows("The Office")
    )
    assert isinstance(decided, Question)
    assert decided.kind == "multiple_matches"
    assert {ranked.candidate.year for ranked in decided.ranked} == {2001, 2005}


def test_a_spin_off_is_never_taken_for_the_show():
    make_show("Vikings: Valhalla", first_air_date=aired(2022))
    for year in (None, 2013, 2022):
        decided = decide_by_title(
            "Vikings", show_year=year, latest_year=2022, candidates=similar_shows("Vikings")
        )
        assert isinstance(decided, Question)


def test_a_show_is_matched_by_title_and_year():
    show = make_show("Dynasty", first_air_date=aired(2017))
    make_show("Dynasty", first_air_date=aired(1981))
    decided = decide_by_title(
        "Dynasty (2017)",
        show_year=None,
        latest_year=2019,
        candidates=similar_shows("Dynasty (2017)"),
    )
    assert isinstance(decided, Match)
    assert decided.candidate.tvshow_id == show.pk


def test_shows_with_ids():
    show = make_show("Dark", tmdb_id=70523, tvdb_id=334824, imdb_id="tt5753856")
    make_show("Dusk", tmdb_id=334824)
    for ids in ({"tmdb": 70523}, {"tvdb": 334824}, {"imdb": "tt5753856"}):
        assert [candidate.tvshow_id for candidate in shows_with_ids(**ids)] == [show.pk]
    assert shows_with_ids(tmdb=1) == shows_with_ids() == shows_with_ids(imdb="") == []


def test_several_shows_may_have_one_id():
    make_show("Dark", tvdb_id=334824)
    make_show("Dark again", tvdb_id=334824)
    assert titles(shows_with_ids(tvdb=334824)) == ["Dark", "Dark again"]


def test_a_show_that_tmdb_lists():
    found = FoundShow(
        tmdb_id=70523,
        title="Dark",
        original_title="Dunkel",
        first_air_date=aired(2017),
        poster_path="/d.jpg",
        origin_countries=("DE",),
    )
    candidate = candidate_of_found(found)
    assert (candidate.tvshow_id, candidate.tmdb_id, candidate.year) == (None, 70523, 2017)
    assert (candidate.title, candidate.original_title) == ("Dark", "Dunkel")
    assert (candidate.countries, candidate.poster_path) == (("DE",), "/d.jpg")


def test_postgresql_searches_by_its_trigram_index():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has trigrams")
    show = make_show("Vikings")
    words = ["storm", "river", "night", "house", "garden", "winter", "doctor"]
    ShowTitle.objects.bulk_create(
        ShowTitle(
            show=show, title="", key=f"{words[n % 7]}{words[n // 7 % 7]}{n}", kind="alternative"
        )
        for n in range(4000)
    )
    with CaptureQueriesContext(connection) as queries:
        similar_shows("Vikings")
    searches = [query["sql"] for query in queries if "similarity(" in query["sql"]]
    assert searches
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tracker_showtitle")
        for search in searches:
            cursor.execute(f"EXPLAIN {search.replace('%', '%%')}", [])
            assert "showtitle_key_trgm" in str(cursor.fetchall())


def test_what_is_found_among_the_most_alike_alone_is_what_is_found_among_all(monkeypatch):
    for number in range(30):
        year = 1990 + number
        make_show(f"The Long Voyage {number}", first_air_date=aired(year))
        make_show(f"Voyage of {number} Longer Winters", first_air_date=aired(year))
        make_show(f"Doctors in the Long Winter {number}", first_air_date=aired(year))
    asked = [
        (title, year)
        for title in ("The Long Voyage 7", "A Longer Winter", "Doctors", "Voyager")
        for year in (None, 1997, 2015)
    ]
    quickly = [titles(similar_shows(title, year=year, limit=5)) for title, year in asked]

    monkeypatch.setattr("plex.candidates.CLOSE_SIMILARITY", TRIGRAM_SIMILARITY)

    assert quickly == [titles(similar_shows(title, year=year, limit=5)) for title, year in asked]
