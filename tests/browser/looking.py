"""What the tests in the browser look at: what axe finds on a page, and what was recorded."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User

from tracker.models import Watch

JAVASCRIPT = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def violations(page) -> str:
    """What keeps people out of a page, as a report; "" for nothing."""
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


def watched(user: User) -> list[str]:
    watches = Watch.objects.standing().filter(user=user).select_related("episode__season")
    return sorted(watch.episode.code for watch in watches)
