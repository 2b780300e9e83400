from django.db import migrations, models

import tracker.encryption
from plex.database_views import with_views_rebuilt


class Migration(migrations.Migration):
    dependencies = [
        ("plex", "0003_history"),
    ]

    operations = with_views_rebuilt(
        [
            migrations.AddField(
                model_name="plexconfig",
                name="plex_server_token",
                field=tracker.encryption.SealedField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text="Only of somebody else's server, which must never get the account's token.",
                    verbose_name="server's own token",
                ),
            ),
            migrations.AddField(
                model_name="plexconfig",
                name="plex_username",
                field=models.CharField(
                    blank=True,
                    db_default="",
                    default="",
                    max_length=255,
                    verbose_name="Plex account",
                ),
            ),
            migrations.AddField(
                model_name="plexconfig",
                name="token_refused_at",
                field=models.DateTimeField(
                    blank=True, help_text="Since when Plex refuses the token.", null=True
                ),
            ),
            migrations.AddField(
                model_name="plexconfig",
                name="webhook_registered_at",
                field=models.DateTimeField(
                    blank=True,
                    help_text="When this address was entered in Plex from here.",
                    null=True,
                ),
            ),
        ]
    )
