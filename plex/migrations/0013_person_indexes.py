"""Indexes that answer which Plex shows are a person's, and give lists of Plex shows their order."""

from django.db import migrations, models

from plex.database_indexes import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    # A full log goes on being written to; see plex.database_indexes.
    atomic = False

    dependencies = [("plex", "0012_views_by_indexes")]

    operations = [
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(fields=["config", "-id", "status", "created_at", "mapping"], name="plexlog_of_config"),
        ),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("account__isnull", False)), fields=["account", "-id", "config", "status", "created_at", "mapping"], name="plexlog_of_account"),
        ),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_config"),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_account"),
        AddIndexBeside(
            model_name="plexviewing",
            index=models.Index(fields=["user", "server_uuid", "item_key", "viewed_at", "mapping"], name="viewing_of_item"),
        ),
        RemoveIndexBeside(model_name="plexviewing", name="viewing_item"),
        AddIndexBeside(
            model_name="plexshowmapping",
            index=models.Index(fields=["plex_title", "id"], name="mapping_title"),
        ),
    ]
