import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("plex", "0006_orders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: list[migrations.operations.base.Operation] = [
        migrations.CreateModel(
            name="PlexCorrection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("show", "Wrong show"), ("episode", "Wrong episode")], max_length=8
                    ),
                ),
                (
                    "summary",
                    models.CharField(help_text="What was said, for people.", max_length=500),
                ),
                ("plays", models.PositiveIntegerField(default=0)),
                (
                    "kept",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        help_text="Rows as they were: see plex.resolution.undoing.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "from_show",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tracker.tvshow",
                        verbose_name="from",
                    ),
                ),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="plex.plexshowmapping",
                    ),
                ),
                (
                    "to_show",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tracker.tvshow",
                        verbose_name="to",
                    ),
                ),
            ],
            options={
                "verbose_name": "Plex correction",
                "db_table": "plex_corrections",
            },
        ),
        migrations.AddField(
            model_name="plexepisodemapping",
            name="is_elsewhere",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Of another show, and meant so: it holds whatever show the Plex show is.",
            ),
        ),
        migrations.AddField(
            model_name="plexviewing",
            name="evidence",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What said which episode it is: plex.episodes.match's word, or that a person did.",
                max_length=30,
            ),
        ),
        migrations.AddIndex(
            model_name="plexviewing",
            index=models.Index(
                condition=models.Q(("evidence", "number")),
                fields=["user", "mapping"],
                name="viewing_by_number",
            ),
        ),
        migrations.AlterField(
            model_name="plexconflict",
            name="conflict_type",
            field=models.CharField(
                choices=[
                    ("multiple_matches", "Several shows could be meant"),
                    ("no_match", "No show was found"),
                    ("ambiguous", "The show is not clear"),
                    ("episode", "The episode is not clear"),
                ],
                max_length=20,
            ),
        ),
    ]
