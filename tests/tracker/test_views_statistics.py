from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.api import caller
from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.tracker.page_queries import count_queries
from tracker.heatmap import weeks
from tracker.models import Watch
from tracker.statistics import MonthFigures
from tracker.views.drawings import heat_drawing, hours_drawing, month_drawing
from tracker.views.statistics import a_year_at_least


@pytest.fixture
def watched(viewer, client):
    client.force_login(viewer)
    show = make_show("Harbour Lights", {1: 10}, genres=["Drama"], network="Northern")
    for number in range(1, 6):
        at = datetime(2025 if number > 1 else 2024, 6, number, 20, 15, tzinfo=UTC)
        WatchFactory(user=viewer, episode=episode_of(show, 1, number), watched_at=at)
    return show


def test_figures_of_everything_and_of_a_year(client, watched):
    text = client.get("/statistics/").content.decode()
    assert "<b>5</b>" in text
    assert "Harbour Lights" in text
    assert "Northern" in text
    year = client.get("/statistics/?year=2025")
    assert year.context["figures"].episodes == 4
    assert "2025, day by day" in year.content.decode()


@pytest.mark.parametrize("year", ["", "x", "0000", "99999", "٢٠٢٥", "-1"])
def test_any_other_year_is_everything(client, watched, year):
    assert client.get("/statistics/", {"year": year}).context["figures"].episodes == 5


@pytest.mark.parametrize("year", ["1999", "2999"])
def test_a_year_without_anything_says_so(client, watched, year):
    assert (
        f"Nothing was watched in {year}" in client.get(f"/statistics/?year={year}").content.decode()
    )


def test_each_drawing_has_words(client, watched):
    text = client.get("/statistics/").content.decode()
    assert text.count('role="img" aria-label="') == 3
    assert text.count("As a table") == 2


def test_a_heat_map_is_drawn_by_weeks():
    drawing = heat_drawing(
        weeks({date(2026, 2, 3): 2}, first=date(2026, 2, 2), last=date(2026, 2, 15))
    )
    assert len(drawing.cells) == 14
    assert [cell.title for cell in drawing.cells if cell.level] == ["2 on 3 February"]
    assert (drawing.total, drawing.active_days) == (2, 1)


def test_hours_are_drawn_by_weekday():
    hours = [[0] * 24 for _ in range(7)]
    hours[4][21] = 8
    hours[4][22] = 1
    drawing = hours_drawing(hours, ["Monday"] * 4 + ["Friday"] + ["Sunday"] * 2)
    assert [(cell.level, cell.title) for cell in drawing.cells if cell.level] == [
        (4, "8 on Fridays from 21:00"),
        (1, "1 on Fridays from 22:00"),
    ]


def test_months_are_drawn_as_bars():
    months = [
        MonthFigures(month=date(2025, 12, 1), episodes=4, minutes=60),
        MonthFigures(month=date(2026, 1, 1), episodes=2, minutes=60),
    ]
    drawing = month_drawing(months)
    assert [(bar.height, bar.label) for bar in drawing.bars] == [(120, "Dec"), (60, "2026")]
    assert month_drawing([]).bars == []


def test_bars_stand_closer_when_there_are_many():
    months = [
        MonthFigures(month=date(2024 + n // 12, n % 12 + 1, 1), episodes=n, minutes=0)
        for n in range(24)
    ]
    many, few = month_drawing(months), month_drawing(months[:12])
    assert many.bar_width < few.bar_width
    assert many.width < 2 * few.width
    assert few.bars[0].middle == few.bars[0].x + few.bar_width // 2


def test_the_first_months_stand_in_a_year_of_bars():
    months = a_year_at_least([MonthFigures(month=date(2026, 2, 1), episodes=3, minutes=9)])
    assert [(one.month, one.episodes) for one in months[-2:]] == [
        (date(2026, 1, 1), 0),
        (date(2026, 2, 1), 3),
    ]
    assert (len(months), months[0].month) == (12, date(2025, 3, 1))
    assert a_year_at_least([]) == []


def test_one_and_the_same_number_of_queries(client, viewer, watched):
    few = count_queries(client, "/statistics/")
    for number in range(29):
        at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number)
        WatchFactory(
            user=viewer, episode=episode_of(make_show(f"Show {number}"), 1, 1), watched_at=at
        )
    assert count_queries(client, "/statistics/") == few
    assert few <= 10


@pytest.mark.parametrize("year", ["0001", "0025"])
def test_a_year_before_anybody_watched_is_refused(client, viewer, year):
    """Typed as 25, or by mistake; the year before the first has no date."""
    client.force_login(viewer)
    show = make_show("Show", {1: 2})
    TrackedShowFactory(user=viewer, show=show)
    client.post(
        f"/episodes/{episode_of(show, 1, 1).pk}/mark/", {"watched_at": f"{year}-01-01T12:00"}
    )
    answer = caller(viewer).put(
        f"/api/shows/{show.pk}/seasons/1/episodes/1/watch",
        {"watched_at": f"{year}-01-01T00:00:00Z"},
    )
    assert answer.status_code == 400
    assert not Watch.objects.exists()
    assert client.get("/statistics/").status_code == 200
