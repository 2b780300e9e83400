"""Merges two shows of the catalogue that are one. Everybody's watches, ratings and notes come along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction

from tracker import library, statuses, watching
from tracker.merge_plan import (
    MergeEpisode,
    MergeWatch,
    Pairs,
    Plays,
    merged_titles,
    pair_episodes,
    plan_plays,
)
from tracker.models import (
    Episode,
    EpisodeOrder,
    OrderedEpisode,
    Season,
    TrackedShow,
    TVShow,
    Watch,
)

IDS = ("tmdb_id", "tvdb_id", "imdb_id")
# Whose status says more; the first of the two that stands here is kept.
RANKED = ("watching", "completed", "on_hold", "dropped", "plan_to_watch")


@dataclass(frozen=True, kw_only=True)
class ShowMerge:
    """What a merge does: `going` becomes part of `kept`."""

    kept: TVShow
    going: TVShow
    pairs: Pairs
    plays: Plays
    watches: dict[int, MergeWatch]


def plan_merge(kept: TVShow, going: TVShow) -> ShowMerge:
    pairs = pair_episodes(episodes_of(kept), episodes_of(going))
    rows = Watch.objects.standing().filter(episode__season__show__in=[kept, going])
    ours = set(pairs.same.values())
    watches = [
        MergeWatch(
            pk=row.pk,
            user_id=row.user_id,
            episode_id=pairs.same.get(row.episode_id, row.episode_id),
            watched_at=row.watched_at,
            is_kept=row.episode_id not in pairs.same,
        )
        for row in rows.order_by("pk")
        if row.episode_id in pairs.same or row.episode_id in ours
    ]
    return ShowMerge(
        kept=kept,
        going=going,
        pairs=pairs,
        plays=plan_plays(watches),
        watches={watch.pk: watch for watch in watches},
    )


def episodes_of(show: TVShow) -> list[MergeEpisode]:
    rows = Episode.objects.filter(season__show=show).select_related("season").in_order()
    return [
        MergeEpisode(
            pk=row.pk,
            place=(row.season.season_number, row.episode_number),
            name=row.name,
            air_date=row.air_date,
        )
        for row in rows
    ]


def merge_shows(merge: ShowMerge) -> TVShow:
    """Carry a merge out, inside the caller's transaction, which locked both shows before it was planned.

    Rows of other apps that point to the show, its episodes or watches follow; one that its new place
    does not allow twice goes.
    """
    kept, going = merge.kept, merge.going
    users = set(TrackedShow.objects.filter(show=going).values_list("user_id", flat=True))
    users |= {watch.user_id for watch in merge.watches.values()}
    move_episodes(merge)
    merge_watches(merge)
    for old in pointed_at(Episode, merge.pairs.same):
        follow(Episode, old, merge.pairs.same[old])
    merge_tracking(kept, going)
    merge_orders(merge)
    follow(TVShow, going.pk, kept.pk)
    if Watch.objects.filter(episode__season__show=going).exists():
        raise IntegrityError("an episode was marked meanwhile")
    TVShow.objects.filter(pk=going.pk).delete()
    complete(kept, going)
    for person in User.objects.filter(pk__in=users).order_by("pk"):
        if Watch.objects.standing().filter(user=person, episode__season__show=kept).exists():
            # Nothing was watched just now: who dropped the show, or left it, is not brought back to it.
            statuses.settle_status(
                user_ids=[person.pk], show_ids=[kept.pk], today=watching.today_of(person)
            )
    return kept


def move_episodes(merge: ShowMerge) -> None:
    """Episodes that the show lacks change over as they are, with their watches."""
    seasons: dict[int, Season] = {}
    for episode in Episode.objects.filter(pk__in=merge.pairs.moved).select_related("season"):
        old = episode.season
        if old.pk not in seasons:
            look = {"name": old.name, "poster_path": old.poster_path}
            seasons[old.pk], _ = Season.objects.get_or_create(
                show=merge.kept, season_number=old.season_number, defaults=look
            )
        Episode.objects.filter(pk=episode.pk).update(season=seasons[old.pk])


def merge_watches(merge: ShowMerge) -> None:
    for old in pointed_at(Watch, merge.plays.joined):
        follow(Watch, old, merge.plays.joined[old])
    Watch.objects.filter(pk__in=merge.plays.joined).delete()
    numbers = merge.plays.numbers
    Watch.objects.filter(pk__in=numbers).park()
    rows = list(Watch.objects.filter(pk__in=numbers))
    for row in rows:
        row.play, row.episode_id = numbers[row.pk], merge.watches[row.pk].episode_id
    Watch.objects.bulk_update(rows, ["play", "episode"], batch_size=200)
    for row in Watch.objects.filter(episode__in=merge.pairs.same).exclude(removed_at=None):
        Watch.objects.filter(pk=row.pk).update(episode=merge.pairs.same[row.episode_id])


def merge_tracking(kept: TVShow, going: TVShow) -> None:
    """One row for each person: the status that says more, both notes, the kept show's rating first."""
    ours = {row.user_id: row for row in TrackedShow.objects.filter(show=kept)}
    for row in TrackedShow.objects.filter(show=going).order_by("pk"):
        own = ours.get(row.user_id)
        if own is None:
            TrackedShow.objects.filter(pk=row.pk).update(show=kept)
            continue
        own.status = min(own.status, row.status, key=RANKED.index)
        own.rating = own.rating or row.rating
        own.notes = "\n\n".join(dict.fromkeys(note for note in (own.notes, row.notes) if note))
        own.started_on = earliest(own.started_on, row.started_on)
        own.finished_on = own.finished_on if own.status == "completed" else None
        if own.status == "completed":
            own.finished_on = own.finished_on or row.finished_on
        own.save()
        row.delete()


