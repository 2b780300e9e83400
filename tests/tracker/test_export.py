from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import WatchFactory, episode_of, make_show
from tracker import export
from tracker.models import TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db
AT = datetime(2021, 3, 4, 20, 15, 0, 123456, tzinfo=UTC)


@pytest.fixture
def show(viewer: User) -> TVShow:
    show = make_show("Harbour Lights", {1: 5})
    TrackedShow.objects.update_or_create(
        user=viewer,
        show=show,
        defaults={"rating": 9, "notes": "=SUM(1;2)\nsecond line", "started_on": date(2021, 3, 4)},
    )
    return show


@pytest.fixture
def watch(viewer: User, show: TVShow) -> Watch:
    watch: Watch = WatchFactory(user=viewer, episode=episode_of(show, 1, 1), watched_at=AT)
    return watch


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(answer), newline="")))


def test_watches_as_a_table(client, viewer, watch):
    later = AT + timedelta(days=1)
    WatchFactory(user=viewer, episode=watch.episode, play=2, source="plex", watched_at=later)
    client.force_login(viewer)
    answer = client.get("/account/export/watches.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="full-tracker-watches-')
    assert "no-store" in answer["Cache-Control"]
    first, second = table(answer)
    assert list(first) == list(export.WATCH_COLUMNS)
    assert first["watched_at"] == "2021-03-04T20:15:00Z"
    assert (first["show"], first["season"], first["episode"]) == ("Harbour Lights", "1", "1")
    assert (second["play"], second["source"]) == ("2", "plex")


def test_shows_as_a_table_that_calculates_nothing(client, viewer, show):
    client.force_login(viewer)
    (row,) = table(client.get("/account/export/shows.csv"))
    assert (row["show"], row["rating"], row["started_on"]) == ("Harbour Lights", "9", "2021-03-04")
    assert row["notes"] == "'=SUM(1;2)\nsecond line"


def test_everything_as_json_is_exact(client, viewer, watch):
    client.force_login(viewer)
    everything = json.loads(text_of(client.get("/account/export/everything.json")))
    assert everything["person"] == viewer.username
    (show,), (row,) = everything["shows"], everything["watches"]
    assert show["notes"] == "=SUM(1;2)\nsecond line"
    assert set(show) == set(export.SHOW_COLUMNS)
    assert set(row) == set(export.WATCH_COLUMNS)
    assert row["show_tmdb_id"] == watch.episode.season.show.tmdb_id
    assert row["watched_at"] == "2021-03-04T20:15:00Z"


def test_nothing_of_others_and_nothing_removed(client, viewer, watch):
    other = User.objects.create_user("other", password="x")
    WatchFactory(user=other, episode=watch.episode)
    Watch.objects.filter(pk=watch.pk).update(removed_at=timezone.now())
    client.force_login(viewer)
    assert table(client.get("/account/export/watches.csv")) == []
    client.force_login(other)
    everything = json.loads(text_of(client.get("/account/export/everything.json")))
    assert (len(everything["watches"]), everything["shows"]) == (1, [])


def test_nothing_at_all_is_a_table_and_an_object_too(client, viewer):
    client.force_login(viewer)
    assert text_of(client.get("/account/export/shows.csv")).count("\n") == 1
    everything = json.loads(text_of(client.get("/account/export/everything.json")))
    assert (everything["shows"], everything["watches"]) == ([], [])


@pytest.mark.parametrize("name", ["watches.csv", "shows.csv", "everything.json"])
def test_whoever_is_not_signed_in_gets_nothing(client, name):
    assert client.get(f"/account/export/{name}").status_code == 302


def test_the_api_gives_the_same(viewer, watch):
    client = Client()
    client.force_login(viewer)
    by_page = json.loads(text_of(client.get("/account/export/everything.json")))
    answer = client.get("/api/export")
    assert answer["Content-Type"] == "application/json"
    assert json.loads(text_of(answer)) | {"exported_at": ""} == by_page | {"exported_at": ""}
    assert Client().get("/api/export").status_code == 401


def test_a_long_history_comes_in_portions_with_one_query(viewer, watch, monkeypatch):
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 3)
    for play in range(2, 10):
        WatchFactory(user=viewer, episode=watch.episode, play=play, watched_at=AT)
    with CaptureQueriesContext(connection) as queries:
        pieces = list(export.as_csv(export.WATCH_COLUMNS, export.watch_rows(viewer)))
        everything = "".join(export.as_json(viewer, now=AT))
    assert [piece.count("\n") for piece in pieces] == [1, 3, 3, 3]
    assert [row["play"] for row in json.loads(everything)["watches"]] == list(range(1, 10))
    assert len(queries) == 3
