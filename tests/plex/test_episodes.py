from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.episodes.index import KnownEpisode
from plex.episodes.match import (
    EpisodeIndex,
    EpisodeMatch,
    EpisodeMissing,
    EpisodeQuestion,
    FoundPair,
    SeasonMap,
    match_episode,
)
from plex.episodes.titles import script, title_key
from plex.guid import EpisodeIds
from plex.payload import Playback, parse_payload
from tests.plex.payloads import load
from tests.plex.weekly import PLAYBACK, THROUGH, WEEKLY, decide, known, play

# Two seasons, each released on one day.
BINGE = [known(s, n, f"Tale {s}{n} of it", f"202{s}-03-01") for s in (1, 2) for n in range(1, 5)]
# Dates and titles unknown, as of a show that nobody cared to describe.
BARE = [known(s, n, f"Episode {n}") for s in (1, 2) for n in range(1, 13)]
# Five a week, one a day.
DAILY = [
    known(1, n, title, f"2026-04-{n + 5:02}")
    for n, title in enumerate(["Jane Doe", "Ann Roe", "Max Moe", "Kim Poe", "Lea Zoe"], 1)
]


class TestEvidence:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            # The TMDB id wins over number, title and date.
            (play((2, 1), episode_ids=EpisodeIds(tmdb=103)), ("tmdb_episode_id", 1003)),
            (
                play((2, 1), "New Shoes", "2020-01-22", episode_ids=EpisodeIds(tmdb=103)),
                ("tmdb_episode_id", 1003),
            ),
            # Number and date.
            (play((2, 1), "New Shoes", "2020-01-22"), ("number_and_date", 2001)),
            (play((2, 1), "Nya skor", "2020-01-22"), ("number_and_date", 2001)),
            (play((2, 1), "", "2020-01-23"), ("number_and_date", 2001)),  # a time zone further
            (play((2, 1), "新しい靴", "2020-01-21"), ("number_and_date", 2001)),
            # Number and title.
            (play((1, 2), "The long way home!"), ("number_and_title", 1002)),
            (play((1, 2), "The Long Way Home", "2024-06-01"), ("number_and_title", 1002)),
            (play((1, 2), "The Long Way Hone"), ("number_and_title", 1002)),
            (
                play((1, 2), "Der lange Heimweg", original_title="The Long Way Home"),
                ("number_and_title", 1002),
            ),
            # Title and date together beat the number.
            (play((1, 2), "Old Friends", "2019-01-16"), ("only_with_title", 1003)),
            (play((4, 1), "Old Friends", "2019-01-16"), ("only_with_title", 1003)),
            (play((0, 9), "Old Friends", "2019-01-16"), ("only_with_title", 1003)),
            # The only episode of that date, where no episode has the number.
            (play((2020, 41103), "Whatever else", "2020-01-29"), ("only_on_date", 2002)),
            (play((3, 9), "", "2020-01-29"), ("only_on_date", 2002)),
            (play((3, 9), "古い借り", "2020-01-29"), ("only_on_date", 2002)),
            (play((None, None), "Something", "2020-01-29"), ("only_on_date", 2002)),
            # The only episode of that title.
            (play((9, 9), "Old Debts"), ("only_with_title", 2002)),
            (play((9, 9), "Old Debts", "2020-02-15"), ("only_with_title", 2002)),
            (play((1, 2), "Old Debts"), ("only_with_title", 2002)),
            # The number alone.
            (play((1, 2)), ("number", 1002)),
            (play((1, 2), "Le long chemin"), ("number", 1002)),
            (play((1, 2), "帰り道"), ("number", 1002)),
            (play((1, 2), "Episode 2", "2019-02-20"), ("number", 1002)),
        ],
    )
    def test_decides(self, playback, expected):
        assert decide(playback, WEEKLY) == expected

    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            # The number says one thing, the date another, and no title helps.
            (play((1, 2), "", "2019-01-16"), ("question", 1002, 1003)),
            (play((1, 2), "Les vieux amis", "2019-01-16"), ("question", 1002, 1003)),
            # The title is another's, but its date is years off.
            (play((1, 2), "Old Debts", "2010-01-01"), ("question", 1002, 2002)),
            # Quite another time, and nothing that fits better.
            (play((1, 2), "", "2012-01-01"), ("question", 1002)),
            # A TMDB id that the catalogue doesn't know, and nothing that supports the number.
            (play((1, 2), "帰り道", episode_ids=EpisodeIds(tmdb=777)), ("question", 1002)),
            # Only a title, and its date is years off.
            (play((9, 9), "Old Debts", "2010-01-01"), ("question", 2002)),
            # Only a date, and in an undated show the title is clearly another.
            (play((2, 4), "Wholly Unlike Anything", "2020-01-29"), ("question", 2002)),
        ],
    )
    def test_asks_where_the_evidence_contradicts_itself(self, playback, expected):
        assert decide(playback, WEEKLY) == expected

    @pytest.mark.parametrize(
        "playback",
        [
            play((1, 2), "The Long Way Home", episode_ids=EpisodeIds(tmdb=777)),
            play((1, 2), "帰り道", "2019-01-09", episode_ids=EpisodeIds(tmdb=777)),
        ],
    )
    def test_takes_a_supported_number_in_spite_of_an_unknown_tmdb_id(self, playback):
        assert decide(playback, WEEKLY)[1:] == (1002,)

    @pytest.mark.parametrize(
        "playback",
        [
            play((2, 4), "Brand New", "2020-02-12"),
            play((3, 1)),
            play((2, 4)),
            play(),
            play((None, 4)),
            play((0, 7), "Extra", "2020-05-05"),
            play((3, 3), "", "2021-02-05"),
        ],
    )
    def test_misses_what_the_catalogue_lacks(self, playback):
        assert decide(playback, WEEKLY) == ("missing",)

    def test_never_exchanges_a_special_and_a_regular_episode_for_the_date_alone(self):
        without_last = [e for e in WEEKLY if e.id != 2003]
        assert decide(play((2, 3), "", "2020-02-05"), without_last) == ("missing",)
        without_special = [e for e in WEEKLY if e.season_number]
        assert decide(play((0, 1), "", "2020-02-05"), without_special) == ("missing",)

    def test_says_what_it_rests_on(self):
        decision = match_episode(play((2, 1), "New Shoes", "2020-01-22"), WEEKLY)
        assert isinstance(decision, EpisodeMatch)
        assert decision.reason == "S02E01: number, air date and title agree."

    def test_ranks_and_explains_candidates(self):
        decision = match_episode(play((1, 2), "", "2019-01-16"), WEEKLY)
        assert isinstance(decision, EpisodeQuestion)
        first, second = decision.candidates
        assert (first.score, first.reasons) == (0.4, ("same number",))
        assert (second.score, second.reasons) == (0.3, ("same air date",))
        assert (first.title, first.air_date) == ("The Long Way Home", date(2019, 1, 9))


