"""Where the plays that came through a Plex show belong, by what is known here. Reads, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from plex.corrections import MovePlan, Play, Standing, number_alone, plan_moves
from plex.episodes.match import EpisodeIndex, EpisodeMatch, match_episode
from plex.models import (
    PlexConfig,
    PlexEpisodeMapping,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
)
from plex.payload import Playback, parse_payload
from plex.processing.indexes import EpisodeIndexes
from tracker.models import TVShow, Watch

CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The right episode of each viewing, None where none was found, and what said so.

    `has_event`: those whose event is left in the log.
    """

    episodes: dict[int, int | None]
    has_event: frozenset[int] = frozenset()
    evidence: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The episodes of one play, as many as it had; an id is None where none was found."""

    ids: Sequence[int | None]
    evidence: str = ""


def viewings_to_move(
    mapping: PlexShowMapping, *, show: TVShow, user: User
) -> QuerySet[PlexViewing]:
    """What came through the Plex show and stands elsewhere than in the right show: the user's own,
    everybody's for staff. What was said about single episodes of another show stays."""
    everybody = viewings_elsewhere(mapping, show=show)
    return everybody if user.is_staff else everybody.filter(user=user)


def viewings_elsewhere(mapping: PlexShowMapping, *, show: TVShow) -> QuerySet[PlexViewing]:
    elsewhere = set(mapping.season_mappings.values_list("tvshow_id", flat=True))
    right = (elsewhere - {mapping.tvshow_id}) | {show.pk}
    said = PlexEpisodeMapping.objects.filter(mapping=mapping, is_elsewhere=True)
    return (
        PlexViewing.objects.filter(mapping=mapping, watch__removed_at=None)
        .exclude(watch__episode__season__show__in=right)
        .exclude(item_key__in=said.values("item_key"))
    )


def plan_for(viewings: Sequence[PlexViewing], targets: Targets) -> MovePlan:
    """The plan for viewings (with their watches) whose right episodes are known."""
    watches = {viewing.watch_id: viewing.watch for viewing in viewings}
    shared = set(
        PlexViewing.objects.filter(watch__in=watches)
        .exclude(pk__in=[viewing.pk for viewing in viewings])
        .values_list("watch_id", flat=True)
    )
    users = {viewing.user_id for viewing in viewings}
    wanted = {pk for pk in targets.episodes.values() if pk is not None}
    there = Watch.objects.standing().filter(user__in=users, episode__in=wanted).order_by("pk")
    return plan_moves(
        [play_of(viewing, targets) for viewing in viewings],
        watches={pk: standing_of(watch, shared) for pk, watch in watches.items()},
        at_targets=[standing_of(watch, shared) for watch in there],
        rewatching=set(
            PlexConfig.objects.filter(user__in=users, record_rewatches=True).values_list(
                "pk", flat=True
            )
        ),
    )


def play_of(viewing: PlexViewing, targets: Targets) -> Play:
    return Play(
        viewing_id=viewing.pk,
        user_id=viewing.user_id,
        watch_id=viewing.watch_id,
        viewed_at=viewing.viewed_at,
        target=targets.episodes[viewing.pk],
        has_event=viewing.pk in targets.has_event,
    )


def standing_of(watch: Watch, shared: set[int]) -> Standing:
    return Standing(
        watch_id=watch.pk,
        user_id=watch.user_id,
        episode_id=watch.episode_id,
        number=watch.play,
        watched_at=watch.watched_at,
        is_from_plex=watch.source == Watch.Source.PLEX,
        is_shared=watch.pk in shared,
    )


def place_show(
    mapping: PlexShowMapping, viewings: Sequence[PlexViewing], *, show: TVShow
) -> Targets:
    """Which episodes of a show these are: by what Plex sent where that is left, else by number.

    Where people said something about its seasons or episodes, the events decide with that.
    """
    index = EpisodeIndexes().of([show], now=timezone.now())[show.pk]
    wrong = wrong_ids(viewings)
    events = read_events(viewing.log_id for viewing in viewings)
    is_by_answers = bool(mapping.episode_order) or (
        mapping.tvshow_id == show.pk and has_answers(mapping)
    )
    episodes: dict[int, int | None] = {}
    evidence: dict[int, str] = {}
    for group in groups_of(viewings):
        playback = events.get(group[0].log_id or 0)
        if is_by_answers:
            found = Found(ids=[None] * len(group))
        elif playback is not None:
            found = by_event(playback, index, wrong=wrong, count=len(group))
        else:
            found = by_number(group, index)
        for viewing, episode_id in zip(group, found.ids, strict=True):
            episodes[viewing.pk] = episode_id
            evidence[viewing.pk] = found.evidence
    has_event = frozenset(viewing.pk for viewing in viewings if viewing.log_id in events)
    return Targets(episodes=episodes, has_event=has_event, evidence=evidence)


def has_answers(mapping: PlexShowMapping) -> bool:
    return (
        mapping.season_mappings.exists()
        or mapping.episode_mappings.filter(is_elsewhere=False).exists()
    )


def wrong_ids(viewings: Iterable[PlexViewing]) -> set[int]:
    """The TMDB ids of the episodes that these plays were credited to, which were wrong."""
    ids = {viewing.watch.episode.tmdb_id for viewing in viewings}
    return {pk for pk in ids if pk is not None}


def groups_of(viewings: Iterable[PlexViewing]) -> list[list[PlexViewing]]:
    """The viewings of one play together: a file may hold several episodes, here in their order."""
    groups: dict[tuple[int, int | None, str, datetime], list[PlexViewing]] = defaultdict(list)
    for viewing in viewings:
        key = viewing.user_id, viewing.log_id, viewing.item_key, viewing.viewed_at
        groups[key].append(viewing)
    return [sorted(group, key=place_now) for group in groups.values()]


def place_now(viewing: PlexViewing) -> tuple[int, int, int]:
    episode = viewing.watch.episode
    return episode.season.season_number, episode.episode_number, viewing.pk


def read_events(log_ids: Iterable[int | None]) -> dict[int, Playback]:
    """What Plex sent, of the plays whose events are left."""
    ids = sorted({pk for pk in log_ids if pk is not None})
    found: dict[int, Playback] = {}
    for start in range(0, len(ids), CHUNK):
        rows = PlexWebhookLog.objects.filter(pk__in=ids[start:][:CHUNK], payload__isnull=False)
        for pk, payload in rows.values_list("pk", "payload"):
            parsed = parse_payload(payload or {})
            if isinstance(parsed, Playback):
                found[pk] = parsed
    return found


def by_event(playback: Playback, index: EpisodeIndex, *, wrong: set[int], count: int) -> Found:
    """The episodes that the event names; none unless as many as the play had."""
    if playback.episode_ids.tmdb in wrong:
        playback = number_alone(playback)
    found = match_episode(playback, index)
    if isinstance(found, EpisodeMatch) and len(found.episode_ids) == count:
        return Found(ids=found.episode_ids, evidence=found.evidence)
    return Found(ids=[None] * count)


def by_number(group: Sequence[PlexViewing], index: EpisodeIndex) -> Found:
    """The episodes of Plex's numbers; the further ones of a file follow the first."""
    ids: list[int | None] = []
    for offset, viewing in enumerate(group):
        season, number = viewing.plex_season, viewing.plex_episode
        place = None if season is None or number is None else (season, number + offset)
        known = index.by_number.get(place) if place is not None else None
        ids.append(known.id if known else None)
    return Found(ids=ids, evidence=PlexViewing.NUMBER)
