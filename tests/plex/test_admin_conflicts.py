"""Conflicts in the admin: list, page, answers, bulk actions, permissions."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from plex.models import PlexConflict, PlexShowMapping, Status
from tests.factories import episode_of, make_show, staff_with
from tests.plex.factories import (
    PlexAccountFactory,
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
    of_episode,
)
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db

LIST = "/admin/plex/plexconflict/"


def candidate(show: TVShow, score: float, **fields) -> dict[str, object]:
    return {
        "tvshow_id": show.pk,
        "tmdb_id": show.tmdb_id,
        "title": show.title,
        "year": show.year,
        "score": score,
        "reasons": ["same title"],
        "poster": "/poster.jpg",
        **fields,
    }


def question(
    owner: User, shows: list[tuple[TVShow, float]], *, title: str, plays: int = 3
) -> PlexConflict:
    """A conflict over these shows, with plays of the first one's episodes that wait for it."""
    config, _ = make_config(owner)
    account = PlexAccountFactory()
    account.users.add(owner)
    mapping = PlexShowMappingFactory(plex_title=title)
    conflict = PlexConflictFactory(
        mapping=mapping,
        conflict_type=PlexConflict.Type.MULTIPLE_MATCHES,
        reason="Both carry this title.",
        potential_matches=[candidate(show, score) for show, score in shows],
    )
    for number in range(1, plays + 1):
        message = of_episode(
            episode_of(shows[0][0], 1, number),
            account_id=account.account_id,
            account_title=account.account_title,
            grandparentGuid=mapping.plex_guid,
            grandparentRatingKey=mapping.plex_rating_key,
        )
        PlexWebhookLogFactory(
            config=config,
            account=account,
            mapping=mapping,
            conflict=conflict,
            status=Status.HELD,
            action_taken="conflict_created",
            payload=message,
            server_uuid=account.server_uuid,
            plex_season=1,
            plex_episode=number,
            item_key=message["Metadata"]["guid"],
        )
    return conflict


@pytest.fixture
def office(owner) -> tuple[TVShow, TVShow, PlexConflict]:
    us, uk = make_show("The Office", {1: 6}), make_show("The Office", {1: 6})
    return us, uk, question(owner, [(us, 0.86), (uk, 0.7)], title="The Office")


def test_the_list_shows_what_one_decides_by(signed_in, office):
    PlexConflictFactory(resolved=True, mapping__plex_title="Done long ago")

    shown = signed_in.get(LIST).content.decode()

    assert "The Office" in shown
    assert "Several shows could be meant" in shown
    assert '<td class="field-held_plays">3</td>' in shown
    assert "The Office (2020), 86 %" in shown
    assert "0\xa0minutes" in shown
    assert "Done long ago" not in shown
    assert "Done long ago" in signed_in.get(f"{LIST}?state=resolved").content.decode()
    assert "Done long ago" in signed_in.get(f"{LIST}?state=all").content.decode()


def test_the_number_of_queries_of_the_list_does_not_grow(
    signed_in, owner, django_assert_num_queries
):
    show = make_show("Severance", {1: 9})
    for _ in range(2):
        for number in range(6):
            question(owner, [(show, 0.8)], title=f"Title {number}", plays=2)
        with django_assert_num_queries(5):
            signed_in.get(f"{LIST}?state=all")


def test_the_page_shows_the_candidates_side_by_side(signed_in, office):
    us, uk, conflict = office

    shown = signed_in.get(f"{LIST}{conflict.pk}/change/").content.decode()

    assert "Both carry this title." in shown
    assert "3 plays wait" in shown
    assert "86 % match" in shown
    assert "same title" in shown
    assert "https://image.tmdb.org/t/p/w154/poster.jpg" in shown
    for show in (us, uk):
        assert f'name="tvshow_id" value="{show.pk}"' in shown
    assert f'action="{LIST}{conflict.pk}/resolve/"' in shown
    assert 'name="tmdb_id"' in shown
    assert "style=" not in shown


def test_search_on_the_page(signed_in, office, tmdb):
    _, _, conflict = office
    tmdb.add_show(2316, "Office Hours", seasons={1: 2})

    shown = signed_in.get(f"{LIST}{conflict.pk}/change/", {"q": "office"}).content.decode()

    assert 'name="tmdb_id" value="2316"' in shown


def test_choosing_records_the_plays_and_leads_to_the_next_question(signed_in, office, owner):
    us, _, conflict = office
    following = PlexConflictFactory()

    response = signed_in.post(
        f"{LIST}{conflict.pk}/resolve/", {"action": "select", "tvshow_id": us.pk}, follow=True
    )

    assert response.redirect_chain == [(f"{LIST}{following.pk}/change/", 302)]
    assert "3 plays were recorded for The Office." in response.content.decode()
    assert Watch.objects.filter(user=owner, episode__season__show=us).count() == 3
    assert LogEntry.objects.get().object_id == str(conflict.pk)


