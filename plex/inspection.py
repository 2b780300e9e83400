"""What would become of an event if it were decided now: a dry run, after which nothing is different.

The same code decides as in processing. What that code writes on its way is rolled back, in short
transactions that hold no call over the network; what it would add or refresh ends the dry run.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from plex.circuit import Circuit
from plex.client import PlexError
from plex.episodes.match import EpisodeQuestion
from plex.guid import ShowIds
from plex.inbox import event_row
from plex.lookups import Lookups, NetworkNeededError, TmdbAwayError
from plex.matching import Match
from plex.models import Action, PlexConfig, PlexShowMapping, PlexWebhookLog, Status
from plex.payload import PlexShow
from plex.processing import record
from plex.processing.apply import listing
from plex.processing.decide import Decider, plan_without_show
from plex.processing.events import Ask, Event, Forget, Library, Plan, Record
from plex.processing.gather import gather
from plex.processing.indexes import EpisodeIndexes
from plex.show_ids import ShowIdLookups
from tracker.models import Episode, TVShow
from tracker.tmdb import Tmdb, TmdbError

T = TypeVar("T")
logger = logging.getLogger(__name__)

# The number of an event that is not stored: higher than every other, so the newest.
UNSTORED = 2**63 - 1
NOT_ASKED = "this dry run keeps off the network."
WRITTEN = {Action.MARKED_WATCHED, Action.AUTO_ADDED_SHOW, Action.RECORDED_REWATCH}


class WouldWriteError(Exception):
    """The decision goes on only after something was written; the text says what that would be."""


class DryLookups(Lookups):
    """Looks up as ever, but keeps no answer, adds no show and refreshes none.

    Where it may not call, it answers as if TMDB and Plex were away, and notes that in `was_needed`.
    """

    def __init__(self, *, may_call: bool) -> None:
        super().__init__(may_call=may_call)
        self._show_ids = DryShowIdLookups()
        self.circuit = DryCircuit()
        self.was_needed = False

    def plex_show_ids(self, config: PlexConfig, show: PlexShow) -> ShowIds:
        try:
            return super().plex_show_ids(config, show)
        except NetworkNeededError:
            self.was_needed = True
            raise PlexError(NOT_ASKED, kind="trouble") from None

    def add_show(self, tmdb_id: int) -> TVShow:
        show = TVShow.objects.filter(tmdb_id=tmdb_id).first()
        if show is None:
            raise WouldWriteError(
                f"TMDB's show {tmdb_id} would be added to the tracker with all its seasons; "
                "then the play would be recorded for its episode."
            )
        return show

    def refresh(self, show: TVShow) -> TVShow:
        raise WouldWriteError(
            f"{show.title} would be read from TMDB again. If it has the episode then, the play "
            "would be recorded; else it would wait."
        )

    def _keep(self, key: str, answer: Any) -> None:
        """Not kept."""

    def _call(self, ask: Callable[[Tmdb], T]) -> T:
        try:
            return super()._call(ask)
        except NetworkNeededError:
            self.was_needed = True
            raise TmdbAwayError(NOT_ASKED, has_key=self.has_key()) from None


class DryCircuit(Circuit):
    """A person who asks may always try; what comes of it is not noted."""

    def outage(self, *, now: datetime) -> None:
        return None

    def failed(self, error: TmdbError | PlexError, *, now: datetime, is_away: bool = False) -> None:
        """Not noted."""

    def answered(self, *, now: datetime) -> None:
        """Not noted."""


class DryShowIdLookups(ShowIdLookups):
    server_circuit = staticmethod(lambda _url: None)
    catalogue_circuit = staticmethod(lambda: None)

    def keep(self, show: PlexShow, ids: ShowIds) -> ShowIds:
        return ids

    def note_refusal(self, config: PlexConfig, error: PlexError, *, sent: str) -> None:
        """Not noted."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """`event` has the story of the dry run as its trace; `changes` are sentences, [] for none."""

    event: PlexWebhookLog
    outcome: str
    changes: list[str]


def unstored_event(payload: dict[str, Any], *, config: PlexConfig, now: datetime) -> PlexWebhookLog:
    """An event as if it had just arrived."""
    return event_row(payload, pk=UNSTORED, config=config, created_at=now)


def inspect(log: PlexWebhookLog, *, network: bool, viewer: User | None = None) -> Inspection:
    """The dry run of one event that has a payload. `network` allows asking TMDB and Plex.

    `viewer` is who will read it: plain users are told no names of others.
    """
    now = timezone.now()
    row = copy.copy(log)
    row.trace = []
    event = gathered(row, now=now)
    lookups = DryLookups(may_call=network)
    changes: list[str] = []
    try:
        plan = planned(event, lookups, now=now)
        outcome, changes = consequences(event, plan, viewer=viewer)
    except WouldWriteError as end:
        outcome, changes = str(end), [str(end)]
    except Exception:
        logger.exception("The dry run of Plex event %s raised", log.pk)
        outcome = "Processing raises an error; the server's log has the details."
    if lookups.was_needed:
        outcome += " TMDB and Plex were not asked; what they say may change this."
    row.trace = event.trace
    return Inspection(event=row, outcome=outcome, changes=changes)


def gathered(row: PlexWebhookLog, *, now: datetime) -> Event:
    """The event with its account and Plex show, which are unmade again where they are new."""
    with transaction.atomic():
        event = gather([row], now=now)[0]
        transaction.set_rollback(True)
    return event


def planned(event: Event, lookups: Lookups, *, now: datetime) -> Plan:
    """As the two lanes together plan it."""
    decider = Decider(lookups=lookups, indexes=EpisodeIndexes())
    plan = plan_without_show(event) or decider.plan_known(event, now=now)
    return plan or decider.plan(event, now=now)


def consequences(event: Event, plan: Plan, *, viewer: User | None) -> tuple[str, list[str]]:
    """What the plan leads to, and what is different afterwards."""
    if isinstance(plan, Forget):
        return str(Action.OTHER_ACCOUNT.label), ["The event is counted and not kept."]
    changes = mapping_changes(event.mapping, getattr(plan, "match", None))
    if isinstance(plan, Ask):
        event.tell("question", plan.question.reason, candidates=looks(plan))
        return str(Action.CONFLICT_CREATED.label), [*changes, *question_changes(event, plan)]
    if isinstance(plan, Record):
        action = recorded(event, plan)
        if action in WRITTEN:
            changes += play_changes(event, plan, viewer=viewer)
        return str(action.label), changes
    action = listing(event, plan) if isinstance(plan, Library) else plan.action
    return str(action.label), changes


def recorded(event: Event, plan: Record) -> Action:
    """What recording the play would be called, given earlier plays of it."""
    with transaction.atomic():
        past = record.read_past([event])
        book = record.open_book([(event, plan)])
        _, action = record.record_event(event, plan, past, book)
        transaction.set_rollback(True)
    is_new = any(watch.user_id in event.users for watch in book.watches)
    # "Processed again" keeps the words of the first time, though nothing is written.
    return action if is_new or action not in WRITTEN else Action.IGNORED_DUPLICATE


def mapping_changes(mapping: PlexShowMapping | None, match: Match | None) -> list[str]:
    if mapping is None or match is None or mapping.tvshow_id == match.candidate.tvshow_id:
        return []
    sure = f"{round(match.confidence * 100)} % sure"
    changes = [f"“{mapping}” on Plex is taken for {match.candidate.name}, {sure}."]
    if mapping.conflicts.open().about_shows().exists():
        changes.append("The open question about it is settled, and the plays that wait for it too.")
    return changes


def question_changes(event: Event, plan: Ask) -> list[str]:
    if event.log.status == Status.HELD and event.log.conflict_id is not None:
        return []
    changes = ["The play waits for your answer."]
    show = event.show_mapping.tvshow
    if show is not None and not isinstance(plan.question, EpisodeQuestion):
        changes.append(f"“{event.show_mapping}” is no longer taken for {show} until you answer.")
    return changes


def play_changes(event: Event, plan: Record, *, viewer: User | None) -> list[str]:
    people = User.objects.filter(pk__in=event.users).order_by("pk")
    names = " and ".join(name_for(person, viewer) for person in people)
    when = f"{timezone.localtime(event.viewed_at):%d %B %Y %H:%M}"
    episodes = Episode.objects.filter(pk__in=plan.episode_ids).select_related("season__show")
    return [
        f"{episode.season.show.title} {episode.code} is watched on {when} by {names}."
        for episode in episodes.order_by("season__season_number", "episode_number")
    ]


def name_for(person: User, viewer: User | None) -> str:
    if person == viewer:
        return "you"
    return person.get_username() if viewer is None or viewer.is_staff else "somebody else"


def looks(plan: Ask) -> list[dict[str, Any]]:
    """The candidates of a question, of shows or episodes, as a trace keeps them."""
    question = plan.question
    if isinstance(question, EpisodeQuestion):
        return [
            {
                "title": f"S{c.season_number:02}E{c.episode_number:02} {c.title}".strip(),
                "score": c.score,
                "reasons": list(c.reasons),
            }
            for c in question.candidates
        ]
    return [
        {
            "title": r.candidate.title,
            "year": r.candidate.year,
            "score": round(r.score, 2),
            "reasons": list(r.reasons),
        }
        for r in question.ranked
    ]
