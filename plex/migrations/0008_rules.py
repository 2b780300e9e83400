import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from plex.database_views import with_views_rebuilt


class Migration(migrations.Migration):
    dependencies = [
        ("plex", "0007_corrections"),
        ("tracker", "0003_trigrams_at_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = with_views_rebuilt(
        [
            migrations.AlterField(
                model_name="plexwebhooklog",
                name="action_taken",
                field=models.CharField(
                    blank=True,
                    choices=[
                        ("marked_watched", "The episode was marked watched."),
                        (
                            "already_watched",
                            "The episode was watched already; its first date stays.",
                        ),
                        ("recorded_rewatch", "Recorded as a rewatch."),
                        ("auto_added_show", "The show was added, and the episode marked watched."),
                        (
                            "library_show_added",
                            "The show is new in the Plex library and was added.",
                        ),
                        ("show_already_exists", "The show is in the tracker already."),
                        ("conflict_created", "Waits until you say which show or episode this is."),
                        ("episode_not_found", "Waits until TMDB lists this episode."),
                        ("waiting_for_tmdb", "Waits until TMDB answers."),
                        ("waiting_for_tmdb_key", "Waits for a TMDB key: set one in the settings."),
                        (
                            "waiting_for_account",
                            "Waits until you say whose plays this account's are.",
                        ),
                        ("retrying", "Something went wrong on the way; it is tried again."),
                        ("event_not_scrobble", "Not a finished play, so nothing to record."),
                        ("not_an_episode", "Not an episode of a show, so nothing to record."),
                        ("not_plex", "This did not come from a Plex server."),
                        ("other_account", "This account's plays count for nobody."),
                        ("sync_disabled", "You stopped syncing this show."),
                        ("show_ignored", "You chose to ignore this show."),
                        ("ignored_by_rule", "One of your rules ignores it."),
                        ("auto_mark_disabled", "Marking by itself is switched off."),
                        ("auto_add_library_disabled", "Adding new library shows is switched off."),
                        ("integration_disabled", "The Plex integration is switched off."),
                        ("ignored_duplicate", "The same viewing arrived before."),
                        ("removed_by_user", "You removed this viewing; it stays removed."),
                        ("invalid_payload", "The event could not be read."),
                        (
                            "processing_error",
                            "Processing failed five times; process it again after an update.",
                        ),
                    ],
                    max_length=32,
                ),
            ),
            migrations.CreateModel(
                name="PlexRule",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "field",
                        models.CharField(
                            choices=[("title", "Title"), ("guid", "Guid"), ("library", "Library")],
                            default="title",
                            max_length=8,
                            verbose_name="rule for",
                        ),
                    ),
                    (
                        "pattern",
                        models.CharField(
                            help_text="A title or guid may hold * for anything.", max_length=500
                        ),
                    ),
                    (
                        "server_uuid",
                        models.CharField(
                            blank=True,
                            help_text="Of a library: only on this server.",
                            max_length=255,
                            verbose_name="server id",
                        ),
                    ),
                    (
                        "verdict",
                        models.CharField(
                            choices=[
                                ("always", "is always"),
                                ("never", "is never"),
                                ("ignore", "is ignored"),
                            ],
                            default="always",
                            max_length=8,
                        ),
                    ),
                    ("enabled", models.BooleanField(default=True)),
                    ("created_at", models.DateTimeField(auto_now_add=True)),
                    (
                        "tvshow",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="plex_rules",
                            to="tracker.tvshow",
                            verbose_name="show",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="plex_rules",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "verbose_name": "Plex rule",
                    "db_table": "plex_rules",
                    "ordering": ["field", "pattern", "pk"],
                },
            ),
            migrations.AddField(
                model_name="plexshowmapping",
                name="rule",
                field=models.ForeignKey(
                    blank=True,
                    editable=False,
                    help_text="The rule that said which show it is, if one did.",
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="mappings",
                    to="plex.plexrule",
                ),
            ),
            migrations.AddConstraint(
                model_name="plexrule",
                constraint=models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("tvshow", None), ("verdict", "ignore")),
                        models.Q(("tvshow__isnull", False), ("verdict__in", ["always", "never"])),
                        _connector="OR",
                    ),
                    name="plexrule_show_unless_ignored",
                ),
            ),
            migrations.AddConstraint(
                model_name="plexrule",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("verdict__in", ["always", "ignore"])),
                    fields=("user", "field", "pattern", "server_uuid"),
                    name="plexrule_decides_once",
                ),
            ),
        ]
    )
