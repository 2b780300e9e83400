"""How like two titles are, and what that is worth as a chance; numbers only, no decisions.

The likeness of titles and the distance of years are put together as in a multinomial logit:
every candidate, and "none of them" beside them, has a weight; its share of all weights is the
chance that it is the show. The factors were fitted on labelled pairs (docs/matching.md), half of
them against the other half, so that a chance of 0.80 is right about four times in five.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from thefuzz import fuzz

from tracker.transliteration import scripts

# Fitted: what each kind of likeness, all between 0 and 1, adds to a candidate's weight.
SHARED_LETTERS = 4.1
CONTAINED_LETTERS = 4.1
SHARED_WORDS = 2.2
LIKE_LENGTHS = 1.2
# Fitted: the first year here against the show's own year on Plex; 0 where one is unknown.
SAME_YEAR = 3.5
ONE_YEAR_OFF = 0.9
TWO_YEARS_OFF = -1.5
MORE_YEARS_OFF = -4.3
# Fitted: the weight of "none of them"; more where the year is known and would have shown it.
NONE_OF_THEM = 8.4
NONE_WITH_YEAR = 1.3
# Letters that many candidates share ("the animation") count for less; a few candidates must not
# make everything look common.
PRIOR_CANDIDATES = 30

# Latin and kana: three letters; Chinese signs and Hangul say as much in two.
_GRAM, _SHORT_GRAM, _FIRST_WIDE = 3, 2, "\u2e80"
_CACHED_TITLES = 4096


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """A title as one string of letters, as words, and as the set of its short runs of letters."""

    letters: str
    words: str
    grams: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How like two titles are, each number between 0 and 1."""

    shared: float
    contained: float
    words: float
    length: float

    @property
    def weight(self) -> float:
        return (
            SHARED_LETTERS * self.shared
            + CONTAINED_LETTERS * self.contained
            + SHARED_WORDS * self.words
            + LIKE_LENGTHS * self.length
        )


@lru_cache(maxsize=_CACHED_TITLES)
def spellings(title: str) -> tuple[Spelling, ...]:
    """Return the title in its own script and, where that is another, in Latin letters."""
    letters = {"".join(words): " ".join(words) for words in scripts(title)}
    return tuple(
        Spelling(letters=joined, words=text, grams=grams(joined))
        for joined, text in letters.items()
    )


def grams(letters: str) -> frozenset[str]:
    """Return all runs of three letters, of two in a script of syllables or signs."""
    size = _GRAM if max(letters, default="") < _FIRST_WIDE else _SHORT_GRAM
    framed = f"^{letters}$"
    return frozenset(framed[at : at + size] for at in range(len(framed) - size + 1))


def likenesses(title: str, shows: Sequence[Iterable[str]]) -> list[Likeness]:
    """Return for each show, given by its titles, how like to `title` it is at best."""
    asked = spellings(title)
    known = [[spelling for name in names for spelling in spellings(name)] for names in shows]
    rarity = _Rarity(known)
    return [_best(asked, spelled, rarity) for spelled in known]


def chances(weights: Sequence[float], *, year_known: bool) -> list[float]:
    """Return each weight's share of all, "none of them" included."""
    none = NONE_OF_THEM + (NONE_WITH_YEAR if year_known else 0.0)
    highest = max([none, *weights])
    shares = [math.exp(weight - highest) for weight in weights]
    total = sum(shares) + math.exp(none - highest)
    return [share / total for share in shares]


def year_weight(years_apart: int | None) -> float:
    if years_apart is None:
        return 0.0
    return {0: SAME_YEAR, 1: ONE_YEAR_OFF, 2: TWO_YEARS_OFF}.get(years_apart, MORE_YEARS_OFF)


class _Rarity:
    """How much a run of letters tells, by how few of the candidates have it."""

    def __init__(self, known: Sequence[Sequence[Spelling]]) -> None:
        self._seen = Counter(
            gram
            for spelled in known
            for gram in frozenset[str]().union(*(spelling.grams for spelling in spelled))
        )
        self._all = len(known) + PRIOR_CANDIDATES
        self._cached: dict[str, float] = {}
        self._sums: dict[frozenset[str], float] = {}

    def of(self, grams_: frozenset[str]) -> float:
        total = self._sums.get(grams_)
        if total is None:
            total = self._sums[grams_] = math.fsum(map(self._one, grams_))
        return total

    def _one(self, gram: str) -> float:
        value = self._cached.get(gram)
        if value is None:
            value = self._cached[gram] = math.log(self._all / (self._seen[gram] + 0.5))
        return value


def _best(asked: Sequence[Spelling], known: Sequence[Spelling], rarity: _Rarity) -> Likeness:
    """Take each number from the pair of spellings that does best in it: so it was fitted."""
    pairs = [(mine, theirs) for mine in asked for theirs in known]
    alike = [_compare(mine, theirs, rarity) for mine, theirs in pairs]
    return Likeness(
        shared=max((one.shared for one in alike), default=0.0),
        contained=max((one.contained for one in alike), default=0.0),
        words=max((one.words for one in alike), default=0.0),
        length=max((one.length for one in alike), default=0.0),
    )


def _compare(mine: Spelling, theirs: Spelling, rarity: _Rarity) -> Likeness:
    common = rarity.of(mine.grams & theirs.grams)
    own, other = rarity.of(mine.grams), rarity.of(theirs.grams)
    lengths = sorted((len(mine.letters), len(theirs.letters)))
    return Likeness(
        shared=2 * common / (own + other) if own + other else 0.0,
        contained=common / min(own, other) if own and other else 0.0,
        words=fuzz.token_set_ratio(mine.words, theirs.words, full_process=False) / 100,
        length=lengths[0] / lengths[1],
    )
