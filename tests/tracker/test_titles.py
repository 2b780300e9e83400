"""Titles: what has one key, what must not, and what a suffix says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.titles import MAX_KEY_LENGTH, parse_bare_year, parse_title, title_key
from tracker.transliteration import latin

SAME = [
    ("case", "NUMB3RS", "Numb3rs"),
    ("case beyond ASCII", "STRASSE", "Straße"),
    ("compatibility forms", "Re:Stage\uff01", "Re:Stage!"),
    ("accents", "Súbete a mi Moto", "Subete a mi Moto"),
    ("composed or not", "Monzo\u0301n", "Monzón"),
    ("letters with a stroke", "Møre", "More"),
    ("ampersand", "Carole & Tuesday", "Carole and Tuesday"),
    ("plus", "Rosario + Vampire", "Rosario & Vampire"),
    ("conjunctions", "Girls und Panzer", "Girls and Panzer"),
    ("romanised conjunctions", "Ojisan to Marshmallow", "Ojisan and Marshmallow"),
    ("article in front", "The Transformers", "Transformers"),
    ("article elsewhere", "Bill Nye the Science Guy", "Bill Nye Science Guy"),
    ("article behind", "Simpsons, The", "The Simpsons"),
    ("indefinite article", "A Little Snow Fairy", "Little Snow Fairy"),
    ("a as a name", "A-Team", "The A-Team"),
    ("spaces", "Pet Shop of Horrors", "Petshop of Horrors"),
    ("punctuation", "What If…?", "What If"),
    ("slashes", "Giri/Haji", "Giri Haji"),
    ("apostrophes", "World`s End Harem", "World\u2019s End Harem"),
    ("left out apostrophes", "Shes Got Game", "She's Got Game"),
    ("subtitle with a dash", "Storage Wars - New York", "Storage Wars: New York"),
    ("at sign", "THE IDOLM@STER", "The Idolmaster"),
    ("number words", "Samurai Seven", "Samurai 7"),
    ("roman numbers", "Making Frozen II", "Making Frozen 2"),
    ("ordinals", "A Second Chance", "A 2nd Chance"),
    ("digits in a word", "24 Seven", "24Seven"),
    ("compound numbers", "Tokyo Twenty Fourth Ward", "Tokyo 24th Ward"),
    ("short forms", "Sgt. Frog", "Sergeant Frog"),
    ("long vowels", "Shounen Maid", "Shonen Maid"),
    ("long vowels with a mark", "Haikyû!!", "Haikyuu!!"),
    ("m before lips", "Kaze no Youjinbou", "Kaze no Yojimbo"),
    ("kind of series", "Hamatora The Animation", "Hamatora"),
    ("brand", "Marvel's Daredevil", "Daredevil"),
    ("brand with a colon", "Star Wars: Skeleton Crew", "Skeleton Crew"),
    ("year", "Dynasty (2017)", "Dynasty"),
    ("country", "The Office (US)", "The Office"),
    ("country and year", "How to Look Good Naked (UK : 2006)", "How to Look Good Naked"),
    ("other scripts", "ソマリと森の神様", "ソマリと 森の神様"),
]
DIFFERENT = [
    ("subtitle", "Vikings", "Vikings: Valhalla"),
    ("words", "Star Trek", "Star Wars"),
    ("numbers", "Police Squad 2", "Police Squad 3"),
    ("single letters are no numbers", "Room V", "Room 5"),
    ("kana keep their marks", "かき", "がき"),
    ("scripts are not mixed", "コタロー", "Kotaro"),
    ("article alone", "The", "A"),
    ("any possessive is no brand", "Dead Man's Gun", "Gun"),
    ("brand alone", "Star Wars", "Star Trek"),
    ("a year in the title", "1923", "1883"),
    ("Hindi vowels", "कि", "के"),
    ("symbols", "???", "!!!"),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in SAME], ids=[c[0] for c in SAME])
def test_one_key(one, other):
    assert title_key(one) == title_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [case[1:] for case in DIFFERENT], ids=[c[0] for c in DIFFERENT]
)
def test_two_keys(one, other):
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(
    ("title", "year", "country"),
    [
        ("Dynasty (2017)", 2017, ""),
        ("Dynasty [2017]", 2017, ""),
        ("Dynasty (1066)", None, ""),
        ("Dynasty 2017", None, ""),
        ("(2017)", None, ""),
        ("The Office (US)", None, "US"),
        ("The Office (U.K.)", None, "GB"),
        ("Secrets & Lies (Australia)", None, "AU"),
        ("Airline (UK) (1982)", 1982, "GB"),
        ("The War of the Worlds (2019 : UK)", 2019, "GB"),
        ("Golgo 13 (TV)", None, ""),
        ("Scandal (behind the scenes)", None, ""),
    ],
)
def test_reads_what_a_suffix_says(title, year, country):
    parsed = parse_title(title)
    assert (parsed.year, parsed.country, parsed.text) == (year, country, title)


def test_a_remark_in_brackets_stays_in_the_key():
    assert title_key("Scandal (behind the scenes)") == "scandalbehindscenes"


def test_a_bare_year_is_read_only_on_request():
    parsed = parse_bare_year("What If 2021")
    assert parsed is not None
    assert (parsed.key, parsed.year) == (title_key("What If...?"), 2021)


@pytest.mark.parametrize("title", ["What If", "2020", "Dynasty (2017)", "Space 1066"])
def test_no_bare_year(title):
    assert parse_bare_year(title) is None


@given(st.text())
def test_any_text_has_a_key_of_bounded_length(title):
    key = title_key(title)
    assert len(key) <= MAX_KEY_LENGTH
    assert key == title_key(title)
    assert bool(key) == any(sign.isprintable() and not sign.isspace() for sign in title)


@given(st.text(max_size=20), st.sampled_from([" (2017)", " (US)", "  (UK : 2006)", " [1999]"]))
def test_a_suffix_does_not_change_the_key(title, suffix):
    if parse_title(title).key:
        assert title_key(f"{title}x{suffix}") == title_key(f"{title}x")


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_case_and_outer_spaces_do_not_matter(title):
    assert title_key(title.upper()) == title_key(title.lower()) == title_key(f" {title} ")


@given(st.text(max_size=2000))
def test_long_titles_are_cut(title):
    assert len(title_key(title * 3)) <= MAX_KEY_LENGTH


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("カラダ探し", "karada shi"),
        ("しょうじょ", "shoujo"),
        ("なっか", "nakka"),
        ("ファイナル", "fainaru"),
        ("キャプテン", "kyaputen"),
        ("우마 무스메", "uma museume"),
        ("напарники", "naparniki"),
        ("χριστοφορος", "christoforos"),
        ("plain text", "plain text"),
        ("っ", ""),
        ("ー", ""),
        ("ん", "n"),
    ],
)
def test_spells_other_scripts_in_latin_letters(text, spelled):
    assert latin(text).strip() == spelled


@given(st.text())
def test_latin_letters_of_anything(text):
    assert latin(text).isascii()
