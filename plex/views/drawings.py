"""The days of the activity as stacked bars: where each piece goes. Colours are the style sheet's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plex.models import Status
from plex.monitoring.reports import DayActivity
from tracker.views.drawings import Label

# From the base of a bar to its top: what went well first, what needs somebody last.
OUTCOMES = (
    Status.SUCCESS,
    Status.DUPLICATE,
    Status.IGNORED,
    Status.PENDING,
    Status.HELD,
    Status.FAILED,
)
BAR_WIDTH, STEP, CHART_HEIGHT, LABEL_HEIGHT = 22, 30, 120, 16
SIDE = 6  # Room for the label of the last day.
TOP = 14  # Room for the number above the highest bar.
DAYS_PER_LABEL = 7


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The events of a day with one outcome."""

    x: int
    y: float
    height: float
    outcome: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An outcome that occurs, for the key and the table."""

    name: str
    label: str
    events: int


@dataclass(frozen=True, kw_only=True)
class ActivityRow:
    """A day of the table; the counts in the order of the outcomes."""

    activity: DayActivity
    counts: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class ActivityDrawing:
    width: int
    height: int
    base: int
    bar_width: int
    pieces: Sequence[Piece]
    labels: Sequence[Label]
    outcomes: Sequence[Outcome]
    rows: Sequence[ActivityRow]  # The latest first, days without events left out.
    days: int
    total: int

    @property
    def words(self) -> str:
        """The text alternative."""
        parts = ", ".join(f"{one.events} {one.label.lower()}" for one in self.outcomes)
        return f"{self.total} events on {len(self.rows)} of {self.days} days: {parts}."


def activity_drawing(days: Sequence[DayActivity]) -> ActivityDrawing:
    """A bar is a day, a piece of it an outcome."""
    base = TOP + CHART_HEIGHT
    most = max((day.total for day in days), default=0)
    outcomes = [
        Outcome(name=status.value, label=str(status.label), events=events)
        for status in OUTCOMES
        if (events := sum(day.counts[status] for day in days))
    ]
    return ActivityDrawing(
        width=len(days) * STEP + 2 * SIDE,
        height=base + LABEL_HEIGHT,
        base=base,
        bar_width=BAR_WIDTH,
        pieces=[
            piece
            for place, day in enumerate(days)
            for piece in bar(day, place, most=most, base=base)
        ],
        labels=[*day_labels(days, base), *highest_label(days, most)],
        outcomes=outcomes,
        rows=[
            ActivityRow(activity=day, counts=[day.counts[one.name] for one in outcomes])
            for day in reversed(days)
            if day.total
        ],
        days=len(days),
        total=sum(day.total for day in days),
    )


def bar(day: DayActivity, place: int, *, most: int, base: int) -> list[Piece]:
    pieces = []
    below = 0
    for status in OUTCOMES:
        count = day.counts[status]
        if count:
            height = count / most * CHART_HEIGHT
            pieces.append(
                Piece(
                    x=left(place),
                    y=round(base - below / most * CHART_HEIGHT - height, 2),
                    height=round(height, 2),
                    outcome=status.value,
                    title=f"{day.day.day} {day.day:%B}: {count} {status.label.lower()}",
                )
            )
            below += count
    return pieces


def day_labels(days: Sequence[DayActivity], base: int) -> list[Label]:
    """Under today and every seventh day before."""
    return [
        Label(x=middle(place), y=base + 13, text=f"{day.day.day} {day.day:%b}")
        for place, day in enumerate(days)
        if (len(days) - 1 - place) % DAYS_PER_LABEL == 0
    ]


def highest_label(days: Sequence[DayActivity], most: int) -> list[Label]:
    """The number above the highest bar gives the scale."""
    place = next((place for place, day in enumerate(days) if most and day.total == most), None)
    return [] if place is None else [Label(x=middle(place), y=TOP - 4, text=f"{most}")]


def left(place: int) -> int:
    return SIDE + place * STEP + (STEP - BAR_WIDTH) // 2


def middle(place: int) -> int:
    return SIDE + place * STEP + STEP // 2
