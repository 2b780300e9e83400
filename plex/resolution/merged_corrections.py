"""Corrections outlive the merge of two shows: their way back leads to what the rows have become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from plex.models import PlexCorrection
from plex.resolution.images import Image
from tracker.merging_shows import ShowMerge
from tracker.models import TVShow

Ids = Mapping[int, int]  # What became of which row: the old id and the new one.


def between(kept: TVShow, going: TVShow) -> QuerySet[PlexCorrection]:
    """Corrections from one of the two shows to the other: once they are one, nothing is left to undo."""
    pair = Q(from_show=kept, to_show=going) | Q(from_show=going, to_show=kept)
    return PlexCorrection.objects.filter(pair)


def follow_merge(merge: ShowMerge) -> None:
    """Rewrite what is kept for an undo, before the show goes. Inside the caller's transaction."""
    # Without the show that it came from: the show that stays was never said to be wrong.
    between(merge.kept, merge.going).update(kept={}, from_show=None)
    shows = {merge.going.pk: merge.kept.pk}
    for correction in PlexCorrection.objects.exclude(kept={}).iterator():
        followed = followed_in(correction.kept, shows=shows, merge=merge)
        if followed != correction.kept:
            PlexCorrection.objects.filter(pk=correction.pk).update(kept=followed)


def followed_in(kept: dict[str, Any], *, shows: Ids, merge: ShowMerge) -> dict[str, Any]:
    episodes, watches = merge.pairs.same, merge.plays.joined
    # A watch that is kept as it was is made again; a play of any other goes on with what it became.
    made_again = {int(image["id"]) for image in kept.get("watches", ())}
    columns: dict[str, Ids] = {
        "tvshow_id": shows,
        "show_id": shows,
        "episode_id": episodes,
        "anchor_id": episodes,
        "watch_id": {old: new for old, new in watches.items() if old not in made_again},
    }
    found = {name: followed_value(value, columns) for name, value in kept.items()}
    if "show_after" in kept:
        found["show_after"] = shows.get(kept["show_after"], kept["show_after"])
    if "pairs" in kept:
        found["pairs"] = [[user, shows.get(show, show)] for user, show in kept["pairs"]]
    return found


def followed_value(value: Any, columns: Mapping[str, Ids]) -> Any:
    if isinstance(value, dict):
        return followed_image(value, columns)
    if isinstance(value, list):
        return [followed_value(one, columns) for one in value]
    return value


def followed_image(image: Image, columns: Mapping[str, Ids]) -> Image:
    return {name: followed_id(value, columns.get(name, {})) for name, value in image.items()}


def followed_id(value: Any, ids: Ids) -> Any:
    """An image keeps an id as a text."""
    is_id = isinstance(value, str) and value.isdecimal()
    return str(ids[int(value)]) if is_id and int(value) in ids else value
