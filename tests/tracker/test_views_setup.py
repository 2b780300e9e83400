from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tracker.models import SiteSettings
from tracker.models.site import hash_secret

CODE = "0123456789abcdef0123456789abcdef"
ADDRESS = f"/setup/{CODE}/"
FORM = {"username": "alex", "password1": "correct horse 9", "password2": "correct horse 9"}


@pytest.fixture
def code(db) -> str:
    SiteSettings.load()
    SiteSettings.objects.update(setup_code_sha256=hash_secret(CODE))
    return CODE


def test_the_first_page_says_where_the_code_is(client, db):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "one-time code" in answer.content.decode()
    assert client.get("/sign-in/").url == "/"


def test_the_code_makes_the_admin_and_leads_to_plex(client, code):
    assert client.get(ADDRESS).status_code == 200
    answer = client.post(ADDRESS, FORM)
    assert answer.status_code == 302
    assert answer.url == "/plex/"
    user = User.objects.get()
    assert user.is_superuser
    assert user.is_staff
    assert client.get("/").wsgi_request.user == user


def test_afterwards_it_is_closed_for_ever(client, code):
    client.post(ADDRESS, FORM)
    for tried in (CODE, "another"):
        answer = Client().get(f"/setup/{tried}/")
        assert answer.status_code == 410
        assert "set up" in answer.content.decode()
    assert Client().post(ADDRESS, {**FORM, "username": "eve"}).status_code == 410
    User.objects.all().delete()
    assert Client().post(ADDRESS, FORM).status_code == 410
    assert not User.objects.exists()


def test_an_admin_made_elsewhere_closes_it_too(client, code, owner):
    assert client.post(ADDRESS, FORM).status_code == 410


@pytest.mark.parametrize("wrong", ["0" * 32, "x", CODE[:-1], CODE.upper()])
def test_a_wrong_code_makes_nobody(client, code, wrong):
    assert client.post(f"/setup/{wrong}/", FORM).status_code == 404
    assert not User.objects.exists()


def test_without_any_code_nothing_opens_it(client, db):
    assert client.post(ADDRESS, FORM).status_code == 404
    assert not User.objects.exists()


def test_a_weak_password_is_refused_and_the_code_stays(client, code):
    answer = client.post(ADDRESS, {**FORM, "password1": "12345", "password2": "12345"})
    assert answer.status_code == 422
    assert not User.objects.exists()
    assert client.post(ADDRESS, FORM).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one():
    SiteSettings.load()
    SiteSettings.objects.update(setup_code_sha256=hash_secret(CODE))
    barrier, statuses = Barrier(2), []

    def send(name: str) -> None:
        barrier.wait()
        statuses.append(Client().post(ADDRESS, {**FORM, "username": name}).status_code)
        connection.close()

    threads = [Thread(target=send, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302, 410]
    assert User.objects.count() == 1
