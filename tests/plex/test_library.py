"""The page of a Plex library: what it lists, what it knows of each show, and what it keeps to itself."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from plex.client import PlexError, PlexServer
from plex.connection import save_server
from plex.imports import library, show_import
from plex.models import PlexConfig, PlexImport
from tests.factories import TrackedShowFactory, make_show
from tests.plex.factories import (
    SERVER,
    PlexConflictFactory,
    PlexShowMappingFactory,
    make_config,
    scrobble,
)
from tests.tracker.page_queries import count_queries

pytestmark = pytest.mark.django_db
PAGE = "/plex/library/"


@pytest.fixture
def config(linked) -> PlexConfig:
    return linked


@pytest.fixture
def page(client: Client, owner: User, config: PlexConfig):
    client.force_login(owner)

    def get(query: str = "") -> str:
        return client.get(PAGE + query).content.decode()

    return get


def identity(title: str) -> str:
    return str(scrobble(title)["Metadata"]["grandparentGuid"])


def test_shows_stand_there_with_year_and_what_was_watched_on_plex(page, plex):
    plex.add_show("Severance", {1: 9}, year=2022)
    plex.items[plex.add_episode("Severance", 1, 1)["ratingKey"]]["lastViewedAt"] = 1_700_000_000
    text = page()
    assert "Severance" in text
    assert "2022" in text
    assert "1 of 9 watched" in text


def test_each_says_what_the_tracker_has_of_it(page, plex, owner):
    for title in ("By Id", "Mapped", "Asked", "New"):
        plex.add_show(title, {1: 2}, ids=("tmdb://4711",) if title == "By Id" else ())
    TrackedShowFactory(user=owner, show=make_show("By Id Here", tmdb_id=4711))
    PlexShowMappingFactory(identity=identity("Mapped"), tvshow=make_show("Mapped Here"))
    question = PlexConflictFactory(mapping__identity=identity("Asked"))
    text = page("?which=all")
    assert text.count("In your tracker<") == 1
    assert text.count("Known, not on your list") == 1
    assert reverse("plex:conflict-detail", args=[question.pk]) in text
    assert text.count('name="show"') == 3
    assert "By Id" not in page()


def test_the_title_is_searched_blind_to_case_and_accents(page, plex):
    for title in ("Élite", "Mindhunter", "The Elite Few"):
        plex.add_show(title, {1: 1})
    text = page("?q=eLITE")
    assert ("Élite" in text, "The Elite Few" in text, "Mindhunter" in text) == (True, True, False)
    assert "No show matches" in page("?q=nothing-like-it")


def test_a_big_library_comes_page_by_page_and_is_read_once(page, plex, client):
    for number in range(130):
        plex.add_show(f"Show {number:03}", {})
    assert page().count('name="show"') == 60
    assert page("?page=3").count('name="show"') == 10
    assert "page 3 of 3" in page("?page=99")
    assert len(plex.asked("pms", "/all")) == 1
    client.post(reverse("plex:library-read"))
    assert len(plex.asked("pms", "/all")) == 2


def test_pages_beyond_the_first_of_the_server_are_read(config, plex, monkeypatch):
    monkeypatch.setattr("plex.client.SHOWS_PAGE", 4)
    for number in range(10):
        plex.add_show(f"Show {number}", {})
    (section,) = library.read_sections(config)
    assert len(library.read_shows(config, section)) == 10


def test_more_shows_take_no_more_queries(client, owner, config, plex):
    client.force_login(owner)
    plex.add_show("First", {}, ids=("tmdb://4711",))
    make_show("First", {}, tmdb_id=4711)
    few = count_queries(client, PAGE)
    for number in range(20):
        plex.add_show(f"Show {number}", {}, ids=(f"tmdb://{number + 1}",))
        make_show(f"Show {number}", {}, tmdb_id=number + 1)
    client.post(reverse("plex:library-read"))
    assert count_queries(client, PAGE) == few


def test_only_libraries_of_shows_are_offered(page, plex):
    plex.sections = [
        {"key": "1", "type": "movie", "title": "Films"},
        {"key": "2", "type": "show", "title": "TV"},
        {"key": "5", "type": "show", "title": "Anime"},
    ]
    plex.add_show("Severance", {}, librarySectionID=2)
    plex.add_show("Naruto", {}, librarySectionID=5)
    text = page()
    assert ("Anime" in text, "Films" in text) == (True, False)
    assert ("Severance" in text, "Naruto" in text) == (True, False)
    assert "Naruto" in page("?section=5")
    assert "Severance" in page("?section=../1")


def test_without_a_server_it_says_where_to_begin(client, viewer, plex):
    client.force_login(viewer)
    assert "No Plex server yet" in client.get(PAGE).content.decode()
    make_config(viewer)
    assert "No Plex server yet" in client.get(PAGE).content.decode()
    assert plex.calls == []


def test_trouble_is_told_and_a_refused_token_noted(page, plex, config):
    plex.server.fail_with(401)
    assert "refuses the Plex token" in page()
    config.refresh_from_db()
    assert config.token_refused_at is not None
    plex.server.down()
    assert "can&#x27;t be reached" in page()


def test_no_token_stands_on_the_page_and_nobody_else_gets_the_library(page, plex, client, viewer):
    key = plex.add_show("Severance", {}, thumb="/library/metadata/7/thumb/9")
    plex.items[key]["thumb"] = f"/library/metadata/{key}/thumb/1700000000"
    text = page()
    assert plex.token not in text
    assert plex.server.url not in text
    assert reverse("plex:library-poster", args=[key, 1_700_000_000]) in text
    client.force_login(viewer)
    assert "Severance" not in client.get(PAGE).content.decode()


class TestPosters:
    ADDRESS = "/plex/library/poster/7/99/"

    @pytest.fixture(autouse=True)
    def _picture(self, plex):
        plex.pictures["/library/metadata/7/thumb/99"] = (b"a small picture", "image/jpeg")

    def test_a_poster_comes_through_the_tracker_and_is_kept_by_the_browser(
        self, client, owner, config, plex
    ):
        client.force_login(owner)
        answer = client.get(self.ADDRESS)
        assert (answer.content, answer["Content-Type"]) == (b"a small picture", "image/jpeg")
        assert answer["Cache-Control"].startswith("private, max-age=")
        assert answer["X-Content-Type-Options"] == "nosniff"

    def test_it_is_for_people_with_a_server_of_their_own(self, client, viewer, config, plex):
        assert client.get(self.ADDRESS).status_code == 302
        client.force_login(viewer)
        assert client.get(self.ADDRESS).status_code == 404
        assert plex.calls == []

    @pytest.mark.parametrize("body", [(b"<script>", "text/html"), (b"<svg/>", "image/svg+xml")])
    def test_nothing_but_pictures_passes(self, client, owner, config, plex, body):
        plex.pictures["/library/metadata/7/thumb/99"] = body
        client.force_login(owner)
        assert client.get(self.ADDRESS).status_code == 404

    def test_a_server_that_is_away_is_not_asked_for_every_picture(
        self, client, owner, config, plex
    ):
        plex.server.down()
        client.force_login(owner)
        assert client.get(self.ADDRESS).status_code == 404
        asked = len(plex.calls)
        assert client.get("/plex/library/poster/8/99/").status_code == 404
        assert len(plex.calls) == asked


class TestAdding:
    @pytest.fixture
    def keys(self, plex) -> list[str]:
        return [plex.add_show(f"Show {number}", {}) for number in range(3)]

    @pytest.fixture
    def post(self, client, owner, config):
        client.force_login(owner)

        def send(**data) -> PlexImport | None:
            answer = client.post(reverse("plex:library-add"), data)
            task = PlexImport.objects.order_by("-pk").first()
            if task is not None:
                assert answer["Location"] == reverse("plex:library-import", args=[task.pk])
            return task

        return send

    def test_the_ticked_ones(self, post, keys):
        task = post(show=keys[:2], shown=keys)
        assert (task.chosen, task.state, task.total) == (keys[:2], "running", 2)

    def test_all_of_the_page(self, post, keys):
        assert post(every="page", shown=keys).chosen == keys

    def test_all_that_the_search_leaves_but_what_is_tracked(self, post, keys, plex, owner):
        plex.add_show("Other", {})
        tracked = make_show("Show 1 Here")
        TrackedShowFactory(user=owner, show=tracked)
        PlexShowMappingFactory(identity=identity("Show 1"), tvshow=tracked)
        assert post(every="found", q="show", which="all").chosen == [keys[0], keys[2]]

    def test_nothing_ticked_is_no_import(self, post, keys):
        assert post(shown=keys) is None

    def test_without_a_server_there_is_nothing_to_add(self, client, viewer, plex):
        make_config(viewer)
        client.force_login(viewer)
        client.post(reverse("plex:library-add"), {"show": "1"})
        assert not PlexImport.objects.exists()


class TestProgress:
    @pytest.fixture
    def task(self, config, plex) -> PlexImport:
        return show_import.start(config, ["1", "2", "3"])

    def test_it_asks_for_itself_while_it_runs(self, client, owner, task):
        client.force_login(owner)
        address = reverse("plex:library-import", args=[task.pk])
        text = client.get(address).content.decode()
        assert f'hx-get="{address}"' in text
        assert "0 of 3 shows" in text
        assert "HX-Refresh" not in client.get(address, headers={"HX-Request": "true"})
        PlexImport.objects.update(state="finished")
        assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
        assert "hx-trigger" not in client.get(address).content.decode().partition("<main")[2]

    def test_it_is_stopped_taken_up_again_and_left(self, client, owner, task):
        client.force_login(owner)
        for action, state in (
            ("stop", "stopped"),
            ("resume", "running"),
            ("stop", "stopped"),
            ("cancel", "finished"),
        ):
            client.post(reverse(f"plex:library-import-{action}", args=[task.pk]))
            task.refresh_from_db()
            assert task.state == state

    def test_others_see_and_stop_nothing(self, client, viewer, stranger, task, plex):
        for user in (viewer, stranger):
            client.force_login(user)
            assert client.get(reverse("plex:library-import", args=[task.pk])).status_code == 404
            for action in ("stop", "resume", "cancel", "again"):
                address = reverse(f"plex:library-import-{action}", args=[task.pk])
                assert client.post(address).status_code == 404
        task.refresh_from_db()
        assert task.state == "running"

    def test_what_failed_is_tried_again(self, client, owner, task):
        client.force_login(owner)
        PlexImport.objects.update(state="finished", done=3, cursor={"gone": ["2"]})
        text = client.get(reverse("plex:library-import", args=[task.pk])).content.decode()
        assert "Plex no longer has this show." in text
        client.post(reverse("plex:library-import-again", args=[task.pk]))
        again = PlexImport.objects.get(state="running")
        assert again.chosen == ["2"]


def test_the_server_is_asked_with_the_connections_own_token_only(config, plex, monkeypatch):
    save_server(config, url=plex.server.url, uuid=SERVER, name="Shared", token="its-own")
    config.refresh_from_db()
    server = library.server_of(config)
    assert isinstance(server, PlexServer)
    with pytest.raises(PlexError):
        server.sections()
    assert plex.calls[-1].headers["X-Plex-Token"] == "its-own"
