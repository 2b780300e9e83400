import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Coalesce

from plex.database_views import with_views_rebuilt


class Migration(migrations.Migration):
    dependencies = [
        ("plex", "0005_imports"),
        ("tracker", "0004_orders"),
    ]

    operations = with_views_rebuilt(
        [
            migrations.AlterModelOptions(
                name="plexseasonmapping",
                options={"ordering": ["plex_season", "first_episode", "id"]},
            ),
            migrations.RemoveConstraint(model_name="plexseasonmapping", name="seasonmapping_once"),
            migrations.AddField(
                model_name="plexseasonmapping",
                name="anchor",
                field=models.ForeignKey(
                    blank=True,
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="+",
                    to="tracker.episode",
                ),
            ),
            migrations.AddField(
                model_name="plexseasonmapping",
                name="anchor_number",
                field=models.PositiveIntegerField(blank=True, editable=False, null=True),
            ),
            migrations.AddField(
                model_name="plexseasonmapping",
                name="first_episode",
                field=models.PositiveIntegerField(
                    blank=True, help_text="Of Plex's numbers; empty for all.", null=True
                ),
            ),
            migrations.AddField(
                model_name="plexseasonmapping",
                name="last_episode",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="plexshowmapping",
                name="declined_orders",
                field=models.TextField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text="Keys of orders not to propose again, a space between.",
                ),
            ),
            migrations.AddField(
                model_name="plexshowmapping",
                name="episode_order",
                field=models.CharField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text=(
                        "How Plex numbers them: empty for TMDB's own; see plex.episodes.orders."
                    ),
                    max_length=60,
                    verbose_name="order of the episodes",
                ),
            ),
            migrations.AddField(
                model_name="plexshowmapping",
                name="proposal",
                field=models.CharField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text="Why it is proposed.",
                    max_length=500,
                ),
            ),
            migrations.AddField(
                model_name="plexshowmapping",
                name="proposed_order",
                field=models.CharField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text="What the evidence fits.",
                    max_length=60,
                ),
            ),
            migrations.AddConstraint(
                model_name="plexseasonmapping",
                constraint=models.UniqueConstraint(
                    models.F("mapping"),
                    models.F("plex_season"),
                    Coalesce("first_episode", 0),
                    name="seasonmapping_once",
                ),
            ),
        ]
    )
