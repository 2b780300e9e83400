"""A person decides which show or episode it is. Page, API and admin call these functions.

Each takes the lock of the Plex show's mapping, as processing does: no event is ever attached to a
conflict that is being resolved. The events that waited are replayed before the call returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from plex.inbox import requeue
from plex.models import (
    Action,
    PlexAccount,
    PlexConflict,
    PlexEpisodeMapping,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.processing import process_rows
from plex.processing.record import RECORDED
from tracker import library, tmdb, watching
from tracker.models import Episode, TVShow, Watch

# While a worker holds one of the replayed rows, the answer waits for it this long.
REPLAY_SECONDS = 10.0
REPLAY_CHUNK = 100


class ResolutionError(Exception):
    """The decision can't be carried out; the text is one sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a decision did: events put back, plays recorded, events that still wait."""

    show: TVShow | None
    replayed: int = 0
    recorded: int = 0
    still_open: int = 0
    conflict: PlexConflict | None = None
    is_ignored: bool = False

    @property
    def sentence(self) -> str:
        if self.is_ignored:
            return "Ignored: its plays are not recorded."
        plays = "1 play was" if self.recorded == 1 else f"{self.recorded} plays were"
        text = f"{plays} recorded for {self.show.title}." if self.show else f"{plays} recorded."
        if self.still_open:
            events = "1 event waits" if self.still_open == 1 else f"{self.still_open} events wait"
            text += f" {events} for another answer or for TMDB: see the activity."
        return text


def resolve_conflict(
    conflict: PlexConflict,
    *,
    user: User,
    action: str,
    show: TVShow | None = None,
    tmdb_id: int | None = None,
    episode: Episode | None = None,
) -> Resolved:
    """Answer a conflict: `select` a show (or an episode), `create_new` from TMDB, or `ignore`.

    Raises `ResolutionError`, and `TmdbError` where a show has to be read from TMDB.
    """
    if action == "ignore":
        return ignore_conflict(conflict, user=user)
    if conflict.conflict_type == PlexConflict.Type.EPISODE:
        return resolve_episode(conflict, user=user, episode=episode)
    if action == "create_new":
        if tmdb_id is None:
            raise ResolutionError("Say which TMDB show to add.")
        show = library.add_show(tmdb_id=tmdb_id, tmdb=tmdb.connect(), source=TVShow.Source.PLEX)
        how = PlexConflict.Resolution.USER_CREATED_NEW
    elif action == "select":
        how = PlexConflict.Resolution.USER_SELECTED
    else:
        raise ResolutionError("Choose a show, add one from TMDB, or ignore this.")
    if show is None:
        raise ResolutionError("Say which show it is.")
    return settle_show(conflict.mapping, user=user, show=show, how=how, conflict=conflict)


def settle_show(
    mapping: PlexShowMapping,
    *,
    user: User,
    show: TVShow,
    how: str,
    conflict: PlexConflict | None = None,
) -> Resolved:
    """Map the Plex show for good, close its questions, and replay what waited for it."""
    with transaction.atomic():
        locked = lock(mapping)
        if conflict is not None:
            conflict.refresh_from_db()
            if conflict.resolved:
                raise ResolutionError("This was answered already: reload the page.")
        has_changed = locked.tvshow_id != show.pk
        map_by_hand(locked, show)
        waiting = close_questions(locked, how=how, show=show, has_changed=has_changed)
        ids = list(waiting.values_list("pk", flat=True))
        requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    return replay(ids, show=show, conflict=conflict)


def lock(mapping: PlexShowMapping) -> PlexShowMapping:
    return PlexShowMapping.objects.select_for_update().get(pk=mapping.pk)


def map_by_hand(mapping: PlexShowMapping, show: TVShow) -> None:
    mapping.tvshow = show
    mapping.tmdb_id = show.tmdb_id
    mapping.match_confidence = 1
    mapping.match_method = PlexShowMapping.Method.MANUAL
    mapping.evidence = ["You said so."]
    mapping.manually_confirmed = True
    mapping.sync_enabled = True
    mapping.needs_review = ""
    mapping.version += 1
    mapping.save()


