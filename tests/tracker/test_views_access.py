from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories import PASSWORD, TrackedShowFactory, WatchFactory, episode_of, make_show
from tracker.models import ApiToken, Watch

PUBLIC = {"/sign-in/", "/manifest.webmanifest", "/favicon.ico"}
MEMBERS_ONLY = [
    "/", "/shows/", "/shows/add/", "/shows/1/", "/shows/1/seasons/1/", "/shows/1/stop/", "/episodes/1/",
    "/calendar/", "/history/", "/history/1/", "/statistics/", "/account/", "/account/password/", "/people/",
    "/plex/", "/plex/conflicts/", "/plex/activity/",
]  # fmt: skip
POSTS = [
    "/shows/1/track/", "/shows/1/details/", "/shows/1/refresh/", "/shows/1/stop/", "/episodes/1/mark/",
    "/episodes/1/unmark/", "/episodes/1/up-to-here/", "/episodes/1/again/", "/seasons/1/mark/",
    "/seasons/1/unmark/", "/undo/x/", "/calendar/address/", "/history/1/remove/", "/account/theme/",
    "/account/tokens/", "/account/tokens/1/remove/",
]  # fmt: skip


@pytest.mark.parametrize("path", MEMBERS_ONLY)
def test_pages_ask_to_sign_in(client, viewer, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/?next=")


@pytest.mark.parametrize("path", POSTS)
def test_actions_ask_to_sign_in(client, viewer, path):
    answer = client.post(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/?next=")


@pytest.mark.parametrize("path", [path for path in POSTS if path not in {"/shows/1/stop/"}])
def test_actions_are_posts_with_a_csrf_token(viewer, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(viewer)
    assert client.get(path).status_code == 405
    answer = client.post(path)
    assert answer.status_code == 403
    assert "reload" in answer.content.decode()


def test_signing_in_and_out(client, viewer):
    answer = client.post(
        "/sign-in/", {"username": "viewer", "password": PASSWORD, "next": "/history/"}
    )
    assert answer.url == "/history/"
    assert client.get("/sign-in/").url == "/"
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get("/").status_code == 302


def test_a_wrong_password_says_so_and_keeps_the_name(client, viewer):
    answer = client.post("/sign-in/", {"username": "viewer", "password": "nope"})
    text = answer.content.decode()
    assert "belong together" in text
    assert 'value="viewer"' in text


def test_nobody_is_sent_to_another_site(client, viewer):
    form = {"username": "viewer", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/sign-in/", form).url == "/"


def test_guessing_is_slowed_down(client, viewer):
    for _ in range(10):
        client.post("/sign-in/", {"username": "viewer", "password": "guess"})
    answer = client.post("/sign-in/", {"username": "viewer", "password": PASSWORD})
    assert answer.status_code == 429
    assert "five minutes" in answer.content.decode()


def test_other_peoples_things_are_not_found(client, viewer, stranger):
    show = make_show("Secret")
    TrackedShowFactory(user=stranger, show=show)
    watch = WatchFactory(user=stranger, episode=episode_of(show, 1, 1))
    token, _ = ApiToken.make(user=stranger)
    client.force_login(viewer)
    assert client.get(f"/history/{watch.pk}/").status_code == 404
    assert (
        client.post(f"/history/{watch.pk}/", {"watched_at": "2020-01-01T10:00"}).status_code == 404
    )
    assert client.post(f"/history/{watch.pk}/remove/").status_code == 404
    assert client.post(f"/account/tokens/{token.pk}/remove/").status_code == 404
    assert client.post(f"/shows/{show.pk}/details/", {"status": "dropped"}).status_code == 404
    assert client.post(f"/shows/{show.pk}/refresh/").status_code == 404
    assert client.post(f"/shows/{show.pk}/stop/", {"watches": "forget"}).status_code == 404
    client.post(f"/episodes/{watch.episode_id}/unmark/")
    assert Watch.objects.standing().filter(pk=watch.pk).exists()
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_what_others_watched_does_not_show(client, viewer, stranger):
    show = make_show("Shared", {1: 3})
    TrackedShowFactory(user=stranger, show=show, notes="my private note")
    WatchFactory(user=stranger, episode=episode_of(show, 1, 1))
    client.force_login(viewer)
    page = client.get(f"/shows/{show.pk}/").content.decode()
    assert "my private note" not in page
    assert "0 of 3 watched" in page
    assert "Shared" not in client.get("/history/").content.decode()


def test_the_manifest_names_icons_that_exist(client, db):
    manifest = client.get("/manifest.webmanifest").json()
    assert manifest["start_url"] == "/"
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))


def test_an_icon_is_there_for_who_asks_for_none(client, db):
    address = client.get("/favicon.ico")["Location"]
    assert finders.find(address.removeprefix("/static/"))


def test_sign_in_leads_a_signed_in_person_not_to_itself(client, viewer):
    client.force_login(viewer)
    answer = client.get("/sign-in/?next=/sign-in/")
    assert answer.status_code == 302
    assert answer.url == "/"
