"""The JSON shapes in which the fake TMDB answers, as its documentation gives them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from werkzeug import Response

from tests.factories import SeasonSpec, season_episodes

ERRORS = {
    400: (27, "Too many append to response objects: The maximum number of remote calls is 20."),
    401: (7, "Invalid API key: You must be granted a valid key."),
    404: (34, "The resource you requested could not be found."),
    429: (25, "Your request count (#) is over the allowed limit of (40)."),
    500: (11, "Internal error: Something went wrong, contact TMDb."),
    502: (43, "Couldn't connect to the backend server."),
    503: (9, "Service offline: This service is temporarily offline, try again later."),
    504: (24, "Your request to the backend server timed out. Try again."),
}


def season_json(
    tmdb_id: int, season_number: int, spec: SeasonSpec, *, starts: date | None
) -> dict[str, Any]:
    episodes = [
        {
            "id": episode["tmdb_id"],
            "show_id": tmdb_id,
            "season_number": season_number,
            "episode_number": episode["episode_number"],
            "name": episode["name"],
            "overview": episode["overview"],
            "air_date": iso(episode["air_date"]),
            "runtime": episode["runtime"],
            "episode_type": "standard",
            "still_path": episode["still_path"] or None,
            "vote_average": 7.5,
        }
        for episode in season_episodes(tmdb_id, season_number, spec, starts=starts)
    ]
    return {
        "_id": f"{tmdb_id:08x}{season_number:08x}",
        "id": tmdb_id * 100 + season_number,
        "season_number": season_number,
        "name": f"Season {season_number}" if season_number else "Specials",
        "overview": "",
        "air_date": iso(starts),
        "poster_path": None,
        "episodes": episodes,
    }


def listed_json(detail: Mapping[str, Any]) -> dict[str, Any]:
    """A season as the show's own list names it."""
    listed = {key: value for key, value in detail.items() if key not in {"_id", "episodes"}}
    return {**listed, "episode_count": len(detail["episodes"])}


def found_json(show: Mapping[str, Any]) -> dict[str, Any]:
    """A show as search and find list it."""
    keys = ("id", "name", "original_name", "overview", "first_air_date", "poster_path")
    more = ("backdrop_path", "origin_country", "popularity")
    return {**{key: show[key] for key in (*keys, *more)}, "media_type": "tv", "genre_ids": [18]}


def last_air_date(details: Iterable[Mapping[str, Any]]) -> str | None:
    dates = [
        episode["air_date"]
        for detail in details
        for episode in detail["episodes"]
        if episode["air_date"]
    ]
    return max(dates, default=None)


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return set(re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c))))


def matches(show: Mapping[str, Any], wanted: set[str]) -> bool:
    names = [show["name"], show["original_name"]]
    names += [item["title"] for item in show["alternative_titles"]["results"]]
    names += [item["data"]["name"] for item in show["translations"]["translations"]]
    return any(wanted <= words(name) for name in names)


def as_json(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json;charset=utf-8")


def error_json(status: int) -> Response:
    code, message = ERRORS[status]
    return as_json({"success": False, "status_code": code, "status_message": message}, status)


def order_json(
    show: Mapping[str, Any],
    order: Mapping[str, Any],
    groups: Mapping[str, Iterable[tuple[int, int]]],
    first_position: int,
) -> dict[str, Any]:
    """An episode group; its groups stand in the given order, from `first_position` on."""
    known = {
        (episode["season_number"], episode["episode_number"]): episode
        for key, season in show.items()
        if key.startswith("season/")
        for episode in season["episodes"]
    }
    listed: list[dict[str, Any]] = [
        {
            "id": f"{order['id']}{position}",
            "name": group,
            "order": position,
            "episodes": [{**known[place], "order": at} for at, place in enumerate(places)],
            "locked": False,
        }
        for position, (group, places) in enumerate(groups.items(), start=first_position)
    ]
    return {
        **order,
        "description": "",
        "group_count": len(listed),
        "episode_count": sum(len(group["episodes"]) for group in listed),
        "network": None,
        "groups": listed,
    }


def order_list_json(tmdb_id: int, orders: Mapping[str, tuple[int, Mapping[str, Any]]]) -> Response:
    """The episode groups of a show, as their list names them."""
    results = [
        {key: value for key, value in order.items() if key != "groups"}
        for of_show, order in orders.values()
        if of_show == tmdb_id
    ]
    return as_json({"id": tmdb_id, "results": results})
