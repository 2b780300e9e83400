from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.encryption import DecryptionError, decrypt, encrypt, load_keys, new_key, reveal, seal
from tracker.models import SiteSettings

PLACE = "some_table.column:1"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_opens_what_it_sealed(plaintext):
    assert decrypt(encrypt(plaintext, context=PLACE), context=PLACE) == plaintext


def test_seals_the_same_text_differently_each_time():
    assert encrypt("secret", context=PLACE) != encrypt("secret", context=PLACE)


def test_holds_the_key_id_and_nothing_of_the_text():
    sealed = encrypt("a secret text", context=PLACE)
    key_id, _, body = sealed.partition(":")
    assert key_id == load_keys()[0].key_id
    assert b"secret" not in base64.b64decode(body)


@pytest.mark.parametrize(
    "place", ["some_table.column:2", "some_table.other:1", "other_table.column:1", ""]
)
def test_does_not_open_in_another_place(place):
    with pytest.raises(DecryptionError, match="belongs to another place"):
        decrypt(encrypt("secret", context=PLACE), context=place)


def test_does_not_open_when_any_byte_was_changed():
    key_id, _, body = encrypt("secret", context=PLACE).partition(":")
    data = base64.b64decode(body)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(DecryptionError):
            decrypt(f"{key_id}:{base64.b64encode(changed).decode()}", context=PLACE)


@pytest.mark.parametrize("body", ["", "!", "AAAA", "äöü", "A" * 15, "A" * 16, "A" * 20])
def test_takes_no_damaged_value(body):
    with pytest.raises(DecryptionError, match="damaged"):
        decrypt(f"{load_keys()[0].key_id}:{body}", context=PLACE)


@pytest.mark.parametrize("sealed", ["", ":", "plaintext", "00000000:AAAA"])
def test_says_what_to_do_when_the_key_is_missing(sealed):
    with pytest.raises(DecryptionError, match="Put the old key back"):
        decrypt(sealed, context=PLACE)


def test_opens_with_an_older_key_and_seals_with_the_first(settings):
    old, new = new_key(), new_key()
    settings.ENCRYPTION_KEY = old
    sealed = encrypt("secret", context=PLACE)
    settings.ENCRYPTION_KEY = f"{new}, {old}"
    assert decrypt(sealed, context=PLACE) == "secret"
    fresh = encrypt("secret", context=PLACE)
    settings.ENCRYPTION_KEY = new
    assert decrypt(fresh, context=PLACE) == "secret"
    with pytest.raises(DecryptionError, match="a key that is not here"):
        decrypt(sealed, context=PLACE)


def test_reads_the_keys_from_the_file_each_time(settings, tmp_path):
    settings.ENCRYPTION_KEY = ""
    settings.ENCRYPTION_KEY_PATH = tmp_path / "encryption_key"
    with pytest.raises(DecryptionError, match="There is no encryption key"):
        load_keys()
    settings.ENCRYPTION_KEY_PATH.write_text(new_key() + "\n")
    (first,) = load_keys()
    settings.ENCRYPTION_KEY_PATH.write_text(f"{new_key()}\n{new_key()}\n")
    assert len(load_keys()) == 2
    assert first not in load_keys()


@pytest.mark.parametrize(
    "text", ["short", "A" * 44, "ä" * 44, base64.b64encode(b"x" * 31).decode()]
)
def test_refuses_a_key_of_the_wrong_form_without_repeating_it(settings, text):
    settings.ENCRYPTION_KEY = text
    with pytest.raises(DecryptionError, match="32 bytes in base64") as raised:
        load_keys()
    assert text not in str(raised.value)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_takes_either_alphabet(settings, encode):
    settings.ENCRYPTION_KEY = encode(b"\xfb\xff" * 16).decode()
    assert load_keys()[0].material == b"\xfb\xff" * 16


def test_shows_no_key_in_its_repr(settings):
    key = load_keys()[0]
    assert repr(key) == f"Key({key.key_id})"


@pytest.mark.django_db
def test_seals_a_column_for_its_row():
    site = SiteSettings.load()
    seal(site, "tmdb_api_key", "a key")
    site.save()
    site = SiteSettings.load()
    assert "a key" not in site.tmdb_api_key
    assert reveal(site, "tmdb_api_key") == "a key"
    seal(site, "tmdb_api_key", "")
    assert (site.tmdb_api_key, reveal(site, "tmdb_api_key")) == ("", "")
