"""The pages around the open questions, with something on each: axe finds nothing, nothing is too wide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import violations
from tests.factories import make_show
from tests.plex.factories import (
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
    scrobble,
)

LONG = "The Extraordinarily Long Adventures of a Lighthouse Keeper and His Brother"


@pytest.fixture
def event(owner: User) -> PlexWebhookLog:
    """A question with a clear suggestion, its play, and rows for each list."""
    config, _ = make_config(owner)
    show = make_show(LONG, {1: 3})
    mapping = PlexShowMappingFactory(
        plex_title=LONG,
        plex_year=2020,
        tvshow=show,
        match_confidence=0.92,
        match_method=PlexShowMapping.Method.TITLE_YEAR,
        evidence=["The title is the same.", "The show's own year is the same."],
    )
    PlexShowMappingFactory(plex_title=f"{LONG}, uncut").ignored_by.add(owner)
    PlexConflictFactory(
        mapping=mapping,
        resolved=True,
        resolved_at=timezone.now() - timedelta(hours=3),
        resolved_tvshow=show,
        resolution_action=PlexConflict.Resolution.AUTO_RESOLVED,
    )
    found = {"tvshow_id": show.pk, "title": LONG, "year": 2020, "score": 0.8, "reasons": ["title"]}
    conflict = PlexConflictFactory(plex_title="Lighthouse", potential_matches=[found])
    other = {"tmdb_id": 7, "title": "Andor", "year": 2022, "score": 0.7, "reasons": ["title"]}
    PlexConflictFactory(plex_title="Andor on Plex", potential_matches=[other])
    return PlexWebhookLogFactory(
        config=config,
        conflict=conflict,
        mapping=conflict.mapping,
        status=Status.HELD,
        payload=scrobble(LONG, 1, 1),
        plex_title=LONG,
        viewed_at=timezone.now() - timedelta(hours=5),
    )


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_conflicts_keep_nobody_out(visit, owner, event, scheme, size):
    window = visit(user=owner, color_scheme=scheme, viewport=size, reduced_motion="reduce")
    found = {}
    names = "", "suggestions/", "worth-a-look/", "ignored/"
    paths = [*(f"/plex/conflicts/{name}" for name in names), f"/plex/activity/{event.pk}/"]
    for path in paths:
        page = window.goto(path)
        if path.startswith("/plex/activity"):
            page.get_by_role("button", name="What would happen now?").click()
            page.get_by_role("heading", name="What would happen now").wait_for()
        page.wait_for_load_state("networkidle")
        found[path] = violations(page)
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found[f"{path}, width"] = "too wide" if wider > 0 else ""
    assert {name: what for name, what in found.items() if what} == {}


def test_suggestions_are_unticked_and_taken(visit, owner, event):
    page = visit(user=owner).goto("/plex/conflicts/suggestions/")
    page.get_by_label("Take Andor").uncheck()
    page.get_by_role("button", name="Take the ticked suggestions").click()
    page.get_by_text("1 question answered").wait_for()
    assert page.get_by_text("“Andor on Plex”").first.is_visible()
    assert not page.get_by_text("“Lighthouse”").count()
