"""What to do with one event: a plan, taken from what was gathered. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from plex.candidates import candidate_of
from plex.episodes.match import EpisodeMatch, EpisodeMissing, EpisodeQuestion, FoundPair
from plex.episodes.orders import OF_TMDB
from plex.lookups import Lookups, TmdbAwayError
from plex.matching import Candidate, Match
from plex.models import Action, PlexViewing, PlexWebhookLog, Status
from plex.payload import NewShow, NotAPlayback, Playback
from plex.processing.asking import (
    ask_about_contradiction,
    ask_if_disputed,
    ask_or_wait,
    is_contradicted,
    missing_from_tmdb,
    still_asked,
    suggestion,
    wait_for_tmdb,
)
from plex.processing.contradictions import contradiction, contradicts_show_ids
from plex.processing.events import Ask, Event, Finish, Forget, Library, Plan, Record, Wait
from plex.processing.finding import EpisodeFinder, answered_episode
from plex.processing.identified import Identified, Unclear
from plex.processing.identify import identify
from plex.processing.indexes import EpisodeIndexes
from plex.processing.rejected import as_corrected
from plex.processing.ruled import is_by_rule, is_refused, match_by_rule
from tracker.models import TVShow

# A show is read again for a missing episode at most this often.
REFRESH_EVERY = timedelta(minutes=10)
UNKNOWN_RUNTIME = timedelta(0)


class Decider:
    """Plans events of one lane; keeps the episodes of the shows met last."""

    def __init__(self, *, lookups: Lookups, indexes: EpisodeIndexes) -> None:
        self.lookups = lookups
        self.indexes = indexes
        self.finder = EpisodeFinder(lookups=lookups, indexes=indexes)

    def plan(self, event: Event, *, now: datetime) -> Plan:
        """The plan for one event. Raises `NetworkNeededError` where this lane can't know."""
        before = plan_without_show(event)
        if before is not None:
            return before
        if isinstance(event.parsed, NewShow):
            return self.plan_new_show(event, now=now)
        return self.plan_play(event, event.playback, now=now)

    def plan_play(self, event: Event, playback: Playback, *, now: datetime) -> Plan:
        mapping, known = event.show_mapping, event.mapped_show
        if known is None:
            found = self.find_show(event, playback, now=now)
            if not isinstance(found, Identified):
                return found
            show = TVShow.objects.get(pk=found.match.candidate.tvshow_id or 0)
            return self.plan_episode(
                event, playback, show, match=found.match, pair=found.found_pair, now=now
            )
        if by_hand := answered_episode(event, playback):
            event.tell("episode", f"You said that this is {by_hand.code}.")
            return record(by_hand.season.show_id, [by_hand.pk], playback, by_hand.runtime, "manual")
        playback = as_corrected(event, playback, self.indexes, now=now)
        if (other := questioned(event, playback)) is not None:
            if not mapping.manually_confirmed:
                return ask_about_contradiction(event, mapping, known, other)
            event.review = f"An id of a play belongs to {other.title}; you decided otherwise."
            event.tell("mapping", event.review)
        return self.plan_episode(event, playback, known, match=None, pair=None, now=now)

    def plan_known(self, event: Event, *, now: datetime) -> Plan | None:
        """The quick way: a mapped show and an episode that is known; else None. Without a query, but
        where nothing besides the number says which episode it is."""
        mapping, known = event.mapping, event.mapped_show
        if mapping is None or known is None or not isinstance(event.parsed, Playback):
            return None
        playback = event.parsed
        by_hand = answered_episode(event, playback)
        if by_hand or contradicts_show_ids(mapping, playback.show):
            return None
        playback = as_corrected(event, playback, self.indexes, now=now)
        placed = self.finder.find(event, playback, known, now=now)
        show, found, tmdb_id = placed.show, placed.found, playback.episode_ids.tmdb
        if tmdb_id is not None and tmdb_id not in placed.index.by_tmdb_id:
            return None
        if not isinstance(found, EpisodeMatch) or may_be_named(found, playback):
            return None
        event.tell("mapping", f"Plex's “{mapping.plex_title}” is {show.title}: decided before.")
        event.tell("episode", found.reason)
        return record(show.pk, found.episode_ids, playback, placed.runtime, found.evidence)

    def find_show(
        self, event: Event, playback: Playback | None, *, now: datetime
    ) -> Identified | Plan:
        """The show, in our catalogue: added where that is wished; else a question, or a wait."""
        assert not isinstance(event.parsed, NotAPlayback)  # noqa: S101 - planned before
        by_rule = match_by_rule(event)
        if by_rule is None and is_contradicted(event.show_mapping):
            return still_asked(event, event.show_mapping)
        found = (
            Identified(match=by_rule)
            if by_rule is not None
            else identify(event, event.parsed.show, playback, self.lookups)
        )
        if isinstance(found, Unclear):
            return ask_or_wait(event, found.question, found.away, now=now)
        if found.match.candidate.tvshow_id is not None:
            return ask_if_disputed(event, found)
        if not event.config.auto_add_shows and playback is not None:
            return Ask(question=suggestion(found.match))
        try:
            return self.added(event, found)
        except TmdbAwayError as error:
            event.tell("tmdb", f"The show could not be added: {error}")
            question = missing_from_tmdb(found.match) if error.is_final else suggestion(found.match)
            return ask_or_wait(event, question, error, now=now)

    def added(self, event: Event, found: Identified) -> Identified:
        show = self.lookups.add_show(found.match.candidate.tmdb_id or 0)
        event.tell("added", f"{show.title} was added to the tracker with all its seasons.")
        candidate = candidate_of(show)
        match = Match(
            candidate=candidate,
            confidence=found.match.confidence,
            method=found.match.method,
            evidence=found.match.evidence,
        )
        return Identified(match=match, found_pair=found.found_pair)

    def plan_episode(
        self,
        event: Event,
        playback: Playback,
        show: TVShow,
        *,
        match: Match | None,
        pair: FoundPair | None,
        now: datetime,
    ) -> Plan:
        placed = self.finder.find(event, playback, show, pair=pair, now=now)
        if pair is None and may_be_named(placed.found, playback):
            pair = self.finder.ask_tmdb(playback, placed.show)
            placed = self.finder.find(event, playback, show, pair=pair, now=now) if pair else placed
        if isinstance(placed.found, EpisodeMissing):
            refreshed = self.refreshed(event, placed.show, now=now)
            if isinstance(refreshed, Wait):
                return refreshed
            placed = self.finder.find(event, playback, show, pair=pair, now=now)
        found = placed.found
        event.tell("episode", found.reason)
        if isinstance(found, EpisodeMissing):
            return Wait(
                status=Status.HELD,
                action=Action.EPISODE_NOT_FOUND,
                at=None,
                reason=found.reason,
                match=match,
            )
        if isinstance(found, EpisodeQuestion):
            return Ask(question=found, match=match)
        return record(
            placed.show.pk,
            found.episode_ids,
            playback,
            placed.runtime,
            found.evidence,
            action=Action.AUTO_ADDED_SHOW if was_added(event) else Action.MARKED_WATCHED,
            match=match,
        )

    def refreshed(self, event: Event, show: TVShow, *, now: datetime) -> TVShow | Wait:
        """The show read from TMDB once for a missing episode; as it is where that is no use."""
        recently = show.refreshed_at is not None and now - show.refreshed_at < REFRESH_EVERY
        if show.tmdb_id is None or recently:
            return show
        try:
            event.tell(
                "refresh",
                "The catalogue has no such episode, so the show was read from TMDB again.",
            )
            refreshed = self.lookups.refresh(show)
            self.indexes.forget(show)
            if event.show_mapping.episode_order.startswith(OF_TMDB):
                self.lookups.read_orders(refreshed)
            return refreshed
        except TmdbAwayError as error:
            if error.is_final or not error.has_key:
                return show
            event.tell("tmdb", f"TMDB could not be asked: {error}")
            return wait_for_tmdb(event, error, now=now)

    def plan_new_show(self, event: Event, *, now: datetime) -> Plan:
        unwanted = unwanted_show(event)
        if unwanted is not None:
            return unwanted
        if event.mapped_show is not None:
            return Library(show_id=event.mapped_show.pk)
        found = self.find_show(event, None, now=now)
        if not isinstance(found, Identified):
            return found
        return Library(show_id=found.match.candidate.tvshow_id or 0, match=found.match)


