from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.threads import at_once
from tracker.together import Together

THREADS = 8


def meeting(work: Callable[[Sequence[int]], Sequence[int | Exception]]) -> Together[int, int]:
    """The first of eight threads works only when the others wait."""
    rounds: list[Sequence[int]] = []

    def when_all_wait(items: Sequence[int]) -> Sequence[int | Exception]:
        rounds.append(items)
        while len(rounds) == 1 and len(together.line) < THREADS - 1:
            time.sleep(0.01)
        return work(items)

    together = Together(when_all_wait)
    return together


def test_a_thread_that_is_alone_works_for_itself():
    rounds: list[Sequence[int]] = []

    def double(items: Sequence[int]) -> list[int]:
        rounds.append(items)
        return [2 * item for item in items]

    together = Together(double)
    assert [together(number) for number in range(3)] == [0, 2, 4]
    assert rounds == [[0], [1], [2]]


def test_everybody_gets_the_answer_to_his_own_item():
    together = meeting(lambda items: [2 * item for item in items])
    answers = at_once([lambda n=n: together(n) for n in range(THREADS)])  # type: ignore[misc]
    assert answers == [2 * number for number in range(THREADS)]


def test_an_item_has_an_error_of_its_own():
    together = meeting(lambda items: [item if item % 2 else ValueError(item) for item in items])
    answers = at_once([lambda n=n: together(n) for n in range(THREADS)])  # type: ignore[misc]
    assert [type(answer) for answer in answers] == [ValueError, int] * (THREADS // 2)


def test_the_others_go_on_without_a_thread_that_is_asked_to_exit():
    rounds: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        rounds.append(len(items))
        if len(rounds) == 2:
            raise SystemExit
        return list(items)

    together = meeting(work)
    answers = at_once([lambda n=n: answered(together, n) for n in range(THREADS)])  # type: ignore[misc]
    assert answers.count("exited") == 1
    assert [n for n, answer in enumerate(answers) if answer not in (n, "exited")] == []
    assert rounds == [1, THREADS - 1, THREADS - 2]


def answered(together: Together[int, int], number: int) -> int | str:
    try:
        return together(number)
    except SystemExit:
        return "exited"
