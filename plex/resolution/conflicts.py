"""A person answers a conflict."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from plex import plex_shows
from plex.answers import PlexError
from plex.inbox import requeue
from plex.models import (
    PlexConfig,
    PlexConflict,
    PlexEpisodeMapping,
    PlexShowMapping,
    PlexWebhookLog,
)
from plex.resolution.answers import ResolutionError, Resolved, replay
from plex.resolution.ignoring import ignore_conflict
from plex.resolution.shows import lock, settle_show
from tracker import library, tmdb
from tracker.models import Episode, TVShow


def resolve_conflict(
    conflict: PlexConflict,
    *,
    user: User,
    action: str,
    show: TVShow | None = None,
    tmdb_id: int | None = None,
    episode: Episode | None = None,
) -> Resolved:
    """Answer a conflict: `select` a show (or an episode), `create_new` from TMDB, `add_from_plex`
    as the user's own server has it, or `ignore`.

    Raises `ResolutionError`, and `TmdbError` where a show has to be read from TMDB.
    """
    if action == "ignore":
        return ignore_conflict(conflict, user=user)
    if conflict.conflict_type == PlexConflict.Type.EPISODE:
        return resolve_episode(conflict, episode=episode)
    if action == "create_new":
        if tmdb_id is None:
            raise ResolutionError("Say which TMDB show to add.")
        show = library.add_show(tmdb_id=tmdb_id, tmdb=tmdb.connect(), source=TVShow.Source.PLEX)
        how = PlexConflict.Resolution.USER_CREATED_NEW
    elif action == "add_from_plex":
        show = add_from_plex(conflict.mapping, user=user)
        how = PlexConflict.Resolution.USER_CREATED_NEW
    elif action == "select":
        how = PlexConflict.Resolution.USER_SELECTED
    else:
        raise ResolutionError("Choose a show, add one from TMDB, or ignore this.")
    if show is None:
        raise ResolutionError("Say which show it is.")
    return settle_show(conflict.mapping, show=show, how=how, conflict=conflict)


def add_from_plex(mapping: PlexShowMapping, *, user: User) -> TVShow:
    """The show as the user's own server describes it: for as long as TMDB can't be asked."""
    if not plex_shows.tmdb_is_closed():
        raise ResolutionError("TMDB can be asked: search for the show there.")
    config = PlexConfig.objects.filter(user=user).first()
    try:
        return plex_shows.add_mapped_show(mapping, config=config)
    except (PlexError, plex_shows.NotOnPlexError) as error:
        raise ResolutionError(str(error)) from None


def resolve_episode(conflict: PlexConflict, *, episode: Episode | None) -> Resolved:
    """The Plex episode is this one of ours, now and later."""
    if episode is None:
        raise ResolutionError("Say which episode it is.")
    now = timezone.now()
    with transaction.atomic():
        mapping = lock(conflict.mapping)
        conflict.refresh_from_db()
        if conflict.resolved:
            raise ResolutionError("This was answered already: reload the page.")
        show = mapping.tvshow
        if show is None or not is_of_mapping(episode, mapping):
            raise ResolutionError("This episode belongs to another show.")
        waiting = PlexWebhookLog.objects.held().filter(conflict=conflict)
        for item_key in set(waiting.values_list("item_key", flat=True)):
            PlexEpisodeMapping.objects.update_or_create(
                mapping=mapping,
                item_key=item_key,
                defaults={
                    "episode": episode,
                    "plex_season": conflict.plex_season,
                    "plex_episode": conflict.plex_episode,
                },
            )
        mapping.raise_version()
        PlexConflict.objects.filter(pk=conflict.pk).resolve(
            how=PlexConflict.Resolution.USER_SELECTED, now=now, show_id=show.pk
        )
        ids = list(waiting.values_list("pk", flat=True))
        requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=now)
    return replay(ids, show=show, conflict=conflict)


def is_of_mapping(episode: Episode, mapping: PlexShowMapping) -> bool:
    shows = {mapping.tvshow_id, *mapping.season_mappings.values_list("tvshow_id", flat=True)}
    return episode.season.show_id in shows
