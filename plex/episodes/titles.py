"""Titles of episodes, made comparable.

Two sources spell the same title differently: case, accents, punctuation, "Part 1" against
"(1)". And many titles say nothing: "TBA", "Episode 12", "第12話".
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter

from rapidfuzz import fuzz

MAX_TITLE_LENGTH = 500
# From here on (0-100) two keys with the same numbers in them are one title, misspelt.
SAME_TITLE = 90.0
# Below this two titles of one script are different titles. In between they prove nothing.
OTHER_TITLE = 60.0

_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = re.compile("['\u2019\u2018\u02bc`\u00b4]")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "\u0131": "i", "&": " and "}
)
_NUMBERS = re.compile(r"[0-9]+")
_PART = re.compile(r"(.*\S)(?:\s*\([1-9]\)|[\s,:-]+(?:part|pt\.?|teil)\s+\w{1,5})", re.IGNORECASE)

_PART_WORDS = frozenset({"part", "pt", "teil", "partie", "parte", "deel", "del", "czesc", "часть"})
# Stay in the title, but a number behind them is one: "Chapter VII" is not almost "Chapter VIII".
_COUNTED_WORDS = frozenset(
    {"chapter", "kapitel", "chapitre", "capitulo", "volume", "vol", "book", "act", "day", "round"}
)
_ROMAN = (
    *("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"),
    *("xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii", "xviii", "xix", "xx"),
)
_SPELLED = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_NUMBER_WORDS = {
    word: str(number) for words in (_SPELLED, _ROMAN) for number, word in enumerate(words, start=1)
}

# Say nothing by themselves.
_PLACEHOLDERS = frozenset(
    {*("tba", "tbd", "tbc", "tobeannounced", "untitled", "notitle", "unknown", "unbekannt")}
)
# Words beside which a number does not count episodes.
_CALENDAR = frozenset(
    {
        *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
        *("october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug"),
        *("sep", "oct", "nov", "dec", "th", "st", "nd", "rd", "special", "season", "staffel"),
        *("saison", "temporada", "stagione", "сезон"),
    }
)
# Say nothing beside a number; "June" alone is a title.
_PLACEHOLDER_WORDS = _CALENDAR | {
    *("episode", "ep", "eps", "folge", "episodio", "epizoda", "epizod", "epizodu", "aflevering"),
    *("avsnitt", "afsnit", "odcinek", "jakso", "bolum", "capitulo", "puntata", "dil", "cast"),
    *("tap", "resz", "επεισοδιο", "эпизод", "серия", "серія", "выпуск", "פרק", "ตอนที่"),
    *("الحلقة", "エピソード", "에피소드", "nr", "e", "s", "tba"),
}
_PLACEHOLDER = re.compile(
    r"(?:s[0-9]+)?e(?:p)?[0-9]+"
    r"|[剧劇]?第?[0-9一二三四五六七八九十百零两\u3007]+[話话集回期章夜幕]"
    r"|제?[0-9]+(?:화|회|부)"
)

_SCRIPT_ENDS = (0x24F, 0x3FF, 0x52F, 0x5FF, 0x77F, 0xDFF, 0xEFF, 0x10FF, 0x11FF, 0x1EFF, 0x1FFF)
_SCRIPTS = (
    *("latin", "greek", "cyrillic", "hebrew", "arabic", "indic", "thai", "georgian", "hangul"),
    *("latin", "greek"),
)
_LAST_CJK = 0xABFF


def title_key(title: str) -> str:
    """Return the key of a title: equal for two spellings of it, "" where it says nothing."""
    words = _words(title)
    return "" if _says_nothing(words) else "".join(words)


def said_number(title: str) -> int | None:
    """Return the 12 of "Episode 12" or "Part XII": what a title that says nothing else counts to."""
    words = _words(title)
    numbers = numbers_in(" ".join(words))
    is_date = any(word.strip("0123456789") in _CALENDAR for word in words)
    return int(numbers[0]) if len(numbers) == 1 and _says_nothing(words) and not is_date else None


def without_part(title: str) -> str:
    """Return the "Pilot" of "Pilot (2)" and "Pilot, Part Two", "" where the title is no part."""
    found = _PART.fullmatch(title.strip())
    return found[1].rstrip(" ,:-\u2013") if found else ""


def compare_titles(one: str, other: str) -> float:
    """Return how alike two keys are, 0 to 100; other numbers in them make them different."""
    return fuzz.ratio(one, other) if numbers_in(one) == numbers_in(other) else 0.0


def numbers_in(key: str) -> tuple[str, ...]:
    return tuple(_NUMBERS.findall(key))


def is_distinctive(key: str) -> bool:
    """Tell whether a title is long enough to name one episode by itself."""
    return len(key) >= (4 if script(key) == "latin" else 2)


def script(key: str) -> str:
    """Return the script that most letters of a key are written in."""
    counts = Counter(_script_of(character) for character in key if character.isalpha())
    return counts.most_common(1)[0][0] if counts else ""


def _script_of(character: str) -> str:
    code = ord(character)
    at = bisect_left(_SCRIPT_ENDS, code)
    if at < len(_SCRIPTS):
        return _SCRIPTS[at]
    return "cjk" if code <= _LAST_CJK or code > 0xFFFF else "hangul"  # noqa: PLR2004


def _words(title: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", title[:MAX_TITLE_LENGTH].strip()).casefold()
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", folded)).translate(_LETTERS)
    bare = _APOSTROPHES.sub("", bare)
    words = "".join(c if _belongs_to_word(c) else " " for c in bare).split()
    return [
        _NUMBER_WORDS.get(word, word) if _may_count(before, word) else word
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False)
        if not (word in _PART_WORDS and _is_number(after))
    ]


def _may_count(before: str, word: str) -> bool:
    """Tell whether a word that can be a number is one; I, V and X are far more often letters."""
    return before in _PART_WORDS or before in _COUNTED_WORDS or (len(word) > 1 and word in _ROMAN)


def _belongs_to_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _is_number(word: str) -> bool:
    return word.isdecimal() or word in _NUMBER_WORDS


def _says_nothing(words: list[str]) -> bool:
    joined = "".join(words)
    if not joined or joined in _PLACEHOLDERS or _PLACEHOLDER.fullmatch(joined):
        return True
    bare = [word.rstrip("0123456789") for word in words]
    return bare != words and all(word in _PLACEHOLDER_WORDS for word in bare if word)
