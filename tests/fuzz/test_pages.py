"""Every form of the pages and every call, with values that nobody means: refused, never an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.faults.pages import Household, addresses, furnish, text_of
from tests.fuzz.forms import Form, encoded, forms_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HUGE = "9" * 30
ODD = ("x" * 10_000 + "\r\n", "a\x00b", "\ud800", HUGE, "²")
ODD_JSON = [*ODD, int(HUGE), -1.5, None, [["\x00"]], {"a": "\ud800"}]
FORM = "application/x-www-form-urlencoded"
# Django's own forms in the admin; and what would end the walk.
LEFT_OUT = re.compile(r"^/admin/|sign-out|^/api/docs")


@pytest.fixture
def home(owner) -> Household:
    return furnish(owner, word="vera")


@pytest.fixture
def client(home) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(home.user)
    return client


def forms(client: Client, home: Household) -> Iterator[Form]:
    """Each form of the pages once, of whichever row it is."""
    seen = set()
    for address in addresses(home):
        page = None if LEFT_OUT.search(address) else client.get(address)
        if page is None or page.streaming or "html" not in page.get("Content-Type", ""):
            continue
        for form in forms_of(address, page.content.decode()):
            if form.shape not in seen and not LEFT_OUT.search(form.action):
                seen.add(form.shape)
                yield form


def status_of(client: Client, form: Form, fields: dict[str, str]) -> int:
    """What the answer is; its effects are taken back."""
    cache.clear()
    with transaction.atomic():
        if form.method == "post":
            answer: Any = client.post(form.action, encoded(fields), content_type=FORM)
        else:
            answer = client.get(f"{form.action.partition('?')[0]}?{encoded(fields)}")
        text_of(answer)
        transaction.set_rollback(True)
    return int(answer.status_code)


def test_no_form_breaks_a_page(client, home):
    broken, count = [], 0
    for form in forms(client, home):
        count += 1
        for name in {*form.fields, "next"} - {"csrfmiddlewaretoken"}:
            for odd in ODD:
                status = status_of(client, form, {**form.fields, name: odd})
                if status in {500, 502}:
                    broken.append((form.method, form.action, name, odd[:20]))
    assert broken == []
    assert count > 60, "the walk has found too few forms"


def calls() -> Iterator[tuple[str, str, list[str]]]:
    """Method, address and the names in the body, of each call that takes one."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in schema["paths"].items():
        for method, about in methods.items():
            for content in about.get("requestBody", {}).get("content", {}).values():
                named = content["schema"].get("$ref", "").rpartition("/")[2]
                properties = schema["components"]["schemas"].get(named, {}).get("properties", {})
                yield method, path, list(properties)


def test_no_value_breaks_a_call(client, home):
    broken = []
    own = {"conflicts": home.ids["conflict"], "mappings": home.ids["mapping"]}
    for method, path, names in calls():
        key = next((number for word, number in own.items() if word in path), home.show.pk)
        address = re.sub(r"\{\w+\}", "1", re.sub(r"\{\w+\}", str(key), path, count=1))
        for name in names:
            for odd in ODD_JSON:
                body = json.dumps({"action": "select", "tvshow_id": home.show.pk, name: odd})
                cache.clear()
                with transaction.atomic():
                    ask = getattr(client, method)
                    answer = ask(address, body, content_type="application/json")
                    transaction.set_rollback(True)
                if answer.status_code == 500:
                    broken.append((method, path, name, ascii(odd)[:20]))
    assert broken == []
