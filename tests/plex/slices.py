"""The worker's part in what people start for a whole library."""

from __future__ import annotations

from plex.imports import lifecycle


def work(times: int = 1, *, shows: int | None = None) -> None:
    """Slices of the worker; `shows` stops each after that many."""
    for _ in range(times):
        left = iter(range(shows)) if shows is not None else None

        def should_stop() -> bool:
            return left is not None and next(left, None) is None  # noqa: B023

        lifecycle.work_on_imports(should_stop)