class TestFoundPair:
    def test_wins_over_plex_numbers(self):
        assert decide(play((2, 1)), WEEKLY, found_pair=FoundPair(1, 3)) == ("found_pair", 1003)

    def test_yields_to_the_tmdb_id(self):
        playback = play((2, 1), episode_ids=EpisodeIds(tmdb=102))
        assert decide(playback, WEEKLY, found_pair=FoundPair(1, 3)) == ("tmdb_episode_id", 1002)

    def test_is_missing_where_the_catalogue_is_older(self):
        assert decide(play((2, 1)), WEEKLY, found_pair=FoundPair(2, 4)) == ("missing",)

    def test_goes_by_tmdbs_id_where_the_number_is_of_another_day(self):
        assert decide(play((2, 1)), WEEKLY, found_pair=FoundPair(1, 3, 102)) == ("found_pair", 1002)

    def test_is_missing_where_the_number_is_another_episode_here(self):
        decision = match_episode(play((2, 1)), WEEKLY, found_pair=FoundPair(1, 3, 999))
        assert isinstance(decision, EpisodeMissing)
        assert decision.reason == "TMDB knows this episode as S01E03, which is another one here."


class TestOneDayForManyEpisodes:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 2), "Tale 12 of it", "2021-03-01"), ("number_and_date", 1002)),
            (play((1, 2), "物語", "2021-03-01"), ("number_and_date", 1002)),
            # Another ordering: the title tells.
            (play((1, 2), "Tale 13 of it", "2021-03-01"), ("only_with_title", 1003)),
            # The number is unknown, and the date is that of four.
            (play((2021, 301), "", "2021-03-01"), ("question", 1001, 1002, 1003, 1004)),
            (play((2021, 301), "Tale 14 of it", "2021-03-01"), ("only_with_title", 1004)),
        ],
    )
    def test_decides(self, playback, expected):
        assert decide(playback, BINGE) == expected


