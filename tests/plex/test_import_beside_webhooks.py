"""An import lets what arrives by itself go first, and an unknown show's plays stay together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plex import inbox
from plex.models import Action, PlexWebhookLog, Status
from plex.processing import Lane
from tests.factories import episode_of, make_show
from tests.plex.factories import of_episode, scrobble
from tracker.models import Watch

pytestmark = pytest.mark.django_db
HISTORY = PlexWebhookLog.Source.HISTORY


def receive_rows(user_id: int, title: str, count: int, **metadata: Any) -> None:
    """Due rows of the history, as an import stores them."""
    now = timezone.now() - timedelta(minutes=5)
    PlexWebhookLog.objects.bulk_create(
        inbox.event_row(
            scrobble(title, 1, number, viewed_at=now, **metadata),
            config_id=user_id,
            source=HISTORY,
            history_key=f"{title}/{number}",
            viewed_at=now,
            next_attempt_at=now + timedelta(milliseconds=number),
            created_at=now,
        )
        for number in range(1, count + 1)
    )


def takes_many(lane: Lane) -> bool:
    return lane.mostly_known


def test_a_webhook_in_the_middle_of_an_import_goes_before_the_rest_of_it(connected, owner):
    make_show("Severance", {1: 400})
    show = make_show("Andor", {1: 3})
    receive_rows(owner.pk, "Severance", 400)
    lane = Lane(network=False)
    lane.process_due()
    pk = inbox.receive(
        user_id=owner.pk, payload=of_episode(episode_of(show, 1, 1)), now=timezone.now()
    )

    lane.process_due()

    live = PlexWebhookLog.objects.get(pk=pk)
    assert live.status == Status.SUCCESS
    assert PlexWebhookLog.objects.pending().filter(source=HISTORY).count() >= 50


def test_in_the_lane_that_waits_for_the_network_it_goes_first_too(connected, owner, tmdb):
    tmdb.add_show(700, "Andor", seasons={1: 4})
    receive_rows(owner.pk, "Nobody Knows This", 60)
    Lane(network=False).process_due()
    pk = inbox.receive(user_id=owner.pk, payload=scrobble("Andor", 1, 1), now=timezone.now())
    Lane(network=False).process_due()

    Lane(network=True).process_due()

    live = PlexWebhookLog.objects.get(pk=pk)
    assert live.status != Status.PENDING
    assert PlexWebhookLog.objects.pending().filter(source=HISTORY).count() >= 50


def test_the_plays_of_an_unknown_show_go_to_the_other_lane_together(connected, owner, tmdb):
    receive_rows(owner.pk, "Nobody Knows This", 10)
    with CaptureQueriesContext(
        connection,
    ) as few:
        Lane(network=False).process_due()
    PlexWebhookLog.objects.all().delete()
    receive_rows(owner.pk, "Nobody Else Either", 90)
    with CaptureQueriesContext(connection) as many:
        Lane(network=False).process_due()

    waiting = PlexWebhookLog.objects.filter(needs_network=True, status=Status.PENDING)
    assert waiting.filter(action_taken=Action.WAITING_FOR_TMDB).count() == 90
    assert len(many) <= len(few) + 2


def test_rows_that_somebody_else_took_are_neither_moved_nor_given_back(connected, owner):
    receive_rows(owner.pk, "Nobody Knows This", 3)
    now = timezone.now()
    rows = inbox.claim(limit=3, now=now, needs_network=False)
    inbox.requeue(PlexWebhookLog.objects.filter(pk=rows[0].pk), now=now + timedelta(hours=1))

    inbox.hand_over(rows, now=now)

    moved = PlexWebhookLog.objects.filter(needs_network=True)
    assert set(moved.values_list("pk", flat=True)) == {row.pk for row in rows[1:]}


def test_once_the_show_is_known_its_plays_are_recorded_many_at_once(connected, owner, tmdb):
    tmdb.add_show(700, "Andor", seasons={1: 200}, tvdb_id=4000)
    receive_rows(owner.pk, "Andor", 200, grandparentGuid="com.plexapp.agents.thetvdb://4000")
    local, network = Lane(network=False), Lane(network=True)
    while local.process_due():
        pass
    assert PlexWebhookLog.objects.filter(needs_network=True).count() == 200

    rounds = [network.process_due() for _ in range(3)]

    assert rounds[0] < 10 < rounds[1]
    assert Watch.objects.count() == sum(rounds) > 100
    assert len(tmdb.requests) < 10


def test_of_many_unknown_shows_few_are_taken_at_a_time(connected, owner, tmdb):
    """Each may take seconds of the network, and what arrives meanwhile waits for them."""
    tmdb.add_show(700, "Andor", seasons={1: 5}, tvdb_id=4000)
    receive_rows(owner.pk, "Andor", 5, grandparentGuid="com.plexapp.agents.thetvdb://4000")
    local, network = Lane(network=False), Lane(network=True)
    local.process_due()
    network.process_due()
    for number in range(30):
        receive_rows(owner.pk, f"Nobody Knows {number}", 1)
    while local.process_due():
        pass
    before = PlexWebhookLog.objects.pending().count()
    assert takes_many(network)
    network.process_due()
    assert before - PlexWebhookLog.objects.pending().count() == 5
    assert not takes_many(network)
    due = PlexWebhookLog.objects.due(timezone.now())
    assert due.count() == PlexWebhookLog.objects.pending().count()
