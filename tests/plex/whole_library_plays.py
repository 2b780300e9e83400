"""What three Plex servers send about plays of the made-up library, by every family of guids."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.plex.whole_library import (
    ANIME,
    DATED,
    ORDERINGS,
    Aired,
    LibraryShow,
    Placed,
    placed_by,
)

COUNTRIES = {"GB": "UK", "US": "US"}
FOREIGN = ("Das letzte Haus", "Die lange Nacht", "Ein neuer Anfang", "Le dernier train", "最後の夜")
ONE_DAY = timedelta(days=1)
LIST_KEYS = ("imdb", "tmdb", "tvdb")


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One show in the library of one server."""

    show: LibraryShow
    ordering: str
    family: str
    title: str
    places: tuple[Placed, ...]

    @property
    def server(self) -> str:
        return f"server-{self.ordering}"

    @property
    def rating_key(self) -> str:
        return str(10_000 + self.show.tmdb_id)


@dataclass(frozen=True, kw_only=True)
class Play:
    """A message and the right answer. `label` says what is special about it."""

    payload: dict[str, Any]
    copy: Copy
    place: Placed
    viewed_at: datetime
    is_repeat: bool = False

    @property
    def right(self) -> set[tuple[int, int, int]]:
        """(TMDB id of the show, season, number) of each episode that was played."""
        return {(self.copy.show.tmdb_id, *episode.place) for episode in self.place.episodes}

    def __str__(self) -> str:
        sent = self.payload["Metadata"]
        numbers = f"S{sent['parentIndex']}E{sent['index']}"
        right = " + ".join(str(episode.place) for episode in self.place.episodes)
        about = f"{self.copy.ordering}/{self.copy.family} “{self.copy.title}” {numbers}"
        return f"{about} “{sent['title']}” {sent.get('originallyAvailableAt')} is {right}"


def copies(shows: list[LibraryShow], random: Random) -> list[Copy]:
    """Each show on each server, the families dealt out in turn."""
    found = []
    for number, show in enumerate(shows):
        for turn, ordering in enumerate(ORDERINGS):
            families = [name for name in FAMILIES if can_have(show, name, ordering)]
            found.append(
                Copy(
                    show=show,
                    ordering=ordering,
                    family=families[(number + turn * 5) % len(families)],
                    title=title_on(show, random),
                    places=tuple(placed_by(show, ordering, random)),
                )
            )
    return found


def can_have(show: LibraryShow, family: str, ordering: str) -> bool:
    """Agents by which this show, so numbered, can be in a library."""
    if family == "legacy_tmdb":
        return ordering == "tmdb"  # That agent knows TMDB's own numbers only.
    if family in {"legacy_tvdb", "tvdb_place"}:
        return show.tvdb_id is not None and ordering != "absolute"
    if family == "legacy_imdb":
        return show.imdb_id is not None
    if family.startswith("hama"):
        is_counted = family == "hama_absolute"
        right_order = is_counted == (ordering == "absolute")
        return show.kind == ANIME and show.tvdb_id is not None and right_order
    return True


def title_on(show: LibraryShow, random: Random) -> str:
    """As it is, with year or country, or by another title that TMDB lists."""
    name, chance = show.real.name, random.random()
    if show.other_title and chance < 0.25:
        return show.other_title
    if chance < 0.35:
        return f"{name} ({show.real.year})"
    if chance < 0.45 and show.real.country in COUNTRIES:
        return f"{name} ({COUNTRIES[show.real.country]})"
    return name


def plays(
    shows: list[LibraryShow], *, count: int, first: datetime, seed: int = 7
) -> Iterator[Play]:
    """Plays of random episodes of all copies; one in thirty arrives twice."""
    random = Random(seed)
    every = copies(shows, random)
    for number in range(count):
        copy = every[number % len(every)]
        place = random.choice([place for place in copy.places if place.can_be_told])
        viewed_at = first + timedelta(hours=number)
        payload = message(copy, place, viewed_at, random)
        play = Play(payload=payload, copy=copy, place=place, viewed_at=viewed_at)
        yield play
        if number % 30 == 0:
            yield Play(payload=payload, copy=copy, place=place, viewed_at=viewed_at, is_repeat=True)


def message(copy: Copy, place: Placed, viewed_at: datetime, random: Random) -> dict[str, Any]:
    title, aired = told(copy, place, random)
    metadata = {
        "type": "episode",
        "librarySectionTitle": "TV Shows",
        "grandparentTitle": copy.title,
        "grandparentRatingKey": copy.rating_key,
        "ratingKey": f"{copy.rating_key}{place.season:04}{place.number:04}",
        "parentIndex": place.season,
        "index": place.number,
        "title": title,
        "duration": 2_700_000,
        "viewCount": 1,
        "lastViewedAt": int(viewed_at.timestamp()),
        **({"originallyAvailableAt": aired.isoformat(), "year": aired.year} if aired else {}),
        **FAMILIES[copy.family](copy, place),
    }
    return {
        "event": "media.scrobble",
        "user": True,
        "owner": True,
        "Account": {"id": 4711, "title": "mira"},
        "Server": {"title": copy.ordering, "uuid": copy.server},
        "Metadata": metadata,
    }


