from django.db import migrations

import tracker.encryption


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0004_orders"),
    ]

    operations = [
        migrations.AddField(
            model_name="sitesettings",
            name="notification_addresses",
            field=tracker.encryption.SealedField(
                blank=True,
                db_default="",
                default="",
                help_text="Apprise addresses, one a line.",
            ),
        ),
    ]
