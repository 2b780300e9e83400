"""Reading what addresses of the Plex pages say."""

from __future__ import annotations

import re
from typing import Any


def as_id(text: Any) -> int | None:
    """A row's id from an address; None for anything that is none."""
    return int(text) if isinstance(text, str) and re.fullmatch(r"[0-9]{1,18}", text) else None
