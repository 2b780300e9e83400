"""A whole library: 300 shows, three orderings, every family of guids, 5,000 plays.

The promise: no watch on a wrong episode; every play is recorded, or held with its reason. How many are
recorded is not promised, but printed (`-s`) and held above a floor. `PLAYS` takes another number; the
floors are those of many.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User

from plex import inbox
from plex.models import Action, PlexShowMapping, PlexViewing, PlexWebhookLog, Status
from plex.processing import process_due
from tests.plex.factories import make_config
from tests.plex.whole_library import LibraryShow, Maker
from tests.plex.whole_library_plays import Play, plays
from tests.tmdb import FakeTmdb
from tracker.models import Watch

pytestmark = pytest.mark.django_db
COUNT = int(os.environ.get("PLAYS", "5000"))
CHUNK = 500
FIRST = datetime(2025, 1, 1, 20, tzinfo=UTC)
# What is recorded without asking, by ordering; the rest waits with its reason.
FLOORS = {"tmdb": 0.97, "absolute": 0.9, "tvdb": 0.85}
# One in seven of the other catalogues' ids is not known to TMDB.
UNKNOWN_IDS = 7

Place = tuple[int, int, int]


def teach(tmdb: FakeTmdb, shows: Iterable[LibraryShow]) -> None:
    """Let TMDB know the shows and most of their episodes' ids."""
    for show in shows:
        seasons = {
            number: [
                {
                    "episode_number": episode.number,
                    "name": episode.name,
                    "air_date": episode.aired,
                    "tmdb_id": episode.tmdb_id,
                }
                for episode in episodes
            ]
            for number, episodes in show.seasons().items()
        }
        first = min(e.aired for e in show.regular if e.aired is not None)
        tmdb.add_show(
            show.tmdb_id,
            show.real.name,
            seasons=seasons,
            first_air_date=first,
            alternative_titles=[show.other_title] if show.other_title else [],
            tvdb_id=show.tvdb_id,
            imdb_id=show.imdb_id,
            origin_countries=[show.real.country],
        )
        for episode in show.episodes:
            if episode.tvdb_id % UNKNOWN_IDS:
                here = (show.tmdb_id, episode.season, episode.number)
                tmdb.add_find(episode.tvdb_id, source="tvdb_id", episode=here)
                tmdb.add_find(episode.imdb_id, source="imdb_id", episode=here)


def test_no_play_of_a_whole_library_is_wrong_doubled_or_lost(owner: User, tmdb: FakeTmdb):
    shows = Maker().shows()
    teach(tmdb, shows)
    config, _ = make_config(owner)
    sent = send(config.pk, plays(shows, count=COUNT, first=FIRST))

    logs = PlexWebhookLog.objects.select_related("conflict", "tvshow").in_bulk()
    recorded = recorded_places()
    print(figures(sent, logs))  # noqa: T201 - what -s is for
    assert len(logs) == len(sent)
    assert not wrong_plays(sent, recorded)
    assert not wrong_mappings(sent, logs)
    assert not untold(sent, logs, recorded)
    assert not doubled(sent, logs, recorded)
    assert Watch.objects.count() == len(set().union(*recorded.values()))
    for ordering, ids in grouped(sent, "ordering").items():
        assert share_recorded(ids, logs) > FLOORS[ordering]


def send(config_id: int, wanted: Iterable[Play]) -> dict[int, Play]:
    """Receive and process the plays in chunks, each at its own time."""
    sent: dict[int, Play] = {}
    for number, play in enumerate(wanted):
        now = play.viewed_at + timedelta(minutes=1)
        pk = inbox.receive(user_id=config_id, payload=play.payload, now=now)
        sent[pk] = play
        if number % CHUNK == CHUNK - 1:
            drain(now)
    drain(FIRST + timedelta(hours=COUNT + 1))
    return sent


def drain(now: datetime) -> None:
    with time_machine.travel(now + timedelta(minutes=1)):
        process_due()


