"""Enter trigrams at once: titles on the waiting list of a GIN index make the planner shun it."""

from django.db import migrations

INDEXES = ["showtitle_key_trgm", "tvshow_title_trgm"]


def set_fastupdate(schema_editor, value):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"ALTER INDEX {name} SET (fastupdate = {value})")


def turn_off(apps, schema_editor):
    set_fastupdate(schema_editor, "off")


def turn_on(apps, schema_editor):
    set_fastupdate(schema_editor, "on")


class Migration(migrations.Migration):
    dependencies = [("tracker", "0002_title_trigrams")]

    operations = [migrations.RunPython(turn_off, turn_on)]
