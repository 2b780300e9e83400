"""Many questions at once: clear suggestions after a preview, and shows that are no longer ignored."""

from __future__ import annotations

import pytest

from plex import resolution
from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from tests.factories import episode_of, make_show
from tests.plex.factories import (
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
    scrobble,
)
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db
PAGE = "/plex/conflicts/suggestions/"
IGNORED = "/plex/conflicts/ignored/"


@pytest.fixture
def asked(play):
    """Makes a question about a title, with a play that waits and these candidates."""

    def ask(title: str, matches: list[dict]) -> PlexConflict:
        log = play(scrobble(title, 1, 1))
        assert log.status == Status.HELD
        PlexConflict.objects.filter(pk=log.conflict_id).update(potential_matches=matches)
        return PlexConflict.objects.get(pk=log.conflict_id)

    return ask


def match(show: TVShow, score: float = 0.8) -> dict:
    return {"tvshow_id": show.pk, "title": show.title, "year": show.year, "score": score}


def test_what_is_clear_is_shown_and_taken_together(signed_in, asked):
    first, second = make_show("Andor: Origins", {1: 3}), make_show("Shogun (2024)", {1: 3})
    conflicts = [asked("Andor Plex", [match(first)]), asked("Shogun Plex", [match(second)])]

    shown = signed_in.get(PAGE).content.decode()
    assert "“Andor Plex”" in shown
    assert "1 play waits" in shown
    assert Watch.objects.count() == 0

    ticked = [f"{c.pk}:tvshow_id:{s.pk}" for c, s in zip(conflicts, (first, second), strict=True)]
    assert all(f'value="{value}"' in shown for value in ticked)
    answer = signed_in.post(PAGE, {"take": ticked}, follow=True).content.decode()

    assert "2 questions answered, 2 plays recorded." in answer
    assert "No clear suggestion" in answer
    assert set(Watch.objects.values_list("episode__season__show", flat=True)) == {
        first.pk,
        second.pk,
    }
    assert PlexShowMapping.objects.filter(manually_confirmed=True).count() == 2


def test_a_suggestion_from_tmdb_is_added(signed_in, asked, tmdb, settings):
    settings.TMDB_API_KEY, key = "", settings.TMDB_API_KEY
    matches = [{"tmdb_id": 700, "title": "Andor", "score": 0.85}]
    conflict = asked("Andor Plex", matches)
    settings.TMDB_API_KEY = key
    tmdb.add_show(700, "Andor", seasons={1: 3})
    signed_in.post(PAGE, {"take": [f"{conflict.pk}:tmdb_id:700"]})
    assert Watch.objects.get().episode.season.show.tmdb_id == 700


def test_what_is_not_ticked_or_not_clear_stays_open(signed_in, asked):
    show, other = make_show("Andor: Origins", {1: 3}), make_show("Andor: Endings", {1: 3})
    clear = asked("Andor Plex", [match(show)])
    unclear = asked("Which Andor", [match(show, 0.8), match(other, 0.75)])
    shown = signed_in.get(PAGE).content.decode()
    assert "“Which Andor”" not in shown

    told = signed_in.post(PAGE, {}, follow=True).content.decode()
    assert "Nothing was ticked" in told
    sent = {"take": [f"{unclear.pk}:tvshow_id:{show.pk}"]}
    told = signed_in.post(PAGE, sent, follow=True).content.decode()
    assert "the suggestion has changed meanwhile" in told
    assert PlexConflict.objects.open().count() == 2
    assert clear.pk in PlexConflict.objects.open().values_list("pk", flat=True)


@pytest.mark.parametrize("ticked", ["", "x", "9999:tvshow_id:1", "1", ":tvshow_id:1"])
def test_an_answer_that_fits_nothing_is_told(signed_in, ticked):
    told = signed_in.post(PAGE, {"take": [ticked]}, follow=True).content.decode()
    assert "answered meanwhile" in told


