"""`python -m tests.faults.killed_worker BOUNDARY`: the worker, which kills itself at this boundary.

The real worker; only here is anything wrapped. The boundaries lie between what must not come apart:
claiming, asking, deciding, writing, committing.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django


def die(*_args: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, *, is_time: Callable[..., bool] = lambda *_: True) -> None:
    inner = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if is_time(*args):
            die()
        return inner(*args, **kwargs)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str) -> None:
    """Once it has done something: an empty round is no boundary."""
    inner = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = inner(*args, **kwargs)
        if result is None or result:
            die()
        return result

    setattr(owner, name, wrapped)


def prepare(boundary: str) -> None:
    from plex import inbox  # noqa: PLC0415 - needs Django
    from plex.processing import apply, drain  # noqa: PLC0415
    from tracker import library  # noqa: PLC0415
    from tracker.tmdb import Tmdb  # noqa: PLC0415

    boundaries: dict[str, Callable[[], None]] = {
        "claimed": lambda: after(inbox, "claim"),
        "before the network": lambda: before(Tmdb, "_get"),
        "after the network": lambda: after(Tmdb, "_get"),
        "show fetched, not written": lambda: before(library, "_write"),
        "show written, not recorded": lambda: after(library, "_write"),
        "before the transaction": lambda: before(drain, "apply"),
        "within the transaction": lambda: before(apply, "write_outcomes"),
        "before the commit": lambda: after(apply, "write_outcomes"),
        "after the commit": lambda: after(drain, "retried"),
    }
    boundaries[boundary]()


if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    prepare(sys.argv[1])
    call_command("worker")
