"""What starts, stops and carries on an import, whatever it brings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from plex.history import reading
from plex.imports import lifecycle, show_import
from plex.imports.progress import LEASE, LOST_AFTER, WORKER, LostImportError, note, this_worker
from plex.models import Job, PlexConfig, PlexImport
from tests.factories import make_show
from tests.plex_server import FakePlex
from tests.threads import at_once

pytestmark = pytest.mark.django_db
State, Kind = PlexImport.State, PlexImport.Kind
SECOND = timedelta(seconds=1)


@pytest.fixture
def config(readable, plex: FakePlex) -> PlexConfig:
    show = make_show("Severance", {1: 9})
    plex.mirror(show)
    plex.add_play("Severance", 1, 1, viewed_at=datetime(2020, 1, 1, tzinfo=UTC))
    return readable


@pytest.fixture
def task(config) -> PlexImport:
    return lifecycle.start(config, Kind.PLAYS)


def state_of(task: PlexImport) -> str:
    task.refresh_from_db()
    return task.state


def work() -> bool:
    return lifecycle.work_on_imports(reading.never)


def test_from_the_look_to_the_end(task):
    assert task.state == State.COUNTING
    assert work()
    assert state_of(task) == State.READY
    assert not work(), "a person has to say go"
    assert lifecycle.go(task, chosen=[])
    assert state_of(task) == State.RUNNING
    assert work()
    assert task.lease_until is None


def test_a_second_start_is_the_same_import(config, task):
    assert lifecycle.start(config, Kind.PLAYS) == task
    assert PlexImport.objects.count() == 1


def test_go_counts_once_and_only_after_the_look(task):
    assert not lifecycle.go(task, chosen=[])
    work()
    task.refresh_from_db()
    assert lifecycle.go(task, chosen=[])
    assert not lifecycle.go(task, chosen=["1"])
    task.refresh_from_db()
    assert task.chosen == []


def test_stopped_while_looking_or_running_it_goes_on_with_the_same(task):
    assert lifecycle.stop(task)
    assert state_of(task) == State.STOPPED
    assert not work()
    assert lifecycle.resume(task)
    assert state_of(task) == State.COUNTING
    work()
    lifecycle.go(task, chosen=[])
    task.refresh_from_db()
    assert lifecycle.stop(task)
    assert lifecycle.resume(task)
    assert state_of(task) == State.RUNNING
    assert not lifecycle.resume(task)


def test_a_worker_notices_at_its_next_note_that_somebody_stopped_it(task):
    assert lifecycle.claim(task, now=timezone.now())
    lifecycle.stop(PlexImport.objects.get())
    with pytest.raises(LostImportError):
        note(task, done=5)
    assert (state_of(task), task.done) == (State.STOPPED, 0)


def test_stopped_and_resumed_in_one_moment_the_old_worker_is_out_all_the_same(task):
    assert lifecycle.claim(task, now=timezone.now())
    same = PlexImport.objects.get()
    assert lifecycle.stop(same)
    assert lifecycle.resume(same)
    with pytest.raises(LostImportError):
        note(task, done=5)


def test_cancelled_before_it_began_nothing_is_left_and_later_its_result_is(config, task):
    assert lifecycle.cancel(task)
    assert not PlexImport.objects.exists()
    task = lifecycle.start(config, Kind.PLAYS)
    work()
    lifecycle.go(task, chosen=[])
    task.refresh_from_db()
    assert lifecycle.cancel(task)
    assert state_of(task) == State.FINISHED
    assert task.finished_at is not None
    assert not lifecycle.cancel(task)


def test_a_passing_trouble_is_noted_and_tried_again_later_each_time(task, plex, time_machine):
    plex.server.down()
    pauses = []
    for _ in range(3):
        assert work()
        assert state_of(task) == State.COUNTING
        assert "can't be reached" in task.error or "answer" in task.error
        assert not work(), "not at once"
        assert task.lease_until is not None
        pauses.append(task.lease_until - timezone.now())
        time_machine.move_to(task.lease_until + SECOND)
    assert pauses[0] < pauses[1] < pauses[2] <= lifecycle.LONGEST_PAUSE
    plex.server.up()
    assert work()
    assert (state_of(task), task.error) == (State.READY, "")


def test_what_does_not_pass_ends_it_with_the_sentence_and_it_can_be_resumed(config, task, plex):
    plex.server.fail_with(401)
    work()
    assert state_of(task) == State.FAILED
    assert "token" in task.error
    assert not work()
    plex.server.up()
    assert lifecycle.resume(task)
    work()
    assert (state_of(task), task.error) == (State.READY, "")


def test_a_failed_one_is_not_resumed_beside_a_newer_one(config, task, plex):
    plex.server.fail_with(401)
    work()
    lifecycle.start(config, Kind.PLAYS)
    assert not lifecycle.resume(task)
    assert lifecycle.latest(config, Kind.PLAYS) != task


def test_another_server_chosen_meanwhile_ends_it(config, task, plex):
    PlexImport.objects.update(server_uuid="the-old-server")
    work()
    assert state_of(task) == State.FAILED
    assert "another Plex server" in task.error


def test_the_import_of_a_killed_worker_is_taken_over_after_its_lease(task, time_machine):
    assert lifecycle.claim(task, now=timezone.now())
    assert not work()
    time_machine.move_to(timezone.now() + LEASE + SECOND)
    assert work()
    assert state_of(task) == State.READY


def of_worker(task: PlexImport, name: str, *, beat: timedelta | None) -> None:
    """The import is carried out by another worker, which said so long ago that it is alive."""
    assert lifecycle.claim(task, now=timezone.now())
    task.cursor[WORKER] = f"{name}/1234"
    task.save()
    if beat is not None:
        Job.objects.create(name=f"{Job.WORKER}{name}", last_run_at=timezone.now() - beat)


def test_the_import_of_a_worker_that_is_heard_of_no_more_goes_on_before_its_lease_ends(task):
    of_worker(task, "elsewhere:7", beat=LOST_AFTER + SECOND)
    assert lifecycle.is_waiting()
    assert work()
    with pytest.raises(LostImportError):
        note(task, done=5)
    assert state_of(task) == State.READY


@pytest.mark.parametrize("beat", [None, LOST_AFTER - 5 * SECOND])
def test_the_import_of_a_worker_that_lives_or_was_never_heard_of_is_its_own(task, beat):
    of_worker(task, "elsewhere:7", beat=beat)
    assert not lifecycle.is_waiting()
    assert not work()


def test_a_worker_that_starts_again_under_its_name_goes_on_with_its_import_at_once(task):
    of_worker(task, this_worker().partition("/")[0], beat=SECOND)
    assert work()
    assert state_of(task) == State.READY


def test_a_pause_after_trouble_is_nobodys(task, plex):
    plex.server.down()
    work()
    task.refresh_from_db()
    assert WORKER not in task.cursor
    assert not lifecycle.is_waiting()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [Kind.PLAYS, Kind.SHOWS])
def test_started_and_cancelled_in_many_windows_at_once_there_is_one_at_most(config, kind):
    def start() -> PlexImport:
        if kind == Kind.SHOWS:
            return show_import.start(config, ["1"])
        return lifecycle.start(config, kind)

    def start_and_cancel() -> PlexImport:
        task = start()
        lifecycle.cancel(task)
        return task

    for _ in range(5):
        got = at_once([start, start_and_cancel, start, start_and_cancel])
        assert {type(each) for each in got} == {PlexImport}, got
        assert PlexImport.objects.active().count() <= 1


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_works_on_it(task):
    now = timezone.now()
    got = at_once([lambda: lifecycle.claim(PlexImport.objects.get(), now=now)] * 4)
    assert sorted(got) == [False, False, False, True]
