"""Wrong show and wrong episode, from the pages: look, confirm, undo."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from plex.models import PlexCorrection, PlexEpisodeMapping, PlexShowMapping, Status
from tests.factories import WatchFactory, episode_of, make_show
from tests.plex.factories import changed, of_episode
from tracker import watching
from tracker.models import Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def shows():
    return make_show("Severance", {1: 6}), make_show("Severance Pay", {1: 6})


@pytest.fixture
def mapping(play, shows):
    for number in (1, 2):
        play(of_episode(episode_of(shows[0], 1, number)))
    return PlexShowMapping.objects.get()


def plan_in(page: str) -> str:
    return re.findall(r'name="plan" value="(\w+)"', page)[0]


def numbers(show) -> list[int]:
    rows = Watch.objects.standing().filter(episode__season__show=show)
    return sorted(rows.values_list("episode__episode_number", flat=True))


def test_choosing_another_show_leads_to_what_would_move(signed_in, mapping, shows):
    response = signed_in.post(
        f"/plex/mappings/{mapping.pk}/choose/", {"tvshow_id": shows[1].pk}, follow=True
    )

    shown = response.content.decode()
    assert "2 plays move with their dates." in shown
    assert "Severance S01E02" in shown
    assert "Severance Pay S01E02" in shown
    mapping.refresh_from_db()
    assert mapping.tvshow == shows[0]
    assert numbers(shows[0]) == [1, 2]


def test_wrong_show_is_applied_and_undone(signed_in, mapping, shows):
    url = f"/plex/mappings/{mapping.pk}/move/"
    plan = plan_in(signed_in.get(url, {"show": shows[1].pk}).content.decode())

    done = signed_in.post(url, {"show": shows[1].pk, "plan": plan}, follow=True).content.decode()

    assert "2 plays were moved to Severance Pay." in done
    assert numbers(shows[1]) == [1, 2]
    correction = PlexCorrection.objects.get()
    undo = f"/plex/corrections/{correction.pk}/undo/"
    assert undo in done

    undone = signed_in.post(undo, follow=True).content.decode()

    assert "Undone: 2 plays are as before" in undone
    assert undo not in undone
    assert numbers(shows[0]) == [1, 2]
    again = signed_in.post(undo, follow=True).content.decode()
    assert "undone already" in again


@pytest.mark.parametrize("plan", ["", "made-up"])
def test_nothing_is_applied_that_was_not_shown(signed_in, mapping, shows, plan):
    url = f"/plex/mappings/{mapping.pk}/move/"
    response = signed_in.post(url, {"show": shows[1].pk, "plan": plan})
    assert response.status_code == 409
    assert "Something has changed since" in response.content.decode()
    assert numbers(shows[0]) == [1, 2]


def test_a_play_in_between_shows_the_preview_again(signed_in, mapping, shows, play):
    url = f"/plex/mappings/{mapping.pk}/move/"
    plan = plan_in(signed_in.get(url, {"show": shows[1].pk}).content.decode())
    play(of_episode(episode_of(shows[0], 1, 3)))

    response = signed_in.post(url, {"show": shows[1].pk, "plan": plan})

    assert response.status_code == 409
    shown = response.content.decode()
    assert "3 plays move" in shown
    signed_in.post(url, {"show": shows[1].pk, "plan": plan_in(shown)})
    assert numbers(shows[1]) == [1, 2, 3]


def test_every_kind_of_row_says_what_becomes_of_it(signed_in, mapping, shows, owner, play):
    short = make_show("Short", {1: 2})
    WatchFactory(user=owner, episode=episode_of(short, 1, 1), watched_at=timezone.now())
    Watch.objects.filter(episode=episode_of(shows[0], 1, 2)).update(source="manual")
    play(of_episode(episode_of(shows[0], 1, 3)))
    gone = play(of_episode(episode_of(shows[0], 1, 4)))
    gone.delete()

    shown = signed_in.get(f"/plex/mappings/{mapping.pk}/move/", {"show": short.pk}).content.decode()

    for sentence in (
        "1 play moves with its date.",
        "1 is watched there already.",
        "1 has no place there and is decided again.",
        "1 has no place there and stays.",
        "and that date stays",
        "something else stands for it",
        "it is taken back and decided again",
        "its event is gone",
    ):
        assert sentence in shown


def test_plays_that_stand_elsewhere_are_told_of_and_moved(signed_in, mapping, shows):
    PlexShowMapping.objects.update(tvshow=shows[1])
    page = signed_in.get(f"/plex/mappings/{mapping.pk}/").content.decode()
    assert "2 plays that came through it stand in another show" in page
    url = f"/plex/mappings/{mapping.pk}/move/"
    plan = plan_in(signed_in.get(url, {"show": shows[1].pk}).content.decode())

    signed_in.post(url, {"show": shows[1].pk, "plan": plan})

    assert numbers(shows[1]) == [1, 2]


def test_a_wrong_episode_is_corrected_for_later_plays_too_and_undone(
    signed_in, mapping, shows, play
):
    watch = Watch.objects.get(episode=episode_of(shows[0], 1, 2))
    url = f"/plex/watches/{watch.pk}/episode/"
    assert "This was another episode" in signed_in.get(url).content.decode()
    right = episode_of(shows[0], 1, 5)

    shown = signed_in.get(url, {"episode": right.pk}).content.decode()
    assert "Later plays of this Plex episode are recorded as Severance S01E05" in shown
    response = signed_in.post(url, {"episode": right.pk, "plan": plan_in(shown)}, follow=True)

    assert "It is Severance S01E05 now." in response.content.decode()
    watch.refresh_from_db()
    assert watch.episode == right
    Watch.objects.filter(pk=watch.pk).update(removed_at=timezone.now())
    later = play(
        of_episode(episode_of(shows[0], 1, 2), viewed_at=timezone.now(), ratingKey="another copy")
    )
    assert later.status != Status.HELD
    assert "You said that this is S01E05" in str(later.trace)
    Watch.objects.filter(pk=watch.pk).update(removed_at=None)
    Watch.objects.exclude(pk=watch.pk).filter(episode=right).delete()

    signed_in.post(f"/plex/corrections/{PlexCorrection.objects.get().pk}/undo/")

    watch.refresh_from_db()
    assert watch.episode == episode_of(shows[0], 1, 2)
    assert not PlexEpisodeMapping.objects.exists()


def test_an_episode_can_be_of_another_show_though_the_rest_is_right(
    signed_in, mapping, shows, play, owner
):
    watch = Watch.objects.get(episode=episode_of(shows[0], 1, 2))
    url = f"/plex/watches/{watch.pk}/episode/"
    right = episode_of(shows[1], 1, 6)
    assert f"?show={shows[1].pk}" in signed_in.get(url, {"q": "pay"}).content.decode()
    assert f'value="{right.pk}"' in signed_in.get(url, {"show": shows[1].pk}).content.decode()

    shown = signed_in.get(url, {"episode": right.pk}).content.decode()
    signed_in.post(url, {"episode": right.pk, "plan": plan_in(shown)})

    watch.refresh_from_db()
    assert watch.episode == right
    watching.remove_watch(watch, now=timezone.now())
    later = changed(of_episode(episode_of(shows[0], 1, 2)), lastViewedAt=None)
    assert play(later).tvshow == shows[1]
    mapping.refresh_from_db()
    assert mapping.tvshow == shows[0]
    assert play(of_episode(episode_of(shows[0], 1, 3))).tvshow == shows[0]


def test_the_links_lead_there(signed_in, mapping, shows):
    watch = Watch.objects.get(episode=episode_of(shows[0], 1, 2))
    url = f"/plex/watches/{watch.pk}/episode/"
    assert url in signed_in.get(f"/episodes/{watch.episode_id}/").content.decode()
    log_id = watch.viewings.get().log_id
    assert url in signed_in.get(f"/plex/activity/{log_id}/").content.decode()


def test_what_one_did_not_play_can_not_be_guessed(client, stranger, mapping, shows):
    client.force_login(stranger)
    watch = Watch.objects.all()[0]
    assert client.get(f"/plex/watches/{watch.pk}/episode/").status_code == 404
    moving = {"show": shows[1].pk, "plan": "x"}
    assert client.get(f"/plex/mappings/{mapping.pk}/move/", moving).status_code == 404
    assert client.post(f"/plex/mappings/{mapping.pk}/move/", moving).status_code == 404
    correction = PlexCorrection.objects.create(mapping=mapping, kind="show", summary="x")
    assert client.post(f"/plex/corrections/{correction.pk}/undo/").status_code == 404


@pytest.mark.parametrize("show", ["", "0", "x", "999999"])
def test_a_show_that_is_not_there_is_not_found(signed_in, mapping, show):
    assert signed_in.get(f"/plex/mappings/{mapping.pk}/move/", {"show": show}).status_code == 404
