"""The list of automatic matches that are worth a look."""

from __future__ import annotations

import pytest

from plex.models import PlexShowMapping, PlexViewing
from tests.factories import episode_of, make_show
from tests.plex.factories import (
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    changed,
    make_config,
    of_episode,
    scrobble,
)

pytestmark = pytest.mark.django_db
PAGE = "/plex/conflicts/worth-a-look/"


def mapped(title: str, confidence: float, **fields) -> PlexShowMapping:
    return PlexShowMappingFactory(
        plex_title=title,
        tvshow=make_show(f"Our {title}"),
        match_confidence=confidence,
        match_method=PlexShowMapping.Method.TITLE_YEAR,
        **fields,
    )


@pytest.mark.parametrize(
    ("confidence", "fields", "is_listed"),
    [
        (0.92, {}, True),
        (0.90, {"evidence": ["Title and year agree."]}, True),
        (0.95, {}, False),
        (1, {}, False),
        (0.92, {"manually_confirmed": True}, False),
        (1, {"manually_confirmed": True, "needs_review": "An id says otherwise."}, True),
        (0.92, {"sync_enabled": False}, False),
    ],
)
def test_lists_what_is_less_than_proved_by_an_id(client, owner, confidence, fields, is_listed):
    mapped("Severance", confidence, **fields)
    client.force_login(owner)

    shown = client.get(PAGE).content.decode()

    assert ("“Severance”" in shown) is is_listed
    assert ("Nothing to look at" in shown) is not is_listed
    for sentence in [*fields.get("evidence", []), fields.get("needs_review", "")]:
        assert sentence in shown


def test_a_play_that_is_recognised_by_its_date_is_listed_until_somebody_says_yes(
    play, client, owner
):
    show = make_show("Severance", {1: 3})
    mapping = play(of_episode(episode_of(show, 1, 1))).mapping
    client.force_login(owner)
    assert f"/plex/mappings/{mapping.pk}/choose/" in client.get(PAGE).content.decode()

    response = client.post(
        f"/plex/mappings/{mapping.pk}/choose/", {"tvshow_id": show.pk, "next": PAGE}
    )

    assert response["Location"] == PAGE
    mapping.refresh_from_db()
    assert mapping.manually_confirmed
    assert "“Severance”" not in client.get(PAGE).content.decode()


def test_saying_yes_clears_a_contradiction(client, owner):
    mapping = mapped("Severance", 1, manually_confirmed=True, needs_review="An id says otherwise.")
    client.force_login(owner)
    client.post(f"/plex/mappings/{mapping.pk}/choose/", {"tvshow_id": mapping.tvshow_id})
    mapping.refresh_from_db()
    assert mapping.needs_review == ""


def test_only_ones_own_shows_are_listed(client, viewer):
    mine, others = mapped("Severance", 0.92), mapped("Andor", 0.92)
    PlexWebhookLogFactory(config=make_config(viewer)[0], mapping=mine)
    client.force_login(viewer)

    shown = client.get(PAGE).content.decode()

    assert "“Severance”" in shown
    assert others.plex_title not in shown


def test_what_one_ignores_is_left_out(client, owner):
    mapped("Severance", 0.92).ignored_by.add(owner)
    client.force_login(owner)
    assert "Nothing to look at" in client.get(PAGE).content.decode()


def test_a_long_list_has_pages_and_a_fixed_number_of_queries(
    client, owner, django_assert_max_num_queries
):
    for number in range(25):
        mapped(f"Show {number:02}", 0.92)
    client.force_login(owner)

    with django_assert_max_num_queries(10):
        shown = client.get(PAGE).content.decode()

    assert "“Show 19”" in shown
    assert "“Show 20”" not in shown
    assert "“Show 24”" in client.get(PAGE, {"page": "2"}).content.decode()
    assert "“Show 24”" in client.get(PAGE, {"page": "99"}).content.decode()


def test_the_number_in_the_menu_counts_questions_alone(client, owner):
    mapped("Severance", 0.92)
    client.force_login(owner)
    assert client.get(PAGE).context["plex"].total == 0


def test_the_pages_lead_to_each_other(client, owner):
    client.force_login(owner)
    assert PAGE in client.get("/plex/conflicts/").content.decode()
    assert "/plex/conflicts/" in client.get(PAGE).content.decode()


@pytest.fixture
def by_number(play):
    """Three plays that only the number placed."""
    show = make_show("Severance", {1: 6})
    for number in (1, 2, 3):
        log = play(of_episode(episode_of(show, 1, number)))
        log.viewings.update(evidence=PlexViewing.NUMBER)
    return log.mapping


def test_evidence_of_a_play_is_kept(play):
    show = make_show("Severance", {1: 6})
    play(of_episode(episode_of(show, 1, 1)))
    play(changed(scrobble("Severance", 1, 2), title="Zweite"))
    assert sorted(PlexViewing.objects.values_list("evidence", flat=True)) == [
        "number",
        "number_and_date",
    ]


def test_plays_by_number_alone_are_listed_until_confirmed(client, owner, by_number, play):
    client.force_login(owner)
    url = f"/plex/mappings/{by_number.pk}/by-number/"
    assert "3 plays of “Severance”" in client.get(PAGE).content.decode()
    shown = client.get(url).content.decode()
    assert "All 3 are right" in shown
    assert shown.count("Another episode?") == 3
    until = PlexViewing.objects.order_by("-pk")[0].pk
    later = play(changed(scrobble("Severance", 1, 4), title="Vierte"))

    client.post(url, {"until": until})

    assert list(later.viewings.values_list("evidence", flat=True)) == ["number"]
    assert "1 play of “Severance”" in client.get(PAGE).content.decode()
    client.post(url, {"until": later.viewings.get().pk})
    assert "by-number" not in client.get(PAGE).content.decode()
    assert client.get(url).status_code == 302


def test_other_peoples_plays_by_number_are_not_shown(client, viewer, by_number):
    client.force_login(viewer)
    url = f"/plex/mappings/{by_number.pk}/by-number/"
    assert client.get(url).status_code == 404
    client.post(url, {"until": 10**9})
    assert set(PlexViewing.objects.values_list("evidence", flat=True)) == {"number"}
    assert "by-number" not in client.get(PAGE).content.decode()
