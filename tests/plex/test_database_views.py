"""The database views, and migrations of the tables under them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.utils import timezone

from plex.database_views import VIEW_NAMES, with_views_rebuilt
from plex.models import (
    PlexConflict,
    PlexSyncStats,
    PlexUnmappedShow,
    PlexWebhookActivity,
    Status,
)
from tests.factories import make_show
from tests.plex.factories import (
    PlexConfigFactory,
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
)


@pytest.mark.django_db
def test_sync_stats_count_shows_conflicts_and_events_of_each_user(owner, viewer):
    mine, theirs = PlexConfigFactory(user=owner), PlexConfigFactory(user=viewer)
    mapped = PlexShowMappingFactory(tvshow=make_show("Severance"), manually_confirmed=True)
    unmapped = PlexShowMappingFactory()
    PlexConflictFactory(mapping=unmapped)
    PlexConflictFactory(mapping=mapped, resolved=True)
    for status in (Status.SUCCESS, Status.SUCCESS, Status.FAILED):
        PlexWebhookLogFactory(config=mine, mapping=mapped, status=status)
    PlexWebhookLogFactory(config=mine, mapping=unmapped, status=Status.HELD)

    stats = PlexSyncStats.objects.get(pk=owner.pk)
    assert (stats.total_shows, stats.mapped_shows, stats.confirmed_shows) == (2, 1, 1)
    assert stats.open_conflicts == PlexConflict.objects.open().count() == 1
    assert (stats.total_events, stats.successful_events) == (4, 2)
    assert (stats.failed_events, stats.held_events) == (1, 1)
    assert stats.last_event_at is not None
    nothing = PlexSyncStats.objects.get(pk=theirs.pk)
    assert (nothing.total_shows, nothing.total_events, nothing.last_event_at) == (0, 0, None)


@pytest.mark.django_db
def test_activity_counts_30_days_by_day_event_and_status():
    now = timezone.now()
    config = PlexConfigFactory()
    for days, duration in ((0, 10.0), (0, 30.0), (1, 5.0), (40, 5.0)):
        PlexWebhookLogFactory(
            config=config,
            created_at=now - timedelta(days=days),
            processing_duration_ms=duration,
        )

    newest, before = PlexWebhookActivity.objects.order_by("-day")
    assert (newest.event_count, newest.avg_duration_ms) == (2, 20.0)
    assert (before.event_count, before.status) == (1, Status.SUCCESS)
    assert str(newest.day) == f"{now:%Y-%m-%d}"


@pytest.mark.django_db
def test_unmapped_shows_say_what_waits_for_them():
    PlexShowMappingFactory(tvshow=make_show("Severance"))
    unmapped = PlexShowMappingFactory(plex_title="Unheard of")
    silent = PlexShowMappingFactory(plex_title="Never played")
    PlexWebhookLogFactory(mapping=unmapped, status=Status.HELD)
    PlexWebhookLogFactory(mapping=unmapped, status=Status.IGNORED)

    rows = {row.pk: row for row in PlexUnmappedShow.objects.all()}
    assert set(rows) == {unmapped.pk, silent.pk}
    assert (rows[unmapped.pk].event_count, rows[unmapped.pk].held_count) == (2, 1)
    assert (rows[silent.pk].event_count, rows[silent.pk].held_count) == (0, 0)


def run(operations: list[Operation], state: ProjectState) -> None:
    class Later(migrations.Migration):
        pass

    Later.operations = operations
    with connection.schema_editor(atomic=True) as editor:
        Later("later", "plex").apply(state, editor)


@pytest.mark.django_db(transaction=True)
def test_a_later_migration_can_alter_a_table_under_the_views():
    def alter(length: int) -> migrations.AlterField:
        field = models.CharField(max_length=length, blank=True)
        return migrations.AlterField("plexshowmapping", "plex_title", field)

    state = MigrationLoader(connection).project_state()
    with pytest.raises(Exception, match="view"):
        run([alter(600)], state.clone())
    for length in (600, 500):
        run(with_views_rebuilt([alter(length)]), state.clone())

    with connection.cursor() as cursor:
        for name in VIEW_NAMES:
            cursor.execute(f"SELECT COUNT(*) FROM {name}")  # noqa: S608
            assert cursor.fetchone() is not None
