"""Writes plays set-wise: the watch, the viewing, the show's status. Inside apply's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from plex import viewings
from plex.models import Action, PlexConfig, PlexViewing, PlexWebhookLog, Status
from plex.payload import Playback
from plex.processing import joining, rows
from plex.processing.events import Event, Record
from plex.processing.rows import ViewingRow, WatchRow
from plex.viewings import Play, Verdict, Viewing
from tracker import statuses
from tracker.models import Watch

ItemOfUser = tuple[int, str, str]
RECORDED = {Action.MARKED_WATCHED, Action.RECORDED_REWATCH, Action.AUTO_ADDED_SHOW}
CREDITED = {*RECORDED, Action.ALREADY_WATCHED}
DECIDED = {*CREDITED, Action.REMOVED_BY_USER}
STANDING = ("pk", "user_id", "episode_id", "play", "watched_at")
BEST_FIRST = (
    Verdict.FIRST,
    Verdict.REWATCH,
    Verdict.ALREADY_WATCHED,
    Verdict.DUPLICATE,
    Verdict.REMOVED,
)
OUTCOMES = {
    Verdict.FIRST: (Status.SUCCESS, Action.MARKED_WATCHED),
    Verdict.REWATCH: (Status.SUCCESS, Action.RECORDED_REWATCH),
    Verdict.ALREADY_WATCHED: (Status.SUCCESS, Action.ALREADY_WATCHED),
    Verdict.DUPLICATE: (Status.DUPLICATE, Action.IGNORED_DUPLICATE),
    Verdict.REMOVED: (Status.IGNORED, Action.REMOVED_BY_USER),
}
SENTENCES = {
    Verdict.FIRST: "Marked watched.",
    Verdict.REWATCH: "Recorded as a rewatch.",
    Verdict.ALREADY_WATCHED: "It was watched already; the first date stays.",
    Verdict.DUPLICATE: "The same viewing arrived before.",
    Verdict.REMOVED: "This viewing was removed by hand; it stays removed.",
}


@dataclass(kw_only=True)
class Past:
    """Earlier viewings of the items, and earlier events of them that still wait."""

    viewings: dict[ItemOfUser, list[Viewing]] = field(default_factory=lambda: defaultdict(list))
    held: dict[tuple[int | None, str, str], list[Viewing]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # The events of marks in the library whose episode was watched already.
    idle_marks: set[int] = field(default_factory=set)

    def of(self, user_id: int, event: Event) -> list[Viewing]:
        return self.viewings[user_id, event.playback.server_uuid, item_key(event)]

    def before(self, new: Viewing, earlier: Sequence[Viewing]) -> list[Viewing]:
        """The viewings that a new one may be the same as, where rewatches are recorded: a mark that
        was no play for itself may have been of this one, read before Plex told of it."""
        if new.is_mark:
            return list(earlier)
        return [old for old in earlier if old.is_removed or old.log_id not in self.idle_marks]

    def waits_already(self, event: Event) -> bool:
        """Whether an older row of the same viewing is held: it counts when that one is answered."""
        if not self.held:
            return False
        new = viewing_of(event, runtime=timedelta(seconds=event.playback.duration_seconds or 0))
        held = self.held[event.account_id, event.playback.server_uuid, item_key(event)]
        older = [old for old in held if (old.log_id or 0) < event.log.pk]
        return bool(viewings.same_viewings(new, older))

    def counted_already(self, event: Event) -> bool:
        """Whether this viewing counted for all of the event's users, through another row."""
        new = viewing_of(event, runtime=timedelta(seconds=event.playback.duration_seconds or 0))
        return bool(event.users) and all(
            any(
                old.log_id != event.log.pk
                for old in viewings.same_viewings(new, self.of(user_id, event))
            )
            for user_id in event.users
        )


def item_key(event: Event) -> str:
    """What names the item; a made-up one where Plex sent neither guid nor rating key."""
    playback = event.playback
    if playback.item_key:
        return playback.item_key
    numbers = f"{playback.season_number}x{playback.episode_number}"
    return f"{numbers} {playback.show.identity}"[:255]


def viewing_of(event: Event, *, runtime: timedelta) -> Viewing:
    return Viewing(
        viewed_at=event.viewed_at,
        sent_at=event.playback.last_viewed_at,
        view_count=event.playback.view_count,
        runtime=runtime,
        log_id=event.log.pk,
        history_key=joining.row_of(event.log.history_key),
        told_by_webhook=not event.log.history_key,
    )


