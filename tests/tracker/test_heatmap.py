from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.heatmap import current_streak, longest_streak, weeks

MONDAY = date(2026, 3, 2)


def days(text: str) -> list[date]:
    """The days from the Monday on that carry an `x`."""
    return [MONDAY + timedelta(days=n) for n, letter in enumerate(text) if letter == "x"]


def test_weeks_begin_on_monday_and_hold_only_the_period():
    columns = weeks({}, first=date(2026, 3, 4), last=date(2026, 3, 9))
    assert [[day and day.date.day for day in week.days] for week in columns] == [
        [None, None, 4, 5, 6, 7, 8],
        [9, None, None, None, None, None, None],
    ]


def test_a_year_holds_each_of_its_days_once():
    columns = weeks({}, first=date(2024, 1, 1), last=date(2024, 12, 31))
    dates = [day.date for week in columns for day in week.days if day]
    assert dates == [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    assert [week.starts_month.month for week in columns if week.starts_month] == list(range(1, 13))


def test_levels_follow_the_days_not_the_largest():
    counts = dict(zip(days("xxxxx"), [1, 2, 3, 4, 400], strict=True))
    (week,) = weeks(counts, first=MONDAY, last=MONDAY + timedelta(days=6))
    assert [(day.count, day.level) for day in week.days if day] == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 3),
        (400, 4),
        (0, 0),
        (0, 0),
    ]


@given(st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 50)))
def test_more_is_never_paler(counts):
    columns = weeks(counts, first=date(2026, 1, 1), last=date(2026, 12, 31))
    drawn = sorted((day.count, day.level) for week in columns for day in week.days if day)
    assert [level for _, level in drawn] == sorted(level for _, level in drawn)
    assert all((count == 0) == (level == 0) and level <= 4 for count, level in drawn)
    assert sum(count for count, _ in drawn) == sum(counts.values())


@pytest.mark.parametrize(
    ("text", "begin", "length"),
    [("x", 0, 1), ("xx.xxx", 3, 3), ("xx.xx", 3, 2), ("x.x.x", 4, 1), ("xxxx.x", 0, 4)],
)
def test_longest_streak(text, begin, length):
    streak = longest_streak(days(text))
    assert streak is not None
    assert (streak.first, streak.days) == (MONDAY + timedelta(days=begin), length)


def test_no_days_are_no_streak():
    assert longest_streak([]) is None
    assert current_streak([], MONDAY) is None


@pytest.mark.parametrize(("text", "length"), [("xxx", 3), ("xx.", 2), ("x..", 0), ("x.x", 1)])
def test_the_current_streak_lasts_until_a_day_is_over(text, length):
    streak = current_streak(days(text), MONDAY + timedelta(days=len(text) - 1))
    assert (streak.days if streak else 0) == length
