"""Whether web or worker of this installation run: a shared lock that ends with its holder, also by kill -9."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import IO

NAME = ".running.lock"
_held: list[IO[str]] = []


def hold(folder: Path) -> None:
    """Say that this process, and those that it starts by forking, use the installation."""
    # A folder that takes no file has told so already, at the start.
    with suppress(OSError):
        file = (folder / NAME).open("a")
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        _held.append(file)


def is_running(folder: Path) -> bool:
    """Whether any process holds the installation at this moment."""
    try:
        with (folder / NAME).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
