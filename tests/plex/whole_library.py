"""A library made up around real shows: what TMDB knows of them, and how three Plex servers number them.

Each server follows one ordering: TMDB's own, one like TVDB's or a DVD's (seasons merged or split,
episodes swapped, specials among the others), or absolute numbers. What an episode is stays known, so
that each play has a right answer.

What the messages keep to, as Plex does: where a number is not TMDB's, the episode's own title, its date
or its TMDB id is there too. A message with a number of another ordering and nothing else can't be told
from a right one by anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from tests.plex.real_shows import RealShow, real_shows

PLAIN, DROPPED, DATED, ANIME, NUMBERED, PARTS = (
    *("plain", "dropped", "dated", "anime", "numbered", "parts"),
)
ORDERINGS = ("tmdb", "tvdb", "absolute")
WEEK = timedelta(days=7)
FIRST_WORDS = (
    *("Broken", "Silent", "Hidden", "Golden", "Last", "Second", "Burning", "Paper", "Northern"),
    *(
        "Borrowed",
        "Quiet",
        "Crooked",
        "Distant",
        "Hollow",
        "Bitter",
        "Electric",
        "Wooden",
        "Lonely",
    ),
)
SECOND_WORDS = (
    *("Harbour", "Letters", "Witness", "Garden", "Bridge", "Winter", "Promise", "Engine", "Mirror"),
    *(
        "Orchard",
        "Signal",
        "Kitchen",
        "Theatre",
        "Passage",
        "Anchor",
        "Lantern",
        "Verdict",
        "River",
    ),
)
THIRD_WORDS = (
    "",
    " of Glass",
    " at Dawn",
    " Revisited",
    " & Company",
    "'s End",
    ", Again",
    " Rules",
)
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


@dataclass(frozen=True, kw_only=True)
class Aired:
    """An episode as TMDB has it."""

    season: int
    number: int
    name: str
    aired: date | None
    tmdb_id: int
    tvdb_id: int
    imdb_id: str

    @property
    def place(self) -> tuple[int, int]:
        return self.season, self.number


@dataclass(kw_only=True)
class LibraryShow:
    real: RealShow
    kind: str
    tmdb_id: int
    tvdb_id: int | None
    imdb_id: str | None
    other_title: str = ""
    episodes: list[Aired] = field(default_factory=list)

    @property
    def regular(self) -> list[Aired]:
        return [episode for episode in self.episodes if episode.season]

    def seasons(self) -> dict[int, list[Aired]]:
        found: dict[int, list[Aired]] = {}
        for episode in self.episodes:
            found.setdefault(episode.season, []).append(episode)
        return found


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A place in Plex's numbering and the episode, or both episodes, that lie there."""

    season: int
    number: int
    episodes: tuple[Aired, ...]
    title: str
    counted: int = 0

    @property
    def can_be_told(self) -> bool:
        """Not of an episode without title and date under another number than TMDB's."""
        return self.is_tmdbs or self.episodes[0].aired is not None

    @property
    def is_tmdbs(self) -> bool:
        return (self.season, self.number) == self.episodes[0].place


class Maker:
    """Makes the shows; the same seed makes the same library."""

    def __init__(self, seed: int = 20) -> None:
        self.random = Random(seed)
        # Ids of shows and of episodes are numbers of the same size: one may well be the other.
        self.ids = iter(self.random.sample(range(1000, 200_000), 60_000))

    def shows(self) -> list[LibraryShow]:
        return [self.show(real, number) for number, real in enumerate(real_shows())]

    def show(self, real: RealShow, number: int) -> LibraryShow:
        kind = ANIME if real.country == "JP" else self.kind_of(real)
        show = LibraryShow(
            real=real,
            kind=kind,
            tmdb_id=next(self.ids),
            tvdb_id=next(self.ids) if number % 12 else None,
            imdb_id=f"tt{next(self.ids):07}" if number % 9 else None,
            other_title=f"{self.words()} {number}" if number % 3 == 0 else "",
        )
        start = date(real.year, self.random.randint(1, 12), self.random.randint(1, 28))
        for season in range(1, self.season_count(kind) + 1):
            start = max(start, date(real.year, 1, 1) + timedelta(days=365 * (season - 1)))
            start = self.add_season(show, season, start)
        self.add_specials(show)
        return show

    def kind_of(self, real: RealShow) -> str:
        dated = ("Tonight", "Late", "Daily", "Live!", "Jeopardy", "Wheel", "Tagesschau", "heute")
        if any(word in real.name for word in dated):
            return DATED
        kinds = (PLAIN, DROPPED, NUMBERED, PARTS)
        return self.random.choices(kinds, weights=(12, 3, 2, 2))[0]

    def season_count(self, kind: str) -> int:
        if kind == DATED:
            return 2
        return self.random.choice((1, 1, 2, 4)) if kind == ANIME else self.random.randint(1, 6)

    def add_season(self, show: LibraryShow, season: int, start: date) -> date:
        """Returns the day after the season's last."""
        count = {DATED: 60, ANIME: self.random.choice((12, 24, 52))}.get(
            show.kind, self.random.randint(6, 16)
        )
        step = {DATED: timedelta(days=1), DROPPED: timedelta(0)}.get(show.kind, WEEK)
        for number in range(1, count + 1):
            aired = start + step * (number - 1)
            self.add(show, season, number, self.name(show.kind, season, number), aired)
        return start + step * count + timedelta(days=1)

    def add(self, show: LibraryShow, season: int, number: int, name: str, aired: date) -> None:
        is_new = season and number and self.random.random() < 0.01
        show.episodes.append(
            Aired(
                season=season,
                number=number,
                name="TBA" if is_new else name,
                aired=None if is_new else aired,
                tmdb_id=next(self.ids),
                tvdb_id=next(self.ids),
                imdb_id=f"tt{next(self.ids):07}",
            )
        )

    def add_specials(self, show: LibraryShow) -> None:
        for number in range(1, self.random.choice((0, 0, 2, 4)) + 1):
            # Some air on the day of a regular episode.
            other = self.random.choice(show.regular)
            aired = other.aired or date(show.real.year, 6, 1)
            apart = timedelta(days=self.random.choice((0, 3)))
            self.add(show, 0, number, f"{self.words()} Special", aired + apart)

    def name(self, kind: str, season: int, number: int) -> str:
        if kind == NUMBERED:
            return f"Episode {number}"
        if kind == PARTS and number <= len(ROMAN):
            return f"Part {ROMAN[number - 1]}"
        if number == 1 and season == 1 and self.random.random() < 0.3:
            return "Pilot"
        return self.words()

    def words(self) -> str:
        parts = (FIRST_WORDS, SECOND_WORDS, THIRD_WORDS)
        first, second, third = (self.random.choice(words) for words in parts)
        return f"{first} {second}{third}"


