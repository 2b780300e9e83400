from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from plex import inbox, intake
from plex.models import PlexWebhookLog
from tests.plex.factories import scrobble
from tests.threads import at_once
from tracker.together import Together

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS = 8


def columns(user_id: int, title: str) -> dict[str, Any]:
    now = timezone.now()
    return {
        "config_id": user_id,
        "plex_title": title,
        "payload": {"title": title},
        "next_attempt_at": now,
        "created_at": now,
    }


@pytest.fixture
def user_id(connected) -> int:
    return int(connected[0].pk)


@pytest.fixture
def batches() -> list[int]:
    """How many rows each statement stored."""
    return []


@pytest.fixture
def store(batches) -> Together[dict[str, Any], int]:
    """Stores as the intake does, but the first waits until all others are in line."""

    def store_each(rows: Sequence[dict[str, Any]]) -> Sequence[int | Exception]:
        batches.append(len(rows))
        while len(batches) == 1 and len(together.line) < SENDERS - 1:
            time.sleep(0.01)
        return intake.store_each(rows)

    together = Together(store_each)
    return together


def test_each_sender_gets_the_number_of_its_own_event(user_id):
    messages = [scrobble(f"Show {n}", 1, 1) for n in range(SENDERS * 4)]

    def send(message: dict[str, Any]) -> tuple[int, str]:
        number = inbox.receive(user_id=user_id, payload=message, now=timezone.now())
        return number, message["Metadata"]["grandparentTitle"]

    answers = at_once([lambda m=message: send(m) for message in messages])  # type: ignore[misc]

    assert dict(answers) == dict(PlexWebhookLog.objects.values_list("pk", "plex_title"))
    assert len(answers) == len(messages)


def test_those_that_wait_are_stored_together(user_id, store, batches):
    numbers = at_once(
        [lambda n=n: store(columns(user_id, f"Show {n}")) for n in range(SENDERS)]  # type: ignore[misc]
    )
    stored = dict(PlexWebhookLog.objects.values_list("pk", "plex_title"))
    assert {number: f"Show {n}" for n, number in enumerate(numbers)} == stored
    assert len(batches) == 2
    assert sum(batches) == SENDERS


def test_a_row_that_is_refused_harms_no_other(user_id, store, batches):
    owners = [user_id if n % 3 else 10**9 for n in range(SENDERS)]
    results = at_once([lambda o=owner: store(columns(o, "Dark")) for owner in owners])  # type: ignore[misc]
    assert [isinstance(result, IntegrityError) for result in results] == [
        owner != user_id for owner in owners
    ]
    assert PlexWebhookLog.objects.count() == owners.count(user_id)


def test_everybody_hears_that_the_database_failed_and_the_next_is_stored(
    user_id, store, batches, monkeypatch
):
    def fail(rows: Sequence[dict[str, Any]]) -> list[int]:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(intake, "insert", fail)
        results = at_once([lambda: store(columns(user_id, "Dark"))] * SENDERS)
    assert [type(result) for result in results] == [OperationalError] * SENDERS
    assert len(batches) == 2
    assert store(columns(user_id, "Dark")) == PlexWebhookLog.objects.get().pk


def test_a_row_of_a_transaction_goes_with_it(user_id):
    with transaction.atomic():
        intake.store(columns(user_id, "Dark"))
        transaction.set_rollback(True)
    assert not PlexWebhookLog.objects.exists()
