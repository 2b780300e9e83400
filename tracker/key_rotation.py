"""A new encryption key, and everything sealed anew with it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from tracker.encryption import (
    DecryptionError,
    SealedField,
    context_of,
    decrypt,
    encrypt,
    load_keys,
    new_key,
    parse_key,
)
from tracker.keys import only_one, write_private

# A value that somebody saves meanwhile is looked at again; nobody does that so often in a moment.
TRIES = 5
# A request that sealed a value has saved it by then.
SETTLE_SECONDS = 3.0


@dataclass(kw_only=True)
class Resealed:
    """What became of the sealed values; `unreadable` names places, never contents."""

    count: int = 0
    unreadable: list[str] = field(default_factory=list)


def add_key(path: Path) -> None:
    """Put a new key in front of those in a key file, in one step: readers see the old or the new."""
    with only_one(path.parent):
        write_keys(path, [new_key(), *read_keys(path)])


def reseal_everything() -> Resealed:
    """Seal every sealed value with the first key, unless it is already.

    Row by row, and only where the row still holds what was opened: what somebody saves meanwhile
    stays, and is looked at again.
    """
    result = Resealed()
    key_id = load_keys()[0].key_id
    for model, column in sealed_columns():
        rows = model._default_manager.exclude(**{column: ""})
        for row in rows.only("pk", column).iterator():
            try:
                result.count += reseal(row, column, key_id=key_id)
            except DecryptionError:
                result.unreadable.append(context_of(row, column))
    return result


def reseal(row: Model, column: str, *, key_id: str) -> bool:
    """Seal one value anew; False when that was not needed. Raises `DecryptionError`."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    sealed: str | None = getattr(row, column)
    for _ in range(TRIES):
        if not sealed or sealed.startswith(f"{key_id}:"):
            return False
        context = context_of(row, column)
        fresh = encrypt(decrypt(sealed, context=context), context=context)
        if rows.filter(**{column: sealed}).update(**{column: fresh}):
            return True
        sealed = rows.values_list(column, flat=True).first()
    raise DecryptionError("This value changes all the time; rotate again.")


def drop_unused_keys(path: Path, *, settle: Callable[[], object] | None = None) -> int:
    """Take the keys from a key file that seal nothing any more; returns how many. The first stays.

    Whoever sealed something with one of them a moment ago saves it now, within `settle`: such a key
    is put back, and goes when its value is sealed anew.
    """
    for _ in range(TRIES):
        dropped = take_unused(path)
        if not dropped:
            return 0
        (settle or partial(time.sleep, SETTLE_SECONDS))()
        if not used_keys() & {parse_key(text).key_id for text in dropped}:
            return len(dropped)
        with only_one(path.parent):
            write_keys(path, [*read_keys(path), *dropped])
        reseal_everything()
    return 0


def take_unused(path: Path) -> list[str]:
    with only_one(path.parent):
        used = used_keys()
        first, *others = read_keys(path)
        dropped = [text for text in others if parse_key(text).key_id not in used]
        if dropped:
            write_keys(path, [first, *(text for text in others if text not in dropped)])
    return dropped


def used_keys() -> set[str]:
    """The ids of the keys that seal anything."""
    return {
        sealed.partition(":")[0]
        for model, column in sealed_columns()
        for sealed in model._default_manager.exclude(**{column: ""})
        .values_list(column, flat=True)
        .iterator()
    }


def sealed_columns() -> Iterator[tuple[type[Model], str]]:
    """Every `SealedField` there is."""
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, SealedField):
                yield model, column.name


def uses_key_file() -> bool:
    return not settings.ENCRYPTION_KEY


def read_keys(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8").replace("\n", ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def write_keys(path: Path, keys: list[str]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        write_private(draft, ",".join(keys))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
