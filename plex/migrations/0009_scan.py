from django.db import migrations, models

from plex.database_views import with_views_rebuilt


class Migration(migrations.Migration):
    dependencies = [
        ("plex", "0008_rules"),
    ]

    operations = [
        *with_views_rebuilt(
            [
                migrations.AddField(
                    model_name="plexconfig",
                    name="scan_watched",
                    field=models.BooleanField(
                        db_default=False,
                        default=False,
                        verbose_name="find what was marked by hand in Plex",
                    ),
                ),
                migrations.AddField(
                    model_name="plexconfig",
                    name="scan_started_at",
                    field=models.DateTimeField(
                        blank=True, help_text="Marks from before are left alone.", null=True
                    ),
                ),
                migrations.AddField(
                    model_name="plexconfig",
                    name="has_plex_pass",
                    field=models.BooleanField(
                        blank=True,
                        help_text="Unknown until Plex was asked.",
                        null=True,
                        verbose_name="Plex Pass",
                    ),
                ),
                migrations.AddField(
                    model_name="plexconfig",
                    name="webhook_removed_at",
                    field=models.DateTimeField(
                        blank=True,
                        help_text="Until when Plex knew an address that it no longer knows.",
                        null=True,
                    ),
                ),
            ]
        ),
        migrations.AddField(
            model_name="job",
            name="found",
            field=models.JSONField(
                blank=True, help_text="What the last run found, for people.", null=True
            ),
        ),
    ]
