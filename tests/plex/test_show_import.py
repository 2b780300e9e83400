"""Shows ticked in the Plex library: each once, by the usual rules, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from django.contrib.auth.models import User

from plex.imports import lifecycle, show_import
from plex.imports.show_results import counts_in, failed_keys, results_of, states_of
from plex.models import (
    Action,
    PlexConfig,
    PlexConflict,
    PlexImport,
    PlexShowMapping,
    PlexWebhookLog,
)
from plex.resolution import resolve_conflict
from plex.story import story_of
from tests.factories import make_show
from tests.plex.factories import make_config
from tests.plex.slices import work
from tests.plex_server import FakePlex
from tracker.models import TrackedShow, TVShow, Watch

pytestmark = pytest.mark.django_db
State = PlexImport.State


@pytest.fixture
def config(owner: User, plex: FakePlex) -> PlexConfig:
    return linked(owner, plex)


def linked(user: User, plex: FakePlex) -> PlexConfig:
    """A connection with a token and a server."""
    config, _ = make_config(user, auto_add_shows=False, auto_add_library=False)
    plex.link(config)
    return config


def outcomes(task: PlexImport) -> dict[str, str]:
    task.refresh_from_db()
    return {result.title: result.state for result in results_of(task, task.chosen)}


def tracked(user: User) -> dict[str, str]:
    rows = TrackedShow.objects.filter(user=user).values_list("show__title", "status")
    return dict(rows)


def test_a_show_comes_with_all_its_seasons_planned_and_nothing_watched(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9, 2: 10})
    key = plex.add_show("Severance", {1: 9}, ids=("tmdb://95396",), year=2022)
    task = show_import.start(config, [key])
    work(2)
    assert outcomes(task) == {"Severance": "added"}
    assert (task.state, task.done, task.total) == (State.FINISHED, 1, 1)
    assert tracked(owner) == {"Severance": "plan_to_watch"}
    mapping = PlexShowMapping.objects.get()
    assert (mapping.tvshow, float(mapping.match_confidence)) == (
        TVShow.objects.get(tmdb_id=95396),
        1,
    )
    assert not Watch.objects.exists()
    (event,) = PlexWebhookLog.objects.all()
    assert story_of(event)[0].text == "Severance was chosen in the Plex library."


def test_what_is_tracked_already_is_told_and_keeps_its_status(config, owner, plex, tmdb):
    show = make_show("Severance", tmdb_id=95396)
    TrackedShow.objects.create(user=owner, show=show, status="completed")
    key = plex.add_show("Severance", ids=("tmdb://95396",))
    task = show_import.start(config, [key])
    work(2)
    assert outcomes(task) == {"Severance": "existed"}
    assert tracked(owner) == {"Severance": "completed"}
    assert PlexWebhookLog.objects.get().action_taken == Action.SHOW_ALREADY_EXISTS


def test_a_doubtful_one_is_a_question_whose_answer_adds_it(config, owner, plex, tmdb):
    us = make_show("The Office", first_air_date=date(2005, 3, 24))
    make_show("The Office", first_air_date=date(2001, 7, 9))
    task = show_import.start(config, [plex.add_show("The Office")])
    work(2)
    assert outcomes(task) == {"The Office": "question"}
    assert tracked(owner) == {}
    resolve_conflict(PlexConflict.objects.get(), user=owner, action="select", show=us)
    assert outcomes(task) == {"The Office": "added"}
    assert tracked(owner) == {"The Office": "plan_to_watch"}


def test_the_question_is_seen_by_who_asked(viewer, plex, tmdb):
    show_import.start(linked(viewer, plex), [plex.add_show("The Office")])
    work(2)
    assert PlexConflict.objects.visible_to(viewer).count() == 1


def test_a_show_that_left_plex_has_failed_and_can_be_tried_again(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    key = plex.add_show("Severance", ids=("tmdb://95396",))
    item = plex.items.pop(key)
    task = show_import.start(config, [key, "77"])
    work(2)
    assert list(outcomes(task).values()) == ["failed"]
    assert task.state == State.FINISHED
    plex.items[key] = item
    again = show_import.start(config, failed_keys(task))
    work(2)
    assert (again.pk, outcomes(again)["Severance"]) != (task.pk, "failed")
    assert tracked(owner) == {"Severance": "plan_to_watch"}


def test_one_at_which_the_server_always_fails_stops_no_other(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    keys = [plex.add_show("Broken"), plex.add_show("Severance", ids=("tmdb://95396",))]
    plex.broken_items = {keys[0]}
    task = show_import.start(config, keys)
    work(2)
    assert sorted(outcomes(task).values()) == ["added", "failed"]
    assert task.state == State.FINISHED


def test_a_server_that_fails_at_everything_is_waited_for(config, plex, tmdb):
    keys = [plex.add_show(f"Show {number}") for number in range(3)]
    plex.broken_items = set(keys)
    task = show_import.start(config, keys)
    work()
    task.refresh_from_db()
    assert (task.state, task.done, bool(task.error)) == (State.RUNNING, 0, True)
    for _ in range(5):
        PlexImport.objects.update(lease_until=None)
        work()
    task.refresh_from_db()
    assert (task.state, task.done) == (State.FINISHED, 3)


def test_stopped_between_two_shows_it_goes_on_and_doubles_nothing(config, owner, plex, tmdb):
    keys = []
    for number in range(5):
        tmdb.add_show(700 + number, f"Show {number}", seasons={1: 1})
        keys.append(plex.add_show(f"Show {number}", {1: 1}, ids=(f"tmdb://{700 + number}",)))
    task = show_import.start(config, keys)
    work(shows=4)
    task.refresh_from_db()
    assert 0 < task.done < 5
    assert lifecycle.stop(task)
    work(2)
    assert len(tracked(owner)) == task.done
    assert lifecycle.resume(task)
    work(3)
    assert outcomes(task) == {f"Show {number}": "added" for number in range(5)}
    assert PlexWebhookLog.objects.count() == 5


def test_killed_before_the_progress_was_noted_nothing_is_doubled(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    key = plex.add_show("Severance", ids=("tmdb://95396",))
    task = show_import.start(config, [key])
    work(2)
    PlexImport.objects.filter(pk=task.pk).update(done=0, state=State.RUNNING, lease_until=None)
    work(2)
    assert outcomes(task) == {"Severance": "added"}
    assert PlexWebhookLog.objects.count() == TrackedShow.objects.count() == 1


def test_while_plex_is_away_it_waits_and_then_goes_on(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    task = show_import.start(config, [plex.add_show("Severance", ids=("tmdb://95396",))])
    plex.server.down()
    work()
    task.refresh_from_db()
    assert (task.state, task.done) == (State.RUNNING, 0)
    assert "can't be reached" in task.error
    plex.server.up()
    PlexImport.objects.update(lease_until=None)
    work(2)
    assert outcomes(task) == {"Severance": "added"}
    assert task.error == ""


def test_while_tmdb_is_away_the_show_waits_by_itself(config, owner, plex, tmdb, drain):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    task = show_import.start(config, [plex.add_show("Severance", ids=("tmdb://95396",))])
    tmdb.down()
    work(2)
    assert outcomes(task) == {"Severance": "waiting"}
    assert task.state == State.FINISHED
    tmdb.up()
    PlexWebhookLog.objects.update(next_attempt_at=task.created_at)
    drain()
    assert outcomes(task) == {"Severance": "added"}


def test_more_shows_join_those_under_way(config, plex, tmdb):
    first = show_import.start(config, ["1", "2"])
    again = show_import.start(config, ["2", "3"])
    assert (again.pk, again.chosen, again.total) == (first.pk, ["1", "2", "3"], 3)


def test_after_another_server_was_chosen_the_old_import_ends(config, plex, tmdb):
    first = show_import.start(config, ["1"])
    PlexConfig.objects.update(plex_server_uuid="another-server")
    config.refresh_from_db()
    assert show_import.start(config, ["2"]).pk != first.pk
    first.refresh_from_db()
    assert first.state == State.FINISHED


def test_an_import_of_another_server_says_so(config, plex, tmdb):
    task = show_import.start(config, ["1"])
    PlexConfig.objects.update(plex_server_uuid="another-server")
    work()
    task.refresh_from_db()
    assert (task.state, "another server" in task.error) == (State.FAILED, True)
    assert plex.calls == []


def test_only_keys_are_taken(config, plex, tmdb):
    task = show_import.start(config, ["7", "7/../9", "", "7", "x", "http://192.0.2.1"])
    assert task.chosen == ["7"]


def test_a_show_whose_plays_are_not_recorded_can_be_added_all_the_same(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    key = plex.add_show("Severance", ids=("tmdb://95396",))
    show_import.start(config, [key])
    work(2)
    PlexShowMapping.objects.get().ignored_by.add(owner)
    PlexShowMapping.objects.update(sync_enabled=False)
    TrackedShow.objects.all().delete()
    task = show_import.start(config, [key])
    work(2)
    assert outcomes(task) == {"Severance": "added"}


def test_the_figures_say_the_same_as_the_rows(config, owner, plex, tmdb):
    tmdb.add_show(95396, "Severance", seasons={1: 9})
    keys = [plex.add_show("Severance", ids=("tmdb://95396",)), "77", plex.add_show("The Office")]
    task = show_import.start(config, keys)
    work(2)
    task.refresh_from_db()
    assert counts_in(states_of(task)) == {"added": 1, "failed": 1, "question": 1}
    assert counts_in(states_of(task)) == Counter(row.state for row in results_of(task, task.chosen))