def merge_orders(merge: ShowMerge) -> None:
    """Orders that only the show that goes has come along: numbers may be looked up in them."""
    same = merge.pairs.same
    places = OrderedEpisode.objects.filter(order__show=merge.going, episode__in=same)
    rows = list(places)
    for row in rows:
        row.episode_id = same[row.episode_id]
    OrderedEpisode.objects.bulk_update(rows, ["episode"], batch_size=200)
    known = EpisodeOrder.objects.filter(show=merge.kept).values_list("tmdb_id", flat=True)
    EpisodeOrder.objects.filter(show=merge.going).exclude(tmdb_id__in=list(known)).update(
        show=merge.kept
    )


def earliest(one: Any, other: Any) -> Any:
    return min((day for day in (one, other) if day), default=None)


def complete(kept: TVShow, going: TVShow) -> None:
    """Ids that it lacked, and all titles of both."""
    kept.refresh_from_db()
    for name in IDS:
        if not getattr(kept, name):
            setattr(kept, name, getattr(going, name))
    own = {"title": kept.title, "original": kept.original_title}
    others = [going.title, going.original_title, *going.alternative_titles]
    kept.alternative_titles = merged_titles(kept.alternative_titles, others, but=own)
    kept.plex_synced |= going.plex_synced
    kept.save()
    library.index_titles(kept)


def pointed_at(model: type[models.Model], ids: Iterable[int]) -> list[int]:
    """Those of the rows that a row of another app points to."""
    found: set[int] = set()
    wanted = list(ids)
    for relation in relations_of(model):
        rows: Any = relation.related_model
        name = relation.field.attname
        found.update(
            rows._base_manager.filter(**{f"{name}__in": wanted}).values_list(name, flat=True)
        )
    return sorted(found)


def follow(model: type[models.Model], old: int, new: int) -> None:
    """Let rows of other apps point to another row of ours."""
    for relation in relations_of(model):
        rows: Any = relation.related_model
        pointing = rows._base_manager.filter(**{relation.field.name: old})
        try:
            with transaction.atomic():
                pointing.update(**{relation.field.name: new})
        except IntegrityError:
            follow_one_by_one(pointing, relation.field.name, new)


def follow_one_by_one(rows: Any, name: str, new: int) -> None:
    for pk in list(rows.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                rows.model._base_manager.filter(pk=pk).update(**{name: new})
        except IntegrityError:
            rows.model._base_manager.filter(pk=pk).delete()


def relations_of(model: type[models.Model]) -> Iterable[Any]:
    app = model._meta.app_label
    return [
        relation
        for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel)
        and relation.related_model._meta.app_label != app
        and relation.related_model._meta.managed
    ]
