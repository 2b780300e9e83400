from django.db import migrations

from plex.database_views import create_views, drop_views


class Migration(migrations.Migration):
    dependencies = [("plex", "0001_initial")]

    operations = [migrations.RunPython(create_views, drop_views)]