def test_the_last_answer_leads_back_to_the_list(signed_in, office):
    us, _, conflict = office

    response = signed_in.post(
        f"{LIST}{conflict.pk}/resolve/", {"action": "select", "tvshow_id": us.pk}
    )

    assert response["Location"] == LIST


def test_a_show_is_added_from_tmdb(signed_in, tmdb):
    tmdb.add_show(1399, "Game of Thrones", seasons={1: 10})
    conflict = PlexConflictFactory()

    signed_in.post(f"{LIST}{conflict.pk}/resolve/", {"action": "create_new", "tmdb_id": "1399"})

    conflict.refresh_from_db()
    assert conflict.resolved_tvshow == TVShow.objects.get(tmdb_id=1399)


def test_an_answer_that_fails_stays_on_the_page(signed_in, office):
    _, _, conflict = office

    response = signed_in.post(f"{LIST}{conflict.pk}/resolve/", {"action": "select"}, follow=True)

    assert response.redirect_chain == [(f"{LIST}{conflict.pk}/change/", 302)]
    assert "Choose one of the shows." in response.content.decode()


def test_a_resolved_question_offers_no_answer(signed_in):
    show = make_show("Severance")
    conflict = PlexConflictFactory(
        resolved=True,
        resolved_tvshow=show,
        resolution_action="user_selected",
        potential_matches=[candidate(show, 0.8)],
    )

    shown = signed_in.get(f"{LIST}{conflict.pk}/change/").content.decode()

    assert "Chosen" in shown
    assert "/resolve/" not in shown


def test_staff_who_may_only_look_get_no_buttons_and_can_not_post(client, office):
    us, _, conflict = office
    client.force_login(staff_with("view_plexconflict"))

    page = client.get(f"{LIST}{conflict.pk}/change/")
    assert page.status_code == 200
    assert "/resolve/" not in page.content.decode()
    assert "accept_best" not in client.get(LIST).content.decode()
    answer = {"action": "select", "tvshow_id": us.pk}
    assert client.post(f"{LIST}{conflict.pk}/resolve/", answer).status_code == 403
    client.post(LIST, {"action": "ignore", "_selected_action": [conflict.pk]})
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_staff_without_any_permission_see_nothing(client, office):
    us, _, conflict = office
    client.force_login(staff_with())

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{conflict.pk}/change/").status_code == 403
    answer = {"action": "select", "tvshow_id": us.pk}
    assert client.post(f"{LIST}{conflict.pk}/resolve/", answer).status_code == 403


def test_whoever_is_no_staff_is_sent_away(client, office, viewer):
    _, _, conflict = office
    client.force_login(viewer)

    assert client.post(f"{LIST}{conflict.pk}/resolve/", {"action": "ignore"}).status_code == 302
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_staff_with_the_permission_may_answer(client, office):
    us, _, conflict = office
    client.force_login(staff_with("view_plexconflict", "change_plexconflict"))

    client.post(f"{LIST}{conflict.pk}/resolve/", {"action": "select", "tvshow_id": us.pk})

    conflict.refresh_from_db()
    assert conflict.resolved


def test_the_address_takes_posts_only(signed_in, office):
    _, _, conflict = office

    assert signed_in.get(f"{LIST}{conflict.pk}/resolve/").status_code == 405
    assert signed_in.post(f"{LIST}999/resolve/").status_code == 404
    assert signed_in.get(f"{LIST}nonsense/change/").status_code == 302


def test_accepting_the_best_takes_only_clear_ones(signed_in, owner):
    first, second = make_show("Severance", {1: 3}), make_show("Severance Pay", {1: 3})
    clear = question(owner, [(first, 0.86), (second, 0.6)], title="Severance", plays=2)
    close = question(owner, [(second, 0.8), (first, 0.78)], title="Close call")
    none = PlexConflictFactory(mapping__plex_title="Nobody knows")

    response = signed_in.post(
        LIST,
        {"action": "accept_best", "_selected_action": [clear.pk, close.pk, none.pk]},
        follow=True,
    )

    shown = response.content.decode()
    assert "1 conflict answered, 2 plays recorded." in shown
    assert "“Close call”, “Nobody knows”: no candidate is clearly the best" in shown
    clear.refresh_from_db()
    assert clear.resolved_tvshow == first
    assert PlexConflict.objects.open().count() == 2


def test_ignoring_several(signed_in, owner, office):
    _, _, conflict = office
    other = question(owner, [(make_show("Severance", {1: 3}), 0.8)], title="Severance")

    signed_in.post(LIST, {"action": "ignore", "_selected_action": [conflict.pk, other.pk]})

    assert not PlexConflict.objects.open().exists()
    assert PlexShowMapping.objects.filter(ignored_by=owner).count() == 2


def test_a_show_that_is_gone_is_said_so(signed_in, owner):
    show = make_show("Severance", {1: 3})
    conflict = question(owner, [(show, 0.86)], title="Severance", plays=1)
    show.delete()

    response = signed_in.post(
        LIST, {"action": "accept_best", "_selected_action": [conflict.pk]}, follow=True
    )

    assert "That show is gone from the tracker" in response.content.decode()
