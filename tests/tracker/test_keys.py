from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker import keys
from tracker.encryption import parse_key


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch):
    for name in ("SECRET_KEY", "ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_made_for_its_owner_alone(tmp_path):
    folder = tmp_path / "a" / "data"
    keys.prepare_folder(folder)
    assert mode(folder) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    keys.prepare_folder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(keys.DataFolderError, match=r"can't be written.*DATA_DIR"):
        keys.prepare_folder(tmp_path / "file" / "data")


def test_both_keys_are_made_once_and_private(tmp_path):
    old_mask = os.umask(0)
    try:
        assert keys.make_keys(tmp_path) == ["secret_key", "encryption_key"]
    finally:
        os.umask(old_mask)
    texts = {name: (tmp_path / name).read_text() for name in ("secret_key", "encryption_key")}
    assert keys.make_keys(tmp_path) == []
    assert texts == {name: (tmp_path / name).read_text() for name in texts}
    assert {mode(tmp_path / name) for name in texts} == {0o600}
    assert len(texts["secret_key"].strip()) >= 50
    parse_key(texts["encryption_key"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encryption_key", "secret_key"]


def test_keys_of_the_environment_are_not_written(tmp_path, monkeypatch):
    (tmp_path / "mounted").write_text("from a file")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "mounted"))
    monkeypatch.setenv("ENCRYPTION_KEY", "given")
    assert keys.make_keys(tmp_path) == []


def test_of_many_at_once_one_writes_the_key(tmp_path):
    path = tmp_path / "key"
    with ThreadPoolExecutor(16) as pool:
        wrote = list(pool.map(lambda number: keys.write_once(path, str(number)), range(16)))
    assert wrote.count(True) == 1
    assert path.read_text() == f"{wrote.index(True)}\n"


def test_without_links_the_key_is_still_written_once(tmp_path):
    assert keys.write_in_place(tmp_path / "key", "first")
    assert not keys.write_in_place(tmp_path / "key", "second")
    assert (tmp_path / "key").read_text() == "first\n"
    assert mode(tmp_path / "key") == 0o600


def test_preparing_twice_at_once_goes_one_after_the_other(tmp_path):
    inside: list[int] = []

    def prepare(number: int) -> int:
        with keys.only_one(tmp_path):
            inside.append(number)
            count = len(inside)
            inside.remove(number)
        return count

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(prepare, range(40))) == {1}