class TestShowsWithoutDescription:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((2, 3), "Episode 3"), ("number", 2003)),
            (play((2, 3), "Folge 4"), ("question", 2003)),
            (play((2, 3), "A Real Title", "2020-01-01"), ("number", 2003)),
            (play((2, 13), "Episode 13"), ("missing",)),
        ],
    )
    def test_goes_by_the_number(self, playback, expected):
        assert decide(playback, BARE) == expected

    def test_asks_where_a_title_belongs_elsewhere_and_the_numbered_one_has_none(self):
        episodes = [*BARE, known(1, 20, "The Return")]
        assert decide(play((2, 3), "The Return"), episodes) == ("question", 2003, 1020)

    def test_asks_where_the_date_belongs_elsewhere_and_the_numbered_one_has_none(self):
        episodes = [*BARE, known(1, 20, "", "2020-01-01")]
        assert decide(play((2, 3), "", "2020-01-01"), episodes) == ("question", 2003, 1020)


class TestDailyShows:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            # Dates of two sources are a day apart; titles in another script say nothing.
            (play((1, 2), "安", "2026-04-08"), ("number_and_date", 1002)),
            (play((1, 2), "Episode 2", "2026-04-06"), ("number_and_date", 1002)),
            # A title that speaks against the number.
            (play((1, 2), "Max Moe", "2026-04-08"), ("only_with_title", 1003)),
            (play((1, 2), "Quite Unlike Her", "2026-04-08"), ("question", 1002, 1003)),
            (play((1, 2), "Kim Poe", "2026-04-08"), ("question", 1002, 1004, 1003)),
            # Numbered by dates.
            (play((2026, 41103), "Late Night: Ann", "2026-04-07"), ("only_on_date", 1002)),
        ],
    )
    def test_decides(self, playback, expected):
        assert decide(playback, DAILY) == expected


class TestSpecials:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((0, 1), "Behind the Curtain"), ("number_and_title", 1)),
            (play((0, 1), "", "2020-02-05"), ("number_and_date", 1)),
            (play((0, 7), "Behind the Curtain"), ("only_with_title", 1)),
            (play((0, 7), "", "2020-02-05"), ("only_on_date", 1)),
            (play((0, 1)), ("number", 1)),
            (play((0, 1), "Bloopers"), ("question", 1)),
            (play((0, 1), "カーテンの裏"), ("question", 1)),
            (play((0, 1), "", "2020-02-20"), ("question", 1)),
            # A pilot film that another source counts as a special.
            (play((0, 5), "Pilot", "2019-01-02"), ("only_with_title", 1001)),
        ],
    )
    def test_need_more_than_a_number(self, playback, expected):
        assert decide(playback, WEEKLY) == expected


class TestTwoNumbers:
    """Plex's index and the tail of its guid disagree."""

    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 1), "Pilot", "2019-01-02"), ("number_and_date", 1001)),
            (play((1, 1), "Old Friends"), ("number_and_title", 1003)),
            (play((1, 1), "", "2019-01-16"), ("number_and_date", 1003)),
            (play((1, 1), "", "2019-01-03"), ("number_and_date", 1001)),
            (play((1, 1)), ("question", 1001, 1003)),
            (play((1, 1), "始まり"), ("question", 1001, 1003)),
            (play((1, 1), "The Last Word", "2020-02-05"), ("only_with_title", 2003)),
            (play((2019, 1)), ("question", 1003)),
            (play((2019, 1), "Old Friends"), ("number_and_title", 1003)),
            (play((None, None)), ("number", 1003)),
        ],
    )
    def test_decides_by_title_or_date(self, playback, expected):
        playback = replace(playback, guid_season_number=1, guid_episode_number=3)
        assert decide(playback, WEEKLY) == expected

    def test_goes_on_where_the_catalogue_knows_neither(self):
        playback = replace(play((3, 1)), guid_season_number=4, guid_episode_number=1)
        assert decide(playback, WEEKLY) == ("missing",)

    def test_decides_a_real_mismatch(self):
        parsed = parse_payload(load("legacy_thetvdb_mismatch"))
        assert isinstance(parsed, Playback)
        scrubs = [
            known(1, 1, "My First Day", "2001-10-02"),
            known(1, 18, "My Tuscaloosa Heart", "2002-03-19"),
        ]
        assert decide(parsed, scrubs) == ("number_and_date", 1001)


