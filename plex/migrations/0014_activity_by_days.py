"""The activity of a month on PostgreSQL, a day at a time; the columns of the views are the same."""

from django.db import migrations

from plex.database_views import create_views, drop_views


def rebuild_views(apps, schema_editor):
    drop_views(apps, schema_editor)
    create_views(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("plex", "0013_person_indexes")]

    operations = [migrations.RunPython(rebuild_views, migrations.RunPython.noop)]
