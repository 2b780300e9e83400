from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.progress import EpisodeState, ShowProgress, next_episode, next_place, show_progress

TODAY = date(2026, 3, 1)


def states(text: str, season_number: int = 1, *, today: date = TODAY) -> list[EpisodeState]:
    """`x` watched, `.` aired, `-` airs tomorrow, `?` without a date, `X` watched before it aired."""
    air_dates = {"-": today + timedelta(days=1), "X": today + timedelta(days=1), "?": None}
    return [
        EpisodeState(
            episode_id=season_number * 100 + number,
            season_number=season_number,
            episode_number=number,
            air_date=air_dates.get(letter, today),
            watched=letter in "xX",
        )
        for number, letter in enumerate(text, start=1)
    ]


@pytest.mark.parametrize(
    ("episodes", "place"),
    [
        ("", None),
        ("...", (1, 1)),
        ("x..", (1, 2)),
        ("xxx", None),
        ("xx-", None),
        ("xx?", None),
        ("---", None),
        ("..x.", (1, 4)),  # Goes on where the user is,
        ("..xx", (1, 1)),  # and fills the gap when nothing is left there.
        (".x-", (1, 1)),
        ("x.X.", (1, 4)),
        ("-.", (1, 2)),
    ],
)
def test_next_episode(episodes, place):
    found = next_episode(states(episodes), TODAY)
    assert (found.place if found else None) == place


def test_next_episode_crosses_seasons_and_leaves_the_specials_out():
    episodes = [*states("....", 0), *states("xx", 1), *states("..", 2)]
    found = next_episode(episodes, TODAY)
    assert found is not None
    assert found.place == (2, 1)
    assert next_episode(states("....", 0), TODAY) is None


def test_somebody_who_began_in_season_five_goes_on_there():
    episodes = [*states("......", 1), *states("..x...", 5)]
    found = next_episode(episodes, TODAY)
    assert found is not None
    assert found.place == (5, 4)


@pytest.mark.parametrize(
    ("episodes", "watched", "aired", "total", "percent"),
    [
        ("", 0, 0, 0, 0),
        ("...", 0, 3, 3, 0),
        ("xx.-?", 2, 3, 5, 66),
        ("xxx", 3, 3, 3, 100),
        ("xxX-", 3, 3, 4, 100),
        ("x" * 199 + ".", 199, 200, 200, 99),
    ],
)
def test_show_progress(episodes, watched, aired, total, percent):
    progress = show_progress([*states(episodes), *states("x.", 0)], TODAY)
    assert (progress.watched, progress.aired, progress.total) == (watched, aired, total)
    assert progress.percent == percent
    assert progress.is_caught_up == (aired > 0 and percent == 100)


@pytest.mark.parametrize(
    ("watched", "is_caught_up"), [([True, False], False), ([True, True], True), ([False], False)]
)
def test_a_show_without_any_air_date_is_seen_when_all_of_it_is(watched, is_caught_up):
    episodes = [
        EpisodeState(
            episode_id=number,
            season_number=1,
            episode_number=number,
            air_date=None,
            watched=is_watched,
        )
        for number, is_watched in enumerate(watched, start=1)
    ]
    progress = show_progress(episodes, TODAY)
    assert (progress.is_dateless, progress.is_caught_up) == (True, is_caught_up)
    assert not show_progress(states("x?"), TODAY).is_dateless


def test_the_specials_have_a_progress_of_their_own():
    assert show_progress(states("x..", 0), TODAY, specials=True) == ShowProgress(
        watched=1, aired=3, total=3
    )


seasons = st.lists(st.text("x.-?X", max_size=6), min_size=1, max_size=4)


@given(seasons)
def test_what_comes_next_waits_to_be_watched(texts):
    episodes = [state for number, text in enumerate(texts) for state in states(text, number)]
    found = next_episode(episodes, TODAY)
    progress = show_progress(episodes, TODAY)
    assert 0 <= progress.watched <= progress.aired <= progress.total
    assert progress.left == progress.aired - progress.watched
    if found is None:
        assert progress.left == 0
    else:
        assert progress.left > 0
        assert found.season_number > 0
        assert found.has_aired(TODAY)
        assert not found.watched


@given(seasons)
def test_marking_what_comes_next_ends_with_everything_watched(texts):
    episodes = {s.place: s for number, text in enumerate(texts, 1) for s in states(text, number)}
    for _ in range(len(episodes)):
        found = next_episode(episodes.values(), TODAY)
        if found is None:
            break
        episodes[found.place] = EpisodeState(**{**vars(found), "watched": True})
    assert next_episode(episodes.values(), TODAY) is None
    assert show_progress(episodes.values(), TODAY).left == 0


def test_next_place_without_anything_watched_is_the_first():
    assert next_place([(2, 1), (1, 5)], furthest=None) == (1, 5)
    assert next_place([], furthest=(1, 1)) is None
