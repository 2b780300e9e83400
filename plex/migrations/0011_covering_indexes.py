"""Indexes that answer for the figures without reading the log, and none for what an event has not yet."""

import django.db.models.deletion
from django.db import migrations, models

from plex.database_indexes import AddIndexBeside, DropFieldIndex, RemoveIndexBeside


class Migration(migrations.Migration):
    # A full log goes on being written to; see plex.database_indexes.
    atomic = False

    dependencies = [
        ("plex", "0010_alarms"),
        ("tracker", "0005_alarms"),
    ]

    operations = [
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(fields=["config", "-id", "status", "created_at"], name="plexlog_config"),
        ),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("account__isnull", False)), fields=["account", "-id", "config", "status", "created_at"], name="plexlog_account"),
        ),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("mapping__isnull", False)), fields=["mapping", "config", "account"], name="plexlog_mapping"),
        ),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("conflict__isnull", False)), fields=["conflict"], name="plexlog_conflict"),
        ),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("tvshow__isnull", False)), fields=["tvshow"], name="plexlog_tvshow"),
        ),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(fields=["created_at", "status", "event_type", "processing_duration_ms"], name="plexlog_days"),
        ),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_held"),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("status", "held")), fields=["config", "-id", "status"], name="plexlog_held"),
        ),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_failed"),
        AddIndexBeside(
            model_name="plexwebhooklog",
            index=models.Index(condition=models.Q(("status", "failed")), fields=["config", "-id", "status"], name="plexlog_failed"),
        ),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_config_newest"),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_account_newest"),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_mapping_whose"),
        RemoveIndexBeside(model_name="plexwebhooklog", name="plexlog_created_at"),
        DropFieldIndex(
            model_name="plexwebhooklog",
            name="conflict",
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="logs", to="plex.plexconflict"),
        ),
        DropFieldIndex(
            model_name="plexwebhooklog",
            name="tvshow",
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="plex_logs", to="tracker.tvshow", verbose_name="show"),
        ),
    ]
