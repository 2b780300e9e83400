"""Plex itself may take a show for the wrong one: its ids, titles and dates are that one's then."""

from __future__ import annotations

from datetime import datetime

from plex.corrections import number_alone
from plex.episodes.match import EpisodeMatch, match_episode
from plex.models import PlexCorrection, PlexShowMapping
from plex.payload import Playback
from plex.processing.events import Event
from plex.processing.indexes import EpisodeIndexes
from tracker.models import TVShow

# What the metadata proves of an episode, besides its bare number.
PROVED = {"tmdb_episode_id", "number_and_date", "number_and_title"}


def rejected_shows(mapping: PlexShowMapping) -> list[TVShow]:
    """The shows that a person said this Plex show is not, by correcting it."""
    if not mapping.manually_confirmed:
        return []
    corrections = PlexCorrection.objects.filter(
        mapping=mapping, kind=PlexCorrection.Kind.SHOW, undone_at=None
    )
    wrong = corrections.exclude(from_show=None).exclude(from_show=mapping.tvshow_id)
    return list(TVShow.objects.filter(pk__in=wrong.values("from_show")).order_by("pk"))


def as_corrected(
    event: Event, playback: Playback, indexes: EpisodeIndexes, *, now: datetime
) -> Playback:
    """The play without what describes an episode of a show that this Plex show is not."""
    if not event.answers.is_corrected:
        return playback
    for show in rejected_shows(event.show_mapping):
        found = match_episode(playback, indexes.of([show], now=now)[show.pk])
        if isinstance(found, EpisodeMatch) and found.evidence in PROVED:
            event.tell_once(
                "mapping",
                f"Plex describes an episode of {show.title}, which you said this is not: "
                "only its number counts.",
            )
            return number_alone(playback)
    return playback
