"""What people's rules say about a play, before any other evidence is looked at; pure.

A rule names a title, a guid or a library. Of all rules of a person that fit, the most precise one
decides: a guid before a title before a library, an exact pattern before one with `*`, a longer
pattern before a shorter one, the newest of equals. So "ignore the library Kids" and "the title Bluey
is always Bluey" go together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from plex.playback import NewShow, Playback
from tracker.titles import parse_title, without_accents

GUID, TITLE, LIBRARY = "guid", "title", "library"
ALWAYS, NEVER, IGNORE = "always", "never", "ignore"
# The most precise first.
FIELDS = (GUID, TITLE, LIBRARY)
ANY = "*"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of one person. `server_uuid` narrows a library to one server; "" is any.

    `tmdb_id` is that of the show, so that candidates which are not in the tracker yet are known too.
    """

    id: int
    user_id: int
    field: str
    pattern: str
    verdict: str
    tvshow_id: int | None = None
    tmdb_id: int | None = None
    sentence: str = ""
    server_uuid: str = ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What rules look at."""

    title: str
    year: int | None
    guids: tuple[str, ...]
    library: str
    server_uuid: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What one person's rules say: `hit` decides (it says `always` or `ignore`), `never` are the
    rules against shows that are more precise than it."""

    hit: Rule | None = None
    never: tuple[Rule, ...] = ()

    @property
    def ignores(self) -> bool:
        return self.hit is not None and self.hit.verdict == IGNORE

    @property
    def show_id(self) -> int | None:
        """The show that it always is."""
        return self.hit.tvshow_id if self.hit is not None and self.hit.verdict == ALWAYS else None

    def refuses(self, *, tvshow_id: int | None, tmdb_id: int | None) -> bool:
        """Whether it is never this show, of ours or of TMDB."""
        return any(
            rule.tvshow_id == tvshow_id
            if tvshow_id is not None
            else tmdb_id is not None and rule.tmdb_id == tmdb_id
            for rule in self.never
        )


SILENT = Ruling()


def ruling_on(play: Playback | NewShow, rules: Iterable[Rule]) -> Ruling:
    """What the rules of one person, in any order, say about a play or a new show."""
    seen = seen_in(play)
    never: list[Rule] = []
    for rule in sorted((rule for rule in rules if fits(rule, seen)), key=precision):
        if rule.verdict == NEVER:
            never.append(rule)
        elif rule.tvshow_id is None or rule.tvshow_id not in {one.tvshow_id for one in never}:
            return Ruling(hit=rule, never=tuple(never))
    return Ruling(never=tuple(never)) if never else SILENT


def precision(rule: Rule) -> tuple[int, bool, int, bool, int]:
    """The key that sorts the most precise rule first."""
    is_open = ANY in rule.pattern
    return FIELDS.index(rule.field), is_open, -len(rule.pattern), not rule.server_uuid, -rule.id


def seen_in(play: Playback | NewShow) -> Seen:
    show = play.show
    ids = (("tmdb", show.ids.tmdb), ("tvdb", show.ids.tvdb), ("imdb", show.ids.imdb))
    guids = [show.guid, show.identity, *(f"{name}://{value}" for name, value in ids if value)]
    if isinstance(play, Playback):
        guids.append(play.guid)
    return Seen(
        title=show.title,
        year=show.year,
        guids=tuple(bare_guid(guid) for guid in guids if guid),
        library=play.library_section,
        server_uuid=play.server_uuid,
    )


def bare_guid(guid: str) -> str:
    """A guid without the language that older agents put behind it."""
    return guid.partition("?")[0].strip().casefold()


def fits(rule: Rule, seen: Seen) -> bool:
    """Whether a rule is about this."""
    if rule.field == GUID:
        return any(fits_pattern(bare_guid(rule.pattern), guid) for guid in seen.guids)
    if rule.field == TITLE:
        return fits_title(rule.pattern, seen)
    is_server = rule.server_uuid in {"", seen.server_uuid}
    return is_server and bool(seen.library) and plain(rule.pattern) == plain(seen.library)


def fits_title(wanted: str, seen: Seen) -> bool:
    """Spelling aside the same title, of the same year and country where one of them names these.

    With `*`: the same letters and digits around whatever it stands for.
    """
    if not seen.title:
        return False
    if ANY in wanted:
        return fits_pattern(letters(wanted), letters(seen.title))
    rule, title = parse_title(wanted), parse_title(seen.title)
    same_year = rule.year in {title.year, seen.year} if rule.year else title.year is None
    return rule.key == title.key and same_year and rule.country == title.country


def fits_pattern(pattern: str, text: str) -> bool:
    """Whether a text is like a pattern, `*` standing for anything.

    From left to right, without a regular expression: one of many stars takes years with some titles.
    """
    first, *rest = pattern.split(ANY)
    if not rest:
        return text == first
    *middle, last = rest
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """Letters, digits and `*` only, without case and accents."""
    folded = without_accents(text.casefold())
    return "".join(sign for sign in folded if sign.isalnum() or sign == ANY)


def plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def is_too_wide(field: str, pattern: str) -> bool:
    """Whether a pattern says nothing: it would fit every show."""
    rest = pattern.replace(ANY, "")
    if field == TITLE:
        return not rest.strip() or (ANY in pattern and not letters(rest))
    return not rest.strip() or bare_guid(rest) in {"plex://", "plex://show/"}
