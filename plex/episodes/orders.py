"""Other orders than the catalogue's: what Plex's number is in one, and which order the evidence fits.

Plex can number a show by TVDB's or DVD order, count it through, or name seasons by years. With an
`Order` Plex's (season, number) is looked up there instead of in TMDB's own numbering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from plex.episodes.index import EpisodeIndex, KnownEpisode
from plex.fields import YEARS

Place = tuple[int, int]  # Plex's season and episode number.

OWN = ""
COUNTED = "absolute"
BY_YEAR = "years"
OF_TMDB = "tmdb:"
# So many episodes have to be another one than TMDB's number says, before an order is proposed.
ENOUGH = 3


@dataclass(frozen=True, kw_only=True)
class Order:
    """Where each episode stands in one order; `places` hold the id of a KnownEpisode.

    `counts_through`: one number for the whole series, whatever season Plex files it under.
    """

    key: str
    name: str
    places: Mapping[Place, int]
    counts_through: bool = False
    seasons: frozenset[int] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seasons", frozenset(season for season, _ in self.places))

    def covers(self, season: int | None) -> bool:
        """Whether the order speaks about a season of Plex; else TMDB's own numbers count."""
        if season == 0 or season is None:
            return season in self.seasons or (season is None and self.counts_through)
        return self.key != BY_YEAR or season in YEARS

    def find(self, season: int | None, number: int | None) -> int | None:
        """The episode with Plex's number, None where the order has none."""
        if number is None or not self.covers(season):
            return None
        place = (1, number) if self.counts_through and season != 0 else (season or 0, number)
        return self.places.get(place)


def counted_order(index: EpisodeIndex) -> Order:
    """Counted through the regular seasons."""
    places = {(1, number): episode.id for number, episode in index.counted()}
    return Order(
        key=COUNTED,
        name="counted through all seasons",
        places=places,
        counts_through=True,
    )


def year_order(index: EpisodeIndex) -> Order:
    """Seasons named by years, in each the regular episodes by air date."""
    by_year: dict[int, list[tuple[date, KnownEpisode]]] = defaultdict(list)
    for episode in index.regular:
        if episode.air_date is not None:
            by_year[episode.air_date.year].append((episode.air_date, episode))
    places = {
        (year, number): episode.id
        for year, aired in by_year.items()
        # Sorted stably: those of one day stay in TMDB's order.
        for number, (_, episode) in enumerate(sorted(aired, key=lambda pair: pair[0]), start=1)
    }
    return Order(key=BY_YEAR, name="seasons named by years, by air date", places=places)


def built_in_order(key: str, index: EpisodeIndex) -> Order | None:
    """An order that needs nothing from TMDB; None for any other key."""
    make = {COUNTED: counted_order, BY_YEAR: year_order}.get(key)
    return make(index) if make else None


@dataclass(frozen=True, kw_only=True)
class NumberFact:
    """What other evidence than the number said about one Plex episode: it is one of these."""

    place: Place
    episode_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How an order fits what is known: episodes that it explains and TMDB's numbers don't, and
    those that are proven to be another one than it says."""

    order: Order
    fitting: tuple[Place, ...]
    against: tuple[Place, ...]


def fit_of(order: Order, facts: Iterable[NumberFact], index: EpisodeIndex) -> Fit:
    fitting, against = [], []
    for fact in facts:
        own = index.by_number.get(fact.place)
        if not order.covers(fact.place[0]):
            continue
        ordered = order.find(*fact.place)
        if ordered in fact.episode_ids:
            if own is None or own.id not in fact.episode_ids:
                fitting.append(fact.place)
        elif ordered is not None:
            against.append(fact.place)
    return Fit(order=order, fitting=tuple(sorted(fitting)), against=tuple(sorted(against)))


def propose_order(
    facts: Sequence[NumberFact], orders: Iterable[Order], index: EpisodeIndex
) -> Fit | None:
    """The order that explains the most, where nothing speaks against it; the first of several."""
    fits = [fit_of(order, facts, index) for order in orders]
    likely = [fit for fit in fits if len(fit.fitting) >= ENOUGH and not fit.against]
    return max(likely, key=lambda fit: len(fit.fitting), default=None)
