"""Open questions that settle themselves once a show is added or changes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from plex import jobs, rematch
from plex.models import Job, PlexConflict, PlexShowMapping, PlexWebhookLog, Status
from tests.factories import episode_of, make_show
from tests.plex.factories import of_episode, scrobble
from tracker.library import index_titles
from tracker.models import TVShow, Watch

pytestmark = pytest.mark.django_db
# The dates that the factories give: they prove the show.
DAYS = ("2020-01-06", "2020-01-13", "2020-01-20")


@pytest.fixture
def asked(play) -> PlexConflict:
    """Three plays of a show that nobody has heard of."""
    for number, day in enumerate(DAYS, start=1):
        watched = timezone.now() - timedelta(hours=10 - number)
        log = play(scrobble("Andor", 1, number, originallyAvailableAt=day, viewed_at=watched))
        assert log.status == Status.HELD
    return PlexConflict.objects.get()


def retried(drain) -> int:
    """Run the job and what it woke; returns how many events that took."""
    job = next(job for job in jobs.JOBS if job.name == rematch.JOB)
    Job.objects.filter(name=job.name).update(last_run_at=None)
    assert jobs.run_if_due(job)
    return drain()


def test_a_show_added_later_settles_the_question_and_the_plays_are_recorded(asked, drain):
    assert retried(drain) == 0
    show = make_show("Andor", {1: 3})

    retried(drain)

    asked.refresh_from_db()
    assert asked.resolution_action == PlexConflict.Resolution.AUTO_RESOLVED
    assert asked.resolved_tvshow == show
    watches = Watch.objects.filter(episode__season__show=show)
    assert len(set(watches.values_list("watched_at", flat=True))) == 3
    first = PlexWebhookLog.objects.order_by("pk").first()
    assert first is not None
    assert "settled" in [step["step"] for step in first.trace]
    assert not PlexShowMapping.objects.get().manually_confirmed


def test_a_title_added_later_settles_it(asked, drain):
    show = make_show("Andor: A Star Wars Story", {1: 3})
    retried(drain)
    asked.refresh_from_db()
    assert not asked.resolved

    show.alternative_titles = ["Andor"]
    show.save()
    index_titles(show)
    retried(drain)

    asked.refresh_from_db()
    assert asked.resolved_tvshow == show


def test_a_show_that_proves_nothing_leaves_the_question_and_joins_its_candidates(asked, drain):
    show = make_show("Andor", {1: 2}, first_air_date=date(2018, 1, 1))

    assert retried(drain) == 1

    asked.refresh_from_db()
    assert not asked.resolved
    assert [match["tvshow_id"] for match in asked.potential_matches] == [show.pk]
    assert set(PlexWebhookLog.objects.values_list("status", flat=True)) == {Status.HELD}
    TVShow.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    assert retried(drain) == 0


def test_each_play_of_the_question_has_its_turn(asked, drain):
    show = make_show("Andor", {1: 2}, first_air_date=date(2018, 1, 1))
    tried = set()
    for _ in range(3):
        show.save()
        before = dict(PlexWebhookLog.objects.values_list("pk", "attempts"))
        retried(drain)
        now = dict(PlexWebhookLog.objects.values_list("pk", "attempts"))
        tried |= {pk for pk in now if now[pk] != before[pk]}
    assert len(tried) == 3


def test_other_shows_wake_nothing(asked, drain):
    make_show("Severance", {1: 3})
    assert retried(drain) == 0


def test_an_id_of_the_episode_leads_to_a_show_of_another_title(play, drain):
    play(scrobble("即使如此", 1, 2, title="Story 1-2", ids=("tmdb://4242",)))
    make_show("Mo Li", {1: [{}, {"tmdb_id": 4242}]})
    retried(drain)
    assert Watch.objects.get().episode.tmdb_id == 4242


def test_a_suggested_show_that_is_added_by_hand_settles_it(play, drain, tmdb, connected):
    connected[0].auto_add_shows = False
    connected[0].save()
    tmdb.add_show(700, title="Andor", seasons={1: 12})
    tmdb.add_find("9001", source="tvdb_id", episode=(700, 1, 3))
    log = play(scrobble("Something on Plex", 1, 3, ids=("tvdb://9001",)))
    assert log.status == Status.HELD

    make_show("Andor", {1: 12}, tmdb_id=700)
    retried(drain)

    assert Watch.objects.get().episode.episode_number == 3


def test_a_run_tries_few_and_the_next_goes_on(play, drain, monkeypatch):
    monkeypatch.setattr(rematch, "TRIED_PER_RUN", 2)
    titles = ["Andor", "Severance", "Shogun"]
    for title in titles:
        play(scrobble(title, 1, 1, originallyAvailableAt="2020-01-06"))
    for title in titles:
        make_show(title, {1: 1})

    retried(drain)
    assert Watch.objects.count() == 2
    retried(drain)
    assert Watch.objects.count() == 3


def test_nothing_is_looked_at_while_no_show_changed(asked, drain, django_assert_num_queries):
    make_show("Severance", {1: 3})
    retried(drain)
    TVShow.objects.update(updated_at=timezone.now() - timedelta(days=1))
    with django_assert_num_queries(3):  # Cursor, shows, cursor.
        rematch.retry_questions()


def test_a_play_of_a_show_that_is_mapped_meanwhile_is_no_question(play, drain):
    show = make_show("Andor", {1: 3})
    play(of_episode(episode_of(show, 1, 1)))
    assert retried(drain) == 0
