"""One file that brings everything back, on both databases."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from plex.models import PlexConfig, PlexWebhookLog
from plex.processing import process_due
from tests.faults.pages import Household, furnish, seal_tmdb_key
from tests.faults.processes import running, wait_for
from tests.plex.factories import of_episode
from tracker import backup, backup_postgresql
from tracker.encryption import new_key, reveal
from tracker.models import Episode, SiteSettings, TVShow, Watch
from tracker.running import hold, is_running

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_VENDOR = {"sqlite": "postgresql", "postgresql": "sqlite"}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """A data folder of its own, with keys in files as most installations have them."""
    settings.DATA_DIR = tmp_path
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PATH = "", tmp_path / "encryption_key"
    settings.ENCRYPTION_KEY_PATH.write_text(new_key())
    (tmp_path / "secret_key").write_text("secret-of-this-place")
    return tmp_path


@pytest.fixture
def house(owner) -> Household:
    house = furnish(owner, word="mira")
    seal_tmdb_key()
    return house


@pytest.fixture
def file(folder) -> Path:
    return folder / "backup.zip"


def run(command: str, file: Path, **options: Any) -> str:
    out = StringIO()
    call_command(command, str(file), stdout=out, **options)
    return out.getvalue()


def state() -> dict[str, list[Any]]:
    """All that the people see."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in (TVShow, Episode, Watch, PlexConfig, PlexWebhookLog, SiteSettings)
    }


def change_everything() -> None:
    PlexWebhookLog.objects.all().delete()
    Watch.objects.all().delete()
    TVShow.objects.update(title="Something else")


def test_all_is_as_it_was(house, file):
    before = state()
    assert "Wrote" in run("backup", file)
    change_everything()

    assert "Restored." in run("restore", file, force=True)

    assert state() == before
    assert reveal(PlexConfig.objects.get(), "plex_token") == house.secrets["token"]


def test_what_comes_afterwards_gets_ids_of_its_own(house, owner, file, client):
    run("backup", file)
    run("restore", file, force=True)
    episode = Episode.objects.filter(season__season_number=1, episode_number=4).get()
    message = of_episode(episode, server="server-of-mira", account_title="mira-account")

    answer = client.post(
        f"/api/plex/webhook?secret={house.secrets['secret']}",
        json.dumps(message),
        content_type="application/json",
    )
    process_due()

    assert answer.status_code == 200
    assert Watch.objects.filter(episode=episode).count() == 1


