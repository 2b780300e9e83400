"""An administrator merges two shows of the tracker; what Plex has to do with them follows."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, Q

from plex.models import PlexConflict, PlexShowMapping
from plex.resolution.answers import ChangedMeanwhileError, ResolutionError, in_one_transaction
from plex.resolution.merged_corrections import follow_merge
from tracker.merging_shows import ShowMerge, merge_shows, plan_merge
from tracker.models import TVShow, Watch


def look_at_merge(kept: TVShow, going: TVShow) -> ShowMerge:
    """What would become one. Writes nothing."""
    if kept.pk == going.pk:
        raise ResolutionError("A show can't be merged with itself: choose another.")
    return plan_merge(kept, going)


def fingerprint(merge: ShowMerge) -> str:
    facts = merge.kept.pk, merge.going.pk, merge.pairs, merge.plays, sorted(merge.watches)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def merge_into(kept: TVShow, going: TVShow, *, by: User, expected: str) -> TVShow:
    """Merge for good, exactly as it was shown. Raises `ResolutionError`."""
    if not by.is_staff:
        raise ResolutionError("Only an administrator can merge shows.")
    return in_one_transaction(lambda: merge_once(kept.pk, going.pk, expected=expected))


def merge_once(kept_id: int, going_id: int, *, expected: str) -> TVShow:
    mappings = lock_mappings(kept_id, going_id)
    locked = TVShow.objects.select_for_update().in_bulk([kept_id, going_id])
    if len(locked) < len({kept_id, going_id}):
        raise ChangedMeanwhileError
    kept, going = locked[kept_id], locked[going_id]
    watches = Watch.objects.filter(episode__season__show__in=[kept, going]).order_by("pk")
    list(watches.select_for_update(of=("self",)).values_list("pk"))
    merge = look_at_merge(kept, going)
    if expected != fingerprint(merge):
        raise ChangedMeanwhileError
    follow_merge(merge)
    follow_suggestions(kept, going)
    merge_shows(merge)
    PlexShowMapping.objects.filter(pk__in=mappings).update(version=F("version") + 1)
    of_going = PlexShowMapping.objects.filter(pk__in=mappings, tvshow=kept, manually_confirmed=True)
    of_going.update(tmdb_id=kept.tmdb_id)
    return kept


def lock_mappings(*show_ids: int) -> list[int]:
    """As an event does, before anything else: none lands on a show that is about to go."""
    of_shows = Q(tvshow__in=show_ids) | Q(season_mappings__tvshow__in=show_ids)
    wanted = PlexShowMapping.objects.filter(of_shows).values("pk")
    locked = PlexShowMapping.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    return list(locked.values_list("pk", flat=True))


def follow_suggestions(kept: TVShow, going: TVShow) -> None:
    """Open questions suggest the show that stays, once."""
    for conflict in PlexConflict.objects.open():
        entries = conflict.potential_matches
        if isinstance(entries, list) and any(names(entry, going) for entry in entries):
            conflict.potential_matches = without_doubles(entries, kept, going)
            conflict.save(update_fields=["potential_matches", "updated_at"])


def names(entry: Any, show: TVShow) -> bool:
    return isinstance(entry, dict) and entry.get("tvshow_id") == show.pk


def without_doubles(entries: list[Any], kept: TVShow, going: TVShow) -> list[Any]:
    of_kept = {"tvshow_id": kept.pk, "tmdb_id": kept.tmdb_id, "title": kept.title}
    renamed = [{**entry, **of_kept} if names(entry, going) else entry for entry in entries]
    first = next(entry for entry in renamed if names(entry, kept))
    return [entry for entry in renamed if entry is first or not names(entry, kept)]
