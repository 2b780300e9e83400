"""The SQL of the database views, and how a migration changes a table that stands under one.

Altering such a table fails on SQLite ("error in view … no such table") and on PostgreSQL ("cannot
alter type of a column used by a view"): wrap the operations in `with_views_rebuilt`.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.operations.base import Operation

# The figures of events come one by one from an index each: put together they would be read from the
# whole log, a thousand times as much. The same holds for the Plex shows of each, but SQLite has no
# LATERAL and finds those of all at once.
SYNC_STATS = """
CREATE VIEW plex_sync_stats AS
SELECT
    c.user_id,
    COALESCE(m.total_shows, 0) AS total_shows,
    COALESCE(m.mapped_shows, 0) AS mapped_shows,
    COALESCE(m.confirmed_shows, 0) AS confirmed_shows,
    COALESCE(m.open_conflicts, 0) AS open_conflicts,
    (SELECT COUNT(*) FROM plex_webhook_logs l WHERE l.config_id = c.user_id) AS total_events,
    (
        SELECT COUNT(*) FROM plex_webhook_logs l
        WHERE l.config_id = c.user_id AND l.status = 'success'
    ) AS successful_events,
    (
        SELECT COUNT(*) FROM plex_webhook_logs l
        WHERE l.config_id = c.user_id AND l.status = 'failed'
    ) AS failed_events,
    (
        SELECT COUNT(*) FROM plex_webhook_logs l
        WHERE l.config_id = c.user_id AND l.status = 'held'
    ) AS held_events,
    (
        SELECT l.created_at FROM plex_webhook_logs l
        WHERE l.config_id = c.user_id ORDER BY l.id DESC LIMIT 1
    ) AS last_event_at
FROM plex_config c
LEFT JOIN {each} (
    SELECT
        seen.config_id,
        COUNT(*) AS total_shows,
        SUM(CASE WHEN s.tvshow_id IS NOT NULL THEN 1 ELSE 0 END) AS mapped_shows,
        SUM(CASE WHEN s.manually_confirmed THEN 1 ELSE 0 END) AS confirmed_shows,
        SUM(CASE WHEN o.mapping_id IS NOT NULL THEN 1 ELSE 0 END) AS open_conflicts
    FROM (
        SELECT DISTINCT l.config_id, l.mapping_id FROM plex_webhook_logs l
        WHERE l.mapping_id IS NOT NULL AND {whose}
    ) seen
    JOIN plex_show_mappings s ON s.id = seen.mapping_id
    LEFT JOIN (
        SELECT DISTINCT mapping_id FROM plex_conflicts WHERE NOT resolved
    ) o ON o.mapping_id = s.id
    GROUP BY seen.config_id
) m ON m.config_id = c.user_id
"""
SHOWS_OF = {
    "postgresql": {"each": "LATERAL", "whose": "l.config_id = c.user_id"},
    "sqlite": {"each": "", "whose": "TRUE"},
}

# What was counted of days that are over, and the days since. On PostgreSQL a day at a time is a stretch
# of the index of times: to tell the day of every event, and to sort them by it, takes twice as long.
# SQLite has no LATERAL.
WEBHOOK_ACTIVITY = {
    "postgresql": """
CREATE VIEW plex_webhook_activity AS
WITH settled AS (
    SELECT COALESCE(MAX(day), CAST(now() AT TIME ZONE 'UTC' AS date) - 31) AS until
    FROM plex_activity_days
)
SELECT
    to_char(day, 'YYYY-MM-DD') || ' ' || event_type || ' ' || status AS id,
    day,
    event_type,
    status,
    event_count,
    avg_duration_ms
FROM (
    SELECT day, event_type, status, CAST(event_count AS bigint) AS event_count, avg_duration_ms
    FROM plex_activity_days
    WHERE day >= CAST((now() - interval '30 days') AT TIME ZONE 'UTC' AS date)
    UNION ALL
    SELECT day, found.event_type, found.status, found.event_count, found.avg_duration_ms
    FROM settled
    CROSS JOIN generate_series(0, 30) n
    CROSS JOIN LATERAL (SELECT CAST(now() AT TIME ZONE 'UTC' AS date) - n AS day) days
    CROSS JOIN LATERAL (
        SELECT
            event_type, status, COUNT(*) AS event_count, AVG(processing_duration_ms) AS avg_duration_ms
        FROM plex_webhook_logs
        WHERE created_at >= now() - interval '30 days'
            AND created_at >= CAST(day AS timestamp) AT TIME ZONE 'UTC'
            AND created_at < CAST(day + 1 AS timestamp) AT TIME ZONE 'UTC'
        GROUP BY event_type, status
    ) found
    WHERE day > settled.until
) counted
""",
    "sqlite": """
CREATE VIEW plex_webhook_activity AS
SELECT
    day || ' ' || event_type || ' ' || status AS id,
    day,
    event_type,
    status,
    event_count,
    avg_duration_ms
FROM plex_activity_days
WHERE day >= date('now', '-30 days')
UNION ALL
SELECT
    day || ' ' || event_type || ' ' || status AS id,
    day,
    event_type,
    status,
    COUNT(*) AS event_count,
    AVG(processing_duration_ms) AS avg_duration_ms
FROM (
    SELECT substr(created_at, 1, 10) AS day, event_type, status, processing_duration_ms
    FROM plex_webhook_logs
    WHERE created_at >= MAX(
        datetime('now', '-30 days'),
        COALESCE((SELECT date(MAX(day), '+1 day') FROM plex_activity_days), '')
    )
) recent
GROUP BY day, event_type, status
""",
}

UNMAPPED_SHOWS = """
CREATE VIEW plex_unmapped_shows AS
SELECT
    m.id AS mapping_id,
    m.plex_title,
    m.plex_year,
    m.plex_guid,
    COUNT(l.id) AS event_count,
    COALESCE(SUM(CASE WHEN l.status = 'held' THEN 1 ELSE 0 END), 0) AS held_count,
    MAX(l.created_at) AS last_event_at
FROM plex_show_mappings m
LEFT JOIN plex_webhook_logs l ON l.mapping_id = m.id
WHERE m.tvshow_id IS NULL
GROUP BY m.id, m.plex_title, m.plex_year, m.plex_guid
"""

VIEW_NAMES = ("plex_sync_stats", "plex_webhook_activity", "plex_unmapped_shows")


def create_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    views = [SYNC_STATS.format(**SHOWS_OF[vendor]), UNMAPPED_SHOWS]
    # Earlier migrations know no table of days.
    if "plexactivityday" in apps.all_models["plex"]:
        views.append(WEBHOOK_ACTIVITY[vendor])
    for sql in views:
        schema_editor.execute(sql, params=None)


def drop_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in VIEW_NAMES:
        schema_editor.execute(f"DROP VIEW IF EXISTS {name}", params=None)


def with_views_rebuilt(operations: Sequence[Operation]) -> list[Operation]:
    """A migration's operations between dropping and re-creating the views, in both directions."""
    return [
        RunPython(drop_views, create_views),
        *operations,
        RunPython(create_views, drop_views),
    ]
