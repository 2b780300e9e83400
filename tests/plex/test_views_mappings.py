"""How a show is mapped to Plex, and "wrong show?"."""

from __future__ import annotations

import pytest

from plex.models import PlexShowMapping
from tests.factories import make_show
from tests.plex.factories import (
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
)
from tracker.models import TVShow

pytestmark = pytest.mark.django_db


def mapped(show: TVShow | None = None, **fields) -> PlexShowMapping:
    return PlexShowMappingFactory(
        **{
            "plex_title": "Severance",
            "tvshow": show,
            "match_confidence": "0.95",
            "match_method": "tvdb_id",
            "evidence": ["TVDB says so."],
            **fields,
        }
    )


def test_the_part_of_a_shows_page_says_how_it_is_known(signed_in):
    show = make_show("Severance")
    mapping = mapped(show, needs_review="Later ids contradict.")
    mapped(make_show("Other"), plex_title="Other on Plex")

    response = signed_in.get(f"/plex/shows/{show.pk}/mapping/", headers={"HX-Request": "true"})

    shown = response.content.decode()
    assert "<html" not in shown
    assert "TVDB id, 95 % sure" in shown
    assert "TVDB says so." in shown
    assert "Later ids contradict." in shown
    assert f"/plex/mappings/{mapping.pk}/" in shown
    assert "Other on Plex" not in shown


def test_the_part_is_a_page_by_itself_without_htmx(signed_in):
    show = make_show("Severance")

    shown = signed_in.get(f"/plex/shows/{show.pk}/mapping/").content.decode()

    assert "<html" in shown
    assert "Nothing of this show was played on Plex yet." in shown


def test_a_show_is_confirmed(signed_in):
    show = make_show("Severance")
    mapping = mapped(show)
    assert "Yes, it is Severance" in signed_in.get(f"/plex/mappings/{mapping.pk}/").content.decode()

    signed_in.post(f"/plex/mappings/{mapping.pk}/choose/", {"tvshow_id": show.pk})

    mapping.refresh_from_db()
    assert mapping.manually_confirmed
    assert "Yes, it is" not in signed_in.get(f"/plex/mappings/{mapping.pk}/").content.decode()


def test_the_right_show_can_come_from_tmdb(signed_in, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    mapping = mapped()

    found = signed_in.get(f"/plex/mappings/{mapping.pk}/", {"q": "severance"}).content.decode()
    assert 'name="tmdb_id" value="95396"' in found
    signed_in.post(f"/plex/mappings/{mapping.pk}/choose/", {"tmdb_id": "95396"})

    mapping.refresh_from_db()
    assert mapping.tvshow is not None
    assert mapping.tvshow.tmdb_id == 95396


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose a show"),
        ({"tvshow_id": "77777"}, "gone from the tracker"),
        ({"tmdb_id": "404404"}, "TMDB"),
    ],
)
def test_a_choice_that_does_not_work_changes_nothing(signed_in, tmdb, sent, said):
    show = make_show("Severance")
    mapping = mapped(show)

    response = signed_in.post(f"/plex/mappings/{mapping.pk}/choose/", sent)

    assert response.status_code == 422
    assert said in response.content.decode()
    mapping.refresh_from_db()
    assert mapping.tvshow == show


def test_sync_is_stopped_and_taken_up_again(signed_in):
    show = make_show("Severance")
    mapping = mapped(show)
    back = f"/shows/{show.pk}/"

    response = signed_in.post(f"/plex/mappings/{mapping.pk}/stop/", {"next": back})
    assert response["Location"] == back
    mapping.refresh_from_db()
    assert not mapping.sync_enabled

    response = signed_in.post(
        f"/plex/mappings/{mapping.pk}/resume/", {"next": "https://evil.example/"}
    )
    assert response["Location"] == f"/plex/mappings/{mapping.pk}/"
    mapping.refresh_from_db()
    assert mapping.sync_enabled


def test_a_plex_show_is_ignored_by_one_person(signed_in, owner):
    mapping = mapped()

    response = signed_in.post(f"/plex/mappings/{mapping.pk}/ignore/", follow=True)

    assert list(mapping.ignored_by.all()) == [owner]
    assert "You ignore this show" in response.content.decode()


def test_open_questions_are_linked(signed_in):
    mapping = mapped()
    conflict = PlexConflictFactory(mapping=mapping)

    assert (
        f"/plex/conflicts/{conflict.pk}/"
        in signed_in.get(f"/plex/mappings/{mapping.pk}/").content.decode()
    )


@pytest.mark.parametrize("action", ["choose", "stop", "resume", "ignore"])
def test_other_peoples_mappings_can_not_be_guessed(client, stranger, action):
    show = make_show("Severance")
    mapping = mapped(show)
    client.force_login(stranger)

    assert client.get(f"/plex/mappings/{mapping.pk}/").status_code == 404
    response = client.post(f"/plex/mappings/{mapping.pk}/{action}/", {"tvshow_id": show.pk})
    assert response.status_code == 404
    mapping.refresh_from_db()
    assert mapping.sync_enabled
    assert not mapping.manually_confirmed
    part = client.get(f"/plex/shows/{show.pk}/mapping/", headers={"HX-Request": "true"})
    assert "Wrong show?" not in part.content.decode()


def test_whoever_sent_events_of_it_may_decide(client, viewer):
    config, _ = make_config(viewer)
    mapping = mapped(make_show("Severance"))
    PlexWebhookLogFactory(config=config, mapping=mapping)
    client.force_login(viewer)

    assert client.get(f"/plex/mappings/{mapping.pk}/").status_code == 200
