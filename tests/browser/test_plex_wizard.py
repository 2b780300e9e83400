"""From a fresh start to the first event: sign in, server, webhook, accounts, in a minute of clicks."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from plex.connection import token_of
from plex.models import PlexConfig, PlexWebhookLog
from plex.processing import process_due
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import JAVASCRIPT, violations
from tests.factories import TrackedShowFactory, episode_of, make_show
from tests.plex.factories import form, of_episode
from tests.plex_server import FakePlex

OTHER = "https://another.app/plex"
A_MINUTE = 60


def agree_on_plex(window: Any, plex: FakePlex) -> None:
    """Plex's own page: it takes the person's yes, and leads back."""
    link = window.page.get_by_role("link", name="Open Plex")
    sent = parse_qs(urlsplit(str(link.get_attribute("href"))).fragment.lstrip("?"))

    def answer(route: Route) -> None:
        plex.agree(sent["code"][0])
        route.fulfill(content_type="text/html", body=back_to(sent["forwardUrl"][0]))

    window.context.route("https://app.plex.tv/**", answer)
    link.click()


def back_to(address: str) -> str:
    return f'<!doctype html><title>Plex</title><a href="{address}">Back to Full Tracker</a>'


def press(page: Page, step: str, button: str) -> None:
    page.locator(step).get_by_role("button", name=button).click()


def settled_violations(page: Page) -> str:
    """What axe finds once the page that a button led to is there."""
    page.wait_for_load_state("networkidle")
    return violations(page)


@JAVASCRIPT
def test_from_a_fresh_start_to_the_first_event(visit, owner, plex, live_server, scripts):
    plex.webhooks = [OTHER]
    plex.server_accounts[77] = "tom"
    show = make_show("Harbour Lights", {1: 3})
    TrackedShowFactory(user=owner, show=show)
    window = visit(user=owner, java_script_enabled=scripts)
    started = time.monotonic()
    page = window.goto("/plex/")

    page.get_by_role("button", name="Connect Plex").click()
    press(page, "#token", "Sign in with Plex")
    agree_on_plex(window, plex)
    page.get_by_role("link", name="Back to Full Tracker").click()
    if not scripts:
        press(page, "#token", "I have signed in")
    expect(page.locator("#token")).to_contain_text("Signed in as mira")
    press(page, "#server", "Find my server")
    expect(page.locator("#server")).to_contain_text(plex.server.url)
    press(page, "#address", "Register with Plex")
    expect(page.locator("#address")).to_contain_text("Registered")
    assert plex.webhooks[0] == OTHER
    press(page, "#accounts", "List the server's accounts")
    press(page, "#accounts", "Save")
    expect(page.locator("#accounts")).to_contain_text("Yours")

    send(to_this_very_server(plex.webhooks[1], live_server.url), of_episode(episode_of(show, 1, 2)))
    process_due()
    if not scripts:
        page.reload()
    expect(page.locator("#last-event")).to_contain_text("The episode was marked watched.")
    assert time.monotonic() - started < A_MINUTE
    assert token_of(PlexConfig.objects.get()) == plex.token
    assert plex.token not in page.content()


def send(address: str, message: dict[str, Any]) -> None:
    """Post as the Plex server does, to the address that Plex was told."""
    parts = {"payload": (None, form(message)["payload"], "application/json")}
    assert requests.post(address, files=parts, timeout=10).status_code == 200


def to_this_very_server(address: str, base: str) -> str:
    """The live server listens on loopback only, whatever address it was told to be at."""
    parts = urlsplit(address)
    return f"{base}{parts.path}?{parts.query}"


def test_a_test_event_is_seen_on_the_page(visit, owner, plex, settings, live_server):
    settings.PUBLIC_URL = live_server.url
    page = visit(user=owner).goto("/plex/")
    page.get_by_role("button", name="Connect Plex").click()
    press(page, "#arrive", "Send a test event")
    expect(page.locator("#last-event")).to_contain_text("The test event arrived")
    process_due()
    expect(page.locator("#last-event")).to_contain_text("Arrived")
    assert PlexWebhookLog.objects.get().source == "test"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["screen", "phone"])
def test_every_step_keeps_nobody_out(visit, owner, plex, scheme, size):
    plex.server_accounts[77] = "tom"
    window = visit(user=owner, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = window.goto("/plex/")
    page.get_by_role("button", name="Connect Plex").click()
    press(page, "#token", "Sign in with Plex")
    expect(page.get_by_role("link", name="Open Plex")).to_be_visible()
    found = {"signing in": settled_violations(page)}
    agree_on_plex(window, plex)
    page.get_by_role("link", name="Back to Full Tracker").click()
    expect(page.locator("#token")).to_contain_text("Signed in as mira")
    press(page, "#server", "Find my server")
    press(page, "#accounts", "List the server's accounts")
    expect(page.locator("#accounts")).to_contain_text("tom")
    found["accounts"] = settled_violations(page)
    PlexConfig.objects.update(token_refused_at=timezone.now())
    found["refused"] = settled_violations(window.goto("/plex/"))
    assert {name: report for name, report in found.items() if report} == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
