"""Messages in the shapes that Plex and others really send, one file per case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def load(name: str) -> dict[str, Any]:
    """Return a fresh copy of the message in `<name>.json`."""
    payload: dict[str, Any] = json.loads(raw(name))
    return payload


def raw(name: str) -> bytes:
    """Return the bytes of `<name>.json`, as they would be posted."""
    return (FOLDER / f"{name}.json").read_bytes()
