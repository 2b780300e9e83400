"""The look-ups that each event makes are led by an index, however long the log grows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plex import inbox, postgresql, retention
from plex.models import (
    PlexConfig,
    PlexShowMapping,
    PlexSyncStats,
    PlexViewing,
    PlexWebhookActivity,
    PlexWebhookLog,
    Status,
)
from plex.monitoring import reports
from plex.processing.gather import gather
from plex.processing.indexes import shows_of_episode_ids
from plex.processing.mappings import find_mappings
from plex.processing.record import read_past
from tests.factories import make_show
from tests.plex.factories import SERVER, scrobble
from tracker.models import Episode, Watch

pytestmark = pytest.mark.django_db
# Enough that PostgreSQL has a reason to prefer an index. SQLite plans the same without statistics.
ROWS, CONFIGS, EPISODES = (2000, 200, 400) if connection.vendor == "postgresql" else (400, 40, 40)


@pytest.fixture(autouse=True)
def _long_log(owner: User) -> None:
    now = timezone.now()
    show = make_show("Severance", {1: EPISODES})
    episodes = list(Episode.objects.filter(season__show=show))
    users = User.objects.bulk_create(User(username=f"user{n}") for n in range(CONFIGS))
    PlexConfig.objects.bulk_create(
        PlexConfig(user=user, webhook_secret_sha256=f"{user.pk:064}") for user in users
    )
    PlexShowMapping.objects.bulk_create(
        PlexShowMapping(identity=f"plex://show/{n:024}", tvshow=show) for n in range(ROWS)
    )
    logs = PlexWebhookLog.objects.bulk_create(
        PlexWebhookLog(
            # One in forty the first one's.
            config_id=users[n % CONFIGS if n % 40 else 0].pk,
            server_uuid=SERVER,
            item_key=f"plex://episode/{n:024}",
            status=Status.HELD if n % 10 == 0 else Status.SUCCESS,
            viewed_at=now,
            created_at=now,
            next_attempt_at=now + timedelta(hours=1) if n % 10 == 1 else None,
        )
        for n in range(ROWS)
    )
    watches = Watch.objects.bulk_create(
        Watch(user=owner, episode=episode, watched_at=now) for episode in episodes
    )
    PlexViewing.objects.bulk_create(
        PlexViewing(
            user=owner,
            watch=watches[n % len(watches)],
            log=log,
            server_uuid=SERVER,
            item_key=log.item_key,
            viewed_at=now,
        )
        for n, log in enumerate(logs)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def claim() -> None:
    now = timezone.now() - timedelta(hours=2)
    PlexWebhookLog.objects.filter(pk__in=PlexWebhookLog.objects.values("pk")[:5]).update(
        next_attempt_at=now
    )
    inbox.claim(limit=5, now=timezone.now(), needs_network=False)


def look_for_duplicates() -> None:
    config = PlexConfig.objects.select_related("user").earliest("pk")
    pk = inbox.receive(user_id=config.pk, payload=scrobble(), now=timezone.now())
    event = gather([PlexWebhookLog.objects.get(pk=pk)], now=timezone.now())[0]
    event.users = (config.pk,)
    read_past([event])


def find_secret() -> None:
    PlexConfig.objects.with_secret_sha256(f"{7:064}", now=timezone.now()).first()


def list_newest_events() -> None:
    config = PlexConfig.objects.earliest("pk")
    list(PlexWebhookLog.objects.filter(config=config).order_by("-id")[:10])


def choose_for_deletion() -> None:
    done, *_ = retention.past_their_time(timezone.now())
    next(retention.batches(done), None)


LOOK_UPS: list[tuple[Callable[[], object], str, str]] = [
    (claim, "plex_webhook_logs", "next_attempt_at"),
    (look_for_duplicates, "plex_viewings", "item_key"),
    (look_for_duplicates, "plex_webhook_logs", "item_key"),
    (lambda: find_mappings([f"plex://show/{7:024}"]), "plex_show_mappings", "identity"),
    (find_secret, "plex_config", "webhook_secret_sha256"),
    (lambda: shows_of_episode_ids([4711]), "tracker_episode", "tmdb_id"),
    (list_newest_events, "plex_webhook_logs", "config_id"),
    (choose_for_deletion, "plex_webhook_logs", "created_at"),
]


@pytest.mark.parametrize(
    ("look_up", "table", "column"),
    LOOK_UPS,
    ids=["claim", "duplicates", "held", "mapping", "secret", "episode", "newest", "retention"],
)
def test_an_index_leads_to_the_rows(look_up, table, column):
    plan = plan_of(captured(look_up, table, column))

    assert not re.search(rf"(SCAN|Seq Scan on) {table}\b", plan), plan
    assert any(column in condition for condition in conditions(plan)), plan


def test_the_newest_events_are_not_sorted():
    plan = plan_of(captured(list_newest_events, "plex_webhook_logs", "config_id"))

    assert "TEMP B-TREE" not in plan, plan
    assert "Sort" not in plan, plan


def first_page(path: str, status: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    assert client.get(path, {"status": status}).status_code == 200


@pytest.mark.parametrize("path", ["/plex/activity/", "/api/plex/logs"])
@pytest.mark.parametrize("status", [Status.HELD, Status.FAILED])
def test_what_waits_or_failed_is_found_by_its_own_index(path, status):
    """Not by going through the log in its order: there may be none among a million."""
    with CaptureQueriesContext(connection) as queries:
        first_page(path, status)
    wanted = f"status\" = '{status}'"
    lists = [
        query["sql"]
        for query in queries.captured_queries
        if wanted in query["sql"] and "LIMIT" in query["sql"] and "DESC" in query["sql"]
    ]

    assert lists
    for sql in lists:
        plan = plan_of(sql)
        assert re.search(r"(INDEX|using|on) plexlog_(held|failed)", plan), plan


def of_config(user: User) -> QuerySet[PlexWebhookLog]:
    return PlexWebhookLog.objects.order_by().filter(config=user.pk)


LAST_DAYS = [timezone.localdate() - timedelta(days=n) for n in range(29, -1, -1)]
FIGURES: list[tuple[str, Callable[[User], object]]] = [
    ("count", lambda user: reports.count_all(LAST_DAYS)),
    ("count", lambda user: reports.count_some([of_config(user)], LAST_DAYS)),
    ("held", lambda user: PlexWebhookLog.objects.held().count()),
    ("plex_sync_stats", lambda user: list(PlexSyncStats.objects.all())),
    ("plex_webhook_activity", lambda user: list(PlexWebhookActivity.objects.all())),
]


@pytest.mark.parametrize(
    ("text", "read"), FIGURES, ids=["days", "own days", "held", "sync stats", "activity"]
)
def test_figures_are_read_from_indexes_without_the_rows(text, read):
    """PostgreSQL is told to prefer indexes: in so small a table it could do without."""
    user = PlexConfig.objects.select_related("user").latest("pk").user
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    with CaptureQueriesContext(connection) as queries:
        read(user)
    about_logs = [
        query["sql"] for query in queries.captured_queries if text in query["sql"].lower()
    ]

    lines = [line for line in plan_of(about_logs[-1]).splitlines() if reads_logs(line)]

    assert lines
    assert all("COVERING INDEX" in line or "Index Only Scan" in line for line in lines), lines


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's worker goes row by row")
def test_outcomes_find_their_rows_by_number_where_statistics_know_none_that_waits():
    now = timezone.now()
    PlexWebhookLog.objects.update(status=Status.SUCCESS)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE plex_webhook_logs")
        # As in a table that no other tests have blown up.
        cursor.execute("SET LOCAL seq_page_cost = 0.001")
        cursor.execute("SET LOCAL enable_hashjoin = off")
    config = PlexConfig.objects.earliest("pk")
    for _ in range(5):
        inbox.receive(user_id=config.pk, payload=scrobble(), now=now)
    waiting = PlexWebhookLog.objects.filter(status=Status.PENDING)
    rows = [{"status": "ignored", "id": row.pk, "attempts": row.attempts} for row in waiting]

    with CaptureQueriesContext(connection) as queries:
        assert postgresql.finish(rows) == 5

    plan = plan_of(queries.captured_queries[0]["sql"])
    # Not each with each.
    assert "Join Filter" not in plan, plan


def reads_logs(line: str) -> bool:
    """Whether a line of a plan reads the log, in the views called l."""
    words = line.split()
    return any(word in words for word in ("SCAN", "SEARCH", "on")) and any(
        word in words for word in ("plex_webhook_logs", "l")
    )


def captured(look_up: Callable[[], object], table: str, column: str) -> str:
    """The look-up's own query: the last that reads the table and asks for the column."""
    with CaptureQueriesContext(connection) as queries:
        look_up()
    plain = [query["sql"].replace('"', "") for query in queries.captured_queries]
    return [
        sql
        for sql in plain
        if not sql.startswith(("INSERT", "UPDATE", "DELETE"))
        and f"FROM {table}" in sql
        and column in sql.partition("WHERE")[2]
    ][-1]


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN {sql}")
            return "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[3] for row in cursor.fetchall())


def conditions(plan: str) -> list[str]:
    """The lines that say by which columns an index is searched."""
    return [line for line in plan.splitlines() if "Index Cond:" in line or " USING " in line]
