"""The views in the form that reads indexes alone; their columns are the same."""

from django.db import migrations

from plex.database_views import create_views, drop_views


def rebuild_views(apps, schema_editor):
    drop_views(apps, schema_editor)
    create_views(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("plex", "0011_covering_indexes")]

    operations = [migrations.RunPython(rebuild_views, migrations.RunPython.noop)]
