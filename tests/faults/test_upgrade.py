"""While an update is under way: an older process goes on storing, and tables with a full log are altered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import timezone

from plex.database_views import VIEW_NAMES, with_views_rebuilt
from plex.models import PlexWebhookLog, Status
from plex.processing import process_due
from tests.factories import episode_of, make_show
from tests.faults import sizes
from tests.plex.factories import PlexWebhookLogFactory, make_config, of_episode
from tracker.models import Watch

# The tables of the version before: whoever adds to them lets its processes go on writing.
BEFORE = [("plex", "0005_imports"), ("tracker", "0003_trigrams_at_once")]
# Behind it, the indexes of the log change.
OTHER_INDEXES = ("plex", "0010_alarms")
LOG = PlexWebhookLog._meta.db_table


def older_models() -> Any:
    loader = MigrationLoader(connection)
    nodes = [node for node in BEFORE if node in loader.graph.nodes]
    assert len(nodes) == len(BEFORE)
    return loader.project_state(nodes).apps


@pytest.mark.django_db
def test_columns_that_an_older_process_does_not_know_fill_themselves():
    apps = older_models()
    unfilled = []
    for model in [
        *apps.get_app_config("plex").get_models(),
        *apps.get_app_config("tracker").get_models(),
    ]:
        table = model._meta.db_table
        if not model._meta.managed:
            continue
        known = {column.column for column in model._meta.concrete_fields}
        with connection.cursor() as cursor:
            if table not in connection.introspection.table_names(cursor):
                continue
            columns = connection.introspection.get_table_description(cursor, table)
        unfilled += [
            f"{table}.{column.name}"
            for column in columns
            if column.name not in known and not column.null_ok and column.default is None
        ]
    assert not unfilled, "add db_default"


@pytest.mark.django_db
def test_an_event_that_an_older_web_process_stores_is_recorded_by_a_newer_worker(owner):
    config, _ = make_config(owner)
    show = make_show("Severance", {1: 3})
    now = timezone.now()
    older = older_models().get_model("plex", "PlexWebhookLog")
    older.objects.create(
        config_id=config.pk,
        source="webhook",
        event_type="media.scrobble",
        plex_title="Severance",
        payload=of_episode(episode_of(show, 1, 1)),
        created_at=now,
        next_attempt_at=now,
    )

    process_due()

    assert PlexWebhookLog.objects.get().status == Status.SUCCESS
    assert Watch.objects.count() == 1
    sizes.tell("an older process stores an event during an update", events=1, result="recorded")


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_full_log_is_altered_with_its_views_rebuilt(owner):
    config, _ = make_config(owner)
    count = min(sizes.chosen().events * 2, 20_000)
    PlexWebhookLog.objects.bulk_create(
        (
            PlexWebhookLogFactory.build(config=config, status=status)
            for status in (Status.SUCCESS, Status.HELD)
            for _ in range(count // 2)
        ),
        batch_size=500,
    )
    before = in_views()
    state = MigrationLoader(connection).project_state()

    run(with_views_rebuilt([alter(600)]), state.clone())
    run(with_views_rebuilt([alter(500)]), state.clone())

    assert in_views() == before
    assert PlexWebhookLog.objects.count() == count
    sizes.tell("a table under the views altered, with a full log", events=count, result="all there")


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_events_are_stored_while_the_indexes_of_a_full_log_change(owner):
    config, _ = make_config(owner)
    count = min(sizes.chosen().events * 2, 20_000)
    PlexWebhookLog.objects.bulk_create(
        (PlexWebhookLogFactory.build(config=config, status=Status.SUCCESS) for _ in range(count)),
        batch_size=500,
    )
    newest = MigrationLoader(connection).graph.leaf_nodes("plex")
    indexes = indexes_of_log()
    stored: list[int] = []

    try:
        with stored_meanwhile(config.pk, stored):
            MigrationExecutor(connection).migrate([OTHER_INDEXES])
            others = indexes_of_log()
            MigrationExecutor(connection).migrate(newest)
    finally:
        MigrationExecutor(connection).migrate(newest)

    assert others != indexes
    assert indexes_of_log() == indexes
    assert stored
    assert PlexWebhookLog.objects.count() == count + len(stored)
    sizes.tell(
        "indexes of a full log changed there and back while events arrive",
        events=count + len(stored),
        result="all there",
    )


@contextmanager
def stored_meanwhile(config: int, stored: list[int]) -> Iterator[None]:
    """A process of the version before stores events; raises where one could not be stored."""
    model = MigrationLoader(connection).project_state([OTHER_INDEXES]).apps
    older: Any = model.get_model("plex", "PlexWebhookLog")
    over, errors = threading.Event(), list[Exception]()

    def store() -> None:
        try:
            while not over.wait(0.005):
                stored.append(older.objects.create(config_id=config, created_at=timezone.now()).pk)
        except Exception as error:  # noqa: BLE001 - a thread's error is the test's
            errors.append(error)
        finally:
            connections.close_all()

    sender = threading.Thread(target=store)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()
    assert not errors


def indexes_of_log() -> set[str]:
    """Those that work: PostgreSQL leaves one behind that is of no use where it was broken off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT indexrelid::regclass::text FROM pg_index "
                "WHERE indrelid = %s::regclass AND indisvalid",
                [LOG],
            )
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE tbl_name = %s AND type = 'index'", [LOG]
            )
        return {name for (name,) in cursor.fetchall()}


def alter(length: int) -> migrations.AlterField:
    field = models.CharField(max_length=length, blank=True)
    return migrations.AlterField("plexwebhooklog", "plex_title", field)


def run(operations: list[Any], state: ProjectState) -> None:
    class Later(migrations.Migration):
        pass

    Later.operations = operations
    with connection.schema_editor(atomic=True) as editor:
        Later("later", "plex").apply(state, editor)


def in_views() -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for name in VIEW_NAMES:
            cursor.execute(f"SELECT * FROM {name}")  # noqa: S608
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found