def read_past(events: Sequence[Event]) -> Past:
    """What arrived before of the same items, for the same people."""
    past = Past()
    plays = [event for event in events if isinstance(event.parsed, Playback)]
    if plays:
        items = {item_key(event) for event in plays}
        servers = {event.playback.server_uuid for event in plays}
        users = {user_id for event in plays for user_id in event.users}
        read_viewings(past, users=users, servers=servers, items=items)
        read_held(past, servers=servers, items=items)
    return past


def read_viewings(past: Past, *, users: set[int], servers: set[str], items: set[str]) -> None:
    found = PlexViewing.objects.filter(
        user_id__in=users, server_uuid__in=servers, item_key__in=items
    ).values_list("user_id", "server_uuid", "item_key", *joining.PAST)
    for user_id, server, item, *columns in found:
        past.viewings[user_id, server, item].append(joining.past_viewing(columns))
    marks = {v.log_id for told in past.viewings.values() for v in told if v.is_mark and v.log_id}
    if marks:
        idle = PlexViewing.objects.idle_marks().filter(log__in=marks)
        past.idle_marks.update(idle.values_list("log", flat=True))


def read_held(past: Past, *, servers: set[str], items: set[str]) -> None:
    held = (
        PlexWebhookLog.objects.held()
        .filter(server_uuid__in=servers, item_key__in=items)
        .exclude(action_taken=Action.WAITING_FOR_ACCOUNT)
        .values_list("account_id", "server_uuid", "item_key", "viewed_at", "pk", "history_key")
    )
    for account_id, server, item, held_at, pk, key in held:
        if held_at is None:
            continue
        past.held[account_id, server, item].append(
            Viewing(
                viewed_at=held_at,
                sent_at=None,
                view_count=None,
                runtime=timedelta(0),
                log_id=pk,
                history_key=joining.row_of(key),
                told_by_webhook=not key,
            )
        )


@dataclass(kw_only=True)
class Book:
    """The watches of a batch before and while they are written."""

    plays: dict[tuple[int, int], list[Play]]
    rewatching: dict[int, bool]
    standing: dict[tuple[int, int], WatchRow]
    removed: dict[tuple[int, int], datetime] = field(default_factory=dict)
    told: dict[tuple[int, int], list[joining.Named]] = field(default_factory=dict)
    watches: list[WatchRow] = field(default_factory=list)
    viewings: list[ViewingRow] = field(default_factory=list)
    touched: set[tuple[int, int]] = field(default_factory=set)


def record_plays(
    planned: Sequence[tuple[Event, Record]], past: Past, *, now: datetime
) -> Iterator[tuple[Event, Record, Status, Action]]:
    """Write the watches of all events that count; yields what became of each."""
    book = open_book(planned)
    results = [(event, plan, *record_event(event, plan, past, book)) for event, plan in planned]
    rows.write(book.watches, book.viewings)
    if book.touched:
        statuses.settle_status(
            user_ids={user_id for user_id, _ in book.touched},
            show_ids={show_id for _, show_id in book.touched},
            today=timezone.localdate(now),
        )
    yield from results


def open_book(planned: Sequence[tuple[Event, Record]]) -> Book:
    users = {user_id for event, _ in planned for user_id in event.users}
    episodes = {episode_id for _, plan in planned for episode_id in plan.episode_ids}
    book = Book(plays=defaultdict(list), rewatching={}, standing={})
    if not planned:
        return book
    standing = Watch.objects.standing().filter(user_id__in=users, episode_id__in=episodes)
    for columns in standing.order_by("play").values(*STANDING):
        watch = WatchRow(**columns)
        key = watch.user_id, watch.episode_id
        book.plays[key].append(Play(number=watch.play, watched_at=watch.watched_at))
        book.standing.setdefault(key, watch)
    if any(event.log.source == PlexWebhookLog.Source.SCAN for event, _ in planned):
        book.removed = read_removed(users, episodes)
    if any(event.log.history_key for event, _ in planned):
        book.told = joining.read_told(users, episodes)
    book.rewatching = {event.config.pk: event.config.record_rewatches for event, _ in planned}
    if others := users - book.rewatching.keys():
        switches = PlexConfig.objects.filter(pk__in=others).values_list("pk", "record_rewatches")
        book.rewatching.update(switches)
    return book


def read_removed(users: set[int], episodes: set[int]) -> dict[tuple[int, int], datetime]:
    """When people last unmarked an episode: a mark from before says nothing new."""
    removed = Watch.objects.filter(
        user_id__in=users, episode_id__in=episodes, removed_at__isnull=False
    )
    found = removed.order_by("removed_at").values_list("user_id", "episode_id", "removed_at")
    return {(user_id, episode_id): at for user_id, episode_id, at in found if at is not None}


