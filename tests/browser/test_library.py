"""The Plex library in the browser: looked through, ticked, added, with and without JavaScript."""

from __future__ import annotations

import struct
import zlib

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from plex.connection import save_server, save_token
from plex.imports import lifecycle
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import JAVASCRIPT, violations
from tests.factories import TrackedShowFactory, make_show
from tests.plex.factories import SERVER, make_config
from tests.plex_server import FakePlex
from tests.tmdb import FakeTmdb
from tracker.models import TrackedShow

TITLES = ("Dark", "Harbour Lights", "Mindhunter", "Severance", "The Expanse", "The Office")


def png(red: int, green: int, blue: int) -> bytes:
    """A poster of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = (b"\0" + bytes((red, green, blue)) * 20) * 30
    header = struct.pack(">IIBBBBB", 20, 30, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture
def _library(owner: User, plex: FakePlex, tmdb: FakeTmdb) -> None:
    """Six shows on Plex: one is tracked, one is a question, TMDB knows the others."""
    config, _ = make_config(owner)
    save_token(config, plex.token, username="mira")
    save_server(config, url=plex.server.url, uuid=SERVER, name="Attic")
    for number, title in enumerate(TITLES):
        ids = () if title == "The Office" else (f"tmdb://{900 + number}",)
        key = plex.add_show(title, {1: number + 3}, ids=ids, year=2015 + number)
        thumb = f"/library/metadata/{key}/thumb/1700000000"
        plex.items[key]["thumb"] = thumb
        plex.pictures[thumb] = (png(40 * number, 90, 160 - 20 * number), "image/png")
        if ids and title != "Dark":
            tmdb.add_show(900 + number, title, seasons={1: 8})
    for number in (1, 2):
        plex.items[plex.add_episode("Severance", 1, number)["ratingKey"]]["lastViewedAt"] = 1
    TrackedShowFactory(user=owner, show=make_show("Dark", tmdb_id=900))


def work() -> None:
    while lifecycle.work_on_imports(lambda: False):
        pass


@pytest.mark.usefixtures("_library")
class TestLibrary:
    @JAVASCRIPT
    def test_shows_are_ticked_and_added(self, visit, owner, scripts):
        page = visit(user=owner, java_script_enabled=scripts).goto("/plex/library/")
        expect(page.locator(".on-plex")).to_have_count(5)
        page.get_by_label("Severance").check()
        page.get_by_label("The Office").check()
        page.get_by_role("button", name="Add ticked").click()
        expect(page.get_by_role("heading", name="0 of 2 shows")).to_be_visible()
        work()
        if not scripts:
            page.get_by_role("link", name="Refresh").click()
        expect(page.get_by_role("heading", name="2 of 2 shows")).to_be_visible()
        expect(page.locator(".badge", has_text="Finished")).to_be_visible()
        results = page.locator(".library-results > li")
        expect(results).to_have_count(2)
        expect(results.first).to_contain_text("To decide")
        expect(results.last).to_contain_text("Added")
        assert set(TrackedShow.objects.filter(user=owner).values_list("show__title", "status")) == {
            ("Dark", "watching"),
            ("Severance", "plan_to_watch"),
        }

    def test_a_poster_that_plex_does_not_give_leaves_the_drawn_cover(self, visit, owner, plex):
        missing = next(iter(plex.pictures))
        del plex.pictures[missing]
        key = missing.split("/")[3]
        plex.items[key]["title"] = "Aardvark"
        page = visit(user=owner).goto("/plex/library/?which=all")
        card = page.locator(".on-plex").first
        expect(card).to_contain_text("Aardvark")
        expect(card.locator("img")).to_have_count(0)
        expect(page.locator(".on-plex").nth(1).locator("img")).to_have_count(1)

    def test_posters_come_through_the_tracker(self, visit, owner):
        page = visit(user=owner).goto("/plex/library/")
        pictures = page.locator(".on-plex img")
        expect(pictures).to_have_count(5)
        for picture in pictures.all():
            picture.scroll_into_view_if_needed()
            expect(picture).not_to_have_js_property("naturalWidth", 0)
        sources = pictures.evaluate_all("all => all.map(picture => picture.src)")
        assert all("/plex/library/poster/" in source for source in sources)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_the_pages_keep_nobody_out(self, visit, owner, scheme):
        window = visit(user=owner, color_scheme=scheme, reduced_motion="reduce")
        found = {}
        page = window.goto("/plex/library/?which=all")
        page.get_by_role("button", name="Add all of this page").click()
        import_page = page.url.removeprefix(window.base)
        work()
        for name, path in (
            ("library", "/plex/library/?which=all"),
            ("nothing", "/plex/library/?q=nothing-like-it"),
            ("import", import_page),
        ):
            for size in (DESKTOP, PHONE):
                page.set_viewport_size(size)
                window.goto(path)
                wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
                if wide or (told := violations(page)):
                    found[name, size["width"]] = "scrolls sideways" if wide else told
        assert found == {}