def placed_by(show: LibraryShow, ordering: str, random: Random) -> list[Placed]:
    """The show as a server of this ordering numbers it."""
    own = [
        Placed(season=e.season, number=e.number, episodes=(e,), title=e.name) for e in show.episodes
    ]
    if ordering == "tmdb":
        return joined_pairs(own, random)
    if ordering == "absolute":
        return absolute(show)
    if show.kind == DATED:
        return by_year(show)
    ways = (merged, halved, swapped, with_special_inside, with_double_split)
    return random.choice(ways)(show, random)


def joined_pairs(own: list[Placed], random: Random) -> list[Placed]:
    """Here and there two episodes lie in one file, which Plex calls "A / B"."""
    kept: list[Placed] = []
    places = iter(own)
    for place in places:
        follower = None
        if place.season and random.random() < 0.04:
            follower = next(places, None)
        if follower is None or follower.season != place.season or "TBA" in place.title:
            kept += [place] if follower is None else [place, follower]
            continue
        both = (*place.episodes, *follower.episodes)
        title = f"{place.title} / {follower.title}"
        kept.append(Placed(season=place.season, number=place.number, episodes=both, title=title))
    return kept


def absolute(show: LibraryShow) -> list[Placed]:
    specials = [episode for episode in show.episodes if not episode.season]
    return [
        *numbered(show.regular, season=1, counted=True),
        *numbered(specials, season=0),
    ]


def numbered(
    episodes: list[Aired], *, season: int, first: int = 1, counted: bool = False
) -> Iterator[Placed]:
    for number, episode in enumerate(episodes, start=first):
        yield Placed(
            season=season,
            number=number,
            episodes=(episode,),
            title=episode.name,
            counted=number if counted else 0,
        )


def by_year(show: LibraryShow) -> list[Placed]:
    years: dict[int, list[Aired]] = {}
    for episode in show.regular:
        if episode.aired is not None:
            years.setdefault(episode.aired.year, []).append(episode)
    return [place for year, found in years.items() for place in numbered(found, season=year)]


def merged(show: LibraryShow, _random: Random) -> list[Placed]:
    """Two seasons of TMDB are one here."""
    pairs: dict[int, list[Aired]] = {}
    for episode in show.regular:
        pairs.setdefault((episode.season + 1) // 2, []).append(episode)
    return [place for season, found in pairs.items() for place in numbered(found, season=season)]


def halved(show: LibraryShow, _random: Random) -> list[Placed]:
    """Each season of TMDB is two here."""
    found: list[Placed] = []
    for season, episodes in show.seasons().items():
        if season:
            middle = len(episodes) // 2
            found += numbered(episodes[:middle], season=season * 2 - 1)
            found += numbered(episodes[middle:], season=season * 2)
    return found


def swapped(show: LibraryShow, random: Random) -> list[Placed]:
    """Neighbours changed places, as on a DVD; specials are numbered anyhow."""
    found: list[Placed] = []
    for season, episodes in show.seasons().items():
        order = list(episodes)
        for at in range(0, len(order) - 1, 2):
            if random.random() < 0.5:
                order[at], order[at + 1] = order[at + 1], order[at]
        found += numbered(order, season=season)
    return found


def with_special_inside(show: LibraryShow, _random: Random) -> list[Placed]:
    """A special counts as the third episode of the first season, and moves all behind it."""
    found: list[Placed] = []
    for season, episodes in show.seasons().items():
        order = list(episodes)
        specials = show.seasons().get(0, [])
        if season == 1 and specials:
            order.insert(2, specials[0])
        if season:
            found += numbered(order, season=season)
    return found


def with_double_split(show: LibraryShow, _random: Random) -> list[Placed]:
    """The first episode, of double length at TMDB, is two here, and moves all behind it."""
    found: list[Placed] = []
    for season, episodes in show.seasons().items():
        if season != 1:
            found += numbered(episodes, season=season)
            continue
        first = episodes[0]
        found += [
            Placed(season=1, number=part, episodes=(first,), title=f"{first.name} ({part})")
            for part in (1, 2)
        ]
        found += numbered(episodes[1:], season=1, first=3)
    return found