class TestAbsoluteNumbers:
    @pytest.mark.parametrize(
        ("number", "episodes", "expected"),
        [
            ((9, 4), WEEKLY, ("absolute_number", 2001)),
            ((1, 1), WEEKLY, ("absolute_number", 1001)),
            ((9, 7), WEEKLY, ("missing",)),
            ((2, 25), THROUGH, ("absolute_number", 3025)),
        ],
    )
    def test_counts_through_the_regular_seasons(self, number, episodes, expected):
        assert decide(play(number, is_absolute=True), episodes) == expected

    def test_asks_where_title_or_date_contradict_the_count(self):
        playback = play((9, 4), "Old Debts", "2010-01-01", is_absolute=True)
        assert decide(playback, WEEKLY) == ("question", 2001, 2002)

    def test_counts_without_the_agents_word_only_where_the_title_or_date_agrees(self):
        assert decide(play((1, 4), "New Shoes"), WEEKLY) == ("only_with_title", 2001)
        assert decide(play((1, 4), "", "2020-01-23"), WEEKLY) == ("absolute_number", 2001)
        assert decide(play((1, 4)), WEEKLY) == ("question", 2001)

    def test_takes_a_new_season_for_new(self):
        assert decide(play((3, 2)), WEEKLY) == ("missing",)

    def test_decides_a_real_one(self):
        parsed = parse_payload(load("hama_absolute"))
        assert isinstance(parsed, Playback)
        one_piece = [known(1 + n // 100, n, f"Voyage {n} begins") for n in range(1, 1100)]
        assert decide(parsed, one_piece) == ("absolute_number", 12000)


class TestSeasonMap:
    MAP = SeasonMap(plex_season=1, season_number=2, offset=-3)

    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 4)), ("season_map", 2001)),
            (play((1, 5), "Old Debts", "2020-01-29"), ("season_map", 2002)),
            (play((1, 4), "", "2012-01-01"), ("season_map", 2001)),  # the user knows better
            (play((1, 4), "", "2020-01-29"), ("question", 2001, 2002)),
            (play((1, 4), episode_ids=EpisodeIds(tmdb=103)), ("tmdb_episode_id", 1003)),
            (play((1, 9)), ("missing",)),
            (play((2, 2)), ("number", 2002)),  # another season
        ],
    )
    def test_translates_the_number(self, playback, expected):
        assert decide(playback, WEEKLY, season_map=self.MAP) == expected


class TestHiddenSeasons:
    def test_takes_the_only_season_of_a_show(self):
        assert decide(play((None, 3), "Max"), DAILY) == ("number", 1003)

    def test_does_not_guess_among_several(self):
        assert decide(play((None, 3)), BARE) == ("missing",)


class TestJoinedEpisodes:
    CARTOON = [
        known(1, 1, "The Kite", "2001-01-01", 11),
        known(1, 2, "The Boat", "2001-01-01", 12),
        known(1, 3, "The Tree / The Leaf", "2001-01-08", 13),
        known(1, 4, "The Leaf", "2001-01-15", 14),
        known(2, 1, "Episode 1", None, 21),
        known(2, 2, "Episode 2", None, 22),
    ]

    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 1), "The Kite / The Boat", "2001-01-01"), ("joined_titles", 1001, 1002)),
            (play((1, 2), "The Boat / The Kite"), ("joined_titles", 1001, 1002)),
            (
                play((1, 1), "The Kite / The Boat", episode_ids=EpisodeIds(tmdb=12)),
                ("joined_titles", 1001, 1002),
            ),
            (play((2, 1), "Episode 1 / Episode 2"), ("joined_titles", 2001, 2002)),
            # A catalogue that joins them itself.
            (play((1, 3), "The Tree / The Leaf", "2001-01-08"), ("number_and_date", 1003)),
            # Not neighbours, or not both known: one episode at most.
            (play((1, 1), "The Kite / The Leaf", "2001-01-01"), ("number_and_date", 1001)),
            (play((1, 1), "The Kite / The Cloud", "2001-01-01"), ("number_and_date", 1001)),
            (play((2, 1), "Episode 5 / Episode 6"), ("number", 2001)),
            # The id says that it is another one.
            (
                play((1, 1), "The Kite / The Boat", episode_ids=EpisodeIds(tmdb=14)),
                ("tmdb_episode_id", 1004),
            ),
        ],
    )
    def test_finds_both_only_where_both_are_proven(self, playback, expected):
        assert decide(playback, self.CARTOON) == expected

    def test_decides_a_real_one(self):
        parsed = parse_payload(load("joined_episodes"))
        assert isinstance(parsed, Playback)
        parks = [
            known(7, 12, "One Last Ride (1)", "2015-02-24"),
            known(7, 13, "One Last Ride: Part 2", "2015-02-24"),
        ]
        assert decide(parsed, parks) == ("joined_titles", 7012, 7013)


