import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    (1, "by original air date"),
    (2, "absolute"),
    (3, "DVD"),
    (4, "digital release"),
    (5, "story arcs"),
    (6, "production"),
    (7, "TV"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0003_trigrams_at_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="tvshow",
            name="orders_read_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty where nobody needed them yet.",
                null=True,
                verbose_name="other orders last read from TMDB",
            ),
        ),
        migrations.CreateModel(
            name="EpisodeOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tmdb_id",
                    models.CharField(max_length=40, verbose_name="TMDB's id of the group"),
                ),
                ("name", models.CharField(max_length=300)),
                ("kind", models.PositiveSmallIntegerField(choices=KINDS)),
                (
                    "show",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="orders",
                        to="tracker.tvshow",
                    ),
                ),
            ],
            options={"ordering": ["kind", "name", "id"]},
        ),
        migrations.CreateModel(
            name="OrderedEpisode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "season_number",
                    models.PositiveIntegerField(help_text="0 holds the specials."),
                ),
                ("episode_number", models.PositiveIntegerField()),
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tracker.episode",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="episodes",
                        to="tracker.episodeorder",
                    ),
                ),
            ],
            options={"ordering": ["season_number", "episode_number"]},
        ),
        migrations.AddConstraint(
            model_name="episodeorder",
            constraint=models.UniqueConstraint(
                fields=("show", "tmdb_id"), name="episodeorder_once_per_show"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderedepisode",
            constraint=models.UniqueConstraint(
                fields=("order", "season_number", "episode_number"),
                name="orderedepisode_once_per_place",
            ),
        ),
    ]