def record_event(event: Event, plan: Record, past: Past, book: Book) -> tuple[Status, Action]:
    verdicts = [record_for_user(event, plan, user_id, past, book) for user_id in event.users]
    best = min(verdicts, key=BEST_FIRST.index)
    event.tell("once", SENTENCES[best])
    status, action = OUTCOMES[best]
    if best is Verdict.FIRST:
        return status, plan.action
    if best is Verdict.DUPLICATE and event.log.action_taken in CREDITED:
        # Processed again: it stands as it was recorded.
        return Status.SUCCESS, Action(event.log.action_taken)
    return status, action


def record_for_user(event: Event, plan: Record, user_id: int, past: Past, book: Book) -> Verdict:
    new = viewing_of(event, runtime=plan.runtime)
    earlier = past.of(user_id, event)
    if past.waits_already(event):
        return Verdict.DUPLICATE
    rewatching = book.rewatching.get(user_id, event.config.record_rewatches)
    before = past.before(new, earlier) if rewatching else earlier
    half = viewings.other_half(new, before)
    verdicts = []
    for episode_id in plan.episode_ids:
        verdict = judge(event, new, before, (user_id, episode_id), book, rewatching=rewatching)
        verdicts.append(verdict)
        if verdict in {Verdict.FIRST, Verdict.REWATCH}:
            add_watch(event, plan, user_id, episode_id, book)
        if verdict not in {Verdict.DUPLICATE, Verdict.REMOVED}:
            add_viewing(event, plan, user_id, episode_id, book)
    if new.is_mark and Verdict.ALREADY_WATCHED in verdicts:
        past.idle_marks.add(event.log.pk)
    if any(verdict not in {Verdict.DUPLICATE, Verdict.REMOVED} for verdict in verdicts):
        earlier.append(new)
    elif half is not None:
        item = user_id, event.playback.server_uuid, item_key(event)
        joining.join(event, item, half, earlier=earlier, unsaved=book.viewings)
    return min(verdicts, key=BEST_FIRST.index)


def judge(
    event: Event,
    new: Viewing,
    before: Sequence[Viewing],
    whose: tuple[int, int],
    book: Book,
    *,
    rewatching: bool,
) -> Verdict:
    """What the viewing means for `whose`: a user and an episode."""
    # Processed again by a person: what they removed before says nothing any more.
    removed_at = None if event.log.action_taken in DECIDED else book.removed.get(whose)
    verdict = viewings.judge(
        new,
        past=before,
        plays=book.plays[whose],
        record_rewatches=rewatching,
        removed_at=removed_at,
    )
    if verdict in {Verdict.FIRST, Verdict.REWATCH}:
        return by_another_name(event, new, book.told.get(whose, ())) or verdict
    return verdict


def by_another_name(event: Event, new: Viewing, told: Sequence[joining.Named]) -> Verdict | None:
    """What a row of the history or a mark is whose webhook came before Plex matched the item: that
    had no guid then, and so another name."""
    if not event.log.history_key or event.log.action_taken in DECIDED:
        return None
    here, mine = event.playback.server_uuid, item_key(event)
    others = [old for server, item, old in told if server == here and item != mine]
    return viewings.known_verdict(new, others)


def add_watch(event: Event, plan: Record, user_id: int, episode_id: int, book: Book) -> None:
    plays = book.plays[user_id, episode_id]
    watch = WatchRow(
        user_id=user_id,
        episode_id=episode_id,
        play=max((play.number for play in plays), default=0) + 1,
        watched_at=event.viewed_at,
    )
    plays.append(Play(number=watch.play, watched_at=watch.watched_at))
    book.standing[user_id, episode_id] = watch
    book.watches.append(watch)
    book.touched.add((user_id, plan.show_id))


def add_viewing(event: Event, plan: Record, user_id: int, episode_id: int, book: Book) -> None:
    key = joining.row_of(event.log.history_key)
    mine = event.log.pk, user_id
    before = [v for v in book.viewings if (v.log_id, v.user_id) == mine] if key else []
    playback = event.playback
    book.viewings.append(
        ViewingRow(
            user_id=user_id,
            watch=book.standing[user_id, episode_id],
            log_id=event.log.pk,
            mapping_id=event.mapping.pk if event.mapping else None,
            server_uuid=playback.server_uuid,
            account_key=event.account_key,
            item_key=item_key(event),
            history_key=joining.part_of(key, len(before)),
            told_by_webhook=not event.log.history_key,
            plex_season=playback.season_number,
            plex_episode=playback.episode_number,
            view_count=playback.view_count,
            evidence=plan.evidence,
            viewed_at=event.viewed_at,
            sent_at=playback.last_viewed_at,
        )
    )
