"""Corrections in the admin: listed, and undone by an administrator."""

from __future__ import annotations

import pytest

from plex import resolution
from plex.models import PlexCorrection, PlexShowMapping
from tests.factories import episode_of, make_show, staff_with
from tests.plex.factories import of_episode

pytestmark = pytest.mark.django_db

LIST = "/admin/plex/plexcorrection/"


@pytest.fixture
def correction(play, owner) -> PlexCorrection:
    wrong, right = make_show("Severance", {1: 4}), make_show("Severance Pay", {1: 4})
    play(of_episode(episode_of(wrong, 1, 1)))
    resolution.correct_mapping(PlexShowMapping.objects.get(), user=owner, show=right)
    return PlexCorrection.objects.get()


def undo(client, *corrections: PlexCorrection) -> str:
    sent = {"action": "undo", "_selected_action": [one.pk for one in corrections]}
    return client.post(LIST, sent, follow=True).content.decode()


def test_is_undone_once(client, owner, correction):
    client.force_login(owner)

    assert "Undone: Severance (2020) → Severance Pay (2020)." in undo(client, correction)
    assert "This was undone already" in undo(client, correction)
    assert PlexShowMapping.objects.get().tvshow == correction.from_show


def test_the_rows_as_they_were_are_not_shown(client, owner, correction):
    client.force_login(owner)
    shown = client.get(f"{LIST}{correction.pk}/change/").content.decode()
    assert "Severance Pay" in shown
    assert "episode_mappings" not in shown


def test_looking_is_not_undoing(client, correction):
    client.force_login(staff_with("view_plexcorrection"))
    assert client.get(LIST).status_code == 200
    undo(client, correction)
    correction.refresh_from_db()
    assert correction.undone_at is None
