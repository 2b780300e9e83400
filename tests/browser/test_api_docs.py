from __future__ import annotations

import pytest

from tests.factories import UserFactory


@pytest.mark.django_db(transaction=True)
def test_the_api_s_page_lists_the_calls_and_tries_one(visit):
    """`visit` fails the test for any script error and any breach of the content security policy."""
    window = visit(user=UserFactory())
    page = window.goto("/api/docs")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() >= 20
    # This one writes, so the page has to send the CSRF token of the session.
    call = page.locator("#operations-plex-plex_config_save")
    call.locator(".opblock-summary-control").click()
    call.locator("button.try-out__btn").click()
    call.locator("textarea").fill('{"plex_token": "abc"}')
    call.locator("button.execute").click()
    assert "api/plex/webhook?secret=" in call.locator(".live-responses-table").inner_text()
