"""What browsers are told to refuse, where people are never sent, and Django's own list of settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.test import Client

from tests.factories import PASSWORD, episode_of, make_show
from tracker.views.answers import next_url

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "https:evil.example",
    "http:///evil.example",
    " //evil.example",
    "\x08//evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
]
NO_ADDRESSES = ["a\0b", "\ufffd", "http", "history/", "tracker:account"]


def run_manage(
    *arguments: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tracker.settings",
            "DATABASE_URL": "",
            "DATA_DIR": str(folder),
            "SECRET_KEY": "".join(map(chr, range(48, 110))),
            "DJANGO_ALLOW_ASYNC_UNSAFE": "",  # The browser tests set it.
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


SHOW = """
from django.conf import settings as s
from django.core.management import call_command
call_command("check", deploy=True, fail_level="WARNING")
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0)
"""


@pytest.mark.parametrize(
    ("address", "secure"),
    [("", False), ("http://192.168.1.5:8000", False), ("HTTPS://tv.example.org", True)],
)
def test_djangos_check_finds_nothing_and_cookies_are_for_https_where_it_is_configured(
    tmp_path, address, secure
):
    done = run_manage("shell", "-v0", "-c", SHOW, folder=tmp_path, PUBLIC_URL=address)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == [str(secure)] * 3


def test_it_is_not_silenced_where_https_is_configured(tmp_path):
    done = run_manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        folder=tmp_path,
        PUBLIC_URL="https://tv.example.org",
        DEBUG="1",
        SECRET_KEY="short",
    )
    assert done.returncode == 1
    assert "security.W009" in done.stderr
    assert "security.W018" in done.stderr


def test_every_answer_tells_browsers_what_to_refuse(client, viewer):
    client.force_login(viewer)
    pages = ("/", "/sign-in/", "/admin/", "/nowhere")
    for address in (*pages, "/api/shows", "/api/plex/webhook", "/healthz"):
        headers = client.get(address).headers
        assert headers["X-Frame-Options"] == "DENY", address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", address
        assert "camera=()" in headers["Permissions-Policy"], address
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, address
        assert "unsafe" not in policy, address
        assert "Strict-Transport-Security" not in headers, address


def test_https_is_insisted_on_only_over_https(client, db, settings):
    settings.SECURE_HSTS_SECONDS = 3600
    assert "Strict-Transport-Security" not in Client().get("/healthz").headers
    answer = Client().get("/healthz", secure=True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=3600"


def test_cookies_are_kept_from_scripts_and_from_other_sites(client, viewer):
    client.get("/sign-in/")
    client.post("/sign-in/", {"username": "viewer", "password": PASSWORD})
    for name in (configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME):
        assert client.cookies[name]["httponly"] is True
        assert client.cookies[name]["samesite"] == "Lax"


def test_signing_in_gives_the_session_another_key(client, viewer):
    session = client.session
    session["seen"] = True
    session.save()
    before = client.cookies[configured.SESSION_COOKIE_NAME].value
    client.post("/sign-in/", {"username": "viewer", "password": PASSWORD})
    assert client.cookies[configured.SESSION_COOKIE_NAME].value != before


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_to_another_site(client, viewer, target):
    form = {"username": "viewer", "password": PASSWORD, "next": target}
    assert client.post("/sign-in/", form).url == "/"
    assert client.get("/sign-in/", {"next": target}).url == "/"
    episode = episode_of(make_show("Harbour Lights"), 1, 1)
    answer = client.post(f"/episodes/{episode.pk}/mark/", {"next": target})
    assert answer.url.startswith("/"), answer.url
    assert "evil" not in answer.url


@pytest.mark.parametrize("target", NO_ADDRESSES)
def test_what_is_no_address_leads_to_the_usual_page(client, owner, target):
    client.force_login(owner)
    episode = episode_of(make_show("Harbour Lights"), 1, 1)
    for path in (f"/episodes/{episode.pk}/mark/", "/account/theme/"):
        answer = client.post(path, {"next": target})
        assert client.get(answer.url).status_code == 200, path
        assert target not in answer.url


@pytest.mark.parametrize("target", ELSEWHERE + NO_ADDRESSES)
def test_the_admins_door_leads_nowhere_else(client, owner, target):
    answer = client.get("/admin/login/", {"next": target}, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/")
    client.force_login(owner)
    assert client.get("/admin/login/", {"next": target}).url == "/admin/"


def test_over_https_nobody_is_sent_back_to_http(rf):
    form = {"next": "http://testserver/history/"}
    assert next_url(rf.post("/", form), "/") == "http://testserver/history/"
    assert next_url(rf.post("/", form, secure=True), "/") == "/"


def test_the_admin_has_no_second_door_for_guesses(client, viewer, owner):
    """Its own form would take any number of them."""
    for _ in range(12):
        answer = client.post("/admin/login/", {"username": "owner", "password": PASSWORD})
    assert answer.url == "/sign-in/?next=/admin/"
    assert not client.session.get("_auth_user_id")
    assert client.get("/admin/plex/").url == "/admin/login/?next=/admin/plex/"
    form = {"username": "owner", "password": PASSWORD, "next": "/admin/plex/"}
    assert client.post("/sign-in/", form).url == "/admin/plex/"


def test_who_may_not_enter_the_admin_is_told_so(client, viewer):
    client.force_login(viewer)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "Ask an admin" in answer.content.decode()
