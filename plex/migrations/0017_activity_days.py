"""The activity of days that are over is counted in advance, and the view reads that."""

from django.db import migrations, models

from plex.database_views import with_views_rebuilt


class Migration(migrations.Migration):

    dependencies = [
        ('plex', '0016_registered_base'),
    ]

    operations = with_views_rebuilt(
        [
            migrations.CreateModel(
                name='PlexActivityDay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('day', models.DateField()),
                    ('event_type', models.CharField(max_length=64)),
                    ('status', models.CharField(max_length=10)),
                    ('event_count', models.IntegerField()),
                    ('avg_duration_ms', models.FloatField(null=True)),
                ],
                options={
                    'db_table': 'plex_activity_days',
                    'constraints': [models.UniqueConstraint(fields=('day', 'event_type', 'status'), name='plexactivityday_once')],
                },
            ),
        ]
    )