class TestSeasonsNamedByYears:
    def test_decides_by_title_and_date(self):
        parsed = parse_payload(load("year_season"))
        assert isinstance(parsed, Playback)
        mythbusters = [
            known(9, 7, "Running on Water", "2011-05-04"),
            known(9, 8, "Blue Ice", "2011-05-11"),
        ]
        assert decide(parsed, mythbusters) == ("only_with_title", 9008)

    def test_decides_a_show_without_an_agent_by_its_date(self):
        parsed = parse_payload(load("no_agent_date_show"))
        assert isinstance(parsed, Playback)
        race = [known(5, 7, "Round 3", "2026-03-29"), known(5, 8, "Round 4", "2026-04-11")]
        assert decide(parsed, race) == ("only_on_date", 5008)


class TestTitleKey:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Pilot (1)", "Pilot, Part One"),
            ("Pilot: Part II", "pilot 2"),
            ("Vérité explosive", "VERITE EXPLOSIVE!"),
            ('"E & E"', "E and E"),
            ("Don\u2019t Look", "Dont look"),
            ("Smørrebrød", "Smorrebrod"),
            ("\uff21\uff22\uff23", "abc"),
            ("Straße", "Strasse"),
            ("Super-Man", "Superman"),
        ],
    )
    def test_is_blind_to_spelling(self, one, other):
        assert title_key(one) == title_key(other) != ""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Pilot (1)", "Pilot (2)"),
            ("ばら", "はら"),
            ("Part One of Us", "Part Two of Us"),
        ],
    )
    def test_tells_titles_apart(self, one, other):
        assert title_key(one) != title_key(other)

    @pytest.mark.parametrize(
        "title",
        [
            *("", "  ", "...", "🐟", "TBA", "tba", "To Be Announced", "Untitled", "12", "Part 3"),
            *("Episode 12", "Épisode 12", "Episode #12", "Ep. 12", "Folge 3", "Folge 12", "S01E02"),
            *("Season 2 Episode 3", "Aflevering 4", "Odcinek 5", "12. Bölüm", "Tập 7", "Серия 9"),
            *("第12話", "第 12 集", "第十二话", "剧12集", "12話", "제12화", "12화", "エピソード12"),
            *("2026-04-11", "April 11, 2026", "11.04.2026"),
        ],
    )
    def test_is_empty_for_titles_that_say_nothing(self, title):
        assert title_key(title) == ""

    @pytest.mark.parametrize(
        "title", ["June", "Chapter 14", "7:00 A.M.-8:00 A.M.", "Special", "剧"]
    )
    def test_is_not_empty_for_short_titles_that_say_something(self, title):
        assert title_key(title)

    @pytest.mark.parametrize(
        ("title", "expected"),
        [
            *(
                ("Old Debts", "latin"),
                ("即使如此", "cjk"),
                ("그래도", "hangul"),
                ("Серия", "cyrillic"),
            ),
            *(("שלום", "hebrew"), ("سلام", "arabic"), ("ตอน", "thai"), ("24", "")),
        ],
    )
    def test_script(self, title, expected):
        assert script(title) == expected