def told(copy: Copy, place: Placed, random: Random) -> tuple[str, date | None]:
    """Title and date as this message has them: right, respelled, missing, or in another language."""
    episode = place.episodes[0]
    titles = (place.title, place.title.upper(), place.title.replace("&", "and").replace("'", ""))
    title = random.choices(
        (*titles, f"Episode {place.number}", random.choice(FOREIGN), ""),
        weights=(12, 1, 2, 2, 1, 1),
    )[0]
    days = random.choices((0, 1, -1, None), weights=(14, 1, 1, 4))[0]
    has_agent = copy.family not in {"local", "none"}
    aired = None
    if days is not None and episode.aired is not None and (has_agent or days == 0):
        aired = episode.aired + ONE_DAY * days
    if copy.show.kind == DATED and aired != episode.aired:
        title = place.title
    if not place.is_tmdbs or len(place.episodes) > 1:
        return with_proof(copy.show, place, title, aired)
    return title, aired


def with_proof(
    show: LibraryShow, place: Placed, title: str, aired: date | None
) -> tuple[str, date | None]:
    """Where the number is not TMDB's: the own title if no other episode has it, else the date too."""
    episode = place.episodes[0]
    if len(place.episodes) > 1 or title not in {place.title, place.title.upper()}:
        title = place.title
    names = [other.name for other in show.episodes]
    is_own = names.count(episode.name) == 1 and episode.name != "TBA"
    return title, aired if is_own else episode.aired


def hexed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def plex_guids(copy: Copy, place: Placed) -> dict[str, Any]:
    here = f"{copy.show.tmdb_id}/{copy.ordering}/{place.season}/{place.number}"
    return {
        "guid": f"plex://episode/{hexed(here)}",
        "grandparentGuid": f"plex://show/{hexed(str(copy.show.tmdb_id))}",
    }


def listed(*names: str) -> Callable[[Copy, Placed], dict[str, Any]]:
    """The newer agent with these ids of the episode."""

    def guids(copy: Copy, place: Placed) -> dict[str, Any]:
        ids = ids_of(place.episodes[0])
        found = [{"id": f"{name}://{ids[name]}"} for name in names]
        return {**plex_guids(copy, place), **({"Guid": found} if found else {})}

    return guids


def ids_of(episode: Aired) -> dict[str, str]:
    return {
        "imdb": episode.imdb_id,
        "tmdb": str(episode.tmdb_id),
        "tvdb": str(episode.tvdb_id),
    }


def show_id_in_list(copy: Copy, place: Placed) -> dict[str, Any]:
    """As some senders do: the id of the show where that of the episode belongs."""
    return {**plex_guids(copy, place), "Guid": [{"id": f"tmdb://{copy.show.tmdb_id}"}]}


def tvdb_place(copy: Copy, place: Placed) -> dict[str, Any]:
    here = f"tvdb://{copy.show.tvdb_id}/{place.season}/{place.number}"
    return {**plex_guids(copy, place), "Guid": [{"id": here}]}


def tailed(head: str) -> Callable[[Copy, Placed], dict[str, Any]]:
    """The older agents: the show's id, and the place behind it."""

    def guids(copy: Copy, place: Placed) -> dict[str, Any]:
        show = copy.show
        start = head.format(tvdb=show.tvdb_id, tmdb=show.tmdb_id, imdb=show.imdb_id)
        return {
            "guid": f"{start}/{place.season}/{place.number}?lang=en",
            "grandparentGuid": f"{start}?lang=en",
        }

    return guids


def local(copy: Copy, place: Placed) -> dict[str, Any]:
    return {
        "guid": f"local://{copy.rating_key}{place.season}{place.number}",
        "grandparentGuid": f"local://{copy.rating_key}",
    }


def nothing(_copy: Copy, _place: Placed) -> dict[str, Any]:
    return {}


FAMILIES: dict[str, Callable[[Copy, Placed], dict[str, Any]]] = {
    "plex_all": listed(*LIST_KEYS),
    "plex_tmdb": listed("tmdb"),
    "plex_tvdb": listed("tvdb"),
    "plex_imdb": listed("imdb"),
    "plex_none": listed(),
    "show_id_in_list": show_id_in_list,
    "tvdb_place": tvdb_place,
    "legacy_tvdb": tailed("com.plexapp.agents.thetvdb://{tvdb}"),
    "legacy_tmdb": tailed("com.plexapp.agents.themoviedb://{tmdb}"),
    "legacy_imdb": tailed("com.plexapp.agents.imdb://{imdb}"),
    "hama_tvdb": tailed("com.plexapp.agents.hama://tvdb-{tvdb}"),
    "hama_absolute": tailed("com.plexapp.agents.hama://tvdb4-{tvdb}"),
    "hama_anidb": tailed("com.plexapp.agents.hama://anidb-{tvdb}"),
    "local": local,
    "none": nothing,
}
