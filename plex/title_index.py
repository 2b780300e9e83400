"""An index of titles in memory: which shows could a title mean? Where there is no `pg_trgm`."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plex.likeness import grams
from tracker.titles import title_key
from tracker.transliteration import scripts

# Of the right shows 95.7 in a hundred are among as many; 96.0 among 100, at twice the cost.
CANDIDATES = 40
# A show of the right year is worth about this much likeness: measured, in docs/matching.md.
YEAR_BONUS = 0.3


# Stands in the place of a title that was taken out.
_GONE = -1


@dataclass(frozen=True, kw_only=True)
class IndexedTitle:
    """A title of a show; `row` names it, so that it can be taken out again."""

    row: int
    show: int
    title: str
    year: int | None = None


class TitleIndex:
    """Finds shows by the runs of letters that their titles share with the one asked for.

    Rare runs count for more than common ones, and every show with the very key is always found.
    Not safe for threads: the caller locks.
    """

    def __init__(self, titles: Iterable[IndexedTitle] = ()) -> None:
        self._shows = array("q")
        self._years = array("h")
        self._weights = array("d")
        self._places: dict[str, array[int]] = {}
        self._rows: dict[int, tuple[str, int, array[int]]] = {}
        self._by_key: dict[str, list[int]] = {}
        self.update(titles)

    def update(self, titles: Iterable[IndexedTitle], *, gone: Iterable[int] = ()) -> None:
        """Take the rows `gone` out and `titles` in."""
        for row in gone:
            self._remove(row)
        added = [place for indexed in titles for place in self._add(indexed)]
        for place, letters in added:
            self._weights[place] = math.fsum(map(self._rarity, grams(letters)))

    def find(self, title: str, *, year: int | None = None, limit: int = CANDIDATES) -> list[int]:
        """Return the shows with titles most alike, best first; those of the very key in front."""
        scores: dict[int, float] = {}
        for letters in _letters(title):
            self._score(letters, year, scores)
        scores.pop(_GONE, None)
        namesakes = dict.fromkeys(self._by_key.get(title_key(title), ()))
        alike = heapq.nsmallest(limit, scores, key=lambda show: (-scores[show], show))
        return [*namesakes, *(show for show in alike if show not in namesakes)][
            : max(limit, len(namesakes))
        ]

    def _add(self, indexed: IndexedTitle) -> Iterator[tuple[int, str]]:
        key = title_key(indexed.title)
        self._by_key.setdefault(key, []).append(indexed.show)
        own: array[int] = array("i")
        for letters in _letters(indexed.title):
            place = len(self._shows)
            own.append(place)
            self._shows.append(indexed.show)
            self._years.append(indexed.year or 0)
            self._weights.append(1.0)
            for gram in grams(letters):
                self._places.setdefault(gram, array("i")).append(place)
            yield place, letters
        self._rows[indexed.row] = (key, indexed.show, own)

    def _remove(self, row: int) -> None:
        key, show, places = self._rows.pop(row)
        self._by_key[key].remove(show)
        for place in places:
            self._shows[place] = _GONE

    def _rarity(self, gram: str) -> float:
        places = self._places.get(gram)
        # Never 0, so that in a catalogue of one show the letters still count.
        return math.log((len(self._shows) + 1) / (len(places) if places else 1)) + 0.01

    def _score(self, letters: str, year: int | None, scores: dict[int, float]) -> None:
        shared: dict[int, float] = defaultdict(float)
        asked = 0.0
        # Sorted, so that the same question has the same answer in every process.
        for gram in sorted(grams(letters)):
            rarity = self._rarity(gram)
            asked += rarity
            for place in self._places.get(gram, ()):
                shared[place] += rarity
        for place, weight in shared.items():
            score = weight / math.sqrt(asked * self._weights[place])
            if year and abs(self._years[place] - year) <= 1:
                score += YEAR_BONUS
            show = self._shows[place]
            if score > scores.get(show, 0.0):
                scores[show] = score


def _letters(title: str) -> list[str]:
    return list(dict.fromkeys("".join(words) for words in scripts(title)))