class TestSpeed:
    def test_is_quick_for_a_thousand_episodes(self):
        episodes = [known(1 + n // 100, n, f"The tale of number {n}") for n in range(1, 1001)]
        index = EpisodeIndex(episodes)
        plays = [play((1 + n // 100, n), f"The tale of number {n}") for n in range(1, 501)]
        started = time.perf_counter()
        for playback in plays:
            assert isinstance(match_episode(playback, index), EpisodeMatch)
        assert time.perf_counter() - started < 1.0


titles = st.sampled_from(
    ["", "TBA", "Pilot", "Old Friends", "A / B", "Pilot / Old Friends", "帰り道"]
)
numbers = st.none() | st.integers(0, 4)
dates = st.none() | st.dates(date(2019, 1, 1), date(2019, 1, 20))
catalogues = st.lists(
    st.builds(
        lambda season, number, title, aired, tmdb_id: replace(
            known(season, number, title), air_date=aired, tmdb_id=tmdb_id
        ),
        *(st.integers(0, 3), st.integers(0, 4), titles, dates, st.none() | st.integers(1, 9)),
    ),
    max_size=12,
    unique_by=(lambda e: e.id, lambda e: e.tmdb_id or -e.id - 1),
)
playbacks = st.builds(
    lambda title, aired, tmdb_id, **more: replace(
        PLAYBACK,
        title=title,
        joined_titles=tuple(title.split(" / ")) if " / " in title else (),
        air_date=aired,
        episode_ids=EpisodeIds(tmdb=tmdb_id),
        **more,
    ),
    title=titles,
    aired=dates,
    tmdb_id=st.none() | st.integers(1, 12),
    season_number=numbers,
    episode_number=numbers,
    guid_season_number=numbers,
    guid_episode_number=numbers,
    is_absolute=st.booleans(),
)
found_pairs = st.builds(
    FoundPair, st.integers(0, 3), st.integers(0, 4), st.none() | st.integers(1, 12)
)
maps = st.none() | st.builds(
    SeasonMap,
    plex_season=st.integers(0, 4),
    season_number=st.integers(0, 4),
    offset=st.integers(-3, 3),
)


@given(playbacks, catalogues, st.none() | found_pairs, maps)
def test_never_raises_and_only_names_episodes_of_the_show(
    playback, episodes, found_pair, season_map
):
    decision = match_episode(playback, episodes, found_pair=found_pair, season_map=season_map)
    ids = {episode.id for episode in episodes}
    assert decision.reason.endswith(".")
    if isinstance(decision, EpisodeMatch):
        assert set(decision.episode_ids) <= ids
        assert len(decision.episode_ids) == 1 or decision.evidence == "joined_titles"
    elif isinstance(decision, EpisodeQuestion):
        assert decision.candidates
        assert {candidate.episode_id for candidate in decision.candidates} <= ids
        scores = [candidate.score for candidate in decision.candidates]
        assert scores == sorted(scores, reverse=True)


@given(playbacks, catalogues)
def test_the_tmdb_id_always_wins(playback, episodes):
    owner = [e for e in episodes if e.tmdb_id and e.tmdb_id == playback.episode_ids.tmdb]
    decision = match_episode(playback, episodes)
    if owner:
        assert isinstance(decision, EpisodeMatch)
        assert owner[0].id in decision.episode_ids


@given(playbacks, catalogues)
def test_a_date_a_year_off_never_passes_unnoticed(playback, episodes):
    """A bare number is never taken for an episode that aired at quite another time."""
    moved = [
        replace(e, air_date=e.air_date + timedelta(days=500)) if e.air_date else e for e in episodes
    ]
    decision = match_episode(playback, moved)
    if isinstance(decision, EpisodeMatch) and decision.evidence == "number" and playback.air_date:
        (episode,) = [e for e in moved if e.id == decision.episode_ids[0]]
        assert episode.air_date is None


@pytest.mark.parametrize("number", [None, 0, -1, -9])
def test_no_episode_is_counted_from_the_end(number):
    """A season mapped by hand with an offset can lead below 1."""
    episodes = [
        KnownEpisode(
            id=n,
            season_number=1,
            episode_number=n,
            title="",
            air_date=None,
            tmdb_id=None,
            runtime=None,
        )
        for n in (1, 2, 3)
    ]
    assert EpisodeIndex(episodes).absolute(number) is None
