"""The data folder and the two keys in it, made once before web and worker start."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracker.encryption import new_key
from tracker.environment import env

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class DataFolderError(Exception):
    """The data folder can't be used; the text says what to do."""


def prepare_folder(folder: Path) -> None:
    """Make the data folder, for its owner alone. Raises `DataFolderError`.

    A folder that is there already keeps its mode: it may be a mounted volume.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataFolderError(
            f"The data folder {folder} can't be written ({error.strerror}). "
            f"Give this user (number {os.getuid()}) write access to it, or name another folder in DATA_DIR."
        ) from None


def make_keys(folder: Path) -> list[str]:
    """Make the keys that neither the environment nor the folder holds; returns their file names."""
    made = []
    for setting, name, key in (
        ("SECRET_KEY", "secret_key", secrets.token_urlsafe(48)),
        ("ENCRYPTION_KEY", "encryption_key", new_key()),
    ):
        if not env(setting) and write_once(folder / name, key):
            made.append(name)
    return made


def write_once(path: Path, text: str) -> bool:
    """Write a private file unless it exists; False when it does, or another process was first.

    The file appears under its name complete or not at all.
    """
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        write_private(draft, text)
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        except OSError:
            # Some network and FAT volumes know no links.
            return write_in_place(path, text)
        return True
    finally:
        draft.unlink(missing_ok=True)


def make_private(path: Path) -> None:
    """Make an empty file for its owner alone, unless there is one."""
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def write_in_place(path: Path, text: str) -> bool:
    try:
        write_private(path, text)
    except FileExistsError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Wait until no other process prepares this folder, and keep others waiting."""
    with (folder / ".prepare.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
