"""Which of a person's rules decides about a play."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.payload import Playback, parse_payload
from plex.rules.ruling import (
    ALWAYS,
    GUID,
    IGNORE,
    LIBRARY,
    NEVER,
    TITLE,
    Rule,
    fits_pattern,
    is_too_wide,
    ruling_on,
)
from tests.plex.factories import scrobble

ids = count(1)


def rule(field: str, pattern: str, verdict: str = IGNORE, **changes: Any) -> Rule:
    show = None if verdict == IGNORE else 7
    return Rule(
        **{
            "id": next(ids), "user_id": 1, "field": field, "pattern": pattern, "verdict": verdict,
            "tvshow_id": show, **changes,
        }
    )  # fmt: skip


def play(title: str = "Severance", **metadata: Any) -> Playback:
    playback = parse_payload(scrobble(title, 1, 1, **metadata))
    assert isinstance(playback, Playback)
    return playback


@pytest.mark.parametrize(
    ("pattern", "title"),
    [
        ("severance", "Severance"),
        ("The Office", "Office"),
        ("The Office (UK)", "The Office (UK)"),
        ("Law and Order", "Law & Order"),
        ("Súbete", "Subete"),
        ("Dynasty (2017)", "Dynasty (2017)"),
        ("Star Trek*", "Star Trek: Discovery"),
        ("*Office*", "The Office (UK)"),
        ("marvel's *", "Marvel\u2019s Daredevil"),
        ("進撃の*", "進撃の巨人"),
    ],
)
def test_a_title_fits_however_it_is_spelled(pattern, title):
    assert ruling_on(play(title), [rule(TITLE, pattern)]).ignores


@pytest.mark.parametrize(
    ("pattern", "title"),
    [
        ("Severance", "Severance: Behind the Scenes"),
        ("The Office", "The Office (UK)"),
        ("The Office (UK)", "The Office (US)"),
        ("The Office (UK)", "The Office"),
        ("Dynasty (2017)", "Dynasty (1981)"),
        ("Dynasty (2017)", "Dynasty"),
        ("Dynasty", "Dynasty (2017)"),
        ("Office*", "The Office"),
        ("Star Trek*", "Deep Space Nine"),
        ("Sev.rance", "Severance"),
    ],
)
def test_another_title_does_not_fit(pattern, title):
    assert not ruling_on(play(title), [rule(TITLE, pattern)]).ignores


def test_the_shows_own_year_counts_where_plex_sends_it():
    assert ruling_on(play("Dynasty", grandparentYear=2017), [rule(TITLE, "Dynasty (2017)")]).ignores
    assert not ruling_on(play("Dynasty", year=2017), [rule(TITLE, "Dynasty (2017)")]).ignores


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [
        ("plex://show/5d9c086c46115600200aa2fe", {"grandparentGuid": "plex://show/5D9C086c46115600200aa2fe"}),
        ("com.plexapp.agents.thetvdb://81189", {"grandparentGuid": "com.plexapp.agents.thetvdb://81189?lang=en"}),
        ("com.plexapp.agents.hama://anidb-*", {"grandparentGuid": "com.plexapp.agents.hama://anidb-69?lang=en"}),
        ("com.plexapp.agents.thetvdb://81189/*", {"grandparentGuid": None, "guid": "com.plexapp.agents.thetvdb://81189/1/2?lang=en"}),
        ("tvdb://81189", {"grandparentGuid": "com.plexapp.agents.thetvdb://81189?lang=en"}),
        ("local://*", {"grandparentGuid": "local://812", "guid": "local://815"}),
    ],
)  # fmt: skip
def test_a_guid_fits_whole_or_by_its_beginning(pattern, sent):
    assert ruling_on(play(**sent), [rule(GUID, pattern)]).ignores


def test_an_episodes_ids_are_not_the_shows():
    sent = play(Guid=[{"id": "tvdb://81189"}])

    assert not ruling_on(sent, [rule(GUID, "tvdb://81189")]).ignores


def test_the_beginning_of_a_guid_needs_a_star():
    sent = play(grandparentGuid="com.plexapp.agents.thetvdb://811890?lang=en")

    assert not ruling_on(sent, [rule(GUID, "com.plexapp.agents.thetvdb://81189")]).ignores


@given(pattern=st.text("ab*", max_size=8), text=st.text("ab", max_size=10))
def test_a_star_stands_for_anything(pattern, text):
    alike = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text)
    assert fits_pattern(pattern, text) == bool(alike)


def test_many_stars_are_looked_at_once():
    assert not fits_pattern("*a" * 200 + "*b", "a" * 500)
    assert fits_pattern("*a" * 200 + "*", "a" * 500)


def test_a_library_may_be_meant_on_one_server_only():
    sent = play(librarySectionTitle="Kids  TV")

    assert ruling_on(sent, [rule(LIBRARY, "kids tv")]).ignores
    assert ruling_on(sent, [rule(LIBRARY, "Kids TV", server_uuid=sent.server_uuid)]).ignores
    assert not ruling_on(sent, [rule(LIBRARY, "Kids TV", server_uuid="another")]).ignores
    assert not ruling_on(play(librarySectionTitle=None), [rule(LIBRARY, "Kids TV")]).ignores


def test_a_guid_goes_before_a_title_before_a_library():
    sent = play("Bluey", librarySectionTitle="Kids", grandparentGuid="plex://show/5d9c08")
    library = rule(LIBRARY, "Kids")
    title = rule(TITLE, "Bluey", ALWAYS, tvshow_id=7)
    guid = rule(GUID, "plex://show/5d9c08", ALWAYS, tvshow_id=9)

    assert ruling_on(sent, [library]).ignores
    assert ruling_on(sent, [library, title]).show_id == 7
    assert ruling_on(sent, [library, title, guid]).show_id == 9


def test_the_more_precise_of_two_titles_decides_whichever_is_newer():
    exact = rule(TITLE, "Star Trek: Picard", ALWAYS, tvshow_id=7)
    wide = rule(TITLE, "Star*")
    wider = rule(TITLE, "S*", ALWAYS, tvshow_id=8)

    assert ruling_on(play("Star Trek: Picard"), [wider, wide, exact]).show_id == 7
    assert ruling_on(play("Star Trek: Discovery"), [exact, wider, wide]).ignores
    assert ruling_on(play("Severance"), [exact, wider, wide]).show_id == 8


def test_never_does_not_end_the_search_for_what_it_is():
    never = rule(TITLE, "Bluey", NEVER, tvshow_id=7, tmdb_id=70)
    library = rule(LIBRARY, "TV Shows", ALWAYS, tvshow_id=9)

    ruling = ruling_on(play("Bluey"), [never, library])

    assert ruling.show_id == 9
    assert ruling.refuses(tvshow_id=7, tmdb_id=None)
    assert ruling.refuses(tvshow_id=None, tmdb_id=70)
    assert not ruling.refuses(tvshow_id=8, tmdb_id=70)
    assert not ruling.refuses(tvshow_id=None, tmdb_id=None)


def test_a_more_precise_never_beats_an_always():
    never = rule(TITLE, "Bluey", NEVER, tvshow_id=9)
    library = rule(LIBRARY, "TV Shows", ALWAYS, tvshow_id=9)

    assert ruling_on(play("Bluey"), [never, library]).show_id is None
    assert ruling_on(play("Severance"), [never, library]).show_id == 9


def test_a_less_precise_never_is_beaten():
    always = rule(TITLE, "Bluey", ALWAYS, tvshow_id=9)
    never = rule(LIBRARY, "TV Shows", NEVER, tvshow_id=9)

    ruling = ruling_on(play("Bluey"), [never, always])

    assert ruling.show_id == 9
    assert not ruling.refuses(tvshow_id=9, tmdb_id=None)


@pytest.mark.parametrize(
    ("field", "pattern", "too_wide"),
    [
        (TITLE, "*", True), (TITLE, "* -*", True), (TITLE, " ", True), (TITLE, "24", False),
        (TITLE, "進*", False), (GUID, "plex://show/*", True), (GUID, "plex://*", True),
        (GUID, "local://*", False), (LIBRARY, "", True), (LIBRARY, "Kids", False),
    ],
)  # fmt: skip
def test_a_pattern_has_to_say_something(field, pattern, too_wide):
    assert is_too_wide(field, pattern) is too_wide
