"""An index of titles in memory: which shows could a title mean? Where there is no `pg_trgm`."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from plex.likeness import grams
from tracker.titles import spelled_words, split_suffixes, title_key, without_accents
from tracker.transliteration import latin

# Of the right shows 95.7 in a hundred are among as many; 96.0 among 100, at twice the cost.
CANDIDATES = 40
# A show of the right year is worth about this much likeness: measured, in docs/matching.md.
YEAR_BONUS = 0.3


@dataclass(frozen=True, kw_only=True)
class IndexedTitle:
    show: int
    title: str
    year: int | None = None


class TitleIndex:
    """Finds shows by the runs of letters that their titles share with the one asked for.

    Rare runs count for more than common ones, and every show with the very key is always found.
    """

    def __init__(self, titles: Iterable[IndexedTitle]) -> None:
        self._shows = array("q")
        self._years = array("h")
        self._by_key: dict[str, list[int]] = defaultdict(list)
        self._places: dict[str, array[int]] = defaultdict(lambda: array("i"))
        for indexed in titles:
            self._add(indexed)
        count = len(self._shows)
        self._rarity = {gram: math.log(count / len(at)) + 0.01 for gram, at in self._places.items()}
        self._weights = self._entry_weights()

    def __len__(self) -> int:
        return len(self._shows)

    def find(self, title: str, *, year: int | None = None, limit: int = CANDIDATES) -> list[int]:
        """Return the shows whose titles are most alike, best first, namesakes always among them."""
        scores: dict[int, float] = {}
        for letters in _letters(title):
            self._score(letters, year, scores)
        namesakes = dict.fromkeys(self._by_key.get(title_key(title), ()))
        found = heapq.nlargest(limit, scores.items(), key=lambda item: item[1])
        return [*namesakes, *(show for show, _ in found if show not in namesakes)][
            : max(limit, len(namesakes))
        ]

    def _add(self, indexed: IndexedTitle) -> None:
        self._by_key[title_key(indexed.title)].append(indexed.show)
        for letters in _letters(indexed.title):
            place = len(self._shows)
            self._shows.append(indexed.show)
            self._years.append(indexed.year or 0)
            for gram in grams(letters):
                self._places[gram].append(place)

    def _entry_weights(self) -> array[float]:
        weights = array("d", bytes(8 * len(self._shows)))
        for gram, places in self._places.items():
            rarity = self._rarity[gram]
            for place in places:
                weights[place] += rarity
        return weights

    def _score(self, letters: str, year: int | None, scores: dict[int, float]) -> None:
        shared: dict[int, float] = defaultdict(float)
        asked = 0.0
        unknown = math.log(len(self._shows) + 1)
        for gram in grams(letters):
            rarity = self._rarity.get(gram)
            asked += unknown if rarity is None else rarity
            if rarity is not None:
                for place in self._places[gram]:
                    shared[place] += rarity
        for place, weight in shared.items():
            score = weight / math.sqrt(asked * self._weights[place])
            if year and abs(self._years[place] - year) <= 1:
                score += YEAR_BONUS
            show = self._shows[place]
            if score > scores.get(show, 0.0):
                scores[show] = score


def _letters(title: str) -> list[str]:
    """Return the title's letters in its own script and, where that is another, in Latin ones."""
    name = split_suffixes(title)[0]
    spelled = ["".join(spelled_words(name))]
    if not name.isascii():
        spelled.append("".join(spelled_words(latin(without_accents(name.casefold())))))
    return [letters for letters in dict.fromkeys(spelled) if letters]
