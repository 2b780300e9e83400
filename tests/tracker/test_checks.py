from __future__ import annotations

import pytest
from django.core.checks import run_checks

from tracker.checks import check_settings


def ids() -> list[str | None]:
    return [message.id for message in check_settings()]


def test_the_tests_settings_are_right_and_the_check_is_registered(settings):
    assert check_settings() == []
    settings.LOG_LEVEL = "LOUD"
    assert "tracker.E013" in [message.id for message in run_checks()]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PUBLIC_URL", "tv.example.org", "tracker.E001"),
        ("PUBLIC_URL", "https://tv.example.org:port", "tracker.E001"),
        ("PUBLIC_URL", "https://example.org/tv", "tracker.E002"),
        ("TMDB_API_URL", "ftp://api.themoviedb.org", "tracker.E001"),
        ("PLEX_TV_URL", "https://plex.tv?x=1", "tracker.E001"),
        ("TRUSTED_PROXIES", ["proxy.local"], "tracker.E004"),
        ("PORT", "0", "tracker.E008"),
        ("PORT", "http", "tracker.E008"),
        ("PLEX_WEBHOOK_RATE", "100", "tracker.E009"),
        ("PLEX_WEBHOOK_RATE", "0/m", "tracker.E009"),
        ("DEBUG", True, "tracker.W012"),
        ("LOG_LEVEL", "LOUD", "tracker.E013"),
        ("LOG_FORMAT", "xml", "tracker.E017"),
    ],
)
def test_a_wrong_setting_is_named(settings, name, value, expected):
    setattr(settings, name, value)
    assert ids() == [expected]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ALLOWED_HOSTS", "https://tv.example.org", "tracker.E003"),
        ("ALLOWED_HOSTS", "tv.example.org:8000", "tracker.E003"),
        ("CACHE_URL", "memcached://127.0.0.1", "tracker.E005"),
        ("WEB_CONCURRENCY", "4", "tracker.W007"),
        ("WEB_CONCURRENCY", "many", "tracker.E010"),
        ("DEBUG", "maybe", "tracker.E011"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    assert ids() == [expected]


def test_right_values_pass(settings, monkeypatch):
    settings.PUBLIC_URL = "https://tv.example.org:8443"
    settings.TRUSTED_PROXIES = ["127.0.0.1", "172.18.0.0/16", "fd00::/8"]
    settings.PLEX_WEBHOOK_RATE = "20/10s"
    monkeypatch.setenv("ALLOWED_HOSTS", "tv.example.org,192.168.1.5,[::1],.local")
    monkeypatch.setenv("CACHE_URL", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    assert check_settings() == []


def test_a_missing_secret_key_says_how_to_make_one(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.SECRET_KEY = ""
    (message,) = check_settings()
    assert message.id == "tracker.E014"
    assert message.hint is not None
    assert "manage.py prepare" in message.hint


def test_a_secret_key_made_a_moment_ago_is_seen(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.SECRET_KEY = ""
    (tmp_path / "secret_key").write_text("made")
    assert check_settings() == []


@pytest.mark.parametrize("key", ["", "short", "bm90IDMyIGJ5dGVz"])
def test_an_encryption_key_that_is_none_is_named_without_showing_it(settings, tmp_path, key):
    settings.ENCRYPTION_KEY = key
    settings.ENCRYPTION_KEY_PATH = tmp_path / "encryption_key"
    (message,) = check_settings()
    assert message.id == "tracker.E015"
    assert not key or key not in f"{message.msg} {message.hint}"


def test_a_data_folder_that_cannot_be_written_is_named(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    # Root may write everywhere, so the question itself is answered for it.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert ids() == ["tracker.E016"]
