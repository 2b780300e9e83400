"""Where the webhook was registered, for every browser; what is said of shows of the library."""

from django.db import migrations, models

from plex.database_views import with_views_rebuilt


class Migration(migrations.Migration):

    dependencies = [
        ('plex', '0015_no_wait_for_a_key'),
    ]

    operations = [
        *with_views_rebuilt(
            [
                migrations.AddField(
                    model_name='plexconfig',
                    name='webhook_registered_base',
                    field=models.CharField(blank=True, db_default='', default='', help_text='Under which address of the tracker it was entered.', max_length=500),
                ),
            ]
        ),
        migrations.AlterField(
            model_name='plexwebhooklog',
            name='action_taken',
            field=models.CharField(blank=True, choices=[('marked_watched', 'The episode was marked watched.'), ('already_watched', 'The episode was watched already; its first date stays.'), ('recorded_rewatch', 'Recorded as a rewatch.'), ('auto_added_show', 'The show was added, and the episode marked watched.'), ('library_show_added', 'The show of the Plex library was put on your list.'), ('show_already_exists', 'The show is on your list already.'), ('conflict_created', 'Waits until you say which show or episode this is.'), ('episode_not_found', 'Waits until TMDB lists this episode.'), ('waiting_for_tmdb', 'Waits until TMDB answers.'), ('waiting_for_account', "Waits until you say whose plays this account's are."), ('retrying', 'Something went wrong on the way; it is tried again.'), ('event_not_scrobble', 'Not a finished play, so nothing to record.'), ('not_an_episode', 'Not an episode of a show, so nothing to record.'), ('not_plex', 'This did not come from a Plex server.'), ('other_account', "This account's plays count for nobody."), ('sync_disabled', 'You stopped syncing this show.'), ('show_ignored', 'You chose to ignore this show.'), ('ignored_by_rule', 'One of your rules ignores it.'), ('auto_mark_disabled', 'Marking by itself is switched off.'), ('auto_add_library_disabled', 'Adding new library shows is switched off.'), ('integration_disabled', 'The Plex integration is switched off.'), ('ignored_duplicate', 'The same viewing arrived before.'), ('removed_by_user', 'You removed this viewing; it stays removed.'), ('invalid_payload', 'The event could not be read.'), ('processing_error', 'Processing failed five times; process it again after an update.')], max_length=32),
        ),
    ]
