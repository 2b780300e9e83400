"""A show that Plex and TMDB order differently."""

from __future__ import annotations

from collections.abc import Sequence

from plex.models import PlexShowMapping
from tests.plex.factories import scrobble
from tests.tmdb import FakeTmdb
from tracker import library
from tracker.models import TVShow, Watch
from tracker.tmdb import connect

TITLES = ["The Train Job", "Bushwhacked", "Our Mrs. Reynolds", "Jaynestown", "Serenity"]
DVD = {"Season 1": [(1, 5), (1, 1), (1, 2), (1, 3), (1, 4)]}


def add_firefly(tmdb: FakeTmdb, *, specials: Sequence[str] = ()) -> TVShow:
    """The show in the tracker; TMDB has its DVD order, too."""
    seasons = {0: list(specials), 1: TITLES} if specials else {1: TITLES}
    tmdb.add_show(1437, "Firefly", seasons=seasons, status="Ended")
    tmdb.add_order(1437, "5ad1", "DVD order", kind=3, groups=DVD)
    return library.add_show(tmdb_id=1437, tmdb=connect())


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
