"""TMDB's JSON as dataclasses. Pure. Whatever has not the documented shape is a `TmdbError`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

# What a PositiveIntegerField holds on every database.
LARGEST_INTEGER = 2**31 - 1
IMDB_ID_LENGTH = 16


class TmdbError(Exception):
    """TMDB did not give what was asked for. The text is one sentence and never holds the key.

    `permanent`: asking again later would give the same (a key that is refused, a show that does not
    exist). `retry_after`: the seconds that TMDB asked to wait, if it did.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class FoundShow:
    """A show as `/find` and the search list it."""

    tmdb_id: int
    title: str
    original_title: str = ""
    first_air_date: date | None = None
    poster_path: str = ""
    overview: str = ""
    origin_countries: tuple[str, ...] = ()
    popularity: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FoundEpisode:
    """An episode as `/find` lists it, with the show that it belongs to."""

    tmdb_id: int
    show_tmdb_id: int
    season_number: int
    episode_number: int
    name: str = ""
    air_date: date | None = None


@dataclass(frozen=True, kw_only=True)
class FindResult:
    shows: tuple[FoundShow, ...] = ()
    episodes: tuple[FoundEpisode, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EpisodeData:
    episode_number: int
    name: str = ""
    overview: str = ""
    air_date: date | None = None
    runtime: int | None = None
    tmdb_id: int | None = None
    still_path: str = ""


@dataclass(frozen=True, kw_only=True)
class SeasonData:
    season_number: int
    name: str = ""
    poster_path: str = ""
    episodes: tuple[EpisodeData, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShowData:
    """A show with all its seasons: the columns of `TVShow`, by the same names."""

    tmdb_id: int | None
    title: str
    tvdb_id: int | None = None
    imdb_id: str = ""
    original_title: str = ""
    alternative_titles: tuple[str, ...] = ()
    overview: str = ""
    network: str = ""
    origin_countries: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    first_air_date: date | None = None
    last_air_date: date | None = None
    production_status: str = ""
    poster_path: str = ""
    backdrop_path: str = ""
    seasons: tuple[SeasonData, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListedSeason:
    """A season as the show's own list names it."""

    season_number: int
    name: str
    poster_path: str
    episode_count: int


def parse_find(answer: Any) -> FindResult:
    """The answer of `/find/{id}`."""
    data = as_object(answer)
    shows = objects(data, "tv_results", required=True)
    episodes = objects(data, "tv_episode_results", required=True)
    return FindResult(
        shows=tuple(map(parse_found_show, shows)),
        episodes=tuple(map(parse_found_episode, episodes)),
    )


def parse_search(answer: Any) -> tuple[FoundShow, ...]:
    """The answer of `/search/tv`."""
    return tuple(
        parse_found_show(item) for item in objects(as_object(answer), "results", required=True)
    )


def parse_found_show(item: Mapping[str, Any]) -> FoundShow:
    popularity = item.get("popularity")
    return FoundShow(
        tmdb_id=number(item, "id"),
        title=text(item, "name") or text(item, "original_name"),
        original_title=text(item, "original_name"),
        first_air_date=day(item, "first_air_date"),
        poster_path=text(item, "poster_path"),
        overview=text(item, "overview"),
        origin_countries=texts(item, "origin_country"),
        popularity=float(popularity) if isinstance(popularity, int | float) else 0.0,
    )


def parse_found_episode(item: Mapping[str, Any]) -> FoundEpisode:
    return FoundEpisode(
        tmdb_id=number(item, "id"),
        show_tmdb_id=number(item, "show_id"),
        season_number=number(item, "season_number"),
        episode_number=number(item, "episode_number"),
        name=text(item, "name"),
        air_date=day(item, "air_date"),
    )


def parse_season_list(answer: Any) -> tuple[ListedSeason, ...]:
    """The seasons that the answer of `/tv/{id}` lists, in order, each number once."""
    seasons = {}
    for item in objects(as_object(answer), "seasons", required=True):
        season_number = number(item, "season_number")
        seasons[season_number] = ListedSeason(
            season_number=season_number,
            name=text(item, "name"),
            poster_path=text(item, "poster_path"),
            episode_count=optional_number(item, "episode_count") or 0,
        )
    return tuple(seasons[season_number] for season_number in sorted(seasons))


def parse_season(answer: Any) -> SeasonData:
    """The answer of `/tv/{id}/season/{n}`, or the same appended to a show's."""
    data = as_object(answer)
    episodes: dict[int, EpisodeData] = {}
    for item in objects(data, "episodes", required=True):
        episode = EpisodeData(
            episode_number=number(item, "episode_number"),
            name=text(item, "name"),
            overview=text(item, "overview"),
            air_date=day(item, "air_date"),
            runtime=optional_number(item, "runtime"),
            tmdb_id=optional_number(item, "id"),
            still_path=text(item, "still_path"),
        )
        episodes.setdefault(episode.episode_number, episode)
    return SeasonData(
        season_number=number(data, "season_number"),
        name=text(data, "name"),
        poster_path=text(data, "poster_path"),
        episodes=tuple(episodes[episode_number] for episode_number in sorted(episodes)),
    )


def parse_show(answer: Any, seasons: Iterable[SeasonData]) -> ShowData:
    """The answer of `/tv/{id}` with external ids, alternative titles and translations appended."""
    data = as_object(answer)
    title = text(data, "name") or text(data, "original_name")
    if not title:
        raise wrong_shape("a show without a name")
    external_ids = part(data, "external_ids")
    imdb_id = text(external_ids, "imdb_id")
    networks = names(data, "networks")
    return ShowData(
        tmdb_id=number(data, "id"),
        tvdb_id=optional_number(external_ids, "tvdb_id"),
        imdb_id=imdb_id if len(imdb_id) <= IMDB_ID_LENGTH else "",
        title=title,
        original_title=text(data, "original_name"),
        alternative_titles=parse_alternative_titles(data),
        overview=text(data, "overview"),
        network=networks[0] if networks else "",
        origin_countries=texts(data, "origin_country"),
        creators=names(data, "created_by"),
        genres=names(data, "genres"),
        first_air_date=day(data, "first_air_date"),
        last_air_date=day(data, "last_air_date"),
        production_status=text(data, "status"),
        poster_path=text(data, "poster_path"),
        backdrop_path=text(data, "backdrop_path"),
        seasons=tuple(seasons),
    )


def parse_alternative_titles(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The other names that a show goes by: alternative titles, then translated ones, each once."""
    alternatives = part(data, "alternative_titles")
    translations = part(data, "translations")
    found = [text(item, "title") for item in objects(alternatives, "results")]
    for item in objects(translations, "translations"):
        found.append(text(part(item, "data"), "name"))
    own = {text(data, "name"), text(data, "original_name"), ""}
    return tuple(dict.fromkeys(title for title in found if title not in own))


def wrong_shape(what: str) -> TmdbError:
    return TmdbError(f"TMDB's answer can't be read ({what}); it will be asked again later.")


def as_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise wrong_shape("not an object")
    return value


def part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within another; missing or null counts as empty."""
    value = data.get(name)
    return {} if value is None else as_object(value)


def objects(data: Mapping[str, Any], name: str, *, required: bool = False) -> list[dict[str, Any]]:
    """A list of objects; missing or null counts as empty unless it is required."""
    value = data.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise wrong_shape(f"{name} is not a list of objects")
    return value


def text(data: Mapping[str, Any], name: str) -> str:
    """A text, "" for null; without U+0000 and lone surrogates, which no database takes."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong_shape(f"{name} is not a text")
    return value.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise wrong_shape(f"{name} is not a list")
    return tuple(filter(None, (text({name: item}, name) for item in value)))


def names(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The names of a list of objects: genres, networks, creators."""
    return tuple(filter(None, (text(item, "name") for item in objects(data, name))))


def number(data: Mapping[str, Any], name: str) -> int:
    """A whole number that fits a column."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise wrong_shape(f"{name} is not a number")
    return value


def optional_number(data: Mapping[str, Any], name: str) -> int | None:
    return None if data.get(name) is None else number(data, name)


def day(data: Mapping[str, Any], name: str) -> date | None:
    """A date; TMDB writes "" or null for an unknown one, and what is no date counts as unknown."""
    try:
        return date.fromisoformat(text(data, name))
    except ValueError:
        return None
