"""Past watches in a browser: look, choose, start, stop, go on, and the results by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from plex import connection
from plex.imports import lifecycle
from plex.models import PlexConfig, PlexImport
from plex.processing import process_due
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import JAVASCRIPT, violations
from tests.factories import make_show
from tests.plex.factories import make_config
from tests.plex_server import FakePlex
from tracker.models import Watch

LONG_AGO = datetime(2019, 3, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def config(owner, plex: FakePlex, tmdb) -> PlexConfig:
    for title, plays in {"Harbour Lights": 260, "Northern Line": 40}.items():
        plex.mirror(make_show(title, {1: plays}))
        for number in range(1, plays + 1):
            plex.add_play(title, 1, number, viewed_at=LONG_AGO + timedelta(hours=number))
    plex.add_play("Nobody Knows This", 1, 1, viewed_at=LONG_AGO)
    config, _ = make_config(owner)
    return connection.save_settings(config, plex_token=plex.token, plex_server_url=plex.server.url)


def work(*, pieces: int) -> None:
    """The worker's turns, each for one page of the history, as long as there is work."""
    for _ in range(pieces):
        for task in PlexImport.objects.for_worker():
            assert lifecycle.claim(task, now=timezone.now())
            lifecycle.work_on(task, should_stop=lambda: True)
        process_due()


@JAVASCRIPT
def test_past_watches_from_the_look_to_the_results(visit, owner, config, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto("/plex/")
    page.get_by_role("link", name="Import what you watched before").click()
    page.get_by_role("button", name="Look what is there").click()
    part = page.locator("#import")
    expect(part).to_contain_text("plays counted")

    def look_again() -> None:
        if not scripts:
            part.get_by_role("link", name="Refresh").click()

    work(pieces=1)
    look_again()
    expect(part).to_contain_text("100 of 301 plays counted")
    work(pieces=4)
    look_again()
    expect(part).to_contain_text("up to 3")
    if scripts:
        page.get_by_label("Harbour Lights").check()
        expect(page.get_by_label("Only the ticked shows")).to_be_checked()
    page.get_by_label("All shows").check()
    page.get_by_role("button", name="Start").click()
    expect(part).to_contain_text("0 of 301 plays read")
    work(pieces=1)
    look_again()
    expect(part).to_contain_text("100 of 301 plays read")
    page.get_by_role("button", name="Stop").click()
    expect(part).to_contain_text("Stopped")
    page.get_by_role("button", name="Go on").click()
    work(pieces=5)
    look_again()
    expect(part.locator(".tile").first).to_contain_text("300")
    expect(part.get_by_role("link", name="waits for your answer")).to_be_visible()
    assert Watch.objects.count() == 300


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_each_step_has_no_violations_and_fits(visit, owner, config, size):
    page = visit(user=owner, viewport=size).goto("/plex/import/")
    steps = [("Look what is there", 1), ("", 4), ("Start", 1), ("Stop", 0), ("Go on", 5)]
    for button, pieces in steps:
        if button:
            page.get_by_role("button", name=button).click()
        if pieces:
            work(pieces=pieces)
        page.goto(page.url)
        assert violations(page) == "", button
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], button
