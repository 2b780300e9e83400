"""Fixtures of the whole suite: people, shows, the fake TMDB, the fake Plex."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from hypothesis import settings
from pytest_httpserver import HTTPServer

from plex import doorbell
from tests import factories
from tests.plex_server import FakePlex
from tests.tmdb import FakeTmdb
from tracker import bounded_retry
from tracker.models import TVShow

# The suite tries the same examples every time; `--hypothesis-profile exploring` looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", max_examples=2000, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits count in the cache: each test starts with none used up."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _quiet_doorbell() -> Iterator[None]:
    """The bell's connection must not outlive the database of the tests."""
    yield
    doorbell.close()


@pytest.fixture(autouse=True, scope="session")
def _no_waiting() -> Iterator[None]:
    """Calls that fail are tried again at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded_retry, "BACKOFF_SECONDS", 0.001)
        yield


@pytest.fixture
def owner(db) -> User:
    """The admin: staff and superuser."""
    return factories.UserFactory.create(username="owner", is_staff=True, is_superuser=True)


@pytest.fixture
def viewer(db) -> User:
    """Somebody of the household, without any rights over others."""
    return factories.UserFactory.create(username="viewer")


@pytest.fixture
def stranger(db) -> User:
    """Another plain user, whose things are none of the viewer's business."""
    return factories.UserFactory.create(username="stranger")


@pytest.fixture
def make_show(db) -> Callable[..., TVShow]:
    return factories.make_show


def serve() -> Iterator[HTTPServer]:
    """One server for all tests: stopping one takes half a second."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


@pytest.fixture(scope="session")
def tmdb_server() -> Iterator[HTTPServer]:
    yield from serve()


@pytest.fixture
def tmdb(tmdb_server: HTTPServer, settings) -> Iterator[FakeTmdb]:
    """The fake TMDB, up, empty, and the one that the settings name, with a key that it accepts."""
    fake = FakeTmdb(tmdb_server)
    settings.TMDB_API_URL = fake.url
    settings.TMDB_API_KEY = fake.key
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def plex_http() -> Iterator[HTTPServer]:
    yield from serve()


@pytest.fixture
def plex(plex_http: HTTPServer, settings) -> Iterator[FakePlex]:
    """The fake Plex, up, empty, and the one that the settings name."""
    fake = FakePlex(plex_http)
    settings.PLEX_TV_URL, settings.PLEX_METADATA_URL = fake.tv.url, fake.metadata.url
    yield fake
    fake.close()
