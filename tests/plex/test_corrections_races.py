"""A correction at the same moment as events, as marks by hand, and as another person's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from plex import inbox, resolution
from plex.models import PlexCorrection, PlexShowMapping, PlexViewing, PlexWebhookLog, Status
from plex.payload import summarise
from plex.processing import process_due
from plex.resolution import ResolutionError, look_at_correction
from tests.factories import episode_of, make_show
from tests.plex.factories import changed, of_episode
from tests.threads import at_once
from tracker import watching
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shows():
    return make_show("Severance", {1: 30}), make_show("Severance Pay", {1: 30})


def receive(user_id: int, show: TVShow, *numbers: int) -> None:
    for number in numbers:
        at = timezone.now() - timedelta(minutes=20 * number)
        message = of_episode(episode_of(show, 1, number), viewed_at=at)
        message = changed(message, originallyAvailableAt=None if number > 10 else "")
        inbox.receive(
            user_id=user_id, payload=message, summary=summarise(message), now=timezone.now()
        )


@pytest.fixture
def mapping(connected, shows, owner) -> PlexShowMapping:
    """Ten plays that are recorded for the wrong show."""
    receive(connected[0].pk, shows[0], 1)
    process_due()
    mapping = PlexShowMapping.objects.get()
    resolution.confirm_mapping(mapping, show=shows[0])
    receive(connected[0].pk, shows[0], *range(2, 11))
    process_due()
    return mapping


def raised(jobs) -> list[Exception]:
    return [result for result in at_once(jobs) if isinstance(result, Exception)]


def of(show: TVShow) -> int:
    return Watch.objects.standing().filter(episode__season__show=show).count()


def test_events_that_arrive_meanwhile_are_recorded_for_the_right_show(
    connected, mapping, shows, owner
):
    receive(connected[0].pk, shows[0], *range(11, 26))

    errors = raised(
        [
            process_due,
            lambda: resolution.correct_mapping(mapping, user=owner, show=shows[1]),
            process_due,
        ]
    )
    process_due()

    assert errors == []
    assert (of(shows[0]), of(shows[1])) == (0, 25)
    assert PlexViewing.objects.count() == 25
    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) == {Status.SUCCESS}


def test_what_was_shown_is_done_or_nothing_while_events_arrive(connected, mapping, shows, owner):
    receive(connected[0].pk, shows[0], *range(11, 26))
    looked = look_at_correction(mapping, user=owner, show=shows[1])

    errors = raised(
        [
            process_due,
            lambda: resolution.correct_mapping(
                mapping, user=owner, show=shows[1], expected=looked.fingerprint
            ),
        ]
    )
    process_due()

    assert all(isinstance(error, ResolutionError) for error in errors)
    assert {of(shows[0]), of(shows[1])} == {0, 25}
    assert of(shows[1]) == (0 if errors else 25)


def test_marks_by_hand_in_the_same_moment_lose_nothing(mapping, shows, owner):
    def mark() -> None:
        for number in range(1, 11):
            watching.mark_watched(
                user=owner, episode=episode_of(shows[1], 1, number), watched_at=timezone.now()
            )

    errors = raised([mark, lambda: resolution.correct_mapping(mapping, user=owner, show=shows[1])])

    assert all(isinstance(error, ResolutionError) for error in errors)
    if errors:
        resolution.correct_mapping(mapping, user=owner, show=shows[1])
    assert (of(shows[0]), of(shows[1])) == (0, 10)
    assert PlexViewing.objects.filter(watch__episode__season__show=shows[1]).count() == 10


def test_marks_by_hand_while_a_correction_is_undone_lose_nothing(mapping, shows, owner):
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    correction = PlexCorrection.objects.get()

    def mark() -> None:
        for number in range(1, 11):
            watching.mark_watched(
                user=owner, episode=episode_of(shows[0], 1, number), watched_at=timezone.now()
            )

    errors = raised([mark, lambda: resolution.undo_correction(correction, user=owner)])

    assert all(isinstance(error, ResolutionError) for error in errors)
    if errors:
        resolution.undo_correction(correction, user=owner)
    assert of(shows[1]) == 0
    assert PlexViewing.objects.filter(watch__episode__season__show=shows[0]).count() == 10


def test_two_undos_in_the_same_moment_are_one(mapping, shows, owner):
    resolution.correct_mapping(mapping, user=owner, show=shows[1])
    correction = PlexCorrection.objects.get()

    def undo() -> None:
        resolution.undo_correction(correction, user=owner)

    errors = raised([undo, undo])

    assert [type(error) for error in errors] == [ResolutionError]
    assert (of(shows[0]), of(shows[1])) == (10, 0)
