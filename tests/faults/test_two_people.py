"""Two people with a tracker of their own in one installation: neither meets anything of the other."""

from __future__ import annotations

import pytest
from django.test import Client

from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog
from tests.faults.pages import Household, crawl, furnish, stored_text, text_of
from tracker.models import Watch

pytestmark = pytest.mark.django_db

ACTIONS = [
    "/plex/accounts/{account}/",
    "/plex/accounts/{guest}/",
    "/plex/accounts/{guest}/replay/",
    "/plex/conflicts/{conflict}/resolve/",
    "/plex/activity/{log}/again/",
    "/plex/mappings/{mapping}/choose/",
    "/plex/mappings/{mapping}/stop/",
    "/plex/mappings/{mapping}/resume/",
    "/plex/mappings/{mapping}/ignore/",
    "/api/plex/logs/{log}/retry",
    "/api/plex/mappings/{mapping}/confirm",
    "/api/plex/conflicts/{conflict}/resolve",
]


@pytest.fixture
def house(viewer) -> Household:
    return furnish(viewer, word="vera")


@pytest.fixture
def other(stranger, house) -> Household:
    return furnish(stranger, word="otto")


@pytest.fixture
def intruder(client: Client, other: Household) -> Client:
    client.force_login(other.user)
    client.raise_request_exception = False
    return client


def test_no_page_or_call_shows_the_other_s_events_questions_or_accounts(intruder, house, other):
    pages = {address: text_of(answer) for address, answer in crawl(intruder, about=house)}

    private = [*house.words, *house.secrets.values()]
    assert not [
        (address, word) for address, text in pages.items() for word in private if word in text
    ]
    seen = " ".join(pages.values())
    assert all(word in seen for word in other.words), "the crawl saw nothing of its own"


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_reaches_what_is_the_other_s(intruder, house, action):
    form = {
        "action": "select", "show": house.show.pk, "tvshow_id": house.show.pk,
        "users": house.user.pk, "never": "on",
    }  # fmt: skip
    before = stored_plex()

    answer = intruder.post(action.format(**house.ids), form)

    assert answer.status_code == 404, text_of(answer)[:300]
    assert stored_plex() == before


def stored_plex() -> list[object]:
    return [
        list(model._base_manager.order_by("pk").values())
        for model in (PlexWebhookLog, PlexConflict, PlexShowMapping, Watch)
    ]


def test_plays_count_for_their_own_user_only(house, other):
    assert set(Watch.objects.values_list("user__username", "episode__season__show")) == {
        ("viewer", house.show.pk),
        ("stranger", other.show.pk),
    }
    assert house.show != other.show
    assert house.secrets["secret"] not in stored_text()
