"""Conflicts on the page: what they show, and what the answers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from plex import context_processors
from plex.cards import candidates_of, clear_best
from plex.models import PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from tests.factories import episode_of, make_show
from tests.plex.factories import (
    PlexAccountFactory,
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
    scrobble,
)
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(play) -> tuple[TVShow, TVShow, PlexConflict]:
    """Two shows of one title, and three plays that could be of either."""
    us = make_show("The Office", {1: 6}, first_air_date=datetime(2005, 3, 24, tzinfo=UTC).date())
    uk = make_show("The Office", {1: 6}, first_air_date=datetime(2001, 7, 9, tzinfo=UTC).date())
    now = timezone.now().replace(microsecond=0)
    for number in (1, 2, 3):
        log = play(
            scrobble(
                "The Office", 1, number, title="?", viewed_at=now - timedelta(hours=9 - number)
            )
        )
        assert log.status == Status.HELD
    return us, uk, PlexConflict.objects.get()


def test_shows_what_waits_with_its_candidates(signed_in, office):
    us, uk, conflict = office

    shown = signed_in.get("/plex/conflicts/").content.decode()

    assert "“The Office”" in shown
    assert "3 plays wait" in shown
    assert f'name="tvshow_id" value="{us.pk}"' in shown
    assert f'name="tvshow_id" value="{uk.pk}"' in shown
    assert "2005" in shown
    assert "% match" in shown
    assert conflict.get_conflict_type_display() in shown


def test_choosing_a_show_records_the_plays_with_their_times(signed_in, office, owner):
    us, _, conflict = office

    response = signed_in.post(
        f"/plex/conflicts/{conflict.pk}/resolve/",
        {"action": "select", "tvshow_id": us.pk},
        follow=True,
    )

    shown = response.content.decode()
    assert "3 plays were recorded for The Office." in shown
    assert "Nothing to decide" in shown
    watches = Watch.objects.filter(user=owner, episode__season__show=us)
    assert len(set(watches.values_list("watched_at", flat=True))) == 3
    conflict.refresh_from_db()
    assert (conflict.resolved, conflict.resolved_tvshow) == (True, us)


def test_an_answer_leads_to_the_next_open_question(signed_in, office):
    _, uk, conflict = office
    other = PlexConflictFactory()

    response = signed_in.post(
        f"/plex/conflicts/{conflict.pk}/resolve/", {"action": "select", "tvshow_id": uk.pk}
    )

    assert response["Location"] == f"/plex/conflicts/{other.pk}/"


@pytest.mark.parametrize(
    "entered", ["1399", "https://www.themoviedb.org/tv/1399-game-of-thrones?language=de"]
)
def test_a_show_can_be_added_by_its_number_or_address(signed_in, play, tmdb, settings, entered):
    key, settings.TMDB_API_KEY = settings.TMDB_API_KEY, ""
    play(scrobble("Something Else Entirely", 1, 2, title="Story 1-2"))
    settings.TMDB_API_KEY = key
    tmdb.add_show(1399, "Game of Thrones", seasons={1: 10})
    conflict = PlexConflict.objects.get()

    signed_in.post(
        f"/plex/conflicts/{conflict.pk}/resolve/", {"action": "create_new", "tmdb_id": entered}
    )

    assert Watch.objects.get().episode.season.show.tmdb_id == 1399
    conflict.refresh_from_db()
    assert conflict.resolution_action == PlexConflict.Resolution.USER_CREATED_NEW


def test_a_show_that_tmdb_lacks_is_said_so(signed_in, tmdb):
    conflict = PlexConflictFactory()

    response = signed_in.post(
        f"/plex/conflicts/{conflict.pk}/resolve/", {"action": "create_new", "tmdb_id": "404404"}
    )

    assert response.status_code == 422
    assert "TMDB" in response.content.decode()
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_search_finds_our_shows_and_those_of_tmdb(signed_in, tmdb):
    conflict = PlexConflictFactory()
    ours = make_show("Severance", tmdb_id=95396)
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    tmdb.add_show(777, "Severance Pay", seasons={1: 3})

    shown = signed_in.get(f"/plex/conflicts/{conflict.pk}/", {"q": "severance"}).content.decode()

    assert f'name="tvshow_id" value="{ours.pk}"' in shown
    assert 'name="tmdb_id" value="777"' in shown
    assert 'name="tmdb_id" value="95396"' not in shown


def test_search_goes_on_when_tmdb_does_not(signed_in, tmdb):
    tmdb.down()
    conflict = PlexConflictFactory()
    ours = make_show("Severance")

    shown = signed_in.get(f"/plex/conflicts/{conflict.pk}/", {"q": "Severance"}).content.decode()

    assert f'name="tvshow_id" value="{ours.pk}"' in shown
    assert "TMDB" in shown


def test_ignoring_ends_the_question(signed_in, office, owner):
    _, _, conflict = office

    signed_in.post(f"/plex/conflicts/{conflict.pk}/resolve/", {"action": "ignore"})

    conflict.refresh_from_db()
    assert conflict.resolution_action == PlexConflict.Resolution.IGNORED
    assert PlexShowMapping.objects.filter(ignored_by=owner).count() == 1
    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) == {Status.IGNORED}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose an answer."),
        ({"action": "select"}, "Choose one of the shows."),
        ({"action": "select", "tvshow_id": "999999"}, "That show is gone"),
        ({"action": "create_new"}, "Enter the number of the show on TMDB"),
        ({"action": "create_new", "tmdb_id": "tt123"}, "Enter the number of the show on TMDB"),
        (
            {"action": "create_new", "tmdb_id": "99999999999"},
            "Enter the number of the show on TMDB",
        ),
    ],
)
def test_an_answer_that_says_nothing_changes_nothing(signed_in, sent, said):
    conflict = PlexConflictFactory()

    response = signed_in.post(f"/plex/conflicts/{conflict.pk}/resolve/", sent)

    assert response.status_code == 422
    assert said in response.content.decode()
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_an_answer_that_comes_too_late_says_so(signed_in):
    conflict = PlexConflictFactory(resolved=True)
    show = make_show("Severance")

    response = signed_in.post(
        f"/plex/conflicts/{conflict.pk}/resolve/", {"action": "select", "tvshow_id": show.pk}
    )

    assert "answered already" in response.content.decode()


def episode_conflict(owner, show: TVShow) -> PlexConflict:
    config, _ = make_config(owner)
    mapping = PlexShowMappingFactory(plex_title=show.title, tvshow=show, match_confidence=1)
    first = episode_of(show, 1, 1)
    conflict = PlexConflictFactory(
        mapping=mapping,
        conflict_type=PlexConflict.Type.EPISODE,
        plex_season=1,
        plex_episode=9,
        potential_matches=[
            {"episode_id": first.pk, "season_number": 1, "episode_number": 1, "title": "Pilot",
             "air_date": "2020-01-06", "score": 0.5, "reasons": ["similar title"]}
        ],
    )  # fmt: skip
    PlexWebhookLogFactory(
        config=config,
        mapping=mapping,
        conflict=conflict,
        status=Status.HELD,
        plex_season=1,
        plex_episode=9,
    )
    return conflict


def test_an_episodes_question_shows_episodes(signed_in, owner):
    show = make_show("Severance", {1: 3})
    conflict = episode_conflict(owner, show)

    shown = signed_in.get(f"/plex/conflicts/{conflict.pk}/").content.decode()

    assert "season 1, episode 9" in shown
    assert "S01E01 · 6 January 2020" in shown
    assert f'name="episode_id" value="{episode_of(show, 1, 1).pk}"' in shown


@pytest.mark.parametrize("by_number", [True, False])
def test_an_episode_is_chosen_by_button_or_by_number(signed_in, owner, by_number):
    show = make_show("Severance", {1: 3})
    conflict = episode_conflict(owner, show)
    sent: dict[str, Any] = (
        {"season_number": 1, "episode_number": 1}
        if by_number
        else {"episode_id": episode_of(show, 1, 1).pk}
    )

    signed_in.post(f"/plex/conflicts/{conflict.pk}/resolve/", {"action": "select", **sent})

    conflict.refresh_from_db()
    assert conflict.resolved


def test_an_episode_that_the_show_lacks_is_refused(signed_in, owner):
    conflict = episode_conflict(owner, make_show("Severance", {1: 3}))

    response = signed_in.post(
        f"/plex/conflicts/{conflict.pk}/resolve/",
        {"action": "select", "season_number": 8, "episode_number": 1},
    )

    assert response.status_code == 422
    assert "one that the show has" in response.content.decode()


def test_other_peoples_questions_can_not_be_guessed(client, office, stranger):
    us, _, conflict = office
    client.force_login(stranger)

    assert "“The Office”" not in client.get("/plex/conflicts/").content.decode()
    assert client.get(f"/plex/conflicts/{conflict.pk}/").status_code == 404
    answer = {"action": "select", "tvshow_id": us.pk}
    assert client.post(f"/plex/conflicts/{conflict.pk}/resolve/", answer).status_code == 404
    conflict.refresh_from_db()
    assert not conflict.resolved


def test_a_shared_question_counts_and_lists_only_ones_own_plays(client, office, viewer):
    _, _, conflict = office
    config, _ = make_config(viewer)
    PlexWebhookLogFactory(
        config=config,
        conflict=conflict,
        mapping=conflict.mapping,
        status=Status.HELD,
        plex_season=1,
        plex_episode=5,
    )
    client.force_login(viewer)

    shown = client.get(f"/plex/conflicts/{conflict.pk}/").content.decode()

    assert "1 play waits" in shown
    assert "S01E05" in shown
    assert "S01E01" not in shown


def test_the_number_of_queries_does_not_grow(signed_in, owner, django_assert_num_queries):
    config, _ = make_config(owner)
    counts = []
    signed_in.get("/plex/conflicts/")  # Makes the row of the site's settings.
    for _ in range(2):
        for _ in range(4):
            conflict = PlexConflictFactory()
            for _ in range(7):
                PlexWebhookLogFactory(config=config, conflict=conflict, status=Status.HELD)
        with django_assert_num_queries(11) as queries:
            assert signed_in.get("/plex/conflicts/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_candidates_that_can_not_be_read_are_left_out():
    conflict = PlexConflict(
        potential_matches=[
            None,
            "text",
            {"title": "no id"},
            {"tvshow_id": True, "title": "no number"},
            {
                "tmdb_id": 5,
                "title": "On TMDB",
                "score": 0.7,
                "reasons": "not a list",
                "poster": None,
            },
            {"tvshow_id": 3, "tmdb_id": 4, "title": "Ours", "score": 0.8, "year": 2001},
        ],
    )

    found = candidates_of(conflict)

    assert [(item.action, item.field, item.value) for item in found] == [
        ("select", "tvshow_id", 3),
        ("create_new", "tmdb_id", 5),
    ]


@pytest.mark.parametrize(
    ("scores", "clear"),
    [([], False), ([0.7], True), ([0.5], False), ([0.86, 0.7], True), ([0.86, 0.8], False)],
)
def test_a_best_candidate_is_clear_only_with_a_lead(scores, clear):
    matches = [
        {"tvshow_id": number + 1, "title": "A", "score": score}
        for number, score in enumerate(scores)
    ]
    conflict = PlexConflict(potential_matches=matches)

    assert (clear_best(conflict) is not None) is clear


def test_what_settled_itself_lately_is_told_to_those_whom_it_concerns(
    signed_in, office, viewer, stranger, client
):
    us, _, conflict = office
    PlexWebhookLogFactory(config=make_config(viewer)[0], mapping=conflict.mapping)
    PlexConflict.objects.update(
        resolved=True,
        resolved_at=timezone.now() - timedelta(days=6),
        resolved_tvshow=us,
        resolution_action=PlexConflict.Resolution.AUTO_RESOLVED,
    )

    for person, is_told in ((None, True), (viewer, True), (stranger, False)):
        if person is not None:
            client.force_login(person)
        shown = client.get("/plex/conflicts/").content.decode()
        assert ("Settled by itself lately" in shown) is is_told
        assert (f"/plex/mappings/{conflict.mapping_id}/" in shown) is is_told
    PlexConflict.objects.update(resolved_at=timezone.now() - timedelta(days=8))
    client.force_login(viewer)
    assert "Settled by itself" not in client.get("/plex/conflicts/").content.decode()


def test_every_page_says_how_much_waits_for_an_answer(client, office, viewer, owner):
    account = PlexAccountFactory()
    account.seen_by.add(owner.plex_config)
    client.force_login(owner)

    decisions = client.get("/plex/").context["plex"]

    assert (decisions.conflicts, decisions.accounts, decisions.total) == (1, 1, 2)
    assert decisions.held == 3
    client.force_login(viewer)
    decisions = client.get("/plex/").context["plex"]
    assert (decisions.total, decisions.held) == (0, 0)


def test_nothing_is_counted_for_whoever_is_not_signed_in(client, owner):
    response = client.get("/sign-in/")

    assert response.status_code == 200
    assert "plex" not in response.context


def test_counting_stops_where_the_badge_does(rf, owner, monkeypatch):
    monkeypatch.setattr(context_processors, "ENOUGH", 3)
    for _ in range(5):
        PlexConflictFactory()
    request = rf.get("/")
    request.user = owner

    assert context_processors.plex(request)["plex"].conflicts == 3


def test_a_candidate_that_nothing_speaks_for_is_left_out_beside_others():
    entries = [
        {"tvshow_id": 1, "title": "A", "score": 0.001},
        {"tvshow_id": 2, "title": "B", "score": 0.5},
    ]
    titles = [one.title for one in candidates_of(PlexConflict(potential_matches=entries))]
    assert titles == ["B"]
    assert len(candidates_of(PlexConflict(potential_matches=entries[:1]))) == 1
