"""When two events are one viewing, and when a viewing counts again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plex.viewings import Play, Verdict, Viewing, judge, other_half

AT = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def viewing(after: timedelta = timedelta(0), **fields) -> Viewing:
    defaults = {"sent_at": None, "view_count": None, "runtime": 40 * MINUTE}
    return Viewing(**{**defaults, "viewed_at": AT + after, **fields})


def play(after: timedelta = timedelta(0), number: int = 1) -> Play:
    return Play(number=number, watched_at=AT + after)


@pytest.mark.parametrize(
    ("new", "past", "expected"),
    [
        (viewing(), [], Verdict.FIRST),
        (viewing(MINUTE), [viewing()], Verdict.DUPLICATE),
        (viewing(19 * MINUTE), [viewing()], Verdict.DUPLICATE),
        (viewing(-19 * MINUTE), [viewing()], Verdict.DUPLICATE),
        (viewing(20 * MINUTE), [viewing()], Verdict.FIRST),
        (viewing(4 * MINUTE, runtime=2 * MINUTE), [viewing()], Verdict.DUPLICATE),
        (viewing(6 * MINUTE, runtime=2 * MINUTE), [viewing()], Verdict.FIRST),
        (viewing(600 * MINUTE, sent_at=AT), [viewing(sent_at=AT)], Verdict.DUPLICATE),
        (viewing(600 * MINUTE, sent_at=AT + MINUTE), [viewing(sent_at=AT)], Verdict.FIRST),
        (viewing(600 * MINUTE, log_id=7), [viewing(log_id=7)], Verdict.DUPLICATE),
        (viewing(MINUTE), [viewing(is_removed=True)], Verdict.REMOVED),
        (viewing(MINUTE), [viewing(), viewing(is_removed=True)], Verdict.REMOVED),
        (viewing(600 * MINUTE), [viewing(is_removed=True)], Verdict.FIRST),
    ],
)
def test_the_same_viewing_counts_once(new, past, expected):
    assert judge(new, past=past, plays=[], record_rewatches=True) is expected


@pytest.mark.parametrize(
    ("new", "past", "plays", "expected"),
    [
        (viewing(60 * MINUTE), [], [play()], Verdict.REWATCH),
        (viewing(19 * MINUTE), [], [play()], Verdict.ALREADY_WATCHED),
        (viewing(9 * MINUTE, runtime=MINUTE), [], [play()], Verdict.ALREADY_WATCHED),
        (viewing(11 * MINUTE, runtime=MINUTE), [], [play()], Verdict.REWATCH),
        (
            viewing(60 * MINUTE, view_count=1),
            [viewing(view_count=1)],
            [play()],
            Verdict.ALREADY_WATCHED,
        ),
        (viewing(60 * MINUTE, view_count=2), [viewing(view_count=1)], [play()], Verdict.REWATCH),
        (viewing(60 * MINUTE), [], [play(), play(55 * MINUTE, 2)], Verdict.ALREADY_WATCHED),
    ],
)
def test_a_rewatch_needs_distance_and_a_higher_count(new, past, plays, expected):
    assert judge(new, past=past, plays=plays, record_rewatches=True) is expected


def test_without_rewatches_the_first_date_stays():
    verdict = judge(viewing(60 * MINUTE), past=[], plays=[play()], record_rewatches=False)
    assert verdict is Verdict.ALREADY_WATCHED


def row(after: timedelta = timedelta(0), key: str = "/h/1", **fields) -> Viewing:
    """A viewing that only Plex's history told of."""
    told = {"history_key": key, "told_by_webhook": False}
    return viewing(after, sent_at=AT + after, **{**told, **fields})


