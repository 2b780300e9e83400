"""A TMDB of our own on loopback: a real HTTP server that answers in TMDB's documented shapes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.factories import FIRST_AIR_DATE, SeasonSpec, season_starts
from tests.tmdb_json import (
    as_json,
    error_json,
    found_json,
    iso,
    last_air_date,
    listed_json,
    matches,
    order_json,
    order_list_json,
    season_json,
    words,
)
from tests.trouble import Troubled


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    path: str  # Without the leading /3.
    query: dict[str, str]
    authorization: str

    @property
    def appended(self) -> list[str]:
        return [item for item in self.query.get("append_to_response", "").split(",") if item]


class FakeTmdb(Troubled):
    """Add shows and ids, let it fail, look at what was asked.

        tmdb.add_show(1399, "Game of Thrones", seasons={1: 10}, tvdb_id=121361)
        tmdb.add_find("3254641", source="tvdb_id", episode=(1399, 1, 1))
        tmdb.down(); tmdb.up(); tmdb.fail_with(429, times=1, retry_after=1); tmdb.slow(0.2)

    Episodes get the same ids, names and dates as those of `factories.make_show`.
    """

    key = "eyJfake.tmdb.token"  # A v4 token; `v3_key` is taken too.
    v3_key = "0123456789abcdef0123456789abcdef"

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.requests: list[SeenRequest] = []
        self.shows: dict[int, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.orders: dict[str, tuple[int, dict[str, Any]]] = {}
        self._finds: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
        self._searches: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        server.clear()
        server.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    @property
    def url(self) -> str:
        return self.server.url_for("/3")

    # What it knows

    def add_show(
        self,
        tmdb_id: int,
        title: str,
        *,
        seasons: Mapping[int, SeasonSpec] | None = None,
        first_air_date: date | None = FIRST_AIR_DATE,
        original_title: str = "",
        alternative_titles: Iterable[str] = (),
        translations: Iterable[str] = (),
        status: str = "Returning Series",
        tvdb_id: int | None = None,
        imdb_id: str | None = None,
        network: str = "",
        genres: Iterable[str] = (),
        creators: Iterable[str] = (),
        origin_countries: Iterable[str] = ("US",),
        popularity: float = 10.0,
        **fields: Any,
    ) -> dict[str, Any]:
        """Know a show, or know it anew; its tvdb and imdb ids can be found too. Returns its JSON.

        The dict may be changed afterwards; its seasons stand under `season/1`, as appended ones do.
        """
        seasons = {1: 10} if seasons is None else seasons
        starts = season_starts(seasons, first_air_date)
        details = {
            number: season_json(tmdb_id, number, spec, starts=starts[number])
            for number, spec in sorted(seasons.items())
        }
        show: dict[str, Any] = {
            "id": tmdb_id,
            "name": title,
            "original_name": original_title or title,
            "overview": f"All about {title}.",
            "status": status,
            "first_air_date": iso(first_air_date),
            "last_air_date": last_air_date(details.values()),
            "poster_path": f"/poster{tmdb_id}.jpg",
            "backdrop_path": f"/backdrop{tmdb_id}.jpg",
            "popularity": popularity,
            "origin_country": list(origin_countries),
            "genres": [{"id": 18 + n, "name": name} for n, name in enumerate(genres)],
            "networks": [{"id": 49, "name": network, "origin_country": "US"}] if network else [],
            "created_by": [{"id": n, "name": name} for n, name in enumerate(creators)],
            "number_of_seasons": len(seasons),
            "seasons": [listed_json(detail) for detail in details.values()],
            "external_ids": {"imdb_id": imdb_id, "tvdb_id": tvdb_id, "wikidata_id": None},
            "alternative_titles": {
                "results": [
                    {"iso_3166_1": "US", "title": name, "type": ""} for name in alternative_titles
                ]
            },
            "translations": {
                "translations": [
                    {
                        "iso_3166_1": "DE",
                        "iso_639_1": "de",
                        "name": "Deutsch",
                        "data": {"name": name},
                    }
                    for name in translations
                ]
            },
            **{f"season/{number}": detail for number, detail in details.items()},
            **fields,
        }
        self.shows[tmdb_id] = show
        if tvdb_id:
            self.add_find(str(tvdb_id), source="tvdb_id", show=tmdb_id)
        if imdb_id:
            self.add_find(imdb_id, source="imdb_id", show=tmdb_id)
        return show

    def add_find(
        self,
        external_id: str | int,
        *,
        source: str,
        show: int | None = None,
        episode: tuple[int, int, int] | None = None,
    ) -> None:
        """Know what a tvdb or imdb id names: a show, or an episode (show, season, number)."""
        results = self._finds.setdefault((source, str(external_id)), {"shows": [], "episodes": []})
        if show is not None:
            results["shows"].append({"id": show})
        if episode is not None:
            results["episodes"].append(self._episode_json(*episode))

    def add_search(self, query: str, *tmdb_ids: int) -> None:
        """Answer a search with just these shows, rather than with those whose names hold its words."""
        self._searches[query.casefold()] = list(tmdb_ids)

    def add_order(
        self,
        tmdb_id: int,
        order_id: str,
        name: str,
        *,
        kind: int,
        groups: Mapping[str, Iterable[tuple[int, int]]],
        first_position: int = 1,
    ) -> None:
        """Know an episode group: groups by name, each with (season, number) of TMDB's own order."""
        order = {"id": order_id, "name": name, "type": kind}
        answer = order_json(self.shows[tmdb_id], order, groups, first_position)
        self.orders[order_id] = (tmdb_id, answer)

    def hide_season(self, tmdb_id: int, season_number: int) -> None:
        """Leave a season out of every show's answer; asked for singly it is given."""
        self.hidden.add(f"{tmdb_id}/season/{season_number}")

    def close(self) -> None:
        self.up()
        self.server.clear()

    # How it answers

    def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix("/3")
        with self._lock:
            self.requests.append(
                SeenRequest(
                    path=path,
                    query=request.args.to_dict(),
                    authorization=request.headers.get("Authorization", ""),
                )
            )
            trouble = self._next_trouble()
        if trouble is not None and (met := trouble.meet(request)) is not None:
            return met
        return self._answer(path, request)

    def _answer(self, path: str, request: Request) -> Response:
        authorised = request.headers.get("Authorization") == f"Bearer {self.key}"
        if not authorised and request.args.get("api_key") not in {self.v3_key, self.key}:
            return error_json(401)
        with self._lock:
            if path == "/configuration":
                return as_json({"images": {"secure_base_url": "https://image.tmdb.org/t/p/"}})
            if path == "/search/tv":
                return self._search(request.args.get("query", ""))
            if match := re.fullmatch(r"/find/(\w+)", path):
                return self._find(request.args.get("external_source", ""), match[1])
            return self._tv(path, request.args.get("append_to_response", ""))

    def _tv(self, path: str, append: str) -> Response:
        if match := re.fullmatch(r"/tv/(\d+)", path):
            return self._show(int(match[1]), [item for item in append.split(",") if item])
        if match := re.fullmatch(r"/tv/(\d+)/episode_groups", path):
            return order_list_json(int(match[1]), self.orders)
        if match := re.fullmatch(r"/tv/episode_group/(\w+)", path):
            order = self.orders.get(match[1])
            return as_json(order[1]) if order else error_json(404)
        match = re.fullmatch(r"/tv/(\d+)/(season/\d+)", path)
        detail = self.shows.get(int(match[1]), {}).get(match[2]) if match else None
        return as_json(detail) if detail is not None else error_json(404)

    def _show(self, tmdb_id: int, appended: list[str]) -> Response:
        if len(appended) > 20:
            return error_json(400)
        show = self.shows.get(tmdb_id)
        if show is None:
            return error_json(404)
        appendable = ("season/", "external_ids", "alternative_titles", "translations")
        answer = {key: value for key, value in show.items() if not key.startswith(appendable)}
        for item in appended:
            if item in show and f"{tmdb_id}/{item}" not in self.hidden:
                answer[item] = show[item]
        return as_json(answer)

    def _find(self, source: str, external_id: str) -> Response:
        found = self._finds.get((source, external_id), {"shows": [], "episodes": []})
        return as_json(
            {
                "movie_results": [],
                "person_results": [],
                "tv_results": [
                    found_json(self.shows[item["id"]])
                    for item in found["shows"]
                    if item["id"] in self.shows
                ],
                "tv_episode_results": found["episodes"],
                "tv_season_results": [],
            }
        )

    def _search(self, query: str) -> Response:
        if query.casefold() in self._searches:
            shows = [self.shows[tmdb_id] for tmdb_id in self._searches[query.casefold()]]
        else:
            wanted = words(query)
            shows = [show for show in self.shows.values() if wanted and matches(show, wanted)]
            shows.sort(key=lambda show: -show["popularity"])
        page = [found_json(show) for show in shows[:20]]
        return as_json({"page": 1, "results": page, "total_pages": 1, "total_results": len(shows)})

    def _episode_json(
        self, tmdb_id: int, season_number: int, episode_number: int
    ) -> dict[str, Any]:
        episodes = self.shows[tmdb_id][f"season/{season_number}"]["episodes"]
        found = next(item for item in episodes if item["episode_number"] == episode_number)
        return {**found, "media_type": "tv_episode"}
