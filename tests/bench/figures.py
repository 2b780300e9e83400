"""The figures of a run, and the table that they are shown in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value; `bound` is what was promised, None where it is for information only.

    `spread` is the lowest and highest of the rounds. `at_least` turns the bound round.
    """

    name: str
    database: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def promise(self) -> str:
        if self.bound is None:
            return ""
        return f"{'>=' if self.at_least else '<='} {number(self.bound)}"

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return ""
        if self.value >= self.bound if self.at_least else self.value <= self.bound:
            return "ok"
        short = self.bound / self.value if self.at_least else self.value / self.bound
        return f"SHORT by {100 * (short - 1):.0f} %"


COLUMNS: Sequence[tuple[str, Callable[[Figure], str]]] = (
    ("figure", lambda f: f.name),
    ("database", lambda f: f.database),
    ("measured", lambda f: f"{number(f.value)} {f.unit}"),
    ("spread", lambda f: " to ".join(number(value) for value in f.spread) if f.spread else ""),
    ("bound", lambda f: f.promise),
    ("", lambda f: f.verdict),
    ("note", lambda f: f.note),
)


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table with columns of equal width."""
    rows = [[title for title, _ in COLUMNS]]
    rows += [[cell(figure) for _, cell in COLUMNS] for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