def test_the_database_views_work_afterwards(house, file):
    run("backup", file)
    run("restore", file, force=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT total_events FROM plex_sync_stats")
        assert cursor.fetchone()[0] > 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite the file is replaced")
def test_an_empty_database_gets_its_tables_too(house, file):
    before = state()
    run("backup", file)
    with connection.cursor() as cursor:
        backup_postgresql.drop(cursor, backup_postgresql.our_tables(cursor))
    assert not backup.has_data()

    run("restore", file, force=True)

    assert state() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT total_events FROM plex_sync_stats")
        assert cursor.fetchone()[0] > 0


def test_only_its_owner_can_read_the_file(house, file):
    run("backup", file, with_keys=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_keys_the_file_opens_nothing(house, file, folder):
    run("backup", file)
    with zipfile.ZipFile(file) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (house.secrets["token"], (folder / "encryption_key").read_text()):
        assert secret.encode() not in content


def test_without_keys_it_says_what_has_to_be_entered_again(house, file, folder, client, owner):
    run("backup", file)
    (folder / "encryption_key").write_text(new_key())
    said = run("restore", file, force=True)
    assert "plex token" in said
    assert "tmdb api key" in said
    client.force_login(owner)
    for address in ("/", "/plex/", "/shows/"):
        assert client.get(address).status_code == 200


def test_with_keys_everything_can_be_read_elsewhere(house, file, folder, settings):
    run("backup", file, with_keys=True)
    elsewhere = new_key()
    (folder / "encryption_key").write_text(elsewhere)
    (folder / "secret_key").write_text("another")

    said = run("restore", file, force=True)

    assert "again" not in said
    assert reveal(PlexConfig.objects.get(), "plex_token") == house.secrets["token"]
    assert (folder / "secret_key").read_text().strip() == settings.SECRET_KEY
    assert elsewhere in (folder / "encryption_key").read_text(), "the key that was here is gone"
    for name in ("secret_key", "encryption_key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_keys_from_the_environment_are_in_it_too(house, file, folder, settings):
    settings.ENCRYPTION_KEY = (folder / "encryption_key").read_text()
    (folder / "encryption_key").unlink()
    run("backup", file, with_keys=True)
    settings.ENCRYPTION_KEY = ""
    run("restore", file, force=True)
    assert reveal(PlexConfig.objects.get(), "plex_token") == house.secrets["token"]


def test_an_existing_file_is_never_written_over(house, file):
    file.write_text("precious")
    with pytest.raises(CommandError, match="exists already"):
        run("backup", file)
    assert file.read_text() == "precious"


def test_a_place_that_can_t_be_written_leaves_nothing(house, folder):
    with pytest.raises(CommandError, match="can't be written"):
        run("backup", folder / "missing" / "backup.zip")


def test_a_read_only_system_is_named_as_the_reason(house, file, monkeypatch):
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tracker.backup.os.open", refuse)
    monkeypatch.setattr("tracker.backup.Path.unlink", refuse)
    with pytest.raises(CommandError, match=r"can't be written \(Read-only file system\)"):
        run("backup", file)


def refused(file: Path, words: str, **options: Any) -> None:
    """The restore says why not, and nothing has changed."""
    before = state()
    with pytest.raises(CommandError, match=words):
        run("restore", file, **options)
    assert state() == before


def test_existing_data_is_not_replaced_by_accident(house, file):
    run("backup", file)
    refused(file, "(There is data here|connected to the database)")


def test_while_web_or_worker_run_nothing_is_replaced(house, file, folder):
    run("backup", file)
    with running("worker", DATA_DIR=str(folder)):
        wait_for(lambda: is_running(folder))
        refused(file, "Stop them first")
    assert not is_running(folder)


def test_an_installation_that_nobody_holds_is_not_running(folder):
    assert not is_running(folder)
    assert not is_running(folder / "missing")
    hold(folder / "missing")


def doctored(file: Path, **changes: Any) -> Path:
    """A copy of the archive whose manifest says something else."""
    copy = file.with_name("doctored.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == backup.MANIFEST:
                content = json.dumps({**json.loads(content), **changes}).encode()
            target.writestr(name, content)
    return copy


def test_a_backup_of_the_other_database_is_refused(house, file):
    run("backup", file)
    copy = doctored(file, vendor=OTHER_VENDOR[connection.vendor])
    refused(copy, "DATABASE_URL", force=True)


def test_a_backup_of_a_newer_version_is_refused(house, file):
    run("backup", file)
    refused(doctored(file, migrations={"plex": ["9999_later"]}), "newer", force=True)
    refused(doctored(file, format=2), "newer", force=True)


@pytest.mark.parametrize("damage", ["cut", "text", "no manifest", "other zip", "missing part"])
def test_a_damaged_file_is_refused(house, file, damage):
    run("backup", file)
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        file.write_text("not a backup")
    else:
        kept = {"no manifest": lambda n: n != backup.MANIFEST, "other zip": lambda n: False}
        keep = kept.get(damage, lambda n: n == backup.MANIFEST)
        with zipfile.ZipFile(file) as source:
            parts = {n: source.read(n) for n in source.namelist() if keep(n)}
        with zipfile.ZipFile(file, "w") as target:
            for name, content in parts.items():
                target.writestr(name, content)
    refused(file, "(backup|damaged)", force=True)


def test_a_damaged_database_inside_is_refused(house, file):
    run("backup", file)
    copy = file.with_name("damaged.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            is_data = name.startswith(("database", "tables/auth_user"))
            target.writestr(name, b"\x01nonsense" * 300 if is_data else source.read(name))
    refused(copy, "damaged", force=True)


def test_there_is_no_such_file(folder):
    with pytest.raises(CommandError, match="no file"):
        run("restore", folder / "missing.zip")


def test_an_empty_database_is_taken_for_the_wrong_one(file):
    command = [sys.executable, "manage.py", "backup", str(file)]
    settings = {"DJANGO_SETTINGS_MODULE": "tracker.settings", "DATABASE_URL": ""}
    environment = {**os.environ, **settings, "DATA_DIR": str(file.parent)}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "This database is empty. Does DATABASE_URL name the right one?" in done.stderr
    assert not file.exists()


def damage(file: Path) -> None:
    """Change bytes in the middle of what the archive holds compressed."""
    with zipfile.ZipFile(file) as archive:
        part = max(archive.infolist(), key=lambda one: one.compress_size)
        start = part.header_offset + 30 + len(part.filename) + 8
    data = bytearray(file.read_bytes())
    data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)


def test_bytes_changed_inside_are_told_and_nothing_is_replaced(house, file, folder):
    run("backup", file, with_keys=True)
    (folder / "secret_key").write_text("another one")
    damage(file)
    before = state()
    with pytest.raises(CommandError, match="damaged"):
        run("restore", file, force=True)
    assert (folder / "secret_key").read_text() == "another one"
    assert state() == before
