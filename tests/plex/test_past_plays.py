"""Past watches: the whole history, once, with a look at it first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from plex import inbox
from plex.history import reading
from plex.imports import lifecycle, past_plays
from plex.jobs import run_due_jobs
from plex.models import Action, Job, PlexConfig, PlexImport, PlexViewing, PlexWebhookLog, Status
from plex.processing import process_due
from tests.factories import UserFactory, episode_of, make_show
from tests.plex.factories import SERVER, PlexAccountFactory, PlexShowMappingFactory, of_episode
from tests.plex_server import FakePlex
from tracker import watching
from tracker.models import Episode, Watch

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2019, 3, 1, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
State = PlexImport.State
MY_ID = 240271337


@pytest.fixture
def config(readable) -> PlexConfig:
    """Begun just now: every play is from before it."""
    return readable


def work(task: PlexImport, *, until: tuple[str, ...] = (State.READY, State.FINISHED)) -> PlexImport:
    """The worker's turns, and the draining of what came, until the import gets there."""
    for _ in range(60):
        lifecycle.work_on_imports(reading.never)
        process_due()
        task.refresh_from_db()
        if task.state in {*until, State.FAILED}:
            return task
    raise AssertionError(f"still {task.state}")


def look(config: PlexConfig) -> PlexImport:
    return work(lifecycle.start(config, PlexImport.Kind.PLAYS))


def import_all(config: PlexConfig, *chosen: str) -> PlexImport:
    task = look(config)
    assert lifecycle.go(task, chosen=list(chosen))
    return work(task)


def add_plays(plex: FakePlex, title: str, count: int, *, at: datetime = LONG_AGO) -> None:
    for number in range(1, count + 1):
        plex.add_play(title, 1, number, viewed_at=at + number * HOUR)


def test_plays_from_long_before_the_connection_are_recorded_at_their_own_times(config, plex, owner):
    show = make_show("Severance", {1: 9})
    plex.mirror(show)
    add_plays(plex, "Severance", 9)

    task = import_all(config)

    watches = Watch.objects.filter(user=owner).order_by("watched_at")
    assert [watch.episode for watch in watches] == [episode_of(show, 1, n) for n in range(1, 10)]
    assert [w.watched_at for w in watches] == [LONG_AGO + n * HOUR for n in range(1, 10)]
    assert (task.state, task.done, task.total) == (State.FINISHED, 9, 9)
    assert task.counts["results"] == {"recorded": 9}
    assert set(PlexWebhookLog.objects.values_list("source", flat=True)) == {"history"}


