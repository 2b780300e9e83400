"""The description of the API, its page, and what every call has in common."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import resolve
from rest_framework.test import APIClient

from tests.api import api_addresses, caller

METHODS = ("get", "post", "put", "patch", "delete")
# Opened by a secret of its own, and tested with the webhook.
WEBHOOK = re.compile(r"/api/plex/webhook/?")
DOCUMENTATION = "/api/docs"


def calls() -> list[str]:
    return [address for address in api_addresses() if not WEBHOOK.fullmatch(address)]


def test_the_table_of_calls_is_whole():
    assert len(calls()) >= 30
    assert "/api/plex/config" in calls()
    assert "/api/shows/1/seasons/1/episodes/1/watch" in calls()


@pytest.mark.django_db
@pytest.mark.parametrize("address", calls())
@pytest.mark.parametrize("method", METHODS)
def test_nobody_may_call_anything(address, method):
    client = APIClient(raise_request_exception=False)
    answer = getattr(client, method)(address)
    if address.rstrip("/") == DOCUMENTATION:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/")
        return
    assert answer.status_code == 401
    # The schema's own address answers in YAML.
    assert b"detail" in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("address", calls())
def test_each_call_answers_with_and_without_a_slash_at_its_end(address):
    views: list[Any] = [
        resolve(spelling).func for spelling in (address.rstrip("/"), f"{address.rstrip('/')}/")
    ]
    assert views[0].view_class is views[1].view_class


@pytest.mark.django_db
@pytest.mark.parametrize("address", calls())
@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_s_calls_never_end_in_a_500(stranger, address, method):
    if address.rstrip("/") == DOCUMENTATION:
        return
    answer = getattr(caller(stranger), method)(address)
    assert answer.status_code < 500
    assert "text/html" not in answer.headers.get("Content-Type", "")


def test_the_schema_is_valid_and_complete():
    out, errors = StringIO(), StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out, stderr=errors)
    described = set(re.findall(r"^  (/api/[^:]*):$", out.getvalue(), re.MULTILINE))
    filled = {re.sub(r"\{\w+\}", "1", address) for address in described}
    wanted = {address for address in api_addresses() if not address.endswith("/")}
    assert filled == wanted - {DOCUMENTATION, "/api/schema"}


@pytest.mark.django_db
def test_the_schema_is_served(viewer):
    answer = caller(viewer).get("/api/schema")
    assert answer.status_code == 200
    assert b"/api/plex/conflicts/{id}/resolve" in answer.content


@pytest.mark.django_db
def test_docs_api_md_names_every_call():
    text = (Path(settings.BASE_DIR) / "docs/api.md").read_text(encoding="utf-8")
    for address in api_addresses():
        if address.endswith("/"):
            continue
        pattern = re.escape(address).replace("1", r"(\d+|\{\w+\})")
        assert re.search(rf"{pattern}(?![\w/])", text), f"docs/api.md does not name {address}"


@pytest.mark.django_db
def test_the_documentation_page_has_no_inline_script_or_style(client, viewer):
    client.force_login(viewer)
    page = client.get(DOCUMENTATION)
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert "//cdn" not in text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    (script,) = re.findall(r'src="([^"]*script=[^"]*)"', text)
    answer = client.get(script)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in answer.content.decode()
