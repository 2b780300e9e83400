"""Without a TMDB key a show comes as Plex has it; with one TMDB's data takes its place."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from plex.imports import show_import
from plex.imports.show_results import results_of
from plex.models import (
    Action,
    PlexConfig,
    PlexConflict,
    PlexImport,
    PlexShowMapping,
    PlexWebhookLog,
)
from plex.replacing import replace_makeshift_shows
from tests.api import caller
from tests.factories import WatchFactory, episode_of, make_show
from tests.plex.factories import make_config, scrobble
from tests.plex.slices import work
from tests.plex_server import FakePlex
from tracker import library
from tracker.models import Episode, TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db
AIRED = [date(2017, 12, 1), date(2017, 12, 8), date(2017, 12, 15)]


@pytest.fixture
def no_key(tmdb, settings):
    settings.TMDB_API_KEY = ""
    return tmdb


@pytest.fixture
def config(linked) -> PlexConfig:
    return linked


@pytest.fixture
def dark(plex: FakePlex) -> str:
    """A show on Plex with names, dates and a special; returns its key."""
    for number, (name, day) in enumerate(zip(("Secrets", "Lies", "Past"), AIRED, strict=True), 1):
        plex.add_episode("Dark", 1, number, title=name, originallyAvailableAt=day.isoformat())
    plex.add_episode("Dark", 0, 1, title="Making of")
    return plex.add_show(
        "Dark", {}, ids=("tmdb://70523", "tvdb://334824"), year=2017, Genre=[{"tag": "Drama"}]
    )


def add(config: PlexConfig, key: str) -> PlexImport:
    task = show_import.start(config, [key])
    work(2)
    task.refresh_from_db()
    return task


def give_key(tmdb, settings) -> None:
    settings.TMDB_API_KEY = tmdb.key


def test_a_ticked_show_comes_with_seasons_episodes_and_dates(config, owner, no_key, dark):
    task = add(config, dark)
    (result,) = results_of(task, task.chosen)
    assert (result.state, result.is_from_plex) == ("added", True)
    show = TVShow.objects.get()
    assert (show.title, show.source, show.tmdb_id, show.tvdb_id) == ("Dark", "plex", 70523, 334824)
    assert (show.first_air_date, show.genres, show.refreshed_at) == (AIRED[0], ["Drama"], None)
    episode = episode_of(show, 1, 2)
    assert (episode.name, episode.air_date, episode.runtime) == ("Lies", AIRED[1], 45)
    assert Episode.objects.filter(season__show=show).count() == 4
    assert TrackedShow.objects.get().status == "plan_to_watch"
    mapping = PlexShowMapping.objects.get()
    assert (mapping.tvshow, mapping.manually_confirmed) == (show, True)
    assert float(mapping.match_confidence) == 1
    assert not PlexConflict.objects.open().exists()
    assert no_key.requests == []
    assert PlexWebhookLog.objects.get().action_taken == Action.LIBRARY_SHOW_ADDED


def test_the_next_play_marks_at_once(config, owner, no_key, dark, play):
    add(config, dark)
    play(scrobble("Dark", 1, 2, title="Lies", viewed_at=timezone.now()))
    assert Watch.objects.get().episode.name == "Lies"


def test_a_key_that_tmdb_refuses_is_as_good_as_none(config, owner, tmdb, dark):
    tmdb.fail_with(401)
    add(config, dark)
    assert TVShow.objects.get().refreshed_at is None


def test_where_a_show_of_ours_may_be_meant_it_is_asked(config, owner, no_key, plex):
    make_show("Dark", first_air_date=date(1999, 1, 1))
    task = add(config, plex.add_show("Dark", {1: 2}))
    assert [result.state for result in results_of(task, task.chosen)] == ["question"]
    assert TVShow.objects.count() == 1


@pytest.mark.usefixtures("no_key")
def test_added_twice_it_is_one_show(config, viewer, dark, plex):
    add(config, dark)
    other, _ = make_config(viewer)
    plex.link(other, username="jo")
    add(other, dark)
    assert TVShow.objects.count() == 1
    assert TrackedShow.objects.count() == 2


class TestQuestion:
    @pytest.fixture
    def conflict(self, config, no_key, dark, play) -> PlexConflict:
        play(scrobble("Dark", 1, 1, title="Secrets", viewed_at=timezone.now()))
        return PlexConflict.objects.get()

    def test_the_card_offers_it_and_the_play_is_recorded(self, conflict, client, owner):
        client.force_login(owner)
        page = client.get(reverse("plex:conflict-detail", args=[conflict.pk])).content.decode()
        assert "Add it as Plex has it" in page
        client.post(
            reverse("plex:conflict-resolve", args=[conflict.pk]), {"action": "add_from_plex"}
        )
        assert Watch.objects.get().episode.name == "Secrets"
        conflict.refresh_from_db()
        assert conflict.resolution_action == "user_created_new"

    def test_the_api_takes_the_same_answer(self, conflict, owner):
        answer = caller(owner).post(
            f"/api/plex/conflicts/{conflict.pk}/resolve", {"action": "add_from_plex"}
        )
        assert (answer.status_code, answer.json()["recorded"]) == (200, 1)
        assert Watch.objects.get().episode.name == "Secrets"

    def test_with_a_key_it_is_not_offered_and_not_done(
        self, conflict, client, owner, settings, no_key
    ):
        give_key(no_key, settings)
        client.force_login(owner)
        page = client.get("/plex/conflicts/").content.decode()
        assert "Add it as Plex has it" not in page
        answer = client.post(
            reverse("plex:conflict-resolve", args=[conflict.pk]), {"action": "add_from_plex"}
        )
        assert answer.status_code == 422
        assert not TVShow.objects.exists()

    def test_somebody_elses_server_is_not_asked(self, conflict, client, stranger, plex):
        stranger.is_staff = True
        stranger.save()
        make_config(stranger)
        client.force_login(stranger)
        asked = len(plex.calls)
        address = reverse("plex:conflict-resolve", args=[conflict.pk])
        assert client.post(address, {"action": "add_from_plex"}).status_code == 422
        assert len(plex.calls) == asked

    def test_a_show_that_left_plex_can_not_be_added(self, conflict, client, owner, plex, dark):
        del plex.items[dark]
        client.force_login(owner)
        address = reverse("plex:conflict-resolve", args=[conflict.pk])
        assert "any more" in client.post(address, {"action": "add_from_plex"}).content.decode()

    def test_another_show_under_its_key_is_not_added(self, conflict, client, owner, plex, dark):
        plex.items[dark] = {**plex.items[dark], "title": "Other", "guid": "plex://show/00aa00aa00"}
        client.force_login(owner)
        address = reverse("plex:conflict-resolve", args=[conflict.pk])
        assert client.post(address, {"action": "add_from_plex"}).status_code == 422


class TestReplacing:
    @pytest.fixture
    def show(self, config, no_key, dark) -> TVShow:
        add(config, dark)
        return TVShow.objects.get()

    def test_watches_stay_with_their_episodes_whatever_their_numbers(
        self, show, owner, no_key, settings, client: Client
    ):
        """On TMDB a prologue stands first, so that all numbers are one higher."""
        watches = {
            name: WatchFactory(user=owner, episode=Episode.objects.get(name=name))
            for name in ("Secrets", "Lies", "Making of")
        }
        episodes = [
            {"name": name, "air_date": day}
            for name, day in zip(
                ("Prologue", "Secrets", "Lies", "Past"), [None, *AIRED], strict=True
            )
        ]
        no_key.add_show(70523, "Dark", seasons={1: episodes}, tvdb_id=334824)
        give_key(no_key, settings)
        replace_makeshift_shows()
        show.refresh_from_db()
        assert show.refreshed_at is not None
        found = {}
        for name, watch in watches.items():
            watch.refresh_from_db()
            found[name] = watch.episode.code
            assert watch.episode.name == name
        assert found == {"Secrets": "S01E02", "Lies": "S01E03", "Making of": "S00E01"}
        assert Episode.objects.get(name="Past").tmdb_id is not None
        assert "S00E01" in PlexShowMapping.objects.get().needs_review
        client.force_login(owner)
        assert "S00E01" in client.get(reverse("plex:worth-a-look")).content.decode()

    def test_without_a_tmdb_id_the_other_ids_lead_to_it(self, show, no_key, settings):
        TVShow.objects.update(tmdb_id=None)
        no_key.add_show(70523, "Dark", seasons={1: 3}, tvdb_id=334824)
        no_key.add_find("334824", source="tvdb_id", show=70523)
        give_key(no_key, settings)
        replace_makeshift_shows()
        show.refresh_from_db()
        assert (show.tmdb_id, show.refreshed_at is not None) == (70523, True)

    def test_ids_that_lead_nowhere_leave_it_as_it_is_and_say_so(self, show, no_key, settings):
        TVShow.objects.update(tmdb_id=None)
        give_key(no_key, settings)
        replace_makeshift_shows()
        assert library.makeshift_shows().get() == show
        assert "choose it" in PlexShowMapping.objects.get().needs_review

    def test_where_tmdbs_is_in_the_tracker_as_well_merging_is_offered(
        self, show, no_key, settings, client, owner
    ):
        TVShow.objects.update(tmdb_id=None)
        twin = make_show("Dark", {1: 3}, tmdb_id=70523, tvdb_id=334824, refreshed_at=timezone.now())
        no_key.add_show(70523, "Dark", seasons={1: 3}, tvdb_id=334824)
        give_key(no_key, settings)
        replace_makeshift_shows()
        mapping = PlexShowMapping.objects.get()
        assert "here twice" in mapping.needs_review
        address = reverse("plex:mapping-detail", args=[mapping.pk])
        merge = f"{reverse('plex:show-merge', args=[twin.pk])}?going={show.pk}"
        client.force_login(owner)
        assertContains(client.get(address), merge)
        assertContains(client.get(merge), "Merge them for good")

    @pytest.mark.usefixtures("show")
    def test_a_show_that_tmdb_does_not_have_is_told_and_asked_for_once(self, no_key, settings):
        give_key(no_key, settings)
        for _ in range(3):
            replace_makeshift_shows()
        assert [request.path for request in no_key.requests] == ["/find/334824", "/tv/70523"]
        assert "choose it" in PlexShowMapping.objects.get().needs_review

    @pytest.mark.usefixtures("show")
    def test_many_shows_are_replaced_some_at_a_time(self, plex, no_key, settings, monkeypatch):
        TVShow.objects.update(tvdb_id=None)
        key = plex.add_show("Andor", {1: 2}, ids=("tmdb://83867",))
        add(PlexConfig.objects.get(), key)
        no_key.add_show(70523, "Dark", seasons={1: 3})
        no_key.add_show(83867, "Andor", seasons={1: 2})
        give_key(no_key, settings)
        monkeypatch.setattr("plex.replacing.CALLS_PER_RUN", 1)
        left = []
        for _ in range(2):
            replace_makeshift_shows()
            left.append(library.makeshift_shows().count())
        assert left == [1, 0]

    def test_while_tmdb_is_away_nothing_changes(self, show, no_key, settings):
        no_key.add_show(70523, "Dark", seasons={1: 3})
        give_key(no_key, settings)
        no_key.down()
        replace_makeshift_shows()
        assert library.makeshift_shows().exists()
        assert Episode.objects.count() == 4

    def test_an_episode_that_is_new_on_plex_is_found_there_while_there_is_no_key(
        self, show, plex, play, no_key, drain
    ):
        play(scrobble("Dark", 1, 4, title="The end", viewed_at=timezone.now()))
        assert not Watch.objects.exists()
        plex.add_episode("Dark", 1, 4, title="The end")
        replace_makeshift_shows()
        drain()
        assert Watch.objects.get().episode.name == "The end"
