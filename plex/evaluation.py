"""The matcher on labelled pairs: what it decides and how well, as tables; no database.

The same pure code decides as for real events. Only the candidates come from an index in memory,
over the catalogue of the evaluation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from plex import likeness
from plex.matching import Candidate, Match, decide_by_title, rank
from plex.title_index import IndexedTitle, TitleIndex
from tracker import titles

_NO_ROW = "none"
_LISTED = 10
_FIRST_FIVE = 5
# Same title and year as another show: nothing but an id or the country could tell them apart.
_TWINS = frozenset({"twin", "neg_twin"})


@dataclass(frozen=True, kw_only=True)
class Show:
    title: str
    original_title: str
    year: int | None

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Show:
        return cls(
            title=row["title"], original_title=row["original_title"], year=_number(row["year"])
        )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What Plex calls a show, and which row of the catalogue that is (None: it is not in it)."""

    title: str
    show_year: int | None
    episode_year: int | None
    row: int | None
    kind: str

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Pair:
        return cls(
            title=row["plex_title"],
            show_year=_number(row["show_year"]),
            episode_year=_number(row["episode_year"]),
            row=None if row["row"] == _NO_ROW else int(row["row"]),
            kind=row["kind"],
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The decision on one pair: the row mapped by itself, and rows with scores, best first."""

    pair: Pair
    row: int | None
    confidence: float
    suggestions: tuple[tuple[int, float], ...]

    @property
    def is_right(self) -> bool:
        return self.row is not None and self.row == self.pair.row

    @property
    def is_wrong(self) -> bool:
        return self.row is not None and self.row != self.pair.row

    @property
    def place(self) -> int | None:
        """Where the true row stands among the suggestions, from 0."""
        rows = [row for row, _ in self.suggestions]
        return rows.index(self.pair.row) if self.pair.row in rows else None

    def as_json(self) -> dict[str, Any]:
        suggestions = [[row, round(score, 3)] for row, score in self.suggestions]
        return {
            "row": self.row,
            "confidence": round(self.confidence, 3),
            "suggestions": suggestions,
        }


class Catalogue:
    """Shows that are numbered from 1, and the matcher over them."""

    def __init__(self, shows: Sequence[Show]) -> None:
        self.shows = shows
        self._index = TitleIndex(
            IndexedTitle(row=2 * row + at, show=row, title=title, year=show.year)
            for row, show in enumerate(shows, start=1)
            for at, title in enumerate(dict.fromkeys((show.title, show.original_title)))
            if title
        )

    def decide(self, pair: Pair) -> Outcome:
        year = titles.parse_title(pair.title).year or pair.show_year
        candidates = [self._candidate(row) for row in self._index.find(pair.title, year=year)]
        decided = decide_by_title(
            pair.title,
            show_year=pair.show_year,
            latest_year=pair.episode_year,
            candidates=candidates,
        )
        ranked = rank(
            pair.title,
            show_year=pair.show_year,
            latest_year=pair.episode_year,
            candidates=candidates,
        )
        scores = {one.candidate.tvshow_id or 0: one.score for one in ranked[:_LISTED]}
        if not isinstance(decided, Match):
            best = ranked[0].score if ranked else 0.0
            return Outcome(pair=pair, row=None, confidence=best, suggestions=tuple(scores.items()))
        row = decided.candidate.tvshow_id or 0
        scores = {row: decided.confidence} | {r: s for r, s in scores.items() if r != row}
        return Outcome(
            pair=pair, row=row, confidence=decided.confidence, suggestions=tuple(scores.items())
        )

    def _candidate(self, row: int) -> Candidate:
        show = self.shows[row - 1]
        return Candidate(
            tvshow_id=row,
            tmdb_id=None,
            title=show.title,
            original_title=show.original_title,
            year=show.year,
        )


def kind_table(outcomes: Sequence[Outcome]) -> str:
    """Return a table by kind: mapped right, mapped WRONG, true show first and among five."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_kind[outcome.pair.kind].append(outcome)
    head = f"{'kind':<24}{'pairs':>7}{'mapped':>8}{'WRONG':>7}{'first':>7}{'five':>7}"
    return "\n".join([head, *(_kind_line(kind, by_kind[kind]) for kind in sorted(by_kind))])


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the figures that the project promises, in four lines."""
    found = [outcome for outcome in outcomes if outcome.pair.row is not None]
    wrong = [outcome for outcome in outcomes if outcome.is_wrong]
    twins = [outcome for outcome in wrong if outcome.pair.kind in _TWINS]
    return "\n".join(
        (
            f"mapped by itself, right: {_share(sum(o.is_right for o in found), len(found))}",
            f"mapped by itself, WRONG: {len(wrong) - len(twins)}, and {len(twins)} twins",
            f"true show first: {_share(sum(o.place == 0 for o in found), len(found))}",
            f"true show among five: {_share(_among_five(found), len(found))}",
        )
    )


def calibration_table(outcomes: Sequence[Outcome]) -> str:
    """Return how often the best suggestion was right, by its score, where nothing was mapped."""
    asked = [outcome for outcome in outcomes if outcome.row is None and outcome.suggestions]
    lines = [f"{'best score':<12}{'pairs':>7}{'right':>8}{'not in catalogue':>18}"]
    for tenth in range(9):
        low, high = tenth / 10, (tenth + 1) / 10
        here = [outcome for outcome in asked if low <= outcome.confidence < high]
        if here:
            right = _share(sum(outcome.place == 0 for outcome in here), len(here))
            absent = sum(outcome.pair.row is None for outcome in here)
            lines.append(f"{low:.1f} to {high:.1f}  {len(here):>7}{right:>8}{absent:>18}")
    return "\n".join(lines)


def rule_table(shows: Sequence[Show], pairs: Sequence[Pair], outcomes: Sequence[Outcome]) -> str:
    """Return what each rule of `tracker.titles` adds: the figures with all, less those without."""
    lines = [f"{'rule':<18}{'right':>7}{'WRONG':>7}{'first':>7}{'five':>7}"]
    everything = _counts(outcomes)
    for rule in (*titles.TEXT_RULES, *titles.WORD_RULES):
        with _without(rule):
            catalogue = Catalogue(shows)
            counts = _counts([catalogue.decide(pair) for pair in pairs])
        gains = (f"{a - b:>+7}" for a, b in zip(everything, counts, strict=True))
        lines.append(f"{rule:<18}{''.join(gains)}")
    return "\n".join(lines)


@contextmanager
def _without(rule: str) -> Iterator[None]:
    table: dict[str, Any] = titles.TEXT_RULES if rule in titles.TEXT_RULES else titles.WORD_RULES
    kept = table[rule]
    table[rule] = lambda unchanged: unchanged
    _forget_titles()
    try:
        yield
    finally:
        table[rule] = kept
        _forget_titles()


def _forget_titles() -> None:
    titles.parse_title.cache_clear()
    likeness.spellings.cache_clear()


def _counts(outcomes: Sequence[Outcome]) -> tuple[int, int, int, int]:
    return (
        sum(outcome.is_right for outcome in outcomes),
        sum(outcome.is_wrong for outcome in outcomes),
        sum(outcome.place == 0 for outcome in outcomes),
        _among_five(outcomes),
    )


def _kind_line(kind: str, outcomes: Sequence[Outcome]) -> str:
    right, wrong, first, five = _counts(outcomes)
    return f"{kind:<24}{len(outcomes):>7}{right:>8}{wrong:>7}{first:>7}{five:>7}"


def _among_five(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.place is not None and outcome.place < _FIRST_FIVE for outcome in outcomes)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def _number(text: str) -> int | None:
    return int(text) if text else None