@pytest.mark.parametrize(
    ("new", "past", "expected"),
    [
        (row(), [viewing()], Verdict.DUPLICATE),
        (viewing(), [row()], Verdict.DUPLICATE),
        (row(40 * MINUTE), [viewing()], Verdict.DUPLICATE),
        (viewing(-40 * MINUTE), [row()], Verdict.DUPLICATE),
        (row(41 * MINUTE), [viewing()], Verdict.FIRST),
        (row(10 * MINUTE, runtime=MINUTE), [viewing()], Verdict.DUPLICATE),
        (row(11 * MINUTE, runtime=MINUTE), [viewing()], Verdict.FIRST),
        # Of a viewing that found its other half, a further one is no half.
        (row(30 * MINUTE, key="/h/2"), [viewing(history_key="/h/1")], Verdict.FIRST),
        (viewing(30 * MINUTE), [viewing(history_key="/h/1")], Verdict.FIRST),
        # Two rows of the history are two plays, but for the same row.
        (row(30 * MINUTE, key="/h/2"), [row()], Verdict.FIRST),
        (row(600 * MINUTE), [row()], Verdict.DUPLICATE),
        (row(), [viewing(is_removed=True)], Verdict.REMOVED),
        (viewing(), [row(is_removed=True)], Verdict.REMOVED),
        # The times that Plex sent count, not when the event arrived.
        (viewing(300 * MINUTE, sent_at=AT), [row()], Verdict.DUPLICATE),
    ],
)
def test_a_webhook_and_its_row_of_the_history_are_one_viewing(new, past, expected):
    assert judge(new, past=past, plays=[], record_rewatches=True) is expected


def test_the_nearest_is_the_other_half():
    first, second = viewing(), viewing(35 * MINUTE)
    assert other_half(row(36 * MINUTE), [first, second]) is second
    assert other_half(row(2 * MINUTE), [first, second]) is first
    assert other_half(viewing(), [first, second]) is None


def mark(after: timedelta = timedelta(0), **fields) -> Viewing:
    """What only the library says: watched, and when last."""
    return viewing(after, sent_at=AT + after, told_by_webhook=False, **fields)


@pytest.mark.parametrize(
    ("new", "past", "plays", "expected"),
    [
        (mark(), [], [], Verdict.FIRST),
        (mark(), [], [play()], Verdict.ALREADY_WATCHED),
        (mark(40 * MINUTE), [viewing()], [play()], Verdict.DUPLICATE),
        (mark(-40 * MINUTE), [row(history_key="/h/1")], [play()], Verdict.DUPLICATE),
        (mark(41 * MINUTE), [viewing()], [play()], Verdict.ALREADY_WATCHED),
        (mark(9 * MINUTE, runtime=MINUTE), [viewing()], [play()], Verdict.DUPLICATE),
        (mark(40 * MINUTE), [viewing(is_removed=True)], [], Verdict.REMOVED),
        # Counted once more, and compared with what is known: only then it was watched again.
        (mark(90 * MINUTE, view_count=2), [viewing(view_count=1)], [play()], Verdict.REWATCH),
        (
            mark(90 * MINUTE, view_count=1),
            [viewing(view_count=1)],
            [play()],
            Verdict.ALREADY_WATCHED,
        ),
        (mark(90 * MINUTE, view_count=2), [viewing()], [play()], Verdict.ALREADY_WATCHED),
        (mark(90 * MINUTE), [viewing(view_count=1)], [play()], Verdict.ALREADY_WATCHED),
        (mark(20 * MINUTE, view_count=2), [mark(view_count=1)], [play()], Verdict.DUPLICATE),
        # The other way round.
        (viewing(40 * MINUTE), [mark()], [play()], Verdict.DUPLICATE),
        (row(40 * MINUTE), [mark()], [play()], Verdict.DUPLICATE),
        (viewing(41 * MINUTE), [mark()], [play()], Verdict.REWATCH),
    ],
)
def test_a_mark_is_a_viewing_only_where_nothing_else_tells_of_it(new, past, plays, expected):
    assert judge(new, past=past, plays=plays, record_rewatches=True) is expected


@pytest.mark.parametrize(
    ("new", "removed", "expected"),
    [
        (mark(), AT + MINUTE, Verdict.REMOVED),
        (mark(), AT, Verdict.REMOVED),
        (mark(), AT - MINUTE, Verdict.FIRST),
        (viewing(), AT + MINUTE, Verdict.FIRST),
    ],
)
def test_a_mark_from_before_the_removal_brings_nothing_back(new, removed, expected):
    verdict = judge(new, past=[], plays=[], record_rewatches=False, removed_at=removed)
    assert verdict is expected


def test_a_mark_is_the_other_half_of_both_and_takes_neither_from_them():
    told = viewing(sent_at=AT)
    assert other_half(mark(), [told]) is None
    assert other_half(row(), [told, mark(MINUTE)]) is told
    assert other_half(row(), [mark(MINUTE)]) == mark(MINUTE)
