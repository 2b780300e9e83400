"""Figures as SVG: where each shape goes. Colours and sizes of the cells are the style sheet's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tracker.heatmap import LEVELS, Week
from tracker.statistics import MonthFigures

CELL = 13  # One cell of a heat map with its gap.
LABEL_WIDTH, LABEL_HEIGHT = 28, 16
CHART_HEIGHT = 120
# Bars stand closer once there are more than those of a year.
FEW_BARS = 12
BAR_WIDTH, BAR_GAP = 26, 10
SLIM_BAR_WIDTH, SLIM_BAR_GAP = 16, 6


@dataclass(frozen=True, kw_only=True)
class Cell:
    x: int
    y: int
    level: int
    title: str


@dataclass(frozen=True, kw_only=True)
class Label:
    x: int
    y: int
    text: str


@dataclass(frozen=True, kw_only=True)
class HeatDrawing:
    """`total` and `active_days` are what its text alternative says."""

    width: int
    height: int
    cells: Sequence[Cell]
    labels: Sequence[Label]
    total: int = 0
    active_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Bar:
    x: int
    y: int
    height: int
    month: date
    figures: MonthFigures
    label: str
    middle: int


@dataclass(frozen=True, kw_only=True)
class BarDrawing:
    width: int
    height: int
    base: int
    bar_width: int
    bars: Sequence[Bar]
    most: int


def heat_drawing(weeks: Sequence[Week]) -> HeatDrawing:
    """A heat map of days: a column is a week that begins on Monday."""
    days = [
        (column, row, day)
        for column, week in enumerate(weeks)
        for row, day in enumerate(week.days)
        if day is not None
    ]
    names = [
        Label(x=LABEL_WIDTH + column * CELL, y=LABEL_HEIGHT - 6, text=f"{week.starts_month:%b}")
        for column, week in enumerate(weeks)
        if week.starts_month and column < len(weeks) - 1
    ]
    weekdays = [
        Label(x=0, y=LABEL_HEIGHT + row * CELL + 9, text=text)
        for row, text in ((0, "Mon"), (2, "Wed"), (4, "Fri"))
    ]
    return HeatDrawing(
        width=LABEL_WIDTH + len(weeks) * CELL,
        height=LABEL_HEIGHT + 7 * CELL,
        cells=[
            Cell(
                x=LABEL_WIDTH + column * CELL,
                y=LABEL_HEIGHT + row * CELL,
                level=day.level,
                title=f"{day.count} on {day.date.day} {day.date:%B}" if day.count else "",
            )
            for column, row, day in days
        ],
        labels=[*names, *weekdays],
        total=sum(day.count for _, _, day in days),
        active_days=sum(bool(day.count) for _, _, day in days),
    )


def hours_drawing(weekday_hours: Sequence[Sequence[int]], names: Sequence[str]) -> HeatDrawing:
    """A row is a weekday, a column an hour."""
    most = max((count for hours in weekday_hours for count in hours), default=0)
    cells = [
        Cell(
            x=LABEL_WIDTH + hour * CELL,
            y=LABEL_HEIGHT + row * CELL,
            level=-(-count * LEVELS // most) if count else 0,
            title=f"{count} on {names[row]}s from {hour}:00" if count else "",
        )
        for row, hours in enumerate(weekday_hours)
        for hour, count in enumerate(hours)
    ]
    hours = [
        Label(x=LABEL_WIDTH + hour * CELL, y=LABEL_HEIGHT - 6, text=f"{hour}")
        for hour in range(0, 24, 3)
    ]
    days = [
        Label(x=0, y=LABEL_HEIGHT + row * CELL + 9, text=name[:3]) for row, name in enumerate(names)
    ]
    return HeatDrawing(
        width=LABEL_WIDTH + 24 * CELL,
        height=LABEL_HEIGHT + 7 * CELL,
        cells=cells,
        labels=[*hours, *days],
    )


def month_drawing(months: Sequence[MonthFigures]) -> BarDrawing:
    """A bar is a month; its height the episodes."""
    most = max((month.episodes for month in months), default=0)
    wide = len(months) <= FEW_BARS
    width, gap = (BAR_WIDTH, BAR_GAP) if wide else (SLIM_BAR_WIDTH, SLIM_BAR_GAP)
    step = width + gap
    bars = []
    for place, figures in enumerate(months):
        height = round(figures.episodes / most * CHART_HEIGHT) if most else 0
        january = figures.month.month == 1 and place > 0
        x = place * step + gap // 2
        bars.append(
            Bar(
                x=x,
                middle=x + width // 2,
                y=CHART_HEIGHT + LABEL_HEIGHT - height,
                height=height,
                month=figures.month,
                figures=figures,
                label=f"{figures.month:%Y}" if january else f"{figures.month:%b}",
            )
        )
    return BarDrawing(
        width=max(len(bars), 1) * step,
        height=CHART_HEIGHT + 2 * LABEL_HEIGHT,
        base=CHART_HEIGHT + LABEL_HEIGHT,
        bar_width=width,
        bars=bars,
        most=most,
    )
