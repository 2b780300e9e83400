from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.factories import PASSWORD, TrackedShowFactory, UserFactory
from tests.tracker.page_queries import count_queries
from tracker.models import ApiToken, Profile
from tracker.models.site import hash_secret


@pytest.fixture
def member(client, viewer):
    client.force_login(viewer)
    return viewer


def test_zone_and_theme_are_kept(client, member):
    assert (
        client.post("/account/", {"time_zone": "Europe/Berlin", "theme": "dark"}).url == "/account/"
    )
    profile = Profile.objects.get(user=member)
    assert (profile.time_zone, profile.theme) == ("Europe/Berlin", "dark")
    assert '<html lang="en-GB" data-theme="dark"' in client.get("/account/").content.decode()
    client.post("/account/", {"time_zone": "Mars/Olympus", "theme": "dark"})
    profile.refresh_from_db()
    assert profile.time_zone == "Europe/Berlin"


def test_the_theme_button_comes_back_to_the_page(client, member):
    assert client.post("/account/theme/", {"theme": "light", "next": "/shows/"}).url == "/shows/"
    assert client.post("/account/theme/", {"theme": "pink"}).url == "/"
    assert Profile.objects.get(user=member).theme == "light"
    answer = client.post("/account/theme/", {"theme": "system"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204


def test_a_token_is_shown_once(client, member):
    answer = client.post("/account/tokens/", {"name": "home assistant"})
    text = answer.context["new_token"]
    assert text in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert ApiToken.objects.get().token_sha256 == hash_secret(text)
    assert text not in client.get("/account/").content.decode()
    client.post(f"/account/tokens/{ApiToken.objects.get().pk}/remove/")
    assert not ApiToken.objects.exists()


def test_the_page_with_a_new_token_leads_to_pages_only(client, member):
    page = client.post("/account/tokens/", {"name": "home assistant"}).content.decode()
    assert 'name="next" value="/account/tokens/"' not in page
    assert 'name="next" value="/account/"' in page


def test_the_password_is_changed(client, member):
    form = {
        "old_password": PASSWORD,
        "new_password1": "another horse 9",
        "new_password2": "another horse 9",
    }
    assert client.post("/account/password/", {**form, "old_password": "nope"}).status_code == 200
    assert client.post("/account/password/", form).url == "/account/"
    member.refresh_from_db()
    assert member.check_password("another horse 9")
    assert client.get("/account/").status_code == 200


def test_an_admin_adds_people(client, owner):
    client.force_login(owner)
    form = {"username": "kim", "password1": "correct horse 9", "password2": "correct horse 9"}
    assert client.post("/people/", {**form, "password2": "other"}).status_code == 422
    assert client.post("/people/", form).url == "/people/"
    kim = User.objects.get(username="kim")
    assert not kim.is_staff
    assert not kim.is_superuser
    assert client.post("/people/", form).status_code == 422
    client.post("/people/", {**form, "username": "sam", "is_staff": "on"})
    assert User.objects.get(username="sam").is_superuser
    assert "kim" in client.get("/people/").content.decode()


@pytest.mark.parametrize("is_staff", [True, False])
def test_nobody_else_adds_people(client, member, is_staff):
    member.is_staff = is_staff
    member.save()
    form = {
        "username": "eve",
        "password1": "correct horse 9",
        "password2": "correct horse 9",
        "is_staff": "on",
    }
    assert client.post("/people/", form).status_code == 403
    assert not User.objects.filter(username="eve").exists()


def test_many_people_take_as_many_queries_as_few(client, owner):
    client.force_login(owner)
    few = count_queries(client, "/people/")
    for person in UserFactory.create_batch(30):
        TrackedShowFactory(user=person)
    assert count_queries(client, "/people/") == few