def may_be_named(
    found: EpisodeMatch | EpisodeQuestion | EpisodeMissing, playback: Playback
) -> bool:
    """Whether TMDB can say more of the episode by its other ids: where nothing here tells which one
    it is, or only its number does."""
    ids = playback.episode_ids
    is_told = isinstance(found, EpisodeMatch) and found.evidence != PlexViewing.NUMBER
    return not is_told and bool(ids.tvdb or ids.imdb)


def was_added(event: Event) -> bool:
    return any(step["step"] == "added" for step in event.trace)


def plan_without_show(event: Event) -> Plan | None:
    """What is decided before it matters which show it is: who, and whether plays are wanted."""
    parsed = event.parsed
    if event.is_stranger:
        return Forget()
    if isinstance(parsed, NotAPlayback):
        status = Status.FAILED if parsed.is_failure else Status.IGNORED
        event.tell("event", parsed.reason)
        return Finish(status=status, action=Action(parsed.action), reason=parsed.reason)
    return plan_by_switches(event, parsed) if isinstance(parsed, Playback) else None


def plan_by_switches(event: Event, playback: Playback) -> Plan | None:
    """What people said: about marking, about the account, about this Plex show."""
    if not event.config.auto_mark_watched:
        return Finish(status=Status.IGNORED, action=Action.AUTO_MARK_DISABLED)
    if not event.users:
        event.tell("account", f"Nobody has said yet whose plays “{playback.account_title}”'s are.")
        return Wait(status=Status.HELD, action=Action.WAITING_FOR_ACCOUNT, at=None)
    mapping = event.show_mapping
    if not mapping.sync_enabled:
        return Finish(status=Status.IGNORED, action=Action.SYNC_DISABLED)
    event.users = tuple(user for user in event.users if user not in event.answers.ignored_by)
    if not event.users:
        return Finish(status=Status.IGNORED, action=Action.SHOW_IGNORED)
    counting = tuple(user for user in event.users if user not in event.ignoring)
    if not counting:
        return ignored_by_rule(event, event.users)
    event.users = counting
    return None


