"""Work that threads share when they meet: the first does its own, who waits meanwhile goes together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class Waiting(Generic[Item, Answer]):
    """An item in line; `called` when its answer is there, or when it is its thread's turn to work."""

    item: Item
    has_turn: bool = False
    called: threading.Event = field(default_factory=threading.Event)
    answer: Answer | Exception | None = None


class Together(Generic[Item, Answer]):
    """Calls `work` with the items of all threads that wait, one call at a time.

    `work` takes items and returns an answer, or an error, for each in the same order. It runs in the
    thread of the first of them. A thread that is alone waits for nobody.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Answer | Exception]]) -> None:
        self.work = work
        self.line: list[Waiting[Item, Answer]] = []
        self._lock = threading.Lock()
        self._is_working = False

    def __call__(self, item: Item) -> Answer:
        """The item's answer. Raises its error, or what `work` raised."""
        mine: Waiting[Item, Answer] = Waiting(item)
        self._queue(mine)
        if not mine.has_turn:
            mine.called.wait()
        if mine.has_turn:
            self._work_for_all(mine)
        if isinstance(mine.answer, Exception):
            raise mine.answer
        assert mine.answer is not None  # noqa: S101 - every item of a round got an answer
        return mine.answer

    def _queue(self, mine: Waiting[Item, Answer]) -> None:
        """Its turn at once, or a place in line."""
        with self._lock:
            if self._is_working:
                self.line.append(mine)
            else:
                self._is_working = mine.has_turn = True

    def _work_for_all(self, mine: Waiting[Item, Answer]) -> None:
        with self._lock:
            batch, self.line = [mine, *self.line], []
        answers: Sequence[Answer | Exception] = []
        try:
            answers = self.work([waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001 - each of the threads raises it
            answers = [error] * len(batch)
        finally:
            # Without answers where this very thread is asked to exit: the others go on without it.
            self._call(batch, answers)

    def _call(
        self, batch: Sequence[Waiting[Item, Answer]], answers: Sequence[Answer | Exception]
    ) -> None:
        """Wake those who have their answers, and the one whose turn it is."""
        with self._lock:
            self.line = [*batch[max(1, len(answers)) :], *self.line]
            following = self.line.pop(0) if self.line else None
            self._is_working = following is not None
        for waiting, answer in zip(batch, answers, strict=False):
            waiting.answer = answer
            waiting.called.set()
        if following is not None:
            following.has_turn = True
            following.called.set()
