"""A wrong show put right in the browser: look, confirm, undo."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from plex.models import PlexShowMapping, PlexViewing
from plex.processing import process_due
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import JAVASCRIPT, violations
from tests.factories import episode_of, make_show
from tests.plex.factories import form, make_config, of_episode
from tracker.models import TVShow, Watch


@pytest.fixture
def shows(owner: User) -> tuple[TVShow, TVShow]:
    """Two plays that were recorded for the first, and are of the second."""
    wrong, right = make_show("Severance", {1: 4}), make_show("Severance Pay", {1: 4})
    _, secret = make_config(owner)
    for number in (1, 2):
        payload = form(of_episode(episode_of(wrong, 1, number)))
        assert Client().post(f"/api/plex/webhook?secret={secret}", payload).status_code == 200
    process_due()
    assert PlexShowMapping.objects.get().tvshow == wrong
    return wrong, right


def watched(show: TVShow) -> int:
    return Watch.objects.standing().filter(episode__season__show=show).count()


@JAVASCRIPT
def test_a_wrong_show_is_looked_at_corrected_and_undone(visit, owner, shows, tmdb, scripts):
    wrong, right = shows
    window = visit(user=owner, java_script_enabled=scripts)
    page = window.goto(f"/plex/mappings/{PlexShowMapping.objects.get().pk}/?q=severance")
    page.get_by_role("button", name="Choose Severance Pay").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "“Severance” is Severance Pay (2020)?"
    )
    expect(page.locator(".move")).to_have_count(2)
    assert (watched(wrong), watched(right)) == (2, 0)
    page.get_by_role("button", name="Yes, it is Severance Pay").click()

    expect(page.locator(".toast").first).to_contain_text("2 plays were moved to Severance Pay.")
    assert (watched(wrong), watched(right)) == (0, 2)
    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".toast").first).to_contain_text("Undone")
    assert (watched(wrong), watched(right)) == (2, 0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_corrections_keep_nobody_out(visit, owner, shows, scheme, size):
    PlexViewing.objects.update(evidence=PlexViewing.NUMBER)
    mapping, watch = PlexShowMapping.objects.get(), Watch.objects.order_by("pk")[0]
    window = visit(user=owner, color_scheme=scheme, viewport=size, reduced_motion="reduce")
    found = {}
    for path in (
        f"/plex/mappings/{mapping.pk}/move/?show={shows[1].pk}",
        f"/plex/mappings/{mapping.pk}/by-number/",
        f"/plex/watches/{watch.pk}/episode/?episode={episode_of(shows[0], 1, 4).pk}",
        f"/plex/shows/{shows[0].pk}/merge/?going={shows[1].pk}",
        "/plex/conflicts/worth-a-look/",
    ):
        page = window.goto(path)
        page.wait_for_load_state("networkidle")
        found[path] = violations(page)
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found[f"{path}, width"] = "too wide" if wider > 0 else ""
    assert {name: what for name, what in found.items() if what} == {}