def recorded_places() -> dict[int, set[Place]]:
    """Which episodes each event is a viewing of."""
    places: dict[int, set[Place]] = defaultdict(set)
    rows = PlexViewing.objects.values_list(
        "log_id",
        "watch__episode__season__show__tmdb_id",
        "watch__episode__season__season_number",
        "watch__episode__episode_number",
    )
    for log_id, show, season, number in rows:
        assert log_id is not None
        places[log_id].add((show or 0, season, number))
    return places


def wrong_plays(sent: dict[int, Play], recorded: dict[int, set[Place]]) -> list[str]:
    return [
        f"{play} but was recorded as {sorted(recorded[pk])}"
        for pk, play in sent.items()
        if pk in recorded and recorded[pk] != play.right
    ]


def wrong_mappings(sent: dict[int, Play], logs: dict[int, PlexWebhookLog]) -> list[str]:
    mapped = dict(PlexShowMapping.objects.mapped().values_list("pk", "tvshow__tmdb_id"))
    return [
        f"{play} but its show is taken for {mapped[pk]}"
        for log_id, play in sent.items()
        if (pk := logs[log_id].mapping_id or 0) in mapped and mapped[pk] != play.copy.show.tmdb_id
    ]


def untold(
    sent: dict[int, Play], logs: dict[int, PlexWebhookLog], recorded: dict[int, set[Place]]
) -> list[str]:
    """Plays that are neither recorded nor held with a reason nor the repeat of another."""
    return [
        f"{play}: {logs[pk].status} {logs[pk].action_taken}"
        for pk, play in sent.items()
        if not is_told(logs[pk], is_recorded=pk in recorded)
    ]


def is_told(log: PlexWebhookLog, *, is_recorded: bool) -> bool:
    if log.status == Status.SUCCESS:
        return is_recorded
    if log.status == Status.HELD and log.action_taken == Action.CONFLICT_CREATED:
        return log.conflict is not None and not log.conflict.resolved and bool(log.conflict.reason)
    if log.status == Status.HELD:
        return log.action_taken == Action.EPISODE_NOT_FOUND and bool(log.error_message)
    return log.status == Status.DUPLICATE


def doubled(
    sent: dict[int, Play], logs: dict[int, PlexWebhookLog], recorded: dict[int, set[Place]]
) -> list[str]:
    """Repeats that count beside the play that they repeat, and plays that count as a repeat."""
    repeats = {pk for pk, play in sent.items() if play.is_repeat}
    pairs = [(pk - 1, pk) for pk in repeats]
    twice = [str(sent[pk]) for pair in pairs if all(pk in recorded for pk in pair) for pk in pair]
    of_pairs = {pk for pair in pairs for pk in pair}
    return twice + [
        str(sent[pk])
        for pk, log in logs.items()
        if log.status == Status.DUPLICATE and pk not in of_pairs
    ]


def share_recorded(ids: Iterable[int], logs: dict[int, PlexWebhookLog]) -> float:
    statuses = [logs[pk].status for pk in ids if logs[pk].status != Status.DUPLICATE]
    return statuses.count(Status.SUCCESS) / len(statuses)


def figures(sent: dict[int, Play], logs: dict[int, PlexWebhookLog]) -> str:
    """How many were recorded, by ordering and by family, and why the others were not."""
    lines = []
    for name in ("ordering", "family"):
        for group, ids in sorted(grouped(sent, name).items()):
            share = share_recorded(ids, logs)
            lines.append(f"{name:>9} {group:<16} {len(ids):>5} {share:>7.1%}")
    reasons = Counter((log.status, log.action_taken) for log in logs.values())
    lines += [f"{status:>9} {action:<20} {n}" for (status, action), n in reasons.most_common()]
    return "\n" + "\n".join(lines)


def grouped(sent: dict[int, Play], name: str) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for pk, play in sent.items():
        groups[getattr(play.copy, name)].append(pk)
    return groups
