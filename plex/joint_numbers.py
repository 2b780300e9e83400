"""Numbers for several episodes in one file: "Episode 1-2", "S01E01-E02", "1-2"."""

from __future__ import annotations

import re

MOST_EPISODES = 4

_WORD = (
    r"(?:s[0-9]{1,4}[\s.]*)?(?:e|ep|eps|episodes?|episodios?|[eé]pisodes?|folgen?|afleveringe?n?|"
    r"avsnitt|afsnit|odcin(?:ek|ki)|jaksot?|puntat[ae]|cap[ií]tulos?)"
)
_JOINT = re.compile(
    rf"(?:{_WORD}[\s.#]*)([0-9]{{1,4}})"
    rf"(?:\s*(?:-|\u2013|&|\+|and|und|et|y|to|bis)\s*(?:{_WORD}[\s.#]*)?|[\s.]*e)([0-9]{{1,4}})",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:e|ep)?([0-9]{1,4})\s*[-\u2013]\s*(?:e|ep)?([0-9]{1,4})", re.IGNORECASE)


def joint_numbers(index: object, title: str) -> tuple[int, ...]:
    """Return all numbers where the index ("1-2") or a title that is no more than that gives several.

    Only neighbours and few: "Episode 3-17" is no file, and "Episode 1/2" the first of two parts.
    """
    found = _BARE.fullmatch(index.strip()) if isinstance(index, str) else None
    found = found or _JOINT.fullmatch(title.strip())
    if found is None:
        return ()
    first, last = int(found[1]), int(found[2])
    is_few = first < last < first + MOST_EPISODES
    return tuple(range(first, last + 1)) if is_few and first else ()
