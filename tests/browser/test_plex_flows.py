"""Plex in the browser: a question answered on the page and in the admin, an event seen arriving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from plex.models import PlexConfig, PlexConflict
from plex.processing import process_due
from tests.browser.looking import JAVASCRIPT, violations, watched
from tests.factories import TrackedShowFactory, episode_of, make_show
from tests.plex.factories import form, make_config, of_episode, scrobble
from tracker.models import TVShow


@pytest.fixture
def send(owner: User) -> Callable[[dict[str, Any]], None]:
    """Posts an event to the webhook as Plex does, and processes it."""
    _, secret = make_config(owner, auto_add_shows=False)

    def post(payload: dict[str, Any]) -> None:
        answer = Client().post(f"/api/plex/webhook?secret={secret}", form(payload))
        assert answer.status_code == 200
        process_due()

    return post


@pytest.fixture
def question(owner: User, send: Callable[[dict[str, Any]], None], tmdb) -> PlexConflict:
    """Two shows of one title, three plays that may be of either."""
    for country, year in (("US", 2005), ("GB", 2001)):
        show = make_show(
            "The Office",
            {1: 6},
            first_air_date=timezone.localdate().replace(year=year),
            origin_countries=[country],
        )
        TrackedShowFactory(user=owner, show=show)
    for number in range(1, 4):
        at = timezone.now() - timedelta(hours=4 - number)
        send(scrobble("The Office", 1, number, title=f"Part {number}", viewed_at=at))
    return PlexConflict.objects.get(resolved=False)


@JAVASCRIPT
def test_a_question_answered_on_the_page(visit, owner, question, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto("/")
    page.get_by_role("link", name="Decide", exact=True).click()
    expect(page.locator(".candidate")).to_have_count(2)
    page.get_by_role("button", name="Choose The Office (2001)").click()
    expect(page.locator(".toast").first).to_contain_text("3 plays")
    british = TVShow.objects.get(first_air_date__year=2001)
    assert watched(owner) == ["S01E01", "S01E02", "S01E03"]
    assert {watch.episode.season.show for watch in owner.watches.all()} == {british}


def test_a_question_answered_in_the_admin(visit, owner, question):
    window = visit(user=owner)
    page = window.goto(f"/admin/plex/plexconflict/{question.pk}/change/")
    page.get_by_role("button", name="Choose The Office (2001)").click()
    expect(page.locator(".messagelist")).to_contain_text("3 plays")
    assert watched(owner) == ["S01E01", "S01E02", "S01E03"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_plex_keep_nobody_out(visit, owner, question, scheme):
    window = visit(user=owner, color_scheme=scheme, reduced_motion="reduce")
    found = {}
    event = question.logs.first()
    for path in (
        "/plex/",
        "/plex/conflicts/",
        f"/plex/conflicts/{question.pk}/",
        "/plex/activity/",
        f"/plex/activity/{event.pk}/",
        f"/plex/mappings/{question.mapping_id}/",
        "/plex/statistics/",
    ):
        if report := violations(window.goto(path)):
            found[path] = report
    assert found == {}


def test_an_event_arrives_on_the_activity_page_by_itself(visit, owner, send):
    show = make_show("Harbour Lights", {1: 3})
    TrackedShowFactory(user=owner, show=show)
    page = visit(user=owner).goto("/plex/activity/")
    expect(page.get_by_text("Nothing has arrived yet")).to_be_visible()
    page.evaluate("window.stillHere = true")
    send(of_episode(episode_of(show, 1, 2), viewed_at=timezone.now()))
    expect(page.locator(".event").first).to_contain_text("Harbour Lights", timeout=10_000)
    assert page.evaluate("window.stillHere")


@JAVASCRIPT
def test_the_statistics_say_how_plex_does(visit, owner, question, scripts):
    page = visit(user=owner, java_script_enabled=scripts).goto("/statistics/")
    if not scripts:
        page.get_by_role("link", name="How the events of Plex went").click()
    part = page.locator("#plex-statistics")
    expect(part).to_contain_text("open conflict, 3 plays held")
    part.get_by_text("As a table").click()
    expect(part.get_by_role("columnheader", name="Held")).to_be_visible()
    if scripts:
        assert violations(page) == ""


@JAVASCRIPT
def test_settings_are_saved(visit, owner, send, scripts):
    window = visit(user=owner, java_script_enabled=scripts)
    page = window.goto("/plex/")
    page.locator("[name=record_rewatches]").check()
    page.locator("#settings").get_by_role("button", name="Save").click()
    expect(page.locator(".toast").first).to_be_visible()
    page = window.goto("/plex/")
    expect(page.locator("[name=record_rewatches]")).to_be_checked()
    assert PlexConfig.objects.get().record_rewatches
