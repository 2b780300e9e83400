"""The look-ups that each event makes are led by an index, however long the log grows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plex import inbox
from plex.models import PlexConfig, PlexShowMapping, PlexViewing, PlexWebhookLog, Status
from plex.processing.gather import find_mappings, gather, shows_of_episode_ids
from plex.processing.record import read_past
from tests.factories import make_show
from tests.plex.factories import SERVER, scrobble
from tracker.models import Episode, Watch

pytestmark = pytest.mark.django_db
ROWS = 2000
CONFIGS = 200


@pytest.fixture(autouse=True)
def _long_log(owner: User) -> None:
    """Rows enough that PostgreSQL has a reason to prefer an index; SQLite always plans the same."""
    now = timezone.now()
    show = make_show("Severance", {1: 400})
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
    row = inbox.receive(user_id=config.pk, payload=scrobble(), now=timezone.now())
    event = gather([row], now=timezone.now())[0]
    event.users = (config.pk,)
    read_past([event])


def find_secret() -> None:
    PlexConfig.objects.with_secret_sha256(f"{7:064}", now=timezone.now()).first()


def list_newest_events() -> None:
    config = PlexConfig.objects.earliest("pk")
    list(PlexWebhookLog.objects.filter(config=config).order_by("-id")[:10])


LOOK_UPS: list[tuple[Callable[[], object], str, str]] = [
    (claim, "plex_webhook_logs", "next_attempt_at"),
    (look_for_duplicates, "plex_viewings", "item_key"),
    (look_for_duplicates, "plex_webhook_logs", "item_key"),
    (lambda: find_mappings([f"plex://show/{7:024}"]), "plex_show_mappings", "identity"),
    (find_secret, "plex_config", "webhook_secret_sha256"),
    (lambda: shows_of_episode_ids([4711]), "tracker_episode", "tmdb_id"),
    (list_newest_events, "plex_webhook_logs", "config_id"),
]


@pytest.mark.parametrize(
    ("look_up", "table", "column"),
    LOOK_UPS,
    ids=["claim", "duplicates", "held", "mapping", "secret", "episode", "newest"],
)
def test_an_index_leads_to_the_rows(look_up, table, column):
    plan = plan_of(captured(look_up, table, column))

    assert f"SCAN {table}" not in plan, plan
    assert f"Seq Scan on {table}" not in plan, plan
    assert any(column in condition for condition in conditions(plan)), plan


def test_the_newest_events_are_not_sorted():
    plan = plan_of(captured(list_newest_events, "plex_webhook_logs", "config_id"))

    assert "TEMP B-TREE" not in plan, plan
    assert "Sort" not in plan, plan


def captured(look_up: Callable[[], object], table: str, column: str) -> str:
    """The look-up's own query: the last SELECT from the table that asks for the column."""
    with CaptureQueriesContext(connection) as queries:
        look_up()
    return [
        query["sql"]
        for query in queries.captured_queries
        if query["sql"].startswith("SELECT")
        and f'FROM "{table}"' in query["sql"]
        and f'"{column}"' in query["sql"].partition("WHERE")[2]
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
