"""TMDB's "episode groups" as dataclasses: other orders of a show's episodes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.tmdb_parsing import as_object, number, objects, optional_number, text

KINDS = range(1, 8)
LONGEST_ID, LARGEST_SEASON = 40, 10_000
_NUMBER = re.compile(r"[0-9]+")
_SPECIALS = re.compile(r"special|extra|bonus|\bova|sonderfolge|spécial|especial", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ListedOrder:
    """An order as the list of a show names it; `kind` is TMDB's number for its type."""

    tmdb_id: str
    name: str
    kind: int


@dataclass(frozen=True, kw_only=True)
class OrderPlace:
    """The place that an order gives to the episode with this TMDB id."""

    season_number: int
    episode_number: int
    episode_tmdb_id: int


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What a season is in an order of its own."""

    name: str
    position: int
    episodes: tuple[tuple[int, int], ...]  # position from 0, TMDB id


def parse_order_list(answer: Any) -> tuple[ListedOrder, ...]:
    """The answer of `/tv/{id}/episode_groups`; types that TMDB has added since are left out."""
    found = {}
    for item in objects(as_object(answer), "results", required=True):
        listed = ListedOrder(
            tmdb_id=text(item, "id"),
            name=text(item, "name") or "Without a name",
            kind=number(item, "type"),
        )
        if listed.tmdb_id and len(listed.tmdb_id) <= LONGEST_ID and listed.kind in KINDS:
            found[listed.tmdb_id] = listed
    return tuple(found.values())


def parse_order(answer: Any) -> tuple[OrderPlace, ...]:
    """The answer of `/tv/episode_group/{id}`: each place once, in order."""
    groups = sorted(
        (_group(item) for item in objects(as_object(answer), "groups", required=True)),
        key=lambda group: group.position,
    )
    places: dict[tuple[int, int], OrderPlace] = {}
    for season_number, group in zip(season_numbers(groups), groups, strict=True):
        for position, tmdb_id in group.episodes:
            place = (season_number, position + 1)
            places.setdefault(
                place,
                OrderPlace(
                    season_number=season_number,
                    episode_number=position + 1,
                    episode_tmdb_id=tmdb_id,
                ),
            )
    return tuple(places[place] for place in sorted(places))


def season_numbers(groups: Sequence[_Group]) -> list[int]:
    """The season that each group is, in the order of their positions.

    People enter the groups. Specials are 0; a number in each name ("Season 2", "2011") is
    believed where no two are the same; else the groups count from 1 as they stand.
    """
    regular = [group for group in groups if not _SPECIALS.search(group.name)]
    named = [_NUMBER.findall(group.name) for group in regular]
    numbers = [int(found[0]) for found in named if len(found) == 1]
    is_named = len(numbers) == len(regular) == len({*numbers} - {0})
    is_named = is_named and max(numbers, default=0) <= LARGEST_SEASON
    counted = iter(numbers if is_named else range(1, len(regular) + 1))
    return [next(counted) if group in regular else 0 for group in groups]


def _group(item: Mapping[str, Any]) -> _Group:
    episodes = []
    for position, episode in enumerate(objects(item, "episodes")):
        sent = optional_number(episode, "order")
        episodes.append((position if sent is None else sent, number(episode, "id")))
    return _Group(
        name=text(item, "name"),
        position=optional_number(item, "order") or 0,
        episodes=tuple(sorted(episodes)),
    )
