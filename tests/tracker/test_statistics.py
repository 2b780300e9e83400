from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.factories import WatchFactory, episode_of, make_show
from tracker.models import Profile
from tracker.statistics import recent_heat_map, statistics

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 1)


@pytest.fixture
def watched(viewer, stranger):
    """Three episodes of one show in 2025, one of another in 2026; and what does not count."""
    dark = make_show("Dark", {1: 5}, genres=["Crime", "Drama"], network="Netflix")
    office = make_show("The Office", {1: [{"runtime": None}]}, genres=["Comedy"], network="NBC")
    for number, day in ((1, 30), (2, 31), (3, 31)):
        at = datetime(2025, 12, day, 21, 30, tzinfo=UTC)
        WatchFactory(user=viewer, episode=episode_of(dark, 1, number), watched_at=at)
    at = datetime(2026, 2, 28, 8, tzinfo=UTC)
    WatchFactory(user=viewer, episode=episode_of(office, 1, 1), watched_at=at)
    WatchFactory(user=viewer, episode=episode_of(dark, 1, 4), watched_at=at, removed_at=at)
    WatchFactory(user=stranger, episode=episode_of(dark, 1, 5), watched_at=at)


def test_figures_of_all_time(viewer, watched):
    figures = statistics(viewer, today=TODAY)
    assert (figures.episodes, figures.minutes, figures.hours) == (4, 135, 2.25)
    assert figures.years == (2026, 2025)
    assert [(one.show.title, one.episodes, one.minutes) for one in figures.top_shows] == [
        ("Dark", 3, 135),
        ("The Office", 1, 0),
    ]
    assert [(one.name, one.episodes) for one in figures.genres] == [
        ("Crime", 3),
        ("Drama", 3),
        ("Comedy", 1),
    ]
    assert [(one.name, one.episodes) for one in figures.networks] == [("Netflix", 3), ("NBC", 1)]
    assert [(m.month, m.episodes, m.hours) for m in figures.months] == [
        (date(2025, 12, 1), 3, 2.25),
        (date(2026, 1, 1), 0, 0),
        (date(2026, 2, 1), 1, 0),
    ]
    assert figures.longest_streak is not None
    assert (figures.longest_streak.first, figures.longest_streak.days) == (date(2025, 12, 30), 2)
    assert figures.current_streak is not None
    assert figures.current_streak.days == 1


def test_figures_of_a_year(viewer, watched):
    figures = statistics(viewer, today=TODAY, year=2025)
    assert (figures.episodes, len(figures.months), figures.years) == (3, 12, (2026, 2025))
    assert sum(day.count for week in figures.heat_map for day in week.days if day) == 3
    assert figures.weekday_hours[2][21] == 2  # The last of December was a Wednesday.
    assert sum(map(sum, figures.weekday_hours)) == 3


@pytest.mark.parametrize(
    ("zone", "episodes", "hour"),
    [("Asia/Tokyo", 1, 6), ("Asia/Kathmandu", 1, 3), ("America/New_York", 3, 16)],
)
def test_days_and_hours_are_those_of_the_users_zone(viewer, watched, zone, episodes, hour):
    Profile.objects.create(user=viewer, time_zone=zone)
    figures = statistics(viewer, today=TODAY, year=2025)
    assert figures.episodes == episodes
    assert figures.weekday_hours[2][hour] > 0


def test_nothing_watched_is_fine(viewer):
    figures = statistics(viewer, today=TODAY)
    assert (figures.episodes, figures.months, figures.years, figures.longest_streak) == (
        0,
        (),
        (),
        None,
    )
    assert len(figures.heat_map) == 53
    assert len(statistics(viewer, today=TODAY, year=2025).months) == 12


def test_times_before_1970_count_too(viewer):
    at = datetime(1969, 7, 20, 20, 17, tzinfo=UTC)
    WatchFactory(user=viewer, episode=episode_of(make_show("Moon"), 1, 1), watched_at=at)
    assert statistics(viewer, today=TODAY).years == (1969,)


def test_the_recent_heat_map_ends_today(viewer, watched):
    columns = recent_heat_map(viewer, TODAY)
    drawn = [day for week in columns for day in week.days if day]
    assert drawn[-1].date == TODAY
    assert drawn[0].date.weekday() == 0
    assert len(columns) == 53
    assert sum(day.count for day in drawn) == 4


def test_needs_as_many_queries_for_one_show_as_for_thirty(viewer, django_assert_num_queries):
    for count in (1, 30):
        for number in range(count):
            show = make_show(f"Show {count}-{number}", {1: 1})
            WatchFactory(user=viewer, episode=episode_of(show, 1, 1))
        with django_assert_num_queries(3):
            statistics(viewer, today=TODAY)
        with django_assert_num_queries(2):
            recent_heat_map(viewer, TODAY)
