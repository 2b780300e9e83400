"""What a title or a date says against a number, without naming an episode by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plex.episodes.match import SeasonMap
from plex.episodes.titles import said_number, title_key, without_part
from tests.plex.weekly import WEEKLY, day, decide, known, play

PARTS = [
    known(s, n, f"Part {roman}", str(day(f"202{s}-03-01") + timedelta(days=7 * n)))  # type: ignore[operator]
    for s in (1, 2)
    for n, roman in enumerate(("I", "II", "III", "IV", "V", "VI", "VII", "VIII"), start=1)
]
CHAPTERS = [known(1, n, f"Chapter {roman}") for n, roman in enumerate(("VI", "VII", "VIII"), 6)]


class TestTitlesThatOnlyCount:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 5), "Episode 5"), ("number", 1005)),
            (play((1, 5), "Part V"), ("number", 1005)),
            (play((1, 5), "Part IV"), ("question", 1005)),
            (play((1, 8), "Part VII"), ("question", 1008)),
            (play((1, 5), "Episode 4"), ("question", 1005)),
            # Counted through both seasons.
            (play((2, 5), "Episode 13"), ("number", 2005)),
            # The date says more.
            (play((1, 5), "Episode 4", "2021-04-05"), ("number_and_date", 1005)),
            # Dates of other things, and two numbers, count nothing.
            (play((1, 5), "January 4"), ("number", 1005)),
            (play((1, 5), "Season 2"), ("number", 1005)),
            (play((1, 5), "S02E04"), ("number", 1005)),
        ],
    )
    def test_decides(self, playback, expected):
        assert decide(playback, PARTS) == expected

    def test_what_the_user_mapped_stays(self):
        mapped = SeasonMap(plex_season=3, season_number=1, offset=1)

        assert decide(play((3, 4), "Episode 9"), PARTS, season_map=mapped) == ("season_map", 1005)

    def test_roman_numbers_that_look_alike_are_two_titles(self):
        assert decide(play((1, 8), "Chapter VII"), CHAPTERS) == ("only_with_title", 1007)
        assert decide(play((1, 8), "Chapter Seven"), CHAPTERS) == ("only_with_title", 1007)
        assert decide(play((1, 8), "Chapter 8"), CHAPTERS) == ("number_and_title", 1008)


class TestPartsOfALongerEpisode:
    """TMDB has "Pilot" of double length, Plex "Pilot (1)" and "Pilot (2)"."""

    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 2), "Pilot (2)"), ("question", 1002, 1001)),
            (play((1, 2), "Pilot, Part Two"), ("question", 1002, 1001)),
            (play((1, 2), "Pilot (2)", "2019-01-02"), ("question", 1002, 1001)),
            (play((1, 2), "Etwas anderes (2)"), ("number", 1002)),
            (play((1, 2), "The Long Way Home (1)", "2019-01-09"), ("number_and_date", 1002)),
        ],
    )
    def test_decides(self, playback, expected):
        assert decide(playback, WEEKLY) == expected

    def test_where_all_aired_at_once_the_date_is_no_proof(self):
        episodes = [known(1, n, name, "2021-03-01") for n, name in enumerate(("Pilot", "Dawn"), 1)]

        assert decide(play((1, 2), "Pilot (2)", "2021-03-01"), episodes)[0] == "question"
        assert decide(play((1, 2), "Episode 3", "2021-03-01"), episodes)[0] == "question"
        assert decide(play((1, 2), "物語", "2021-03-01"), episodes) == ("number_and_date", 1002)


def test_a_date_a_day_from_another_episodes_contradicts_the_number():
    assert decide(play((1, 2), "", "2019-01-15"), WEEKLY) == ("question", 1002, 1003)
    assert decide(play((1, 2), "", "2019-01-12"), WEEKLY) == ("number", 1002)


class TestJoined:
    @pytest.mark.parametrize(
        ("number", "expected"), [((1, 5), (1005, 1006)), ((2, 5), (2005, 2006))]
    )
    def test_titles_that_only_count_go_by_the_number(self, number, expected):
        playback = play(number, "Part V / Part VI")

        assert decide(playback, PARTS) == ("joined_titles", *expected)

    def test_a_title_that_returns_later_in_the_season(self):
        names = ("Dawn", "Dusk", "Night", "Dawn")
        episodes = [known(1, n, name) for n, name in enumerate(names, start=1)]

        assert decide(play((1, 1), "Dawn / Dusk"), episodes) == ("joined_titles", 1001, 1002)

    def test_one_that_has_no_name_yet(self):
        episodes = [known(1, 1, "Dawn"), known(1, 2, "TBA")]

        assert decide(play((1, 1), "Dawn / TBA"), episodes) == ("joined_titles", 1001, 1002)


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("Episode 12", 12), ("Part XII", 12), ("第12話", 12), ("Pilot", None), ("Apollo 13", None),
        ("4 January 2014", None), ("June 5th", None), ("TBA", None), ("", None),
    ],
)  # fmt: skip
def test_the_number_that_a_title_says(title, number):
    assert said_number(title) == number


@pytest.mark.parametrize(
    ("title", "whole"),
    [
        ("Pilot (2)", "Pilot"), ("Pilot, Part 2", "Pilot"), ("Pilot: Part Two", "Pilot"),
        ("Pilot - Pt. II", "Pilot"), ("Pilot", ""), ("(2)", ""), ("Departure 2", ""),
    ],
)  # fmt: skip
def test_the_whole_of_a_part(title, whole):
    assert without_part(title) == whole


def test_a_roman_number_is_the_same_as_a_plain_one():
    assert title_key("Rocky VII") == title_key("Rocky 7")
    assert title_key("I Robot") != title_key("1 Robot")
    assert title_key("Malcolm X") != title_key("Malcolm 10")
