"""Every page, in both schemes, on a screen and on a phone: axe finds nothing, nothing scrolls sideways."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import violations
from tests.factories import TrackedShowFactory, WatchFactory, episode_of, make_show
from tests.plex.factories import PlexConflictFactory
from tracker.models import TVShow

PAGES = {
    "up next": "/",
    "shows": "/shows/",
    "no results": "/shows/?q=nothing-like-it",
    "show": "/shows/{show}/",
    "untracked show": "/shows/{other}/",
    "stop tracking": "/shows/{show}/stop/",
    "add": "/shows/add/",
    "episode": "/episodes/{episode}/",
    "calendar": "/calendar/",
    "history": "/history/",
    "correct the time": "/history/{watch}/",
    "statistics": "/statistics/",
    "account": "/account/",
    "password": "/account/password/",
    "people": "/people/",
    "plex": "/plex/",
    "library": "/plex/library/",
    "past watches": "/plex/import/",
    "conflicts": "/plex/conflicts/",
    "activity": "/plex/activity/",
    "rules": "/plex/rules/",
    "new rule": "/plex/rules/new/",
    "not found": "/nothing-here/",
}


@pytest.fixture
def ids(owner: User) -> dict[str, int]:
    """A person with shows in every state."""
    today = timezone.localdate()
    show = make_show(
        "Harbour Lights",
        {0: 1, 1: 8, 2: 8},
        first_air_date=today - timedelta(weeks=60),
        network="Northern",
        genres=["Drama", "Crime"],
        overview="A lighthouse keeper finds letters.",
        creators=["A. Writer"],
        imdb_id="tt0000001",
    )
    TrackedShowFactory(user=owner, show=show, rating=8)
    other = make_show("Paper Moons", {1: 2})
    for number, status in enumerate(("plan_to_watch", "completed", "on_hold")):
        extra = make_show(f"Orchard {number}", {1: 3}, first_air_date=today - timedelta(days=10))
        TrackedShowFactory(user=owner, show=extra, status=status)
    running = make_show("Night Shift", {1: 10}, first_air_date=today - timedelta(weeks=4))
    TrackedShowFactory(user=owner, show=running)
    watches = [
        WatchFactory(
            user=owner,
            episode=episode_of(show, 1, number),
            watched_at=timezone.now() - timedelta(days=9 - number, hours=3),
            source="plex" if number % 2 else "manual",
        )
        for number in range(1, 6)
    ]
    return {
        "show": show.pk,
        "other": other.pk,
        "episode": episode_of(show, 1, 6).pk,
        "watch": watches[0].pk,
    }


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out(visit, owner, ids, scheme, size):
    window = visit(user=owner, color_scheme=scheme, viewport=size, reduced_motion="reduce")
    found = {}
    for name, path in PAGES.items():
        page = window.goto(path.format(**ids))
        page.wait_for_load_state("networkidle")
        if report := violations(page):
            found[name] = report
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wider > 0:
            found[f"{name}, width"] = f"{wider} pixels too wide"
    assert found == {}


@pytest.mark.parametrize("width", [320, 360, 768, 1600])
def test_no_page_scrolls_sideways(visit, owner, ids, width):
    # Its count stands in the navigation and in Plex's tabs.
    PlexConflictFactory()
    window = visit(user=owner, viewport={"width": width, "height": 900})
    too_wide = []
    for name, path in PAGES.items():
        page = window.goto(path.format(**ids))
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(name)
    assert too_wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signed_out_pages_keep_nobody_out(visit, owner, scheme):
    window = visit(color_scheme=scheme, reduced_motion="reduce")
    for path in ("/sign-in/", "/setup/wrong/", "/nothing-here/"):
        assert violations(window.goto(path)) == ""


def test_the_empty_tracker_says_where_to_begin(visit, transactional_db):
    page = visit().goto("/")
    assert "one-time code" in page.inner_text("main")
    assert violations(page) == ""


def test_empty_pages_say_what_to_do_next(visit, owner):
    window = visit(user=owner)
    for path in ("/", "/shows/", "/calendar/", "/history/", "/statistics/"):
        page = window.goto(path)
        assert page.locator(".empty a").count() >= 1, path
        assert violations(page) == ""


def test_an_open_dialog_keeps_nobody_out(visit, owner, ids):
    page = visit(user=owner, reduced_motion="reduce").goto(f"/shows/{ids['show']}/")
    page.click(".episode-name a >> nth=0")
    page.wait_for_selector("#sheet[open] .sheet-head")
    assert violations(page) == ""
    page.keyboard.press("Escape")
    assert page.locator("#sheet[open]").count() == 0


def test_everything_is_there_for_the_keyboard(visit, owner, ids):
    page = visit(user=owner).goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus(".tick")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast")
    assert TVShow.objects.count() == 6
