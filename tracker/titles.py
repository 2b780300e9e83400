"""Titles of shows, made comparable."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_KEY_LENGTH = 500

_YEAR = re.compile(r"\s*[(\[]((?:19|20)[0-9]{2})[)\]]\s*$", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class ParsedTitle:
    """A title with what its suffix says. `year` and `country` are evidence, not part of `key`."""

    text: str
    key: str
    year: int | None = None
    country: str = ""


def title_key(title: str) -> str:
    """Return the key under which titles are compared."""
    return parse_title(title).key


def parse_title(title: str) -> ParsedTitle:
    """Read a title as Plex or TMDB writes it."""
    found = _YEAR.search(title)
    year = int(found[1]) if found else None
    bare = title[: found.start()] if found else title
    folded = unicodedata.normalize("NFKD", bare).casefold()
    key = "".join(c for c in folded if c.isalnum()) or folded.strip()
    return ParsedTitle(text=title, key=key[:MAX_KEY_LENGTH], year=year)
