"""What was decided about a Plex show before a correction: kept, and put back beside what was said since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from plex.corrections import How, MovePlan
from plex.episodes.orders import OF_TMDB, OWN
from plex.models import PlexCorrection, PlexEpisodeMapping, PlexSeasonMapping, PlexShowMapping
from plex.resolution.images import Image, image_of, images_of, row_of, values_of
from plex.resolution.moving import PLACED
from plex.resolution.numbering import BUILT_IN
from tracker.models import Episode, EpisodeOrder, TVShow

# What a Plex show is by itself; all other columns are decisions about it.
FACTS = (
    *("id", "identity", "server_uuid", "plex_rating_key", "plex_guid", "plex_title", "plex_year"),
    *("version", "created_at", "updated_at"),
)
# Said in terms of a show, and so left alone where the correction named no other one.
OF_THE_SHOW = ("episode_order", "proposed_order", "proposal", "declined_orders")


def keep_correction(mapping: PlexShowMapping, *, plan: MovePlan, **columns: Any) -> PlexCorrection:
    """Note what was corrected, with all that an undo needs to know in `kept`."""
    columns["summary"] = str(columns["summary"])[:500]
    plays = plan.count(*PLACED, How.AGAIN)
    return PlexCorrection.objects.create(mapping=mapping, plays=plays, **columns)


def keep_decision(mapping: PlexShowMapping) -> dict[str, Any]:
    return {
        "mapping": image_of(mapping, without=FACTS),
        "season_mappings": images_of(mapping.season_mappings.order_by("pk")),
        "episode_mappings": images_of(mapping.episode_mappings.order_by("pk")),
    }


@dataclass(frozen=True, kw_only=True)
class SaidSince:
    """What was said since in terms of the show that an undo takes away, and so goes with it."""

    order: str = ""
    parts: tuple[int, ...] = ()
    answers: tuple[int, ...] = ()

    @property
    def sentence(self) -> str:
        """ "the order “DVD”, 2 seasons and 1 episode", or "" for nothing."""
        said = [f"the order “{self.order}”"] if self.order else []
        said += [counted(len(self.parts), "season")] if self.parts else []
        said += [counted(len(self.answers), "episode")] if self.answers else []
        return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def said_since(correction: PlexCorrection, mapping: PlexShowMapping) -> SaidSince:
    """What putting the decision back can't keep. All else that was said since stays."""
    kept = correction.kept
    if not names_another_show(kept):
        return SaidSince()
    show_id = kept["show_after"]
    before = ids_in(kept["season_mappings"])
    parts = mapping.season_mappings.filter(tvshow=show_id).exclude(pk__in=before)
    answers = mapping.episode_mappings.filter(is_elsewhere=False)
    answers = answers.exclude(pk__in=ids_in(kept["episode_mappings"]))
    return SaidSince(
        order=name_of_order(mapping) if mapping.episode_order.startswith(OF_TMDB) else "",
        parts=tuple(parts.values_list("pk", flat=True)),
        answers=tuple(answers.values_list("pk", flat=True)),
    )


def names_another_show(kept: dict[str, Any]) -> bool:
    """Whether the correction took the Plex show for another show than before."""
    return "mapping" in kept and kept["mapping"]["tvshow_id"] != str(kept["show_after"])


def name_of_order(mapping: PlexShowMapping) -> str:
    key = mapping.episode_order.removeprefix(OF_TMDB)
    order = EpisodeOrder.objects.filter(show=mapping.tvshow_id, tmdb_id=key).first()
    return order.name if order is not None else key


def ids_in(images: Iterable[Image]) -> set[int]:
    return {int(image["id"]) for image in images}


def put_back_decision(correction: PlexCorrection, mapping: PlexShowMapping) -> None:
    kept = correction.kept
    if "episode_mappings" not in kept:
        return  # Plays moved by the chosen order: nothing was decided with that.
    if correction.kind == PlexCorrection.Kind.EPISODE:
        mapping.episode_mappings.filter(item_key=kept["item_key"]).delete()
        restore_answers(kept["episode_mappings"], mapping)
    else:
        put_back_show(correction, mapping)
    mapping.version += 1
    mapping.save()


def put_back_show(correction: PlexCorrection, mapping: PlexShowMapping) -> None:
    """The show, and what was said in terms of it; what holds for any show stays as it was said since."""
    kept = correction.kept
    since = said_since(correction, mapping)
    values = values_of(PlexShowMapping, kept["mapping"])
    if names_another_show(kept):
        values |= numbers_now(values, mapping)
    else:
        values = {name: value for name, value in values.items() if name not in OF_THE_SHOW}
    values["sync_enabled"] = values["sync_enabled"] and mapping.sync_enabled
    for name, value in values.items():
        setattr(mapping, name, value)
    if not TVShow.objects.filter(pk=mapping.tvshow_id or 0).exists():
        mapping.tvshow_id = None
    if names_another_show(kept):
        mapping.season_mappings.filter(pk__in=since.parts).delete()
        mapping.episode_mappings.filter(pk__in=since.answers).delete()
        restore_parts(kept, mapping)
        dropped = [one for one in kept["episode_mappings"] if one["is_elsewhere"] == "False"]
        restore_answers(dropped, mapping)


def numbers_now(before: dict[str, Any], mapping: PlexShowMapping) -> dict[str, Any]:
    """The order as before; one that needs nothing from TMDB and was chosen since stays."""
    old = before["episode_order"]
    by_correction = OWN if old.startswith(OF_TMDB) else old
    chosen, declined = mapping.episode_order, before["declined_orders"].split()
    is_new = chosen != by_correction and chosen in BUILT_IN
    declined += [key for key in mapping.declined_orders.split() if key in BUILT_IN]
    return {
        "episode_order": chosen if is_new else old,
        "declined_orders": " ".join(sorted(set(declined))),
    }


def restore_parts(kept: dict[str, Any], mapping: PlexShowMapping) -> None:
    """The seasons that the correction dropped, but for those of which something was said since."""
    dropped = [
        row_of(PlexSeasonMapping, image)
        for image in kept["season_mappings"]
        if image["tvshow_id"] == kept["mapping"]["tvshow_id"]
    ]
    said = set(mapping.season_mappings.values_list("plex_season", flat=True))
    known = existing(TVShow, {row.tvshow_id for row in dropped})
    PlexSeasonMapping.objects.bulk_create(
        [row for row in dropped if row.tvshow_id in known and row.plex_season not in said]
    )


def restore_answers(images: Iterable[Image], mapping: PlexShowMapping) -> None:
    answers = [row_of(PlexEpisodeMapping, image) for image in images]
    known = existing(Episode, {row.episode_id for row in answers})
    said = set(mapping.episode_mappings.values_list("item_key", flat=True))
    PlexEpisodeMapping.objects.bulk_create(
        [row for row in answers if row.episode_id in known and row.item_key not in said]
    )


def existing(model: Any, ids: set[int]) -> set[int]:
    return set(model.objects.filter(pk__in=ids).values_list("pk", flat=True))
