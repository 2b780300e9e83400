"""How Plex numbers a show, as its page tells: orders with what fits them, seasons, answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from plex.episodes.match import EpisodeIndex, KnownEpisode
from plex.episodes.orders import OWN, Order, fit_of
from plex.episodes.search import SeasonMap
from plex.models import (
    PlexEpisodeMapping,
    PlexSeasonMapping,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
)
from plex.numbering.orders import known_orders
from plex.numbering.proposals import facts_of
from plex.processing.indexes import read_episodes
from plex.resolution.numbering import SeasonPart
from plex.resolution.renumbering import misnumbered
from tracker.models import TVShow

SHOWN_LINES = 6
SHOWN_ANSWERS = 50
SHOWN_MOVES = 8


@dataclass(frozen=True, kw_only=True)
class OrderChoice:
    """One order that can be chosen; the counts are of episodes whose place is proven."""

    key: str
    name: str
    fitting: int = 0
    against: int = 0
    example: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class PreviewLine:
    """What one number of Plex means; `is_known` where Plex sent that one already."""

    plex: str
    ours: str
    is_known: bool = False


@dataclass(frozen=True, kw_only=True)
class PartCard:
    """One season of Plex, or a part of one, that was mapped by hand."""

    row: PlexSeasonMapping
    lines: Sequence[PreviewLine]


@dataclass(frozen=True, kw_only=True)
class MoveLine:
    """Plays of one number that stand elsewhere than the chosen order says."""

    plex: str
    before: str
    after: str
    plays: int


@dataclass(frozen=True, kw_only=True)
class Numbering:
    choices: Sequence[OrderChoice] = ()
    parts: Sequence[PartCard] = ()
    answers: Sequence[PlexEpisodeMapping] = ()
    preview: Sequence[PreviewLine] = field(default=())
    moves: Sequence[MoveLine] = ()

    @property
    def shown_moves(self) -> Sequence[MoveLine]:
        return self.moves[:SHOWN_MOVES]

    @property
    def moving(self) -> int:
        """How many plays that are."""
        return sum(line.plays for line in self.moves)

    @property
    def chosen(self) -> OrderChoice | None:
        return next((choice for choice in self.choices if choice.is_chosen), None)


def numbering_of(
    mapping: PlexShowMapping, *, user: User, part: SeasonPart | None = None
) -> Numbering:
    """All that the page shows; with `part` also what that would mean. Nothing without a show.

    `user` is whose plays may be moved.
    """
    show = mapping.tvshow
    if show is None:
        return Numbering()
    rows = list(mapping.season_mappings.select_related("tvshow", "anchor__season"))
    shows = {show, *(row.tvshow for row in rows), *([part.show] if part else [])}
    episodes = read_episodes([one.pk for one in shows])
    indexes = {one.pk: EpisodeIndex(episodes.get(one.pk, ())) for one in shows}
    sent = numbers_sent(mapping)
    answers = mapping.episode_mappings.select_related("episode__season__show")
    return Numbering(
        choices=choices_of(mapping, show, indexes[show.pk]),
        parts=[
            PartCard(row=row, lines=lines_of(row.as_map(), row.tvshow, indexes, sent))
            for row in rows
        ],
        answers=list(answers.order_by("plex_season", "plex_episode", "pk")[:SHOWN_ANSWERS]),
        preview=lines_of(map_of(part), part.show, indexes, sent) if part else (),
        moves=moves_of(mapping, indexes[show.pk], user=user),
    )


def moves_of(mapping: PlexShowMapping, index: EpisodeIndex, *, user: User) -> list[MoveLine]:
    return [
        MoveLine(
            plex=code(*one.place),
            before=named(index.by_id.get(one.source)),
            after=named(index.by_id.get(one.target)),
            plays=one.plays,
        )
        for one in misnumbered(mapping, index, user=user)
    ]


def choices_of(mapping: PlexShowMapping, show: TVShow, index: EpisodeIndex) -> list[OrderChoice]:
    own = Order(
        key=OWN,
        name="TMDB's own",
        places={place: episode.id for place, episode in index.by_number.items()},
    )
    facts = facts_of(mapping)
    choices = []
    for order in (own, *known_orders(show.pk, index)):
        fit = fit_of(order, facts, index)
        agreeing = [f for f in facts if order.find(*f.place) in f.episode_ids]
        choices.append(
            OrderChoice(
                key=order.key,
                name=order.name,
                fitting=len(agreeing),
                against=len(fit.against),
                example=example_of(order, index),
                is_chosen=order.key == mapping.episode_order,
            )
        )
    return choices


def example_of(order: Order, index: EpisodeIndex) -> str:
    """The first number of the order that means another episode than TMDB's."""
    for place, pk in sorted(order.places.items()):
        own = index.by_number.get(place)
        if own is None or own.id != pk:
            return f"{code(*place)} is {named(index.by_id.get(pk))}"
    return ""


def numbers_sent(mapping: PlexShowMapping) -> dict[int, set[int]]:
    """The episode numbers that Plex has sent, by its season."""
    sent: dict[int, set[int]] = {}
    for model in (PlexViewing, PlexWebhookLog):
        rows = model._default_manager.filter(
            mapping=mapping, plex_season__isnull=False, plex_episode__isnull=False
        )
        for season, number in rows.values_list("plex_season", "plex_episode").distinct():
            if season is not None and number is not None:
                sent.setdefault(season, set()).add(number)
    return sent


def map_of(part: SeasonPart) -> SeasonMap:
    return SeasonMap(
        plex_season=part.plex_season,
        season_number=part.season_number,
        offset=part.offset,
        first_episode=part.first_episode,
        last_episode=part.last_episode,
    )


def lines_of(
    season_map: SeasonMap,
    show: TVShow,
    indexes: dict[int, EpisodeIndex],
    sent: dict[int, set[int]],
) -> list[PreviewLine]:
    """What the first number, the last one, and those that Plex sent mean."""
    index = indexes[show.pk]
    known = {
        number
        for number in sent.get(season_map.plex_season, ())
        if season_map.covers(season_map.plex_season, number)
    }
    first = season_map.first_episode or 1
    last = season_map.last_episode or last_number(season_map, index)
    numbers = sorted({first, max(first, last), *known})
    shown = [*numbers[: SHOWN_LINES - 1], *numbers[SHOWN_LINES - 1 :][-1:]]
    return [
        PreviewLine(
            plex=code(season_map.plex_season, number),
            ours=named(index.by_number.get((season_map.season_number, number + season_map.offset))),
            is_known=number in known,
        )
        for number in shown
    ]


def last_number(season_map: SeasonMap, index: EpisodeIndex) -> int:
    """Plex's number of the last episode of our season."""
    ours: Iterable[int] = (
        number for season, number in index.by_number if season == season_map.season_number
    )
    return max(ours, default=0) - season_map.offset


def named(episode: KnownEpisode | None) -> str:
    if episode is None:
        return "no episode that the tracker has"
    return f"{episode.code} “{episode.title}”" if episode.title else episode.code


def code(season: int, number: int) -> str:
    return f"S{season:02}E{number:02}"