def close_questions(
    mapping: PlexShowMapping, *, how: str, show: TVShow, has_changed: bool
) -> QuerySet[PlexWebhookLog]:
    """Close the open questions about which show this is; returns the events to replay.

    Questions about an episode of another show than before have lost their meaning; the replay asks
    anew if need be. What waited for TMDB to say which show this is need not wait any longer.
    """
    now = timezone.now()
    answer = {"resolved": True, "resolved_at": now, "resolved_tvshow": show, "updated_at": now}
    episode_questions = mapping.conflicts.open().filter(conflict_type=PlexConflict.Type.EPISODE)
    show_questions = mapping.conflicts.open().exclude(conflict_type=PlexConflict.Type.EPISODE)
    show_questions.update(**answer, resolution_action=how)
    if has_changed:
        episode_questions.update(**answer, resolution_action=PlexConflict.Resolution.AUTO_RESOLVED)
    return (
        PlexWebhookLog.objects.filter(mapping=mapping)
        .filter(Q(status=Status.HELD) | Q(status=Status.PENDING, needs_network=True))
        .exclude(action_taken=Action.WAITING_FOR_ACCOUNT)
        .exclude(conflict__in=episode_questions)
    )


def resolve_episode(conflict: PlexConflict, *, user: User, episode: Episode | None) -> Resolved:
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
        mapping.version += 1
        mapping.save(update_fields=["version", "updated_at"])
        PlexConflict.objects.filter(pk=conflict.pk).update(
            resolved=True,
            resolved_at=now,
            resolved_tvshow=show,
            resolution_action=PlexConflict.Resolution.USER_SELECTED,
            updated_at=now,
        )
        ids = list(waiting.values_list("pk", flat=True))
        requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=now)
    return replay(ids, show=show, conflict=conflict)


def is_of_mapping(episode: Episode, mapping: PlexShowMapping) -> bool:
    shows = {mapping.tvshow_id, *mapping.season_mappings.values_list("tvshow_id", flat=True)}
    return episode.season.show_id in shows


def ignore_conflict(conflict: PlexConflict, *, user: User) -> Resolved:
    """Ignore for this user: the show for good, or the one episode that is in question."""
    if conflict.conflict_type != PlexConflict.Type.EPISODE:
        return ignore_show(conflict.mapping, user=user, conflict=conflict)
    with transaction.atomic():
        lock(conflict.mapping)
        rows = PlexWebhookLog.objects.held().filter(conflict=conflict)
        finish_ignored(rows, users=ignoring_users(rows, user))
        close_if_nobody_waits(conflict)
    return Resolved(show=None, conflict=conflict, is_ignored=True)


def ignore_show(
    mapping: PlexShowMapping, *, user: User, conflict: PlexConflict | None = None
) -> Resolved:
    """This Plex show's plays never count for this user.

    An administrator to whom none of the waiting plays belongs decides for those to whom they do.
    """
    with transaction.atomic():
        locked = lock(mapping)
        rows = PlexWebhookLog.objects.held().filter(mapping=locked)
        users = ignoring_users(rows, user)
        locked.ignored_by.add(*users)
        locked.version += 1
        locked.save(update_fields=["version", "updated_at"])
        finish_ignored(rows, users=users)
        for question in locked.conflicts.open():
            close_if_nobody_waits(question)
    return Resolved(show=None, conflict=conflict, is_ignored=True)


def stop_ignoring(mapping: PlexShowMapping, *, user: User) -> None:
    """Plays of this Plex show that arrive from now on count for the user again."""
    with transaction.atomic():
        locked = lock(mapping)
        locked.ignored_by.remove(user)
        locked.version += 1
        locked.save(update_fields=["version", "updated_at"])


