"""Other scripts spelled in Latin letters, roughly: good for finding a show, never for proof.

Kana, Hangul, Cyrillic and Greek letters are sounds, so a table spells them. Chinese signs are
none and become a gap; the kana around them still lead to the show: "カラダ探し" gives
"karada shi", which is much of "Karada Sagashi".
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from tracker.titles import spelled_words, split_suffixes, without_accents

_KANA_ROWS = {
    "": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ",
    "t": "たちつてと", "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ", "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ", "m": "まみむめも", "r": "らりるれろ",
}  # fmt: skip
_KANA = {
    sign: row + vowel
    for row, signs in _KANA_ROWS.items()
    for sign, vowel in zip(signs, "aiueo", strict=True)
}
_KANA |= {
    "し": "shi", "じ": "ji", "ち": "chi", "ぢ": "ji", "つ": "tsu", "づ": "zu", "ふ": "fu",
    "や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ゔ": "vu",
}  # fmt: skip
_SMALL = {
    "ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o", "ゃ": "ya", "ゅ": "yu", "ょ": "yo",
    "ゎ": "wa",
}  # fmt: skip
_DOUBLING, _LENGTHENING = "っ", "ー"
_FIRST_KATAKANA, _LAST_KATAKANA, _TO_HIRAGANA = "ァ", "ヴ", ord("ァ") - ord("ぁ")

_LETTERS = dict(zip("абвгдезийклмнопрстуфхыэіґ", "abvgdeziiklmnoprstufhyeig", strict=True)) | dict(
    zip("αβγδεζηικλμνξοπρσςτυω", "avgdeziiklmnxoprsstio", strict=True)
)
_LETTERS |= {
    "ё": "yo", "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": "", "ю": "yu",
    "я": "ya", "ї": "yi", "є": "ye", "θ": "th", "φ": "f", "χ": "ch", "ψ": "ps",
}  # fmt: skip

_FIRST_HANGUL, _LAST_HANGUL = "가", "힣"
_INITIALS = (
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p",
    "h",
)  # fmt: skip
_VOWELS = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we",
    "wi", "yu", "eu", "ui", "i",
)  # fmt: skip
_FINALS = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p",
    "t", "t", "ng", "t", "t", "k", "t", "p", "t",
)  # fmt: skip


def scripts(title: str) -> list[list[str]]:
    """Return the title's words in its own script and, where that is another, in Latin letters."""
    name = split_suffixes(title)[0]
    words = [spelled_words(name)]
    if not name.isascii():
        words.append(spelled_words(latin(without_accents(name.casefold()))))
    return [spelled for spelled in words if spelled]


def latin(text: str) -> str:
    """Return case-folded text in Latin letters, with a space for each sign without a sound."""
    signs = [_hiragana(sign) for sign in unicodedata.normalize("NFC", text)]
    spelled = (_spell(sign, following) for sign, following in pairwise([*signs, ""]))
    return "".join(spelled)


def _spell(sign: str, following: str) -> str:
    if sign in _KANA:
        return _spell_kana(sign, following)
    if sign in _SMALL:
        return _SMALL[sign].removeprefix("y")
    if sign == _DOUBLING:
        return _KANA.get(following, "")[:1].strip("aiueo")
    if _FIRST_HANGUL <= sign <= _LAST_HANGUL:
        return _spell_hangul(ord(sign) - ord(_FIRST_HANGUL))
    if sign == _LENGTHENING:
        return ""
    return sign if sign.isascii() else _LETTERS.get(sign, " ")


def _spell_kana(sign: str, following: str) -> str:
    """き and ょ make "kyo", し and ょ make "sho", フ and ァ make "fa"."""
    sound = _KANA[sign]
    if following not in _SMALL or sound in "aiueon":
        return sound
    consonants = sound[:-1]
    is_soft = sound in {"shi", "chi", "ji"} or not _SMALL[following].startswith("y")
    return consonants if is_soft else consonants + "y"


def _spell_hangul(number: int) -> str:
    initial, rest = divmod(number, len(_VOWELS) * len(_FINALS))
    vowel, final = divmod(rest, len(_FINALS))
    return _INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]


def _hiragana(sign: str) -> str:
    if _FIRST_KATAKANA <= sign <= _LAST_KATAKANA:
        return chr(ord(sign) - _TO_HIRAGANA)
    return sign
