"""AES-256-GCM for the few columns that hold secrets.

A sealed value reads `<key id>:<base64 of nonce and ciphertext>`. The associated data is
`table.column:primary key`, so a value copied into another row or column does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionError(Exception):
    """A sealed value can't be opened; the text says what to do and holds nothing secret."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """One AES-256 key; `key_id` is public and stands in front of what the key sealed."""

    key_id: str
    material: bytes

    def __repr__(self) -> str:
        return f"Key({self.key_id})"


class SealedField(models.TextField):
    """A column that holds a sealed value, or nothing. Read it with `reveal`, write it with `seal`."""


def new_key() -> str:
    """A fresh random key in the form that ENCRYPTION_KEY takes."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def parse_key(text: str) -> Key:
    """One key of ENCRYPTION_KEY: 32 bytes in base64 (either alphabet). Raises `DecryptionError`."""
    try:
        material = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        material = b""
    if len(material) != KEY_BYTES:
        raise DecryptionError(
            "An encryption key must be 32 bytes in base64. Restore the one that this installation was "
            "started with: in ENCRYPTION_KEY, or without that in the data folder's encryption_key."
        )
    return Key(key_id=hashlib.sha256(material).hexdigest()[:8], material=material)


def load_keys() -> tuple[Key, ...]:
    """The keys in force, the one that seals first. Raises `DecryptionError` where there is none.

    The file is read each time: a key added by `rotate_encryption_key` serves running processes too.
    """
    text = settings.ENCRYPTION_KEY or read_key_file(settings.ENCRYPTION_KEY_PATH)
    keys = tuple(parse_key(part) for part in text.replace("\n", ",").split(",") if part.strip())
    if not keys:
        raise DecryptionError(
            "There is no encryption key. Run `python manage.py prepare`, or set ENCRYPTION_KEY."
        )
    return keys


def read_key_file(path: Path) -> str:
    """What the key file holds, "" where there is none. Raises `DecryptionError`."""
    try:
        # Bytes that are no text make no key either.
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise DecryptionError(
            f"The key file {path} can't be read ({error.strerror}). Give this user access to it."
        ) from None


def encrypt(plaintext: str, *, context: str) -> str:
    """Seal a text for the place that `context` names. Raises `DecryptionError` without a usable key."""
    key = load_keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key.material).encrypt(nonce, plaintext.encode(), context.encode())
    return f"{key.key_id}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(sealed: str, *, context: str) -> str:
    """Open a sealed text. Raises `DecryptionError` when its key is missing or it was tampered with."""
    key_id, _, body = sealed.partition(":")
    key = next((key for key in load_keys() if key.key_id == key_id), None)
    if key is None:
        raise DecryptionError(
            "This value was encrypted with a key that is not here. Put the old key back "
            "(ENCRYPTION_KEY takes several, separated by commas), or enter the value again."
        )
    try:
        data = base64.b64decode(body, validate=True)
        return (
            AESGCM(key.material)
            .decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], context.encode())
            .decode()
        )
    except (binascii.Error, ValueError, InvalidTag):
        raise DecryptionError(
            "This encrypted value is damaged or belongs to another place. Enter the value again."
        ) from None


def context_of(instance: models.Model, column: str) -> str:
    """The associated data of one row's column: `table.column:primary key`."""
    return f"{instance._meta.db_table}.{column}:{instance.pk}"


def seal(instance: models.Model, column: str, plaintext: str) -> None:
    """Put a secret, sealed, into a `SealedField` of a row that has its primary key; does not save."""
    sealed = encrypt(plaintext, context=context_of(instance, column)) if plaintext else ""
    setattr(instance, column, sealed)


def reveal(instance: models.Model, column: str) -> str:
    """The secret in a `SealedField`, or "". Raises `DecryptionError`."""
    sealed: str = getattr(instance, column)
    return decrypt(sealed, context=context_of(instance, column)) if sealed else ""