def ignoring_users(rows: QuerySet[PlexWebhookLog], user: User) -> set[int]:
    waiting = set(
        rows.filter(account__users__isnull=False).values_list("account__users", flat=True)
    )
    return waiting if user.is_staff and waiting and user.pk not in waiting else {user.pk}


def finish_ignored(rows: QuerySet[PlexWebhookLog], *, users: set[int]) -> None:
    """End the events that wait for these users alone; others' go on waiting, and nobody's yet too."""
    claimed = rows.exclude(action_taken=Action.WAITING_FOR_ACCOUNT)
    ids = [
        row.pk
        for row in claimed.select_related("account").prefetch_related("account__users")
        if row.account is not None and {person.pk for person in row.account.users.all()} <= users
    ]
    PlexWebhookLog.objects.filter(pk__in=ids).update(
        status=Status.IGNORED,
        action_taken=Action.SHOW_IGNORED,
        next_attempt_at=None,
        attempts=F("attempts") + 1,
        processed_at=timezone.now(),
    )


def close_if_nobody_waits(conflict: PlexConflict) -> None:
    if PlexWebhookLog.objects.held().filter(conflict=conflict).exists():
        return
    now = timezone.now()
    PlexConflict.objects.filter(pk=conflict.pk, resolved=False).update(
        resolved=True,
        resolved_at=now,
        resolution_action=PlexConflict.Resolution.IGNORED,
        updated_at=now,
    )


def confirm_mapping(mapping: PlexShowMapping, *, user: User, show: TVShow) -> Resolved:
    """Confirm what a Plex show is, or say it anew; plays recorded before stay where they are."""
    return settle_show(mapping, user=user, show=show, how=PlexConflict.Resolution.USER_SELECTED)


def correct_mapping(mapping: PlexShowMapping, *, user: User, show: TVShow) -> Resolved:
    """ "This was the wrong show": map it anew and move the plays that came through it.

    The user's own plays; everybody's where the user is staff. A play whose event is still in the
    log is decided again, with its own time; of an older one the numbers that Plex sent decide.
    """
    with transaction.atomic():
        locked = lock(mapping)
        moving = PlexViewing.objects.filter(mapping=locked).exclude(
            watch__episode__season__show=show
        )
        if not user.is_staff:
            moving = moving.filter(user=user)
        viewings = list(moving.select_related("watch__episode__season"))
        map_by_hand(locked, show)
        PlexEpisodeMapping.objects.filter(mapping=locked).delete()
        waiting = close_questions(
            locked, how=PlexConflict.Resolution.USER_SELECTED, show=show, has_changed=True
        )
        ids = set(waiting.values_list("pk", flat=True))
        moved = move_viewings(viewings, show=show)
        ids |= moved.replayed
        requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    resolved = replay(sorted(ids), show=show)
    return Resolved(
        show=show,
        replayed=resolved.replayed,
        recorded=resolved.recorded + moved.by_number,
        still_open=resolved.still_open + moved.left,
    )


@dataclass(frozen=True, kw_only=True)
class Moved:
    replayed: set[int]
    by_number: int
    left: int


def move_viewings(viewings: Sequence[PlexViewing], *, show: TVShow) -> Moved:
    replayed: set[int] = set()
    by_number = left = 0
    for viewing in viewings:
        if viewing.watch.removed_at is not None:
            continue
        if viewing.log_id is not None:
            replayed.add(viewing.log_id)
            take_back(viewing)
        elif move_by_number(viewing, show=show):
            by_number += 1
        else:
            left += 1
    for user_id, show_id in {(v.user_id, v.watch.episode.season.show_id) for v in viewings}:
        watching.reopen_show(user_id=user_id, show_id=show_id)
    return Moved(replayed=replayed, by_number=by_number, left=left)


def take_back(viewing: PlexViewing) -> None:
    """Undo what this viewing recorded; a watch that something else stands for stays."""
    watch = viewing.watch
    viewing.delete()
    came_from_plex = watch.source == Watch.Source.PLEX
    if came_from_plex and not PlexViewing.objects.filter(watch=watch).exists():
        watch.delete()


