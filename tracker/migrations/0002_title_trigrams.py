"""Trigram indexes for finding similar titles; SQLite has none and needs none (see plex.candidates)."""

from django.db import migrations

INDEXES = {"showtitle_key_trgm": "tracker_showtitle (key", "tvshow_title_trgm": "tvshows (title"}


def create_indexes(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for name, column in INDEXES.items():
        schema_editor.execute(f"CREATE INDEX {name} ON {column.replace(' (', ' USING gin (')} gin_trgm_ops)")


def drop_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("tracker", "0001_initial")]

    operations = [migrations.RunPython(create_indexes, drop_indexes)]