def ignored_by_rule(event: Event, people: Iterable[int]) -> Finish:
    sentences = dict.fromkeys(event.ignoring[user] for user in people)
    event.tell("rule", " ".join(f"Your rule: {sentence}." for sentence in sentences))
    return Finish(status=Status.IGNORED, action=Action.IGNORED_BY_RULE)


def questioned(event: Event, playback: Playback) -> Candidate | None:
    """Another show that the event's ids prove against the mapping; nothing does against a rule."""
    if is_by_rule(event) and not event.show_mapping.manually_confirmed:
        return None
    other = contradiction(event.show_mapping, playback)
    if other is not None and other.tvshow_id in {s.tvshow_id for s in event.answers.seasons}:
        return None  # A season of Plex that was said to be this show's.
    return None if other is None or is_refused(event, other) else other


def unwanted_show(event: Event) -> Finish | None:
    """The same about a show that is new in the library, for the hook's owner."""
    if event.log.source == PlexWebhookLog.Source.CHOSEN:
        return None  # A person asked for this very show.
    if not event.config.auto_add_library:
        return Finish(status=Status.IGNORED, action=Action.AUTO_ADD_LIBRARY_DISABLED)
    if not event.show_mapping.sync_enabled:
        return Finish(status=Status.IGNORED, action=Action.SYNC_DISABLED)
    if event.config.pk in event.answers.ignored_by:
        return Finish(status=Status.IGNORED, action=Action.SHOW_IGNORED)
    owner = event.config.pk
    return ignored_by_rule(event, [owner]) if owner in event.ignoring else None


def record(
    show_id: int,
    episode_ids: list[int] | tuple[int, ...],
    playback: Playback,
    runtime_minutes: int | None,
    evidence: str,
    *,
    action: Action = Action.MARKED_WATCHED,
    match: Match | None = None,
) -> Record:
    seconds = playback.duration_seconds or (runtime_minutes or 0) * 60
    return Record(
        show_id=show_id,
        episode_ids=tuple(episode_ids),
        runtime=timedelta(seconds=seconds) if seconds else UNKNOWN_RUNTIME,
        evidence=evidence,
        action=action,
        match=match,
    )
