"""Plans the merge of two shows of the catalogue: which episode is which, and whose watch is whose. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

# Nobody watches an episode twice within so short a time: it is one viewing, noted twice.
SAME_VIEWING = timedelta(minutes=10)

Place = tuple[int, int]  # Season number, episode number.


@dataclass(frozen=True, kw_only=True)
class MergeEpisode:
    pk: int
    place: Place
    name: str
    air_date: date | None


@dataclass(frozen=True, kw_only=True)
class MergeWatch:
    """A standing watch, with the episode that it belongs to afterwards."""

    pk: int
    user_id: int
    episode_id: int
    watched_at: datetime
    is_kept: bool  # Of the show that stays.


@dataclass(kw_only=True)
class Pairs:
    """`same` leads from an episode that goes to the one that stays; `moved` change the show as they
    are; `doubtful` of the pairs agree in nothing but the number."""

    same: dict[int, int] = field(default_factory=dict)
    moved: list[int] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class Plays:
    """The new number of each watch, and which are one viewing with one that stays."""

    numbers: dict[int, int] = field(default_factory=dict)
    joined: dict[int, int] = field(default_factory=dict)


def pair_episodes(kept: Iterable[MergeEpisode], going: Iterable[MergeEpisode]) -> Pairs:
    """By number where name or date agree or one is unknown; by the only same name; by number alone."""
    places: dict[Place, MergeEpisode] = {}
    names: dict[str, list[MergeEpisode]] = defaultdict(list)
    for episode in kept:
        places[episode.place] = episode
        if episode.name:
            names[episode.name.casefold()].append(episode)
    pairs = Pairs()
    for episode in going:
        numbered = places.get(episode.place)
        named = names.get(episode.name.casefold(), []) if episode.name else []
        if numbered is not None and agree(numbered, episode):
            pairs.same[episode.pk] = numbered.pk
        elif len(named) == 1:
            pairs.same[episode.pk] = named[0].pk
        elif numbered is not None:
            pairs.same[episode.pk] = numbered.pk
            pairs.doubtful.append(episode.pk)
        else:
            pairs.moved.append(episode.pk)
    return pairs


def agree(one: MergeEpisode, other: MergeEpisode) -> bool:
    if one.name and other.name and one.name.casefold() == other.name.casefold():
        return True
    if one.air_date and other.air_date and one.air_date == other.air_date:
        return True
    return not (one.name and other.name)


def plan_plays(watches: Sequence[MergeWatch]) -> Plays:
    """Plays of both shows in the order of their dates; two at nearly the same time are one."""
    groups: dict[tuple[int, int], list[MergeWatch]] = defaultdict(list)
    for watch in watches:
        groups[watch.user_id, watch.episode_id].append(watch)
    plays = Plays()
    for group in groups.values():
        if all(watch.is_kept for watch in group):
            continue
        kept = [watch for watch in group if watch.is_kept]
        staying = list(kept)
        for watch in sorted(group, key=lambda one: (one.watched_at, one.pk)):
            if watch.is_kept:
                continue
            twin = next((k for k in kept if near(k, watch)), None)
            if twin is None:
                staying.append(watch)
            else:
                plays.joined[watch.pk] = twin.pk
        in_order = sorted(staying, key=lambda one: (one.watched_at, one.pk))
        plays.numbers.update({watch.pk: number for number, watch in enumerate(in_order, start=1)})
    return plays


def near(one: MergeWatch, other: MergeWatch) -> bool:
    return abs(one.watched_at - other.watched_at) < SAME_VIEWING


def merged_titles(
    own: Iterable[str], others: Iterable[str], *, but: Mapping[str, str]
) -> list[str]:
    """The further titles of the merged show, each once; `but` are those that it has by itself."""
    wanted = dict.fromkeys([*own, *others])
    return [title for title in wanted if title and title not in but.values()]
