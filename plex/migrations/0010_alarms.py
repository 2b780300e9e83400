from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("plex", "0009_scan"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("failed_events", "Many events fail"), ("conflicts", "Many questions are open"), ("tmdb_errors", "TMDB often fails"), ("worker_silent", "The worker is silent"), ("new_conflict", "A new question")], max_length=20, unique=True)),
                ("is_on", models.BooleanField(default=True)),
                ("raised_at", models.DateTimeField(blank=True, null=True)),
                ("sentence", models.CharField(blank=True, max_length=300)),
                ("memory", models.JSONField(blank=True, default=dict, editable=False)),
            ],
            options={"db_table": "plex_alarms"},
        ),
    ]
