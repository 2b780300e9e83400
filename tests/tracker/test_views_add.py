from __future__ import annotations

import pytest
from pytest_django.asserts import assertContains

from tests.factories import TrackedShowFactory, make_show
from tracker.encryption import reveal
from tracker.models import SiteSettings, TrackedShow, TVShow

KEY = "/plex/tmdb-key/"


@pytest.fixture
def member(client, viewer):
    client.force_login(viewer)
    return viewer


def test_finds_shows_and_knows_which_are_tracked(client, member, tmdb):
    tmdb.add_show(1396, "Breaking Bad", seasons={1: 7})
    tmdb.add_show(60059, "Better Call Saul", seasons={1: 10})
    tmdb.add_search("b", 1396, 60059)
    mine = make_show("Breaking Bad", tmdb_id=1396)
    TrackedShowFactory(user=member, show=mine)
    text = client.get("/shows/add/?q=b").content.decode()
    assert "Better Call Saul" in text
    assert "Tracked already: watching" in text
    assert 'value="60059"' in text
    assert 'value="1396"' not in text


def test_adds_one_with_a_status(client, member, tmdb):
    tmdb.add_show(60059, "Better Call Saul", seasons={1: 10, 2: 10})
    answer = client.post("/shows/add/", {"tmdb_id": "60059", "status": "plan_to_watch"})
    show = TVShow.objects.get()
    assert answer.url == f"/shows/{show.pk}/"
    assert show.seasons.count() == 2
    assert TrackedShow.objects.get().status == "plan_to_watch"
    client.post("/shows/add/", {"tmdb_id": "60059", "status": "nonsense"})
    assert TrackedShow.objects.count() == 1


@pytest.mark.parametrize("tmdb_id", ["", "x", "-1", "99999999999", "٣", "1.5"])
def test_what_is_no_id_adds_nothing(client, member, tmdb, tmdb_id):
    assert client.post("/shows/add/", {"tmdb_id": tmdb_id}).url == "/shows/add/"
    assert not TVShow.objects.exists()


def test_while_typing_only_the_results_come(client, member, tmdb):
    answer = client.get("/shows/add/?q=x", headers={"HX-Request": "true", "HX-Target": "results"})
    assert answer.content.decode().lstrip().startswith('<section id="results"')


def test_says_when_tmdb_is_away(client, member, tmdb):
    tmdb.down()
    answer = client.get("/shows/add/?q=x")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert client.post("/shows/add/", {"tmdb_id": "1"}).url == "/shows/add/"


def test_without_a_key_staff_is_told_where_to_get_one(client, owner, settings):
    client.force_login(owner)
    text = client.get("/shows/add/?q=x").content.decode()
    assert "https://www.themoviedb.org/settings/api" in text
    assert 'name="tmdb_api_key"' in text


def test_without_a_key_others_are_told_whom_to_ask(client, member):
    text = client.get("/shows/add/").content.decode()
    assert "Ask an admin" in text
    assert 'name="tmdb_api_key"' not in text
    assert client.post(KEY, {"tmdb_api_key": "x"}).status_code == 403


def test_a_key_is_tried_and_kept_sealed(client, owner, tmdb, settings):
    client.force_login(owner)
    settings.TMDB_API_KEY = ""
    answer = client.post(KEY, {"tmdb_api_key": "a-wrong-key", "next": "/shows/add/"})
    assert answer.status_code == 422
    assertContains(answer, "TMDB refuses this key: copy it once more.", status_code=422)
    assertContains(answer, "<h1>Add a show</h1>", status_code=422)
    assert "a-wrong-key" not in answer.content.decode()
    sent = {"tmdb_api_key": tmdb.key, "next": "/shows/add/"}
    assert client.post(KEY, sent).url == "/shows/add/"
    site = SiteSettings.load()
    assert reveal(site, "tmdb_api_key") == tmdb.key
    assert tmdb.key not in site.tmdb_api_key
    assert tmdb.key not in client.get("/shows/add/").content.decode()


def test_a_stored_key_that_is_refused_is_named_as_such(client, owner, tmdb, settings):
    client.force_login(owner)
    settings.TMDB_API_KEY = "a-key-of-last-year"
    assertContains(client.get("/shows/add/?q=x"), "TMDB refuses the stored key")


def test_a_number_of_five_thousand_digits(client, viewer):
    client.force_login(viewer)
    answer = client.post("/shows/add/", {"tmdb_id": "9" * 5000, "status": "watching"})
    assert answer.status_code == 302
