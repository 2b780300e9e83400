"""Titles of shows, made comparable.

`title_key` is blind to spelling: titles that differ in case, accents, spaces, punctuation, "the",
"&" or the way a number is written have one key. It is not blind to words: "Vikings" and
"Vikings: Valhalla" differ. What a suffix says (a year, a country) is taken off and kept as
evidence, since shows of one name differ in just that.

Every rule in `TEXT_RULES` and `WORD_RULES` is there because it finds more shows than it costs: docs/matching.md has
the measurement of each. A changed rule changes the keys: run `manage.py index_titles` then.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

MAX_KEY_LENGTH = 500
# Longer titles are noise or an attack; nothing is lost by not reading on.
MAX_TITLE_LENGTH = 1000
# One decision asks for the same few dozen titles several times.
_CACHED_TITLES = 4096

# Television begins in 1928, and "Space: 2199" is no year.
FIRST_YEAR, LAST_YEAR = 1928, 2100

_COUNTRY_NAMES = {
    "AR": "argentina", "AU": "aus australia", "BE": "belgium", "BR": "brazil", "CA": "can canada",
    "CN": "china", "DE": "germany", "DK": "denmark", "ES": "spain", "FI": "finland",
    "FR": "france", "GB": "uk united_kingdom great_britain britain england", "IE": "ireland",
    "IL": "israel", "IN": "india", "IT": "italy", "JP": "japan", "KR": "korea south_korea",
    "MX": "mexico", "NL": "netherlands", "NO": "norway", "NZ": "new_zealand", "PH": "philippines",
    "PL": "poland", "SE": "sweden", "TH": "thailand", "TR": "turkey",
    "US": "usa america united_states", "ZA": "south_africa",
}  # fmt: skip
_COUNTRIES = {code.lower(): code for code in _COUNTRY_NAMES} | {
    name.replace("_", " "): code for code, names in _COUNTRY_NAMES.items() for name in names.split()
}
# In brackets behind a title these say what kind of thing it is, not which.
_KINDS = frozenset({"tv", "tv series", "tv show", "series", "série", "anime"})

_SUFFIX = re.compile(r"\s*[(\[]([^()\[\]]{1,40})[)\]]\s*\Z")
_SUFFIX_PARTS = re.compile(r"[:,/]|(?<=[0-9])\s+|\s+(?=[0-9]{4}\b)", re.ASCII)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_BARE_YEAR = re.compile(r"(.+) ((?:19|20)[0-9]{2})", re.ASCII)
_MAX_SUFFIXES = 3

_AND = re.compile(r"[&+]")
_APOSTROPHES = re.compile("['\u2018\u2019`\u00b4\u02bb\u02bc\u2032]")
_AT_IN_A_WORD = re.compile(r"(?<=\w)@(?=\w)")
_ORDINAL = re.compile(r"([0-9]+)(?:st|nd|rd|th)\b", re.ASCII)
_DIGIT_EDGE = re.compile(r"(?<=[0-9])(?=[^\W0-9])|(?<=[^\W0-9])(?=[0-9])", re.ASCII)
# A maker's name in front that Plex has and TMDB has not, or the other way round. A closed list: "any
# possessive" would make "Dead Man's Gun" and "Gun", both of 1997, one show.
_ARTICLES = frozenset({"the", "a", "an"})
_BRANDS = (
    ("marvels",), ("disneys",), ("dcs",), ("dreamworks",), ("national", "lampoons"),
    ("star", "wars"), ("star", "trek"),
)  # fmt: skip
_NAME_WITH_A = re.compile(r"\Aa[-.](?=\w)")
# Letters that carry no mark which could be taken off.
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ł": "l",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "\u0131": "i",
        "ħ": "h",
    }
)

_NUMBERS = {
    word: str(number)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen",
        "- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth",
        # Not I, V and X: as words of their own they are far more often letters.
        "- - ii iii iv - vi vii viii ix - xi xii xiii xiv xv xvi xvii xviii xix xx",
    )
    for number, word in enumerate(words.split())
    if word != "-"
}
_TENS = {
    word: str(tens)
    for tens, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_SHORT = {
    "bros": "brothers", "dr": "doctor", "mr": "mister", "mrs": "missus", "sgt": "sergeant",
    "vs": "versus",
}  # fmt: skip
# "to" is the romanised Japanese one: "Inugami-san to Nekoyama-san".
_CONJUNCTIONS = frozenset({"und", "to"})
_KIND_ENDINGS = tuple(
    tuple(ending.split())
    for ending in (
        "the complete series", "the animated series", "the anime series", "the tv series",
        "the tv manga", "the animation", "the series", "animated series", "tv series", "season 1",
        "1 season", "s 1", "stage 1", "tv",
    )
)  # fmt: skip
_LONG_VOWEL = re.compile(r"(?<=o)[uo]|(?<=u)u|(?<=o)h(?![aeiouy])")
_N_BEFORE_LIP = re.compile(r"n(?=[bpm])")


@dataclass(frozen=True, kw_only=True)
class ParsedTitle:
    """A title with what its suffix says; `year` and `country` are no part of `key`."""

    text: str
    key: str
    year: int | None = None
    country: str = ""


def title_key(title: str) -> str:
    """Return the key under which titles are compared; "" only for a title without a sign."""
    return parse_title(title).key


@lru_cache(maxsize=_CACHED_TITLES)
def parse_title(title: str) -> ParsedTitle:
    """Read a title as Plex or TMDB writes it: "Dynasty (2017)", "The Office (US)"."""
    name, year, country = split_suffixes(title)
    return ParsedTitle(text=title, key=_key(name), year=year, country=country)


def parse_bare_year(title: str) -> ParsedTitle | None:
    """Read the year of "What If 2021"; None without one.

    Good only where no show has the title as it stands: "Japan Sinks: 2020" is a title.
    """
    name, year, country = split_suffixes(title)
    found = None if year else _BARE_YEAR.fullmatch(name)
    if found is None:
        return None
    return ParsedTitle(text=title, key=_key(found[1]), year=int(found[2]), country=country)


def split_suffixes(title: str) -> tuple[str, int | None, str]:
    """Return the name without its bracketed suffixes, their year and their country."""
    name, year, country = _clean(title), None, ""
    for _ in range(_MAX_SUFFIXES):
        found = _SUFFIX.search(name)
        said = _read_suffix(found[1]) if found and found.start() else None
        if found is None or said is None:
            break
        year, country = year or said[0], country or said[1]
        name = name[: found.start()]
    return name, year, country


def spelled_words(name: str) -> list[str]:
    """Return the words of a name, each in the one spelling that the key has."""
    text = name.casefold()
    for rewrite in TEXT_RULES.values():
        text = rewrite(text)
    words = _split(text)
    for respell in WORD_RULES.values():
        words = respell(words)
    return words


def _key(name: str) -> str:
    key = "".join(spelled_words(name)) or name.casefold()
    return key[:MAX_KEY_LENGTH].strip()


def _clean(title: str) -> str:
    text = unicodedata.normalize("NFKC", title[:MAX_TITLE_LENGTH])
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())


def _read_suffix(suffix: str) -> tuple[int | None, str] | None:
    """Return year and country of "2019", "UK", "UK : 2006"; None if it says anything else."""
    year, country = None, ""
    for part in _SUFFIX_PARTS.split(suffix.casefold().replace(".", "")):
        word = part.strip()
        if _YEAR.fullmatch(word) and FIRST_YEAR <= int(word) <= LAST_YEAR:
            year = int(word)
        elif word in _COUNTRIES:
            country = _COUNTRIES[word]
        elif word and word not in _KINDS:
            return None
    return year, country


def _split(text: str) -> list[str]:
    """Split at all that is no letter, digit or mark: in Indic scripts vowels are marks."""
    if text.isascii():
        return re.findall(r"[a-z0-9]+", text)
    signs = (
        sign if sign.isalnum() or unicodedata.category(sign)[0] == "M" else " " for sign in text
    )
    return "".join(signs).split()


def _with_digits(words: list[str]) -> list[str]:
    """Write numbers in digits: Two, second, 2nd and II are 2, "twenty fourth" is 24."""
    written: list[str] = []
    for word in words:
        tens = _TENS.get(written[-1]) if written else None
        digits = _NUMBERS.get(word, word)
        if tens and digits != word and len(digits) == 1:
            written[-1] = tens + digits
        else:
            written.append(digits if word not in _TENS else word)
    return [f"{_TENS[word]}0" if word in _TENS else word for word in written]


def without_accents(text: str) -> str:
    """Take marks off Latin, Greek and Cyrillic, Hebrew and Arabic; kana keep theirs."""
    if text.isascii():
        return text
    signs = unicodedata.normalize("NFKD", text)
    kept = (sign for sign in signs if not _is_accent(sign))
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)


def _is_accent(sign: str) -> bool:
    return (
        "\u0300" <= sign <= "\u036f" or "\u0591" <= sign <= "\u05c7" or "\u064b" <= sign <= "\u0652"
    )


def _without_articles(words: list[str]) -> list[str]:
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    return [word for word in words if word != "the"] or words


def _without_kind(words: list[str]) -> list[str]:
    """Take off what only says that it is a series: "Hamatora The Animation"."""
    for ending in _KIND_ENDINGS:
        rest = words[: -len(ending)]
        if words[len(rest) :] == list(ending) and not _ARTICLES.issuperset(rest):
            return rest
    return words


def _without_brand(words: list[str]) -> list[str]:
    for brand in _BRANDS:
        if len(words) > len(brand) and tuple(words[: len(brand)]) == brand:
            return words[len(brand) :]
    return words


def _with_short_vowels(words: list[str]) -> list[str]:
    """Write romanised Japanese one way: Shounen = Shonen, Haikyuu = Haikyu, Youjinbou = Yojimbo."""
    return [
        _N_BEFORE_LIP.sub("m", _LONG_VOWEL.sub("", word)) if word.isascii() else word
        for word in words
    ]


# In this order. The names are those of the table in docs/matching.md.
TEXT_RULES: dict[str, Callable[[str], str]] = {
    "accents": without_accents,
    "ampersand": lambda text: _AND.sub(" and ", text),
    "apostrophes": lambda text: _APOSTROPHES.sub("", text),
    "at sign": lambda text: _AT_IN_A_WORD.sub("a", text),
    "ordinals": lambda text: _ORDINAL.sub(r"\1", text),
    "digits apart": lambda text: _DIGIT_EDGE.sub(" ", text),
    "a as a name": lambda text: _NAME_WITH_A.sub("a", text),
}
WORD_RULES: dict[str, Callable[[list[str]], list[str]]] = {
    "numbers": _with_digits,
    "short forms": lambda words: [_SHORT.get(word, word) for word in words],
    "conjunctions": lambda words: ["and" if word in _CONJUNCTIONS else word for word in words],
    "kind of series": _without_kind,
    "brands": _without_brand,
    "articles": _without_articles,
    "long vowels": _with_short_vowels,
}
