"""A server gave a rating key to another show: each play goes to the show that it names."""

from __future__ import annotations

from typing import Any

import pytest

from plex import resolution
from plex.models import Status
from tests.factories import episode_of, make_show
from tests.plex.factories import of_episode, scrobble
from tracker.models import Watch

pytestmark = pytest.mark.django_db


def of_key(key: int, number: int) -> dict[str, Any]:
    """An episode of a show that only its rating key names."""
    return {
        "grandparentGuid": f"local://{key}",
        "guid": f"local://{key}{number}",
        "grandparentRatingKey": str(key),
        "ratingKey": f"{key}{number}",
    }


def watched() -> set[tuple[str, str]]:
    watches = Watch.objects.standing().select_related("episode__season__show")
    return {(watch.episode.season.show.title, watch.episode.code) for watch in watches}


def test_two_titles_of_one_key_at_once(play, post, drain):
    make_show("Old Show", {1: 9})
    new = make_show("Quite Another One", {1: 9})
    play(of_episode(episode_of(new, 1, 1), **of_key(77, 1)))
    post(scrobble("Old Show", 1, 2, title="", **of_key(77, 2)))
    post(of_episode(episode_of(new, 1, 3), **of_key(77, 3)))
    drain()
    assert ("Quite Another One", "S01E02") not in watched()
    assert ("Quite Another One", "S01E03") in watched()


def test_both_are_met_for_the_first_time_at_once(post, drain):
    old, new = make_show("Old Show", {1: 9}), make_show("Quite Another One", {1: 9})
    post(of_episode(episode_of(old, 1, 1), **of_key(77, 1)))
    post(scrobble("Old Show", 1, 2, title="Alter Titel", **of_key(77, 2)))
    post(scrobble("Old Show", 1, 3, title="Noch einer", **of_key(77, 3)))
    post(of_episode(episode_of(new, 1, 4), **of_key(77, 4)))
    post(scrobble("Quite Another One", 1, 5, title="Und neu", **of_key(77, 5)))
    post(scrobble("Quite Another One", 1, 6, title="Noch neu", **of_key(77, 6)))
    drain()
    assert watched() == {
        *(("Old Show", f"S01E0{number}") for number in (1, 2, 3)),
        *(("Quite Another One", f"S01E0{number}") for number in (4, 5, 6)),
    }


def test_the_answer_about_the_earlier_show_reaches_its_plays(play, owner):
    right = make_show("Something", {1: 9})
    log = play(scrobble("Old Show", 1, 2, **of_key(77, 2)))
    play(scrobble("Quite Another One", 1, 2, **of_key(77, 3)))
    log.refresh_from_db()
    resolution.resolve_conflict(log.conflict, user=owner, action="select", show=right)
    log.refresh_from_db()
    assert log.status == Status.SUCCESS
    assert watched() == {("Something", "S01E02")}