def test_looking_stores_no_event_and_says_what_is_there(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    add_plays(plex, "Severance", 9)
    add_plays(plex, "Nobody Knows This", 3)
    plex.add_play("Severance", 1, 1, viewed_at=LONG_AGO, type="movie")

    task = look(config)

    assert PlexWebhookLog.objects.count() == 0
    assert task.state == State.READY
    told = ("shows", "plays", "here", "questions", "left_out")
    assert [task.counts[name] for name in told] == [2, 12, 0, 2, 1]
    assert [(s["title"], s["plays"]) for s in task.counts["list"]] == [
        ("Severance", 9),
        ("Nobody Knows This", 3),
    ]
    assert datetime.fromtimestamp(task.counts["first"], tz=UTC) == LONG_AGO + HOUR


def test_what_is_here_already_is_told_whichever_way_it_came(config, plex, owner):
    show = make_show("Severance", {1: 9})
    key = plex.mirror(show)
    PlexShowMappingFactory(
        plex_rating_key=key, plex_title="Severance", tvshow=show, server_uuid=plex.uuid
    )
    config.plex_server_uuid = plex.uuid
    config.save()
    watching.mark_watched(user=owner, episode=episode_of(show, 1, 2), watched_at=LONG_AGO)
    add_plays(plex, "Severance", 4)

    task = look(config)

    assert (task.counts["plays"], task.counts["here"], task.counts["questions"]) == (4, 1, 0)
    assert lifecycle.go(task, chosen=[])
    assert work(task).counts["results"] == {"recorded": 3, "already_watched": 1}
    assert look(config).counts["here"] == 4


def test_a_show_of_the_same_title_with_that_episode_on_that_day_is_no_question(config, plex):
    show = make_show("Severance", {1: 2})
    plex.mirror(show)
    episode = episode_of(show, 1, 1)
    episode.air_date = date(2022, 2, 18)
    episode.save()
    plex.add_play("Severance", 1, 1, viewed_at=LONG_AGO, originallyAvailableAt="2022-02-18")
    assert look(config).counts["questions"] == 0


def test_a_show_is_recognised_beside_deleted_episodes_of_the_same_title(config, plex):
    show = make_show("Severance", {1: 2})
    plex.mirror(show)
    day = date(2022, 2, 18)
    Episode.objects.update(air_date=day)
    plex.add_play("Severance", 1, 1, viewed_at=LONG_AGO, originallyAvailableAt=day.isoformat())
    plex.add_play("Severance", 1, 2, viewed_at=LONG_AGO + HOUR, is_deleted=True)
    states = {show["key"]: show["state"] for show in look(config).counts["list"]}
    assert states.pop("title:Severance") == "unknown"
    assert list(states.values()) == ["proved"]


def test_a_date_that_is_there_already_is_kept(config, plex, owner):
    show = make_show("Severance", {1: 9})
    plex.mirror(show)
    first = datetime(2018, 1, 1, tzinfo=UTC)
    watching.mark_watched(user=owner, episode=episode_of(show, 1, 1), watched_at=first)
    add_plays(plex, "Severance", 1)

    task = import_all(config)

    assert Watch.objects.get().watched_at == first
    assert task.counts["results"] == {"already_watched": 1}


def test_only_the_chosen_shows(config, plex):
    chosen = plex.mirror(make_show("Severance", {1: 9}))
    plex.mirror(make_show("Andor", {1: 9}))
    add_plays(plex, "Severance", 2)
    add_plays(plex, "Andor", 3)
    assert import_all(config, chosen).counts["results"] == {"recorded": 2}
    assert {w.episode.season.show.title for w in Watch.objects.all()} == {"Severance"}


def test_a_deleted_show_can_be_chosen_by_its_title(config, plex):
    make_show("Severance", {1: 9})
    plex.add_play("Severance", 1, 3, viewed_at=LONG_AGO, is_deleted=True)
    task = look(config)
    assert [show["key"] for show in task.counts["list"]] == ["title:Severance"]
    lifecycle.go(task, chosen=["title:Severance"])
    assert work(task).counts["read"] == 1


def test_other_peoples_plays_are_left_out(config, plex, owner):
    plex.mirror(make_show("Severance", {1: 9}))
    plex.server_accounts |= {77: "guest", 78: "partner"}
    PlexAccountFactory(account_id="78", account_key="78").users.add(UserFactory())
    plex.add_play("Severance", 1, 1, viewed_at=LONG_AGO)
    plex.add_play("Severance", 1, 2, viewed_at=LONG_AGO, account_id=77)
    plex.add_play("Severance", 1, 3, viewed_at=LONG_AGO, account_id=78)

    task = import_all(config)

    assert (task.counts["plays"], task.counts["left_out"]) == (1, 2)
    assert Watch.objects.get().user == owner
    assert PlexWebhookLog.objects.count() == 1


def test_a_viewing_that_the_webhook_told_is_no_second_one(config, plex):
    show = make_show("Severance", {1: 9})
    plex.mirror(show)
    viewed_at = timezone.now().replace(microsecond=0) - HOUR
    message = of_episode(episode_of(show, 1, 1), viewed_at=viewed_at, account_id=MY_ID)
    inbox.receive(user_id=config.pk, payload=message, now=timezone.now())
    process_due()
    plex.add_play("Severance", 1, 1, viewed_at=viewed_at + timedelta(minutes=4))

    task = import_all(config)

    assert (task.counts["read"], task.counts["stored"]) == (1, 0)
    assert Watch.objects.count() == PlexViewing.objects.count() == 1
    assert PlexViewing.objects.get().history_key


def test_an_unknown_show_becomes_one_question_that_answers_all_its_plays(config, plex, tmdb):
    add_plays(plex, "Nobody Knows This", 5)
    task = import_all(config)
    assert task.counts["results"] == {"questions": 5}
    logs = PlexWebhookLog.objects.filter(status=Status.HELD, action_taken=Action.CONFLICT_CREATED)
    assert len(set(logs.values_list("conflict", flat=True))) == 1


def test_what_was_asked_already_is_no_question_to_come(config, plex, tmdb):
    add_plays(plex, "Nobody Knows This", 5)
    assert look(config).counts["questions"] == 1
    import_all(config)
    assert look(config).counts["questions"] == 0


def test_what_was_read_is_told_as_recorded_also_while_plex_is_away(config, plex):
    plex.mirror(make_show("Severance", {1: 150}))
    add_plays(plex, "Severance", 150)
    task = look(config)
    lifecycle.go(task, chosen=[])
    assert lifecycle.claim(task, now=timezone.now())
    lifecycle.work_on(task, should_stop=lambda: True)
    process_due()
    plex.server.fail_with(503)

    lifecycle.work_on_imports(reading.never)

    task.refresh_from_db()
    assert task.error
    assert task.counts["results"] == {"recorded": 100}


def test_what_the_catch_up_brings_meanwhile_is_not_counted(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    add_plays(plex, "Severance", 3)
    task = look(config)
    lifecycle.go(task, chosen=[])
    plex.add_play("Severance", 1, 9, viewed_at=timezone.now() - timedelta(seconds=5))
    PlexConfig.objects.update(sync_started_date=timezone.now() - HOUR)
    run_due_jobs(is_starting=True)
    process_due()
    assert PlexWebhookLog.objects.count() == 1, "the catch-up has brought the newest"

    task = work(task)

    assert task.counts["results"] == {"recorded": 3}
    assert Watch.objects.count() == 4


def test_a_second_import_brings_nothing_twice(config, plex):
    plex.mirror(make_show("Severance", {1: 9}))
    add_plays(plex, "Severance", 9)
    import_all(config)
    task = import_all(config)
    assert (task.counts["stored"], task.counts["results"]) == (0, {})
    assert Watch.objects.count() == PlexWebhookLog.objects.count() == 9


def test_more_than_a_page_and_many_in_one_second(config, plex):
    """Before 1.40 a season that was marked by hand made rows of one second."""
    plex.mirror(make_show("Severance", {1: 250}))
    for number in range(1, 251):
        plex.add_play("Severance", 1, number, viewed_at=LONG_AGO)
    task = import_all(config)
    assert Counter(task.counts["results"]) == {"recorded": 250}
    assert Watch.objects.count() == 250


def test_rows_that_plex_deletes_meanwhile_hide_no_others(config, plex):
    plex.mirror(make_show("Severance", {1: 250}))
    add_plays(plex, "Severance", 250)
    task = look(config)
    lifecycle.go(task, chosen=[])
    one_page(task)
    del plex.history[:60]
    assert work(task).state == State.FINISHED
    assert Watch.objects.count() == 250


def test_events_that_wait_hold_the_reading_back(config, plex):
    """However long the history: only so many events are due at any time."""
    plex.mirror(make_show("Severance", {1: 800}))
    add_plays(plex, "Severance", 800)
    task = look(config)
    lifecycle.go(task, chosen=[])
    due = []

    def note_and_process() -> bool:
        due.append(past_plays.due_events(10_000))
        if due[-1] > past_plays.MOST_DUE or task.done == task.total:
            process_due()
        return False

    lifecycle.claim(task, now=timezone.now())
    past_plays.step(task, should_stop=note_and_process)

    task.refresh_from_db()
    assert task.state == State.FINISHED
    assert max(due) <= past_plays.MOST_DUE + 100
    assert Watch.objects.count() == 800


def test_the_clock_of_a_slice_stops_the_reading_after_a_page(config, plex):
    plex.mirror(make_show("Severance", {1: 250}))
    add_plays(plex, "Severance", 250)
    task = lifecycle.start(config, PlexImport.Kind.PLAYS)
    one_page(task)
    assert (task.state, task.done) == (State.COUNTING, 100)
    assert work(task).counts["plays"] == 250


def one_page(task: PlexImport) -> None:
    stop: Callable[[], bool] = lambda: True  # noqa: E731
    lifecycle.claim(task, now=timezone.now())
    lifecycle.work_on(task, should_stop=stop)
    task.refresh_from_db()


def test_while_plex_tv_is_away_nothing_is_left_out(config, plex, owner):
    """Whose rows of the owner's number are is not known then: a friendly name says nothing."""
    plex.mirror(make_show("Severance", {1: 9}))
    me = str(MY_ID)
    config.account = PlexAccountFactory(
        server_uuid=SERVER, account_id=me, account_key=me, account_title="Mira R"
    )
    config.account.users.set([owner])
    config.save()
    add_plays(plex, "Severance", 9)
    task = look(config)
    past_plays._people.clear()
    plex.tv.fail_with(503)
    lifecycle.go(task, chosen=[])
    for _ in range(3):
        lifecycle.work_on_imports(reading.never)
        process_due()
    assert Watch.objects.count() == 0

    plex.tv.up()
    PlexImport.objects.update(lease_until=None)
    Job.objects.filter(name__startswith="circuit").delete()
    work(task)

    assert Watch.objects.count() == 9
