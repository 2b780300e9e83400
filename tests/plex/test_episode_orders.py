"""Other orders than TMDB's own: what a number is there, and which one the evidence fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plex.episodes.match import EpisodeIndex, EpisodeMatch, KnownEpisode, SeasonMap, match_episode
from plex.episodes.orders import (
    NumberFact,
    Order,
    counted_order,
    fit_of,
    propose_order,
    year_order,
)
from plex.guid import EpisodeIds, parse_guid
from plex.payload import Playback, parse_payload
from tests.plex.factories import scrobble
from tests.plex.weekly import THROUGH, WEEKLY, day, decide, known, play

# As TMDB has it; on DVD "Serenity" is the first one and the rest moves down.
FIREFLY = [
    known(0, 1, "Here's How It Was", "2003-12-09", 900),
    known(1, 1, "The Train Job", "2002-09-20", 101),
    known(1, 2, "Bushwhacked", "2002-09-27", 102),
    known(1, 3, "Our Mrs. Reynolds", "2002-10-04", 103),
    known(1, 4, "Jaynestown", "2002-10-18", 104),
    known(1, 5, "Serenity", "2002-12-20", 105),
]
DVD = Order(
    key="tmdb:5ad1",
    name="DVD order",
    places={(1, 1): 1005, (1, 2): 1001, (1, 3): 1002, (1, 4): 1003},
)
# Nine years of it, a season of TMDB is no year.
BUSTERS = [
    known(1, 1, "Jet Car", "2003-01-23"),
    known(1, 2, "Biscuit Bazooka", "2003-12-23"),
    known(2, 1, "Poppy Seed", "2004-01-07"),
    known(2, 2, "Levitation", "2004-01-21"),
    known(2, 3, "Born on No Day", None),
]


def ordered(playback: Playback, order: Order, episodes: list[KnownEpisode]) -> tuple:
    return decide(playback, episodes, order=order)


class TestAChosenOrder:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 1)), ("order", 1005)),
            (play((1, 2), "The Train Job"), ("order", 1001)),
            (play((1, 2), "", "2002-09-20"), ("order", 1001)),
            (play((1, 2), "Der Zugraub", "2002-09-20"), ("order", 1001)),
            (play((1, 1), "Episode 1"), ("order", 1005)),
            # Contradicted: by the title, the date, an id that the catalogue lacks.
            (play((1, 2), "Jaynestown"), ("question", 1001, 1004)),
            (play((1, 2), "", "2002-10-18"), ("question", 1001, 1004)),
            (play((1, 2), "", "2012-10-18"), ("question", 1001)),
            (play((1, 2), episode_ids=EpisodeIds(tmdb=999)), ("question", 1001)),
            # Proven by more than the order.
            (play((1, 2), "Jaynestown", "2002-10-18"), ("only_with_title", 1004)),
            (play((1, 2), episode_ids=EpisodeIds(tmdb=104)), ("tmdb_episode_id", 1004)),
            # Not in the order: its number in TMDB's numbering means nothing then.
            (play((1, 5)), ("missing",)),
            (play((1, 5), "Jaynestown"), ("only_with_title", 1004)),
            (play((2, 1), "", "2002-10-18"), ("only_on_date", 1004)),
            # The order says nothing of specials, so TMDB's numbers count.
            (play((0, 1), "Here's How It Was"), ("number_and_title", 1)),
        ],
    )
    def test_is_where_the_number_is_looked_up(self, playback, expected):
        assert ordered(playback, DVD, FIREFLY) == expected

    def test_may_hold_specials_and_call_them_regular(self):
        order = replace(DVD, places={(1, 1): 1, (0, 1): 1005})
        assert ordered(play((1, 1), "Ein anderer Titel"), order, FIREFLY) == ("order", 1)
        assert ordered(play((0, 1)), order, FIREFLY) == ("order", 1005)

    def test_yields_to_a_season_mapped_by_hand(self):
        by_hand = SeasonMap(plex_season=1, season_number=1, offset=1)
        found = match_episode(play((1, 1)), FIREFLY, order=DVD, season_map=by_hand)
        assert isinstance(found, EpisodeMatch)
        assert found.episode_ids == (1002,)

    def test_says_what_it_rests_on(self):
        found = match_episode(play((1, 2), "The Train Job"), FIREFLY, order=DVD)
        assert isinstance(found, EpisodeMatch)
        assert found.reason == (
            "S01E01 by the order that you chose for Plex: number and title agree."
        )

    def test_names_plexs_number_where_the_order_lacks_it(self):
        found = match_episode(play((1, 9)), FIREFLY, order=DVD)
        assert "no S01E09 by the order that you chose" in found.reason


class TestCountedThrough:
    @pytest.mark.parametrize(
        ("number", "episodes", "expected"),
        [
            ((1, 5), WEEKLY, ("order", 2002)),
            ((2, 5), WEEKLY, ("order", 2002)),
            ((None, 5), WEEKLY, ("order", 2002)),
            ((1, 7), WEEKLY, ("missing",)),
            ((1, 25), THROUGH, ("order", 3025)),
            ((0, 1), WEEKLY, ("number", 1)),
        ],
    )
    def test_needs_no_season(self, number, episodes, expected):
        assert ordered(play(number), counted_order(EpisodeIndex(episodes)), episodes) == expected

    def test_an_absolute_order_of_tmdb_may_leave_episodes_out(self):
        order = Order(
            key="tmdb:x",
            name="Absolute",
            places={(1, 1): 1001, (1, 2): 2001},
            counts_through=True,
        )
        assert ordered(play((4, 2)), order, WEEKLY) == ("order", 2001)


class TestYears:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            ((2003, 2), ("order", 1002)),
            ((2004, 1), ("order", 2001)),
            ((2004, 3), ("missing",)),
            ((2011, 8), ("missing",)),
            ((2, 1), ("number", 2001)),  # no year: TMDB's own number
        ],
    )
    def test_count_the_episodes_of_a_year(self, number, expected):
        assert ordered(play(number), year_order(EpisodeIndex(BUSTERS)), BUSTERS) == expected

    def test_of_one_day_go_in_tmdbs_order(self):
        index = EpisodeIndex([known(1, n, "", "2011-04-06") for n in (1, 2, 3)])
        assert year_order(index).places == {
            (2011, 1): 1001,
            (2011, 2): 1002,
            (2011, 3): 1003,
        }


def fact(season: int, number: int, *ids: int) -> NumberFact:
    return NumberFact(place=(season, number), episode_ids=frozenset(ids))


class TestProposing:
    INDEX = EpisodeIndex(FIREFLY)
    FITTING = (fact(1, 1, 1005), fact(1, 2, 1001), fact(1, 3, 1002))

    def test_takes_three_episodes_that_tmdbs_numbers_do_not_explain(self):
        fit = propose_order(self.FITTING, [counted_order(self.INDEX), DVD], self.INDEX)
        assert fit is not None
        assert (fit.order, fit.fitting) == (DVD, ((1, 1), (1, 2), (1, 3)))

    @pytest.mark.parametrize(
        "facts",
        [
            (),
            FITTING[:2],
            # One more of them is proven to be another one than the order says.
            (*FITTING, fact(1, 4, 1004)),
            # Explained by TMDB's own numbers.
            (fact(1, 1, 1001), fact(1, 2, 1002), fact(1, 3, 1003)),
            # Either would do.
            (*FITTING[:2], fact(1, 3, 1002, 1003)),
        ],
    )
    def test_takes_no_less(self, facts):
        assert propose_order(facts, [DVD], self.INDEX) is None

    def test_what_the_order_lacks_says_nothing_against_it(self):
        facts = (*self.FITTING, fact(0, 1, 1), fact(1, 5, 1004))
        assert propose_order(facts, [DVD], self.INDEX) is not None

    def test_takes_the_order_that_explains_most(self):
        less = replace(DVD, key="tmdb:less", places=dict(list(DVD.places.items())[:3]))
        facts = (*self.FITTING, fact(1, 4, 1003))
        fit = propose_order(facts, [less, DVD], self.INDEX)
        assert fit is not None
        assert fit.order is DVD

    def test_counting_through_and_years_need_nothing_from_tmdb(self):
        weekly, busters = EpisodeIndex(WEEKLY), EpisodeIndex(BUSTERS)
        through = (fact(1, 4, 2001), fact(1, 5, 2002), fact(1, 6, 2003))
        years = (fact(2003, 1, 1001), fact(2003, 2, 1002), fact(2004, 1, 2001))
        for facts, index, key in ((through, weekly, "absolute"), (years, busters, "years")):
            fit = propose_order(facts, [counted_order(index), year_order(index)], index)
            assert fit is not None
            assert fit.order.key == key

    def test_a_fit_names_what_speaks_against_it(self):
        fit = fit_of(DVD, [fact(1, 4, 1004), fact(1, 1, 1005)], self.INDEX)
        assert (fit.fitting, fit.against) == (((1, 1),), ((1, 4),))


class TestModesOfTheAnimeAgent:
    """The series has three seasons of three: what is S02E05, and what is S01E02, in each mode?"""

    ANIME = [known(s, n, "", None, s * 10 + n) for s in (1, 2, 3) for n in (1, 2, 3)]

    @pytest.mark.parametrize(
        ("mode", "number", "expected"),
        [
            # One entry of AniDB for each season: its number says nothing by itself.
            ("anidb", (1, 2), ("question", 1002)),
            ("anidb2", (1, 2), ("question", 1002)),
            ("anidb3", (1, 2), ("question", 1002)),
            ("anidb4", (1, 2), ("question", 1002)),
            # Seasons and numbers of TVDB.
            ("tvdb", (2, 2), ("number", 2002)),
            ("tvdb2", (2, 2), ("number", 2002)),
            ("tvdb5", (2, 2), ("number", 2002)),
            ("tvdb6", (2, 2), ("number", 2002)),
            ("tsdb", (2, 2), ("number", 2002)),
            ("imdb", (2, 2), ("number", 2002)),
            ("tvdb2", (2, 5), ("question", 2002)),
            # Seasons of TVDB with numbers of the series; arcs as seasons with such numbers.
            ("tvdb3", (2, 5), ("absolute_number", 2002)),
            ("tvdb4", (7, 5), ("absolute_number", 2002)),
            ("tvdb4", (1, 10), ("missing",)),
            # Specials never count through.
            ("tvdb3", (0, 5), ("missing",)),
        ],
    )
    def test_reads_its_numbers(self, mode, number, expected):
        season, episode = number
        guid = f"com.plexapp.agents.hama://{mode}-81797"
        parsed = parse_payload(
            scrobble(
                "One Piece",
                season,
                episode,
                title="",
                guid=f"{guid}/{season}/{episode}?lang=en",
                grandparentGuid=f"{guid}?lang=en",
            )
        )
        assert isinstance(parsed, Playback)
        assert decide(parsed, self.ANIME) == expected

    @pytest.mark.parametrize(
        ("mode", "ids"),
        [
            ("anidb", (None, None, None)),
            ("tvdb4", (None, 81797, None)),
            ("tvdb6", (None, 81797, None)),
            ("tsdb", (81797, None, None)),
            ("tmdb", (None, None, None)),  # its number is a film's
            ("imdb", (None, None, "tt0081797")),
        ],
    )
    def test_names_the_series(self, mode, ids):
        found = parse_guid(f"com.plexapp.agents.hama://{mode}-81797/1/2").show_ids
        assert (found.tmdb, found.tvdb, found.imdb) == ids

    @pytest.mark.parametrize(
        ("title", "aired", "expected"),
        [
            ("The Voyage", None, ("number_and_title", 1002)),
            ("", "2001-01-08", ("number_and_date", 1002)),
            ("", None, ("number", 1002)),  # a series with one season
        ],
    )
    def test_an_entry_of_anidb_is_taken_where_more_agrees(self, title, aired, expected):
        seasons = [known(1, 2, "The Voyage", "2001-01-08"), known(2, 2, "Else", "2003-01-08")]
        episodes = seasons if title or aired else seasons[:1]
        playback = replace(play((1, 2), title), air_date=day(aired), is_entry=True)
        assert decide(playback, episodes) == expected


class TestJointNumbers:
    @pytest.mark.parametrize(
        ("index", "title", "expected"),
        [
            (1, "Episode 1-2", ("joint_number", 1001, 1002)),
            (1, "Episodes 1 & 2", ("joint_number", 1001, 1002)),
            (1, "S01E01-E02", ("joint_number", 1001, 1002)),
            (1, "s01e01e02", ("joint_number", 1001, 1002)),
            (1, "Folge 1 und 2", ("joint_number", 1001, 1002)),
            (1, "Épisode 1 et Épisode 2", ("joint_number", 1001, 1002)),
            (1, "E01-03", ("joint_number", 1001, 1002, 1003)),
            ("1-2", "", ("joint_number", 1001, 1002)),
            ("E02-E03", "", ("joint_number", 1002, 1003)),
            # One number: the one.
            (1, "Episode 1", ("number", 1001)),
            (2, "Episode 2", ("number", 1002)),
            # Season 1, number 2; the first of two parts; no file holds so many; not all known.
            (2, "Episode 1-2", ("number", 1002)),
            (1, "Episode 1/2", ("number", 1001)),
            (1, "Episode 1-12", ("number", 1001)),
            (3, "Episode 3-4", ("number", 1003)),
            (1, "Area 51-52", ("number", 1001)),
        ],
    )
    def test_marks_all_of_a_joint_number(self, index, title, expected):
        parsed = parse_payload(scrobble("Some Show", 1, 1, title=title, index=index))
        assert isinstance(parsed, Playback)
        episodes = [known(1, n, "", f"2019-01-0{n}") for n in (1, 2, 3)]
        assert decide(parsed, episodes) == expected

    def test_believes_a_contradicting_id_or_date_more(self):
        both = play((1, 1), "Episode 1-2", joint_numbers=(1, 2))
        assert decide(replace(both, episode_ids=EpisodeIds(tmdb=103)), WEEKLY) == (
            *("tmdb_episode_id", 1003),
        )
        assert decide(replace(both, air_date=day("2010-01-01")), WEEKLY) == ("question", 1001)
        assert decide(replace(both, episode_ids=EpisodeIds(tmdb=999)), WEEKLY) == (
            *("question", 1001),
        )

    def test_counts_on_in_the_chosen_order(self):
        both = play((1, 2), joint_numbers=(2, 3))
        assert decide(both, FIREFLY, order=DVD) == ("joint_number", 1001, 1002)
        lacking = play((1, 7), joint_numbers=(7, 8))
        assert decide(lacking, FIREFLY, order=DVD) == ("missing",)


class TestOtherLanguages:
    @pytest.mark.parametrize(
        ("playback", "expected"),
        [
            (play((1, 2), "Der lange Heimweg"), ("number", 1002)),
            (play((1, 2), "Der lange Heimweg", "2019-01-09"), ("number_and_date", 1002)),
            (play((1, 2), "Der lange Heimweg", "2019-02-01"), ("number", 1002)),
            (play((1, 2), "長い帰り道", "2019-01-09"), ("number_and_date", 1002)),
            (play((2019, 2), "Der lange Heimweg", "2019-01-09"), ("only_on_date", 1002)),
            # Two seasons as one: the count and the date agree.
            (play((1, 5), "Alte Schulden", "2020-01-29"), ("absolute_number", 2002)),
            (play((1, 5), "Folge 5"), ("question", 2002)),
        ],
    )
    def test_contradict_nothing(self, playback, expected):
        assert decide(playback, WEEKLY) == expected
