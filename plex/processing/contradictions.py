"""Ids that come later and stand against what a Plex show was taken for."""

from __future__ import annotations

from plex import candidates as shows
from plex.matching import Candidate
from plex.models import PlexShowMapping
from plex.payload import Playback, PlexShow
from plex.processing.by_ids import agreeing_fact, own_hits
from plex.processing.indexes import shows_of_episode_ids

# Identities that hold no id of another database.
CHANGING_IDS = ("plex://", "server:")


def contradiction(mapping: PlexShowMapping, playback: Playback) -> Candidate | None:
    """Another show of ours that the ids of this event prove, against the mapping; else None."""
    if contradicts_show_ids(mapping, playback.show):
        for hit in own_hits(playback.show):
            if hit.candidate.tvshow_id != mapping.tvshow_id:
                return hit.candidate
    tmdb_id = playback.episode_ids.tmdb
    episode = shows_of_episode_ids([tmdb_id]).get(tmdb_id) if tmdb_id else None
    if episode is None or episode.season.show_id == mapping.tvshow_id:
        return None
    candidate = shows.candidate_of(episode.season.show)
    return candidate if agreeing_fact(playback, episode, candidate) else None


def contradicts_show_ids(mapping: PlexShowMapping, show: PlexShow) -> bool:
    """Whether the event names ids of a show, and none of them is the mapped show's.

    Ids in the show's own guid were there when it was mapped, and so contradict nothing later.
    """
    if not show.ids or mapping.tvshow is None or not mapping.identity.startswith(CHANGING_IDS):
        return False
    ours_and_theirs = (
        (mapping.tvshow.tmdb_id, show.ids.tmdb),
        (mapping.tvshow.tvdb_id, show.ids.tvdb),
        (mapping.tvshow.imdb_id or None, show.ids.imdb),
    )
    both = [(mine, sent) for mine, sent in ours_and_theirs if mine and sent]
    return bool(both) and all(mine != sent for mine, sent in both)
