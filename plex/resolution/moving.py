"""Carries a plan of moves out, and keeps the rows as they were. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from plex.corrections import How, Move, MovePlan
from plex.models import PlexViewing, PlexWebhookLog
from plex.resolution.images import Image, image_of, images_of
from tracker import statuses, watching
from tracker.models import Episode, TrackedShow, Watch

PLACED = (How.MOVES, How.JOINS, How.SPLITS)
LOG_COLUMNS = (
    *("id", "status", "action_taken", "error_message"),
    *("conflict_id", "tvshow_id", "processed_at"),
)

Pair = tuple[int, int]  # User, show.


def lock_watches(viewings: QuerySet[PlexViewing]) -> None:
    """Lock the watches of these plays, so that nobody removes one between the plan and its move."""
    watches = Watch.objects.filter(pk__in=viewings.values("watch")).order_by("pk")
    list(watches.select_for_update().values_list("pk"))


def carry_out(plan: MovePlan, *, evidence: dict[int, str], told: str) -> dict[str, Any]:
    """Move the plays; returns what an undo needs to know. `told` goes into the events' stories.

    The caller planned under `lock_watches`. Raises `IntegrityError` where somebody marked an episode
    meanwhile.
    """
    viewings = PlexViewing.objects.in_bulk([move.viewing_id for move in plan.moves])
    pairs = pairs_of(plan.moves)
    kept = keep(plan, viewings, pairs)
    # Within a show another watch may take the place of one that is about to go.
    Watch.objects.filter(pk__in=plan.removed).park()
    move_watches(plan.moves)
    kept["made"] = make_watches(plan.moves)
    credit(plan.moves, viewings, evidence)
    take_back(plan)
    settle_pairs(pairs, plan)
    tell_events([viewings[move.viewing_id] for move in plan.moves if move.how in PLACED], told)
    kept["tracked_after"] = images_of(tracked_of(pairs))
    return kept


def keep(plan: MovePlan, viewings: dict[int, PlexViewing], pairs: set[Pair]) -> dict[str, Any]:
    changed = [move for move in plan.moves if move.how != How.STAYS]
    watches = Watch.objects.filter(pk__in={move.watch_id for move in changed})
    taken_back = {viewings[move.viewing_id].log_id for move in changed if move.how == How.AGAIN}
    logs = PlexWebhookLog.objects.filter(pk__in=[pk for pk in taken_back if pk])
    return {
        "watches": images_of(watches.order_by("pk")),
        "viewings": images_of(viewings[move.viewing_id] for move in changed),
        "logs": [log_image(log) for log in logs.only(*LOG_COLUMNS).order_by("pk")],
        "tracked": images_of(tracked_of(pairs)),
        "pairs": sorted(pairs),
        "last_viewing": PlexViewing.objects.order_by("-pk").values_list("pk", flat=True).first(),
    }


def log_image(log: PlexWebhookLog) -> Image:
    names = {field.attname for field in log._meta.concrete_fields}
    return image_of(log, without=names - set(LOG_COLUMNS))


def pairs_of(moves: Iterable[Move]) -> set[Pair]:
    """Whose tracking of which shows a plan may change."""
    moves = list(moves)
    episodes = {pk for move in moves for pk in (move.from_id, move.to_id) if pk}
    rows = Episode.objects.filter(pk__in=episodes).values_list("pk", "season__show_id")
    shows: dict[int, int] = dict(rows)
    return {
        (move.user_id, shows[pk])
        for move in moves
        for pk in (move.from_id, move.to_id)
        if pk in shows
    }


def tracked_of(pairs: Iterable[Pair]) -> list[TrackedShow]:
    wanted = set(pairs)
    rows = TrackedShow.objects.filter(
        user__in={user for user, _ in wanted}, show__in={show for _, show in wanted}
    )
    return [row for row in rows.order_by("pk") if (row.user_id, row.show_id) in wanted]


def move_watches(moves: Sequence[Move]) -> None:
    """Give watches their new episode and number, also where two change places."""
    places = {m.watch_id: (m.to_id, m.number) for m in moves if m.how == How.MOVES}
    Watch.objects.filter(pk__in=places).park()
    watches = list(Watch.objects.filter(pk__in=places))
    for watch in watches:
        episode_id, number = places[watch.pk]
        watch.episode_id, watch.play = episode_id or watch.episode_id, number
    Watch.objects.bulk_update(watches, ["episode", "play"], batch_size=200)


def make_watches(moves: Sequence[Move]) -> list[int]:
    """Watches for plays whose own one has to stay; returns their ids."""
    made = [
        Watch.objects.create(
            user_id=move.user_id,
            episode_id=move.to_id or 0,
            play=move.number,
            watched_at=move.at,
            source=Watch.Source.PLEX,
        )
        for move in moves
        if move.how == How.SPLITS
    ]
    return [watch.pk for watch in made]


def credit(
    moves: Sequence[Move], viewings: dict[int, PlexViewing], evidence: dict[int, str]
) -> None:
    """Let each play stand for the watch that it belongs to now."""
    placed = [move for move in moves if move.how in PLACED]
    rows = Watch.objects.standing().filter(
        user__in={move.user_id for move in placed}, episode__in={move.to_id for move in placed}
    )
    standing = {(row.user_id, row.episode_id, row.play): row.pk for row in rows}
    for move in placed:
        viewing = viewings[move.viewing_id]
        viewing.watch_id = standing[move.user_id, move.to_id or 0, move.number]
        viewing.evidence = evidence.get(viewing.pk, viewing.evidence)
    changed = [viewings[move.viewing_id] for move in placed]
    PlexViewing.objects.bulk_update(changed, ["watch", "evidence"], batch_size=200)


def take_back(plan: MovePlan) -> None:
    lost = [move.viewing_id for move in plan.moves if move.how == How.AGAIN]
    PlexViewing.objects.filter(pk__in=lost).delete()
    Watch.objects.filter(pk__in=plan.removed).delete()


def settle_pairs(pairs: Iterable[Pair], plan: MovePlan) -> None:
    """Statuses follow: where an episode was lost, and where one was won."""
    targets = pairs_of([move for move in plan.moves if move.how in PLACED])
    people = User.objects.in_bulk({user_id for user_id, _ in pairs})
    for user_id, show_id in sorted(pairs):
        watching.reopen_show(user_id=user_id, show_id=show_id)
        if (user_id, show_id) in targets:
            today = watching.today_of(people[user_id])
            statuses.settle_pair(user_id, show_id, today=today)


def tell_events(viewings: Collection[PlexViewing], told: str) -> None:
    """The events show the right show, and say why."""
    of_watch = dict(
        Watch.objects.filter(pk__in={viewing.watch_id for viewing in viewings}).values_list(
            "pk", "episode__season__show_id"
        )
    )
    shows = {v.log_id: of_watch[v.watch_id] for v in viewings if v.log_id}
    logs = list(PlexWebhookLog.objects.filter(pk__in=shows).only("pk", "trace", "tvshow"))
    for log in logs:
        log.tvshow_id = shows[log.pk]
        log.trace = [*log.trace, {"step": "corrected", "text": told}]
    PlexWebhookLog.objects.bulk_update(logs, ["tvshow", "trace"], batch_size=100)