def move_by_number(viewing: PlexViewing, *, show: TVShow) -> bool:
    if viewing.plex_season is None or viewing.plex_episode is None:
        return False
    episode = Episode.objects.filter(
        season__show=show,
        season__season_number=viewing.plex_season,
        episode_number=viewing.plex_episode,
    ).first()
    if episode is None:
        return False
    old = viewing.watch
    watch, _ = watching.mark_watched(
        user=viewing.user, episode=episode, watched_at=viewing.viewed_at, source=Watch.Source.PLEX
    )
    PlexViewing.objects.filter(pk=viewing.pk).update(watch=watch)
    if old.source == Watch.Source.PLEX and not PlexViewing.objects.filter(watch=old).exists():
        old.delete()
    return True


def stop_sync(mapping: PlexShowMapping, *, user: User) -> None:
    """Record nothing more of this Plex show, for anybody."""
    set_sync(mapping, enabled=False)


def resume_sync(mapping: PlexShowMapping, *, user: User) -> None:
    set_sync(mapping, enabled=True)


def set_sync(mapping: PlexShowMapping, *, enabled: bool) -> None:
    PlexShowMapping.objects.filter(pk=mapping.pk).update(
        sync_enabled=enabled, version=F("version") + 1, updated_at=timezone.now()
    )


def assign_account(
    account: PlexAccount, *, by: User, users: Iterable[User], never: bool = False
) -> int:
    """Say whose plays an account's are; returns how many held events can now be replayed.

    Raises `ResolutionError`: only staff decide about others, or about what others decided.
    """
    wanted = {user.pk for user in users}
    before = set(account.users.values_list("pk", flat=True))
    if not by.is_staff and (wanted ^ before) - {by.pk}:
        raise ResolutionError("Only an administrator can assign an account to somebody else.")
    if not by.is_staff and not PlexAccount.objects.visible_to(by).filter(pk=account.pk).exists():
        raise ResolutionError("This account never came through your own webhook.")
    with transaction.atomic():
        account.users.set(wanted)
        account.never = never and not wanted
        account.save(update_fields=["never"])
        if account.never:
            held = held_of(account)
            (held if by.is_staff else held.filter(config__user=by)).delete()
    return held_of(account).count() if wanted else 0


def held_of(account: PlexAccount) -> QuerySet[PlexWebhookLog]:
    return PlexWebhookLog.objects.held().filter(
        account=account, action_taken=Action.WAITING_FOR_ACCOUNT
    )


def replay_account(account: PlexAccount, *, by: User) -> Resolved:
    """Record the plays that waited until somebody said whose they are, with their own times."""
    ids = list(held_of(account).order_by("pk").values_list("pk", flat=True))
    requeue(PlexWebhookLog.objects.filter(pk__in=ids), now=timezone.now())
    return replay(ids, show=None)


def replay(
    ids: Sequence[int], *, show: TVShow | None, conflict: PlexConflict | None = None
) -> Resolved:
    """Process the rows now, in order, and say what became of them."""
    rows = PlexWebhookLog.objects.filter(pk__in=ids)
    for start in range(0, len(ids), REPLAY_CHUNK):
        process_rows(sorted(ids)[start : start + REPLAY_CHUNK])
    wait_until(lambda: not rows.pending().filter(needs_network=False).exists())
    statuses = list(rows.values_list("status", "action_taken"))
    return Resolved(
        show=show,
        conflict=conflict,
        replayed=len(ids),
        recorded=sum(action in RECORDED for _, action in statuses),
        still_open=sum(status in {Status.PENDING, Status.HELD} for status, _ in statuses),
    )


def wait_until(done: Callable[[], bool]) -> None:
    """A worker may have taken some of the rows: it needs moments."""
    deadline = time.monotonic() + REPLAY_SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
