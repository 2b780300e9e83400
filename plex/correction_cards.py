"""What the preview of a correction shows, a row for each watch in words; and what was corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from plex.corrections import How, Move, MovePlan
from plex.models import PlexCorrection, PlexShowMapping, PlexViewing
from plex.resolution import can_undo
from plex.resolution.decisions import said_since
from tracker.models import Episode

SHOWN = 200
SHOWN_CORRECTIONS = 10
NOTES = {
    How.MOVES: "",
    How.JOINS: "It is watched there already, and that date stays.",
    How.SPLITS: "Its watch stays as well, because something else stands for it: a mark by hand, or "
    "another play.",
    How.AGAIN: "No such episode was found: it is taken back and decided again, and you may be asked.",
    How.STAYS: "No such episode was found, and its event is gone: it stays where it is.",
}


@dataclass(frozen=True, kw_only=True)
class MoveRow:
    """One watch; `to` is "" where there is none."""

    at: datetime
    who: str
    source: str
    to: str
    note: str
    how: How


@dataclass(frozen=True, kw_only=True)
class Preview:
    """`more` are rows that are not shown."""

    rows: Sequence[MoveRow]
    more: int
    moved: int
    joined: int
    again: int
    stays: int

    @property
    def changes(self) -> bool:
        return bool(self.moved or self.joined or self.again)


def preview_of(plan: MovePlan, *, viewer: User) -> Preview:
    """The plan in words, the newest play first."""
    moves = without_company(plan.moves)
    shown = sorted(moves, key=lambda move: (move.at, move.viewing_id), reverse=True)[:SHOWN]
    wanted = {pk for move in shown for pk in (move.from_id, move.to_id) if pk}
    found = Episode.objects.filter(pk__in=wanted).select_related("season__show")
    episodes = {episode.pk: name_of(episode) for episode in found}
    people = User.objects.in_bulk({move.user_id for move in shown} - {viewer.pk})
    rows = [
        MoveRow(
            at=move.at,
            who=people[move.user_id].get_username() if move.user_id in people else "",
            source=episodes.get(move.from_id, ""),
            to=episodes.get(move.to_id or 0, ""),
            note=NOTES[move.how],
            how=move.how,
        )
        for move in shown
    ]
    return Preview(
        rows=rows,
        more=len(moves) - len(rows),
        moved=sum(move.how in {How.MOVES, How.SPLITS} for move in moves),
        joined=sum(move.how == How.JOINS for move in moves),
        again=sum(move.how == How.AGAIN for move in moves),
        stays=sum(move.how == How.STAYS for move in moves),
    )


def without_company(moves: Sequence[Move]) -> list[Move]:
    """Without plays that only go where another play of their watch takes it."""
    leading: set[tuple[int, int | None, int]] = set()
    rest = []
    for move in moves:
        key = move.watch_id, move.to_id, move.number
        if move.how != How.JOINS or key not in leading:
            rest.append(move)
        leading.add(key)
    return rest


def name_of(episode: Episode) -> str:
    name = f" “{episode.name}”" if episode.name else ""
    return f"{episode.season.show.title} {episode.code}{name}"


def corrections_of(mapping: PlexShowMapping, *, user: User) -> list[PlexCorrection]:
    """The corrections of a Plex show, newest first; `can_undo` where the person can take it back,
    and what would be forgotten with it."""
    rows = mapping.corrections.select_related("by", "from_show", "to_show").defer("kept")
    if not user.is_staff:
        rows = rows.filter(by=user)
    shown: list[Any] = list(rows.order_by("-pk")[:SHOWN_CORRECTIONS])
    standing = [row.pk for row in shown if row.undone_at is None]
    for row in shown:
        row.can_undo = row.pk in standing[:1] and can_undo(row, mapping, user=user)
        row.forgets = said_since(row, mapping).sentence if row.can_undo else ""
    return shown


def play_of_watch(watch_id: int, *, user: User) -> PlexViewing | None:
    """The play from Plex that a watch stands for: the person's own, anybody's for staff."""
    viewings = PlexViewing.objects.filter(
        watch=watch_id, watch__removed_at=None, mapping__isnull=False
    )
    if not user.is_staff:
        viewings = viewings.filter(user=user)
    found = viewings.select_related("mapping__tvshow", "watch__episode__season__show", "log")
    return found.order_by("viewed_at", "pk").first()
