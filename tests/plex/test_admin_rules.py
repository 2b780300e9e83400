"""Rules in the admin: switched by whoever may change them."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from plex.models import PlexRule
from tests.factories import staff_with

pytestmark = pytest.mark.django_db

LIST = "/admin/plex/plexrule/"


@pytest.fixture
def rule(viewer) -> PlexRule:
    return PlexRule.objects.create(user=viewer, pattern="Dingo", verdict=PlexRule.Verdict.IGNORE)


def switch(client, rule: PlexRule, action: str) -> PlexRule:
    client.post(LIST, {"action": action, "_selected_action": [rule.pk]}, follow=True)
    rule.refresh_from_db()
    return rule


def test_are_switched_and_the_admins_log_says_so(client, rule):
    client.force_login(staff_with("view_plexrule", "change_plexrule"))

    assert not switch(client, rule, "switch_off").enabled
    assert switch(client, rule, "switch_on").enabled

    messages = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(messages) == ["Switched off", "Switched on"]


def test_looking_and_deleting_is_not_switching(client, rule):
    client.force_login(staff_with("view_plexrule", "delete_plexrule"))
    assert switch(client, rule, "switch_off").enabled


def test_are_neither_added_nor_edited_there(client, owner, rule):
    client.force_login(owner)
    assert client.get(f"{LIST}add/").status_code == 403
    client.post(f"{LIST}{rule.pk}/change/", {"pattern": "Other", "_save": "Save"})
    rule.refresh_from_db()
    assert rule.pattern == "Dingo"