def test_only_what_was_shown_is_taken(signed_in, asked):
    show, other = make_show("Andor: Origins", {1: 3}), make_show("Andor: Endings", {1: 3})
    conflict = asked("Andor Plex", [match(show)])
    PlexConflict.objects.update(potential_matches=[match(other)])

    signed_in.post(PAGE, {"take": [f"{conflict.pk}:tvshow_id:{show.pk}"]})

    assert PlexConflict.objects.open().exists()


def test_one_that_fails_does_not_stop_the_others(signed_in, asked, settings):
    show = make_show("Andor: Origins", {1: 3})
    good = asked("Andor Plex", [match(show)])
    bad = asked("Gone", [{"tvshow_id": 99999, "title": "Gone", "score": 0.8}])

    sent = {"take": [f"{bad.pk}:tvshow_id:99999", f"{good.pk}:tvshow_id:{show.pk}"]}
    told = signed_in.post(PAGE, sent, follow=True).content.decode()

    assert "gone from the tracker" in told
    assert "1 question answered, 1 play recorded." in told


def test_questions_about_episodes_are_left_out(signed_in, owner):
    show = make_show("Andor", {1: 3})
    episode = {"episode_id": episode_of(show, 1, 1).pk, "title": "Pilot", "score": 0.9}
    conflict = PlexConflictFactory(
        conflict_type=PlexConflict.Type.EPISODE, potential_matches=[episode]
    )
    assert "No clear suggestion" in signed_in.get(PAGE).content.decode()
    signed_in.post(PAGE, {"take": [f"{conflict.pk}:episode_id:{episode['episode_id']}"]})
    assert PlexConflict.objects.open().exists()


def test_others_questions_are_neither_shown_nor_taken(client, asked, stranger):
    show = make_show("Andor: Origins", {1: 3})
    conflict = asked("Andor Plex", [match(show)])
    client.force_login(stranger)

    assert "“Andor Plex”" not in client.get(PAGE).content.decode()
    client.post(PAGE, {"take": [f"{conflict.pk}:tvshow_id:{show.pk}"]})
    assert PlexConflict.objects.open().exists()


def test_the_preview_needs_a_fixed_number_of_queries(
    signed_in, owner, django_assert_max_num_queries
):
    config, show = make_config(owner)[0], make_show("Andor")
    for _ in range(25):
        conflict = PlexConflictFactory(potential_matches=[match(show)])
        PlexWebhookLogFactory(config=config, conflict=conflict, status=Status.HELD)
    with django_assert_max_num_queries(8):
        shown = signed_in.get(PAGE).content.decode()
    assert shown.count('name="take"') == 20
    assert "There are more" in shown


def test_an_ignored_show_counts_again(signed_in, owner, play):
    make_show("The Office", {1: 6})
    make_show("The Office", {1: 6})
    log = play(scrobble("The Office", 1, 2, title="?"))
    resolution.resolve_conflict(log.conflict, user=owner, action="ignore")
    assert play(scrobble("The Office", 1, 3, title="?")).status == Status.IGNORED
    assert "“The Office”" in signed_in.get(IGNORED).content.decode()
    assert "Stop ignoring" in signed_in.get(f"/plex/mappings/{log.mapping_id}/").content.decode()

    response = signed_in.post(f"/plex/mappings/{log.mapping_id}/unignore/", follow=True)

    told = response.content.decode()
    assert "count for you again" in told
    assert "You ignore no show" in told
    assert play(scrobble("The Office", 1, 4, title="?")).status == Status.HELD


def test_an_ignored_show_without_events_can_be_taken_back(signed_in, owner, viewer, client):
    mapping = PlexShowMappingFactory()
    mapping.ignored_by.add(viewer)
    assert signed_in.post(f"/plex/mappings/{mapping.pk}/unignore/").status_code == 404

    client.force_login(viewer)
    assert client.post(f"/plex/mappings/{mapping.pk}/unignore/").status_code == 302
    assert not mapping.ignored_by.exists()
    assert PlexWebhookLog.objects.count() == 0
