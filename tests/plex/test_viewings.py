"""When two events are one viewing, and when a viewing counts again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plex.viewings import Play, Verdict, Viewing, judge

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
