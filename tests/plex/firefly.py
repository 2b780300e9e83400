"""A show that Plex and TMDB order differently."""

from __future__ import annotations

from plex.models import PlexShowMapping
from tests.plex.factories import scrobble
from tracker.models import TVShow, Watch

TITLES = ["The Train Job", "Bushwhacked", "Our Mrs. Reynolds", "Jaynestown", "Serenity"]
DVD = {"Season 1": [(1, 5), (1, 1), (1, 2), (1, 3), (1, 4)]}


def mapping_of(show: TVShow, **fields) -> PlexShowMapping:
    """The Plex show of a message about the show, mapped already."""
    play = scrobble(show.title)["Metadata"]
    return PlexShowMapping.objects.create(
        identity=play["grandparentGuid"],
        plex_title=show.title,
        tvshow=show,
        match_confidence=1,
        match_method="manual",
        manually_confirmed=True,
        **fields,
    )


def watched() -> list[str]:
    watches = Watch.objects.standing().select_related("episode__season").order_by("pk")
    return [watch.episode.code for watch in watches]
