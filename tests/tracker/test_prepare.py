from __future__ import annotations

import io
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection
from django.db.utils import OperationalError
from django.utils import timezone

from tracker.management.commands import prepare
from tracker.models import SiteSettings
from tracker.models.site import hash_secret


@pytest.fixture
def static_root(settings, tmp_path):
    """One small static file, to be gathered into an empty folder."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("body { color: black }")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = str(tmp_path / "gathered")
    return tmp_path / "gathered"


@pytest.mark.django_db
def test_only_the_hash_of_the_setup_code_is_kept_and_the_newest_code_is_valid():
    first, second = prepare.new_setup_path(), prepare.new_setup_path()
    assert first
    assert second
    assert first != second
    match = re.fullmatch(r"/setup/([0-9a-f]{32})/", second)
    assert match
    site = SiteSettings.load()
    assert site.setup_code_sha256 == hash_secret(match[1])


@pytest.mark.django_db
def test_there_is_no_setup_code_once_there_is_an_admin():
    User.objects.create_superuser("owner", password="x")
    assert prepare.new_setup_path() is None


@pytest.mark.django_db
def test_the_setup_stays_closed_when_the_admin_is_gone():
    SiteSettings.load()
    SiteSettings.objects.update(setup_completed_at=timezone.now())
    assert prepare.new_setup_path() is None
    assert SiteSettings.load().setup_code_sha256 == ""


@pytest.mark.django_db(transaction=True)
def test_prepare_makes_everything_ready(settings, static_root, tmp_path, monkeypatch):
    for name in ("SECRET_KEY", "ENCRYPTION_KEY"):
        monkeypatch.delenv(name)
    settings.DATA_DIR = tmp_path / "data"
    out = io.StringIO()
    call_command("prepare", stdout=out)
    assert (tmp_path / "data" / "secret_key").is_file()
    assert (static_root / "page.css").is_file()
    assert re.search(r"Create the first account at your address/setup/\w{32}/", out.getvalue())


def test_static_files_are_gathered_again_only_when_one_changed(static_root):
    prepare.collect_static_files()
    gathered = static_root / "page.css"
    gathered.unlink()
    prepare.collect_static_files()
    assert not gathered.exists()
    source = static_root.parent / "source" / "page.css"
    source.write_text("body { color: navy }")
    os.utime(source, ns=(1, 1))
    prepare.collect_static_files()
    assert gathered.read_text() == "body { color: navy }"


def test_a_folder_that_cannot_be_used_ends_it_with_a_sentence(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.DATA_DIR = Path(tmp_path / "file" / "data")
    with pytest.raises(CommandError, match="DATA_DIR"):
        prepare.prepare(OutputWrapper(io.StringIO()))


class Database:
    """A connection that fails the first few times."""

    vendor = "any"

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def ensure_connection(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OperationalError("connection refused\nIs the server running?")


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_a_database_that_starts_later_is_waited_for(monkeypatch, no_waiting):
    monkeypatch.setattr(prepare, "connection", Database(failures=3))
    out = io.StringIO()
    prepare.wait_for_database(OutputWrapper(out))
    assert out.getvalue() == "Waiting for the database: connection refused\n"


def test_a_database_that_never_answers_is_said_in_a_sentence(monkeypatch, no_waiting):
    monkeypatch.setattr(prepare, "connection", Database(failures=1000))
    with pytest.raises(CommandError, match=r"does not answer: connection refused.*DATABASE_URL"):
        prepare.wait_for_database(OutputWrapper(io.StringIO()))


def test_a_postgresql_too_old_is_refused():
    with pytest.raises(CommandError, match="version 15 or newer"):
        prepare.check_postgresql(SimpleNamespace(pg_version=140011))


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's text is Unicode")
@pytest.mark.django_db
def test_a_database_that_can_not_store_every_title_is_refused(monkeypatch):
    """PostgreSQL makes such a one where it was set up without a locale."""
    name = f"{connection.settings_dict['NAME']}_ascii"
    ascii_only = connection.copy()
    ascii_only.settings_dict = {**connection.settings_dict, "NAME": name}
    with connection._nodb_cursor() as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        try:
            monkeypatch.setattr(prepare, "connection", ascii_only)
            with pytest.raises(CommandError, match=r"encoding is SQL_ASCII.*ENCODING 'UTF8'"):
                prepare.wait_for_database(OutputWrapper(io.StringIO()))
            ascii_only.close()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
