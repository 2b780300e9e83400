"""TMDB or Plex in trouble for hours or a week: nothing lost, nothing guessed, no storm, back by itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from plex import circuit, connection, host_circuits, inbox
from plex.imports import show_import
from plex.models import Job, PlexConfig, PlexImport, PlexWebhookLog, Status
from tests.factories import UserFactory, make_show
from tests.faults import sizes
from tests.faults.simulated import Household
from tests.plex.factories import make_config, of_episode, scrobble
from tests.plex_server import FakePlex
from tests.tmdb import FakeTmdb
from tracker.models import Episode, Watch

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.fault]
START = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)
EVERY = timedelta(minutes=20)
# The catalogue of ids that the unknown shows have.
FIRST_ID = 9000
# Requests in any hour: the calls that open the circuit are three tries each, and so is every call
# that finds out whether TMDB is back.
FIRST_HOUR, ANY_HOUR = 40, 15

TROUBLES: dict[str, Callable[[Any], None]] = {
    "down": lambda host: host.down(),
    "slow": lambda host: host.slow(0.3),
    "429 with Retry-After": lambda host: host.fail_with(429, retry_after=120),
    "429": lambda host: host.fail_with(429),
    "500": lambda host: host.fail_with(500),
    "HTML": lambda host: host.answer_html(),
    "half an answer": lambda host: host.answer_with(b'{"tv_results": [{"id": 1, "na'),
    "wrong types": lambda host: host.answer_with(
        b'{"tv_results": 7, "tv_episode_results": "x", "results": {}, "seasons": 1, "id": []}'
    ),
    "a list": lambda host: host.answer_with(b"[]"),
}


# In full size; the others last half a day then.
WEEK_LONG = {"down", "429 with Retry-After"}


@pytest.fixture
def clock(time_machine, monkeypatch):
    time_machine.move_to(START, tick=False)
    # What takes 30 s where 10 are waited for, a hundred times as fast.
    monkeypatch.setattr("tracker.tmdb.READ_SECONDS", 0.1)
    monkeypatch.setattr("plex.calls.READ_SECONDS", 0.1)
    return time_machine


class Plays:
    """A known show's plays and those of shows that only TMDB knows, in turns."""

    def __init__(self, user_id: int, tmdb: FakeTmdb) -> None:
        self.user_id, self.tmdb = user_id, tmdb
        show = make_show("Severance", {1: 300})
        found = Episode.objects.filter(season__show=show).select_related("season__show")
        self.known = list(found.order_by("episode_number"))
        self.times: list[datetime] = []
        self.unknown = 0
        self.per_hour: Counter[int] = Counter()

    def play(self, number: int) -> None:
        now = timezone.now()
        if number % 2:
            message = of_episode(self.known[number // 2], viewed_at=now)
        else:
            ids = (f"tvdb://{FIRST_ID + number}",)
            message = scrobble(f"Unknown {number}", 1, 1, viewed_at=now, ids=ids)
            self.tmdb.add_show(500 + number, f"Unknown {number}", seasons={1: 2})
            self.tmdb.add_find(FIRST_ID + number, source="tvdb_id", episode=(500 + number, 1, 1))
            self.unknown += 1
        self.times.append(now)
        inbox.receive(user_id=self.user_id, payload=message, now=now)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_tmdb_in_trouble(owner, tmdb, clock, trouble):
    size = sizes.chosen()
    length = size.outage if trouble in WEEK_LONG else min(size.outage, timedelta(hours=12))
    config, _ = make_config(owner)
    plays, house = Plays(config.pk, tmdb), Household(clock)
    every = EVERY if length <= timedelta(hours=12) else timedelta(hours=1)
    TROUBLES[trouble](tmdb)
    per_hour: list[int] = []

    for hour in range(int(length / timedelta(hours=1))):
        before = len(tmdb.requests)
        first = hour * (timedelta(hours=1) // every)
        house.live(timedelta(hours=1), every=every, then=lambda n, at=first: plays.play(at + n))  # type: ignore[misc]
        per_hour.append(len(tmdb.requests) - before)

    known = len(plays.times) - plays.unknown
    assert Watch.objects.count() == known, "lost, or guessed"
    waiting = PlexWebhookLog.objects.exclude(status=Status.SUCCESS)
    assert waiting.exclude(next_attempt_at=None).count() == plays.unknown, "nobody tries again"
    assert circuit.current() is not None
    assert per_hour[0] <= FIRST_HOUR, per_hour
    assert max(per_hour[1:]) <= ANY_HOUR, per_hour

    tmdb.up()
    house.live(circuit.LONGEST_PAUSE + timedelta(minutes=15), every=timedelta(hours=1))

    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) == {Status.SUCCESS}
    assert sorted(Watch.objects.values_list("watched_at", flat=True)) == plays.times
    assert circuit.current() is None
    sizes.tell(
        f"TMDB: {trouble}, {length}",
        events=len(plays.times),
        result=f"all recorded; requests an hour: {per_hour[0]}, then {max(per_hour[1:])} at most",
    )


class Home:
    """People whose server is in trouble: every second play is told by its history only."""

    def __init__(self, users: Sequence[User], plex: FakePlex) -> None:
        self.plex = plex
        self.show = make_show("Severance", {1: 250})
        self.episodes = list(
            Episode.objects.filter(season__show=self.show).select_related("season__show")
        )
        self.configs = [self.connected(user) for user in users]
        self.played = 0

    def connected(self, user: User) -> PlexConfig:
        config, _ = make_config(user, sync_started_date=START - timedelta(days=1))
        url, token = self.plex.server.url, self.plex.token
        connection.save_settings(config, plex_token=token, scan_watched=True)
        connection.save_server(config, url=url, uuid=self.plex.uuid, name=self.plex.name)
        return config

    def play(self, _number: int) -> None:
        episode, now = self.episodes[self.played], timezone.now()
        numbers = episode.season.season_number, episode.episode_number
        self.plex.add_play(self.show.title, *numbers, viewed_at=now)
        self.played += 1
        if self.played % 2 == 0:
            payload = of_episode(episode, viewed_at=now)
            inbox.receive(user_id=self.configs[0].pk, payload=payload, now=now)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_plex_in_trouble(owner, tmdb, plex, clock, trouble):
    """Two people of one server, whose histories, marks, missing plays and a show to add are asked for."""
    size = sizes.chosen()
    length = size.outage if trouble in WEEK_LONG else min(size.outage * 3, timedelta(hours=12))
    every = EVERY if length <= timedelta(hours=12) else timedelta(hours=1)
    home, house = Home([owner, UserFactory.create()], plex), Household(clock)
    plex.mirror(home.show)
    config = home.configs[0]
    task = show_import.start(config, [plex.add_show("Dark", {1: 2}, ids=("tmdb://70523",))])
    tmdb.add_show(70523, "Dark", seasons={1: 2})
    for part in (plex.server, plex.metadata, plex.tv):
        TROUBLES[trouble](part)
    per_hour: list[int] = []

    for _ in range(int(length / timedelta(hours=1))):
        before = len(plex.calls)
        house.live(timedelta(hours=1), every=every, then=home.play)
        per_hour.append(len(plex.calls) - before)

    assert Watch.objects.count() == home.played // 2, "lost, or guessed"
    assert max(per_hour) <= FIRST_HOUR, per_hour
    assert max(per_hour[1:]) <= ANY_HOUR, per_hour
    assert [host.is_server for host in host_circuits.away(config)] == [True]

    for part in (plex.server, plex.metadata, plex.tv):
        part.up()
    house.live(circuit.LONGEST_PAUSE + timedelta(minutes=15), every=timedelta(hours=1))

    assert Watch.objects.filter(user=owner).count() == home.played
    task.refresh_from_db()
    assert (task.state, task.error) == (PlexImport.State.FINISHED, "")
    assert host_circuits.away(config) == []
    failed = Job.objects.exclude(last_error="")
    assert not failed.exclude(name=host_circuits.CATALOGUE).exists()
    sizes.tell(
        f"Plex: {trouble}, {length}",
        events=home.played,
        result=f"all recorded; requests an hour: {per_hour[0]}, then {max(per_hour[1:])} at most",
    )


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_account_service_in_trouble(owner, tmdb, plex, clock, trouble):
    """The server answers meanwhile, and what it tells is recorded once it is known whose it is."""
    home, house = Home([owner], plex), Household(clock)
    plex.mirror(home.show)
    TROUBLES[trouble](plex.tv)
    per_hour: list[int] = []

    for _ in range(4):
        before = len(plex.asked("tv"))
        house.live(timedelta(hours=1), every=EVERY, then=home.play)
        per_hour.append(len(plex.asked("tv")) - before)

    assert max(per_hour) <= FIRST_HOUR, per_hour
    assert max(per_hour[1:]) <= ANY_HOUR, per_hour
    plex.tv.up()
    house.live(circuit.LONGEST_PAUSE + timedelta(minutes=15), every=timedelta(hours=1))
    assert Watch.objects.count() == home.played
    assert host_circuits.away(home.configs[0]) == []


def test_wrong_types_are_what_they_say():
    """The trouble above is JSON, so that what refuses it is the parsing."""
    answers: list[bytes] = []

    class Host:
        def answer_with(self, body: bytes) -> None:
            answers.append(body)

    TROUBLES["wrong types"](Host())
    assert isinstance(json.loads(answers[0]), dict)
