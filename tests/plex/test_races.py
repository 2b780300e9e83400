"""At the same moment: many events, many workers, and a person who decides meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from plex import inbox, resolution
from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from plex.payload import summarise
from plex.processing import Lane, process_due
from tests.factories import episode_of, make_show
from tests.plex.factories import form, of_episode, scrobble
from tests.threads import at_once
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db(transaction=True)


def together(*jobs: Callable[[], object]) -> None:
    """Run jobs at the same moment; what one raises, this raises."""
    for result in at_once(jobs):
        if isinstance(result, Exception):
            raise result


def receive(user_id: int, payload: dict) -> PlexWebhookLog:
    pk = inbox.receive(
        user_id=user_id, payload=payload, summary=summarise(payload), now=timezone.now()
    )
    return PlexWebhookLog.objects.get(pk=pk)


def drain_with(lanes: int) -> None:
    together(*[process_due] * lanes)


def test_20_episodes_at_once_with_8_senders_and_2_workers_are_20_watches(connected, client):
    show = make_show("Severance", {1: 20})
    messages = [of_episode(episode_of(show, 1, number)) for number in range(1, 21)]
    url = f"/api/plex/webhook?secret={connected[1]}"
    rest = iter(messages)
    lock = threading.Lock()

    def send() -> None:
        while True:
            with lock:
                message = next(rest, None)
            if message is None:
                return
            assert client.post(url, form(message)).status_code == 200

    stop = threading.Event()

    def work() -> None:
        while not stop.is_set() or PlexWebhookLog.objects.pending().exists():
            process_due()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    together(*[send] * 8)
    stop.set()
    for worker in workers:
        worker.join(timeout=300)

    assert Watch.objects.count() == 20
    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) == {Status.SUCCESS}


def test_8_identical_events_are_1_watch_and_7_duplicates(connected):
    show = make_show("Severance", {1: 3})
    message = of_episode(episode_of(show, 1, 1))
    for _ in range(8):
        receive(connected[0].pk, message)

    drain_with(2)

    assert Watch.objects.count() == 1
    statuses = list(PlexWebhookLog.objects.values_list("status", flat=True))
    assert (statuses.count(Status.SUCCESS), statuses.count(Status.DUPLICATE)) == (1, 7)


def test_two_workers_meeting_one_unknown_show_make_one(connected, tmdb):
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    for number in range(1, 9):
        tmdb.add_find(9000 + number, source="tvdb_id", episode=(700, 1, number))
        receive(connected[0].pk, scrobble("Andor", 1, number, ids=(f"tvdb://{9000 + number}",)))

    drain_with(2)

    assert TVShow.objects.count() == 1
    assert PlexShowMapping.objects.count() == 1
    assert not PlexConflict.objects.open().exists()
    assert Watch.objects.count() == 8


def test_two_workers_meeting_one_unclear_show_ask_once(connected):
    for number in range(1, 9):
        receive(connected[0].pk, scrobble("Unheard of", 1, number))

    drain_with(2)

    assert PlexConflict.objects.count() == 1
    assert PlexWebhookLog.objects.held().filter(conflict=PlexConflict.objects.get()).count() == 8


def test_resolving_while_its_events_are_processed_leaves_none_behind(connected, owner):
    show = make_show("Something Else", {1: 40})
    receive(connected[0].pk, scrobble("Unheard of", 1, 1))
    process_due()
    conflict = PlexConflict.objects.get()
    for number in range(2, 31):
        receive(connected[0].pk, scrobble("Unheard of", 1, number))

    together(
        process_due,
        process_due,
        lambda: resolution.resolve_conflict(conflict, user=owner, action="select", show=show),
    )
    process_due()

    assert Watch.objects.filter(episode__season__show=show).count() == 30
    assert not PlexWebhookLog.objects.exclude(status=Status.SUCCESS).exists()
    assert not PlexConflict.objects.open().exists()


def test_a_stalled_workers_late_decision_does_not_land(connected, owner):
    """The lease ran out, somebody else finished the row, and then the first one comes back."""
    show = make_show("Severance", {1: 3})
    row = receive(connected[0].pk, of_episode(episode_of(show, 1, 1)))
    stalled, later = Lane(network=True), timezone.now() + inbox.LEASE + timedelta(seconds=1)
    mine = inbox.claim(limit=1, now=timezone.now(), needs_network=False)
    PlexWebhookLog.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())
    process_due()
    row.refresh_from_db()
    assert row.status == Status.SUCCESS
    Watch.objects.all().delete()

    stalled.process(mine, now=later)

    assert not Watch.objects.exists()
    row.refresh_from_db()
    assert row.status == Status.SUCCESS


def test_a_claimed_row_of_a_killed_worker_comes_back_after_its_lease(connected, time_machine):
    show = make_show("Severance", {1: 3})
    receive(connected[0].pk, of_episode(episode_of(show, 1, 1)))
    assert len(inbox.claim(limit=9, now=timezone.now(), needs_network=False)) == 1
    assert process_due() == 0

    time_machine.move_to(timezone.now() + inbox.LEASE + timedelta(seconds=1))

    assert process_due() == 1
    assert Watch.objects.count() == 1


def test_two_claims_never_take_one_row(connected):
    for number in range(1, 101):
        receive(connected[0].pk, scrobble("X", 1, number))
    taken: list[int] = []

    def take() -> None:
        while rows := inbox.claim(limit=7, now=timezone.now(), needs_network=False):
            taken.extend(row.pk for row in rows)

    together(take, take, take)

    assert len(taken) == len(set(taken)) == 100
