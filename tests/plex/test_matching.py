"""Which show a title or ids mean: what proves it, and what must stay a question."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from plex import candidates, likeness, matching, ranking, title_index
from plex.matching import (
    AUTOMATIC,
    Candidate,
    IdHit,
    Match,
    Question,
    decide_by_ids,
    decide_by_title,
    potential_matches,
    rank,
)
from plex.ranking import HIGHEST_SUGGESTION

numbers = count(1001)


def show(title, year=None, *, pk=None, tmdb=None, **fields):
    pk = pk or (None if tmdb else next(numbers))
    return Candidate(tvshow_id=pk, tmdb_id=tmdb, title=title, year=year, **fields)


def decide(title, *candidates, year=None, latest=None, **options):
    return decide_by_title(
        title, show_year=year, latest_year=latest, candidates=candidates, **options
    )


OFFICE_US = show("The Office", 2005, pk=1, countries=("US",))
OFFICE_UK = show("The Office", 2001, pk=2, countries=("GB",))
VIKINGS, VALHALLA = show("Vikings", 2013, pk=3), show("Vikings: Valhalla", 2022, pk=4)

# (what it shows, title on Plex, the show's own year, candidates, the confidence or None)
BY_YEAR = [
    ("same title, same year", "Dark", 2017, [show("Dark", 2017)], 0.92),
    ("same key, same year", "Carole and Tuesday", 2019, [show("Carole & Tuesday", 2019)], 0.92),
    ("the year stands in the title", "Dynasty (2017)", None, [show("Dynasty", 2017)], 0.92),
    ("the year stands bare", "What If 2021", None, [show("What If...?", 2021)], 0.90),
    ("a bare year that is part", "Japan Sinks 2020", 2020, [show("Japan Sinks: 2020", 2020)], 0.92),
    ("the original title", "ダーク", 2017, [show("Dark", 2017, original_title="ダーク")], 0.92),
    ("another title", "Noite", 2017, [show("Dark", 2017, other_titles=("Noite",))], 0.91),
    ("the namesake is long ago", "Dynasty", 2017, [show("Dynasty", 2017), show("Dynasty", 1981)], 0.92),
    ("one year off", "Dark", 2016, [show("Dark", 2017)], None),
    ("no year on Plex", "Dark", None, [show("Dark", 2017)], None),
    ("no year here", "Dark", 2017, [show("Dark")], None),
    ("a namesake one year apart", "Dark", 2017, [show("Dark", 2017), show("Dark", 2018)], None),
    ("a namesake two years apart", "Dark", 2017, [show("Dark", 2017), show("Dark", 2015)], None),
    ("a namesake of three years", "Dark", 2017, [show("Dark", 2017), show("Dark", 2014)], 0.92),
    ("a namesake of no known year", "Dark", 2017, [show("Dark", 2017), show("Dark")], None),
    ("a namesake by another title", "Dark", 2017,
     [show("Dark", 2017), show("Night", 2018, other_titles=("Dark",))], None),
    ("twins", "Dark", 2017, [show("Dark", 2017, pk=1), show("Dark", 2017, pk=2)], None),
    ("title and Plex disagree", "Dynasty (2017)", 1981, [show("Dynasty", 2017), show("Dynasty", 1981)], None),
    ("almost the same title", "Sherlok", 2010, [show("Sherlock", 2010)], None),
    ("a subtitle more", "Vikings", 2022, [VALHALLA], None),
    ("a subtitle less", "Vikings: Valhalla", 2013, [VIKINGS], None),
    ("another country", "The Office (UK)", 2005, [OFFICE_US], None),
    ("the country tells twins apart", "Zoo (US)", 2010,
     [show("Zoo", 2010, countries=("US",)), show("Zoo", 2011, countries=("GB",))], 0.92),
    ("the country of the twin is not known", "Zoo (US)", 2010,
     [show("Zoo", 2010, countries=("US",)), show("Zoo", 2011)], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "year", "candidates", "confidence"),
    [case[1:] for case in BY_YEAR],
    ids=[case[0] for case in BY_YEAR],
)
def test_title_and_year(title, year, candidates, confidence):
    decided = decide(title, *candidates, year=year)
    if confidence is None:
        assert isinstance(decided, Question)
    else:
        assert isinstance(decided, Match)
        assert decided.candidate == candidates[0]
        assert (decided.confidence, decided.method) == (confidence, "title_year")
        assert decided.evidence


PROOFS = [
    ("holds the episode id", [show("Dark", holds_episode_id=True)], 0.95),
    ("does not hold it", [show("Dark", holds_episode_id=False)], None),
    ("airs on that date", [show("Dark", airs_on_date=True)], 0.92),
    ("does not air on that date", [show("Dark", airs_on_date=False)], None),
    ("the date under another title", [show("Darkness", airs_on_date=True)], None),
    ("the namesake does not", [show("Dark", 2017, airs_on_date=True), show("Dark", 1990, airs_on_date=False)], 0.92),
    ("the namesake was not looked at", [show("Dark", 2017, airs_on_date=True), show("Dark", 1990)], None),
    ("both air on that date", [show("Dark", 2017, airs_on_date=True), show("Dark", 1990, airs_on_date=True)], None),
    ("both hold the episode id", [show("Dark", 2017, holds_episode_id=True), show("Dusk", holds_episode_id=True)], None),
    ("id and date disagree", [show("Dark", 2017, holds_episode_id=True, airs_on_date=False),
                              show("Dark", 1990, airs_on_date=True)], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("candidates", "confidence"), [case[1:] for case in PROOFS], ids=[case[0] for case in PROOFS]
)
def test_proofs_of_the_episode(candidates, confidence):
    decided = decide("Dark", *candidates)
    if confidence is None:
        assert isinstance(decided, Question)
    else:
        assert isinstance(decided, Match)
        assert (decided.candidate, decided.confidence) == (candidates[0], confidence)


def test_an_episode_id_is_a_match_by_tmdb():
    decided = decide("Dark", show("Dark", holds_episode_id=True))
    assert isinstance(decided, Match)
    assert decided.method == "tmdb_id"


def test_the_date_does_not_outweigh_another_year():
    assert isinstance(decide("Dark", show("Dark", 1990, airs_on_date=True), year=2017), Question)


def test_proof_of_one_show_and_the_year_of_another_are_a_question():
    decided = decide("Dark", show("Dark", 2017), show("Dusk", holds_episode_id=True), year=2017)
    assert isinstance(decided, Question)
    assert decided.kind == "multiple_matches"
    assert "does not agree" in decided.reason


def test_without_tmdb_the_year_is_weaker_proof_but_proof():
    decided = decide("Dark", show("Dark", 2017), year=2017, namesakes_complete=False)
    assert isinstance(decided, Match)
    assert decided.confidence == AUTOMATIC


def test_two_offices_are_a_question_with_both():
    decided = decide("The Office", OFFICE_US, OFFICE_UK, latest=2006)
    assert isinstance(decided, Question)
    assert decided.kind == "multiple_matches"
    assert {one.candidate for one in decided.ranked} == {OFFICE_US, OFFICE_UK}
    assert "The Office (2005)" in decided.reason


def test_the_episodes_year_never_counts_as_the_shows():
    shows = [show("Dynasty", 2017), show("Dynasty", 1981)]
    assert isinstance(decide("Dynasty", *shows, latest=2017), Question)
    assert isinstance(decide("Dynasty", shows[0], latest=2017), Question)


def test_the_episodes_year_rules_out_what_began_later():
    old, new = show("Dynasty", 1981), show("Dynasty", 2017)
    ranked = rank("Dynasty", show_year=None, latest_year=1985, candidates=[new, old])
    assert [one.candidate for one in ranked] == [old]


def test_a_held_episode_is_not_ruled_out_by_years():
    decided = decide("Dark", show("Dark", 2018, holds_episode_id=True), latest=2017)
    assert isinstance(decided, Match)


@pytest.mark.parametrize(
    ("candidates", "kind"),
    [
        ([], "no_match"),
        ([show("Something Else Entirely", 1970)], "no_match"),
        ([show("Dark", 2016)], "ambiguous"),
        ([show("Dark", 2016), show("Dark", 1999)], "multiple_matches"),
    ],
)
def test_kinds_of_questions(candidates, kind):
    decided = decide("Dark", *candidates, year=2017)
    assert isinstance(decided, Question)
    assert decided.kind == kind
    assert decided.reason.endswith(".")


def test_a_show_of_ours_that_tmdb_lists_too_is_one_show():
    ours = show("Dark", 2017, pk=5, tmdb=70523, is_tracked=True)
    listed = show("Dark", 2017, tmdb=70523, original_title="Dark (de)", airs_on_date=True)
    decided = decide("Dark", ours, listed, year=2017)
    assert isinstance(decided, Match)
    assert decided.candidate.tvshow_id == 5
    assert decided.candidate.airs_on_date is True
    assert decided.candidate.other_titles == ("Dark", "Dark (de)")


def test_the_best_suggestion_stands_first_and_never_looks_sure():
    ranked = rank(
        "Vikings", show_year=None, latest_year=None, candidates=[VALHALLA, VIKINGS, OFFICE_UK]
    )
    assert [one.candidate for one in ranked] == [VIKINGS, VALHALLA, OFFICE_UK]
    assert HIGHEST_SUGGESTION >= ranked[0].score > ranked[1].score > ranked[2].score > 0


def test_vikings_are_not_their_successors():
    assert isinstance(decide("Vikings", VALHALLA), Question)
    assert isinstance(decide("Vikings", VALHALLA, year=2022), Question)


def test_of_equals_the_tracked_show_stands_first():
    one, other = show("Dark", pk=1), show("Dark", pk=2, is_tracked=True)
    ranked = rank("Dark", show_year=None, latest_year=None, candidates=[one, other])
    assert ranked[0].candidate == other


@pytest.mark.parametrize(
    ("candidate", "year", "reason"),
    [
        (show("Dark"), None, "the same title"),
        (show("Dusk", other_titles=("Dark",)), None, "the same title: it is also called “Dark”"),
        (show("Darker"), None, "a similar title"),
        (show("Sesame Street"), None, "another title"),
        (show("Dark", 2017), 2017, "the same year: 2017"),
        (show("Dark", 2005), 2017, "the year differs: 2005 here, 2017 on Plex"),
        (show("Dark", 2005), None, "it began in 2005; Plex did not say the show's year"),
        (show("Dark", holds_episode_id=True), None, "its season holds this very episode"),
        (show("Dark", airs_on_date=True), None, "it has this episode on the same date"),
        (show("Dark", airs_on_date=False), None, "it has no such episode on that date"),
    ],
)
def test_reasons(candidate, year, reason):
    ranked = rank("Dark", show_year=year, latest_year=None, candidates=[candidate])
    assert reason in ranked[0].reasons


@pytest.mark.parametrize(
    ("title", "reason"),
    [("The Office (UK)", "the same country: GB"), ("The Office (US)", "another country than: US")],
)
def test_reasons_of_the_country(title, reason):
    ranked = rank(title, show_year=None, latest_year=None, candidates=[OFFICE_UK])
    assert reason in ranked[0].reasons


def test_a_country_in_our_title_counts():
    ours, other = show("The Office (US)", pk=1), show("The Office (UK)", pk=2)
    ranked = rank("The Office (UK)", show_year=None, latest_year=None, candidates=[ours, other])
    assert ranked[0].candidate == other


DARK, DUSK = show("Dark", 2017, pk=1, tmdb=70523), show("Dusk", 2020, pk=2, tmdb=5)


def hit(source, candidate):
    return IdHit(source=source, candidate=candidate, sentence=f"{source} is {candidate.title}.")


@pytest.mark.parametrize(
    ("sources", "confidence", "method"),
    [
        (["tmdb_id"], 1.0, "tmdb_id"),
        (["tvdb_id"], 0.95, "tvdb_id"),
        (["imdb_id"], 0.95, "imdb_id"),
        (["imdb_id", "tmdb_id"], 1.0, "tmdb_id"),
        (["tvdb_id", "imdb_id"], 0.95, "tvdb_id"),
    ],
)
def test_ids_that_agree(sources, confidence, method):
    decided = decide_by_ids(found=[hit(source, DARK) for source in sources])
    assert isinstance(decided, Match)
    assert (decided.confidence, decided.method) == (confidence, method)
    assert decided.evidence == tuple(f"{source} is Dark." for source in sources)


def test_ids_that_disagree_are_a_question_with_both():
    decided = decide_by_ids(found=[hit("tvdb_id", DARK), hit("imdb_id", DUSK)])
    assert isinstance(decided, Question)
    assert decided.kind == "ambiguous"
    assert [one.candidate for one in decided.ranked] == [DARK, DUSK]
    assert decided.ranked[1].reasons == ("imdb_id is Dusk.",)


def test_ids_name_one_show_by_either_of_our_numbers():
    listed = replace(DARK, tvshow_id=None)
    decided = decide_by_ids(found=[hit("tvdb_id", DARK), hit("imdb_id", listed)])
    assert isinstance(decided, Match)
    assert decided.candidate.tvshow_id == 1


def test_no_ids_decide_nothing():
    assert decide_by_ids(found=[]) is None


def test_suggestions_as_json():
    found = replace(DARK, poster_path="/dark.jpg")
    (suggestion,) = potential_matches(
        rank("Dark", show_year=2016, latest_year=None, candidates=[found])
    )
    assert suggestion.pop("score") == pytest.approx(0.6, abs=0.25)
    assert suggestion == {
        "tvshow_id": 1,
        "tmdb_id": 70523,
        "title": "Dark",
        "year": 2017,
        "reasons": ["the same title", "the year differs: 2017 here, 2016 on Plex"],
        "poster": "/dark.jpg",
    }


@given(
    st.text(),
    st.lists(st.tuples(st.text(), st.none() | st.integers(1928, 2100)), max_size=5),
    st.none() | st.integers(1928, 2100),
    st.none() | st.integers(1928, 2100),
)
def test_any_titles_are_ranked_and_nothing_is_matched_without_proof(title, shows, year, latest):
    candidates = [show(name, first, pk=pk) for pk, (name, first) in enumerate(shows, start=1)]
    decided = decide(title, *candidates, year=year, latest=latest)
    if isinstance(decided, Match):
        assert decided.candidate.year
        assert decided.confidence >= AUTOMATIC
    else:
        assert all(0 <= one.score <= HIGHEST_SUGGESTION for one in decided.ranked)


def test_a_blank_title_matches_nothing():
    assert isinstance(decide("", show("", 2017), show(" ", 2017), year=2017), Question)


def constants():
    modules = (candidates, likeness, matching, ranking, title_index)
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and type(value) in {int, float} and not name.startswith("_")
    }


def test_the_page_about_matching_has_every_constant_with_its_value():
    text = (settings.BASE_DIR / "docs" / "matching.md").read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (-?[0-9.]+) \| .+ \|$", text, re.MULTILINE)
    imported = {"MAX_KEY_LENGTH"}
    assert {name: float(value) for name, value in rows} == {
        name: value for name, value in constants().items() if name not in imported
    }
