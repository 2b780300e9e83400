"""What to do with one event: a plan, taken from what was gathered. Nothing is written here."""

from __future__ import annotations

from datetime import datetime, timedelta

from plex.candidates import candidate_of
from plex.episodes import (
    EpisodeIndex,
    EpisodeMatch,
    EpisodeMissing,
    EpisodeQuestion,
    SeasonMap,
    match_episode,
)
from plex.lookups import Lookups, NetworkNeededError, TmdbAwayError
from plex.matching import Candidate, Match, Question, Ranked
from plex.models import Action, PlexEpisodeMapping, PlexShowMapping, Status
from plex.payload import NewShow, NotAPlayback, Playback
from plex.processing.events import Answers, Ask, Event, Finish, Forget, Library, Plan, Record, Wait
from plex.processing.gather import EpisodeIndexes
from plex.processing.identify import (
    Identified,
    Unclear,
    contradiction,
    contradicts_show_ids,
    identify,
)
from tracker.models import Episode, TVShow

# Waiting for TMDB: as long again as it waited already, from a minute to four hours.
SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
# Without a key nothing comes by itself; the settings page wakes the rows, this finds a key that
# was set elsewhere.
WAIT_WITHOUT_KEY = timedelta(minutes=10)
# Then the user is asked as well, with what is known here.
ASK_AFTER = timedelta(days=1)
# A show is read again for a missing episode at most this often.
REFRESH_EVERY = timedelta(minutes=10)
UNKNOWN_RUNTIME = timedelta(0)


class Decider:
    """Plans events of one lane; keeps the episodes of the shows met last."""

    def __init__(self, *, lookups: Lookups, indexes: EpisodeIndexes) -> None:
        self.lookups = lookups
        self.indexes = indexes

    def plan(self, event: Event, *, now: datetime) -> Plan:
        """The plan for one event. Raises `NetworkNeededError` where this lane can't know."""
        before = plan_without_show(event)
        if before is not None:
            return before
        if isinstance(event.parsed, NewShow):
            return self.plan_new_show(event, event.parsed, now=now)
        return self.plan_play(event, event.playback, now=now)

    def plan_play(self, event: Event, playback: Playback, *, now: datetime) -> Plan:
        mapping = event.show_mapping
        if mapping.tvshow is not None and (by_hand := answered_episode(event, playback)):
            event.tell("episode", f"You said that this is {by_hand.code}.")
            return record(by_hand.season.show_id, [by_hand.pk], playback, by_hand.runtime, "manual")
        match, pair = None, None
        if mapping.tvshow is None:
            found = self.find_show(event, playback, now=now)
            if not isinstance(found, Identified):
                return found
            match, pair = found.match, found.found_pair
        elif (other := contradiction(mapping, playback)) is not None:
            if not mapping.manually_confirmed:
                return ask_about_contradiction(event, mapping, mapping.tvshow, other)
            event.review = f"An id of a play belongs to {other.title}; you decided otherwise."
            event.tell("mapping", event.review)
        show = mapping.tvshow or TVShow.objects.get(pk=match.candidate.tvshow_id or 0)  # type: ignore[union-attr]
        return self.plan_episode(event, playback, show, match=match, pair=pair, now=now)

    def plan_known(self, event: Event, *, now: datetime) -> Plan | None:
        """The quick way, without a query: a mapped show and an episode that is known; else None."""
        mapping = event.mapping
        if mapping is None or mapping.tvshow is None or not isinstance(event.parsed, Playback):
            return None
        playback = event.parsed
        by_hand = answered_episode(event, playback)
        if by_hand or contradicts_show_ids(mapping, playback.show):
            return None
        show, season_map = mapped_season(event.answers, playback, mapping.tvshow)
        index = self.indexes.of([show], now=now)[show.pk]
        tmdb_id = playback.episode_ids.tmdb
        if tmdb_id is not None and tmdb_id not in index.by_tmdb_id:
            return None
        found = match_episode(playback, index, season_map=season_map)
        if not isinstance(found, EpisodeMatch):
            return None
        event.tell("mapping", f"Plex's “{mapping.plex_title}” is {show.title}: decided before.")
        event.tell("episode", found.reason)
        return record(
            show.pk, found.episode_ids, playback, runtime_of(index, found), found.evidence
        )

    def find_show(
        self, event: Event, playback: Playback | None, *, now: datetime
    ) -> Identified | Plan:
        """The show, in our catalogue: added where that is wished; else a question, or a wait."""
        assert not isinstance(event.parsed, NotAPlayback)  # noqa: S101 - planned before
        found = identify(event, event.parsed.show, playback, self.lookups)
        if isinstance(found, Unclear):
            return ask_or_wait(event, found.question, found.away, now=now)
        if found.match.candidate.tvshow_id is not None:
            return found
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
        pair: tuple[int, int] | None,
        now: datetime,
    ) -> Plan:
        show, season_map = mapped_season(event.answers, playback, show)
        index = self.indexes.of([show], now=now)[show.pk]
        found = match_episode(playback, index, found_pair=pair, season_map=season_map)
        if isinstance(found, EpisodeMissing):
            refreshed = self.refreshed(event, show, now=now)
            if isinstance(refreshed, Wait):
                return refreshed
            index = self.indexes.of([refreshed], now=now)[show.pk]
            found = match_episode(playback, index, found_pair=pair, season_map=season_map)
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
        was_added = any(step["step"] == "added" for step in event.trace)
        return record(
            show.pk,
            found.episode_ids,
            playback,
            runtime_of(index, found),
            found.evidence,
            action=Action.AUTO_ADDED_SHOW if was_added else Action.MARKED_WATCHED,
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
            return self.lookups.refresh(show)
        except TmdbAwayError as error:
            if error.is_final or not error.has_key:
                return show
            event.tell("tmdb", f"TMDB could not be asked: {error}")
            return wait_for_tmdb(event, error, now=now)

    def plan_new_show(self, event: Event, new: NewShow, *, now: datetime) -> Plan:
        if not event.config.auto_add_library:
            return Finish(status=Status.IGNORED, action=Action.AUTO_ADD_LIBRARY_DISABLED)
        mapping = event.show_mapping
        if not mapping.sync_enabled:
            return Finish(status=Status.IGNORED, action=Action.SYNC_DISABLED)
        if event.config.pk in event.answers.ignored_by:
            return Finish(status=Status.IGNORED, action=Action.SHOW_IGNORED)
        if mapping.tvshow is not None:
            return Library(show_id=mapping.tvshow.pk, action=Action.SHOW_ALREADY_EXISTS)
        known = set(TVShow.objects.values_list("pk", flat=True).filter(plex_mappings=mapping))
        found = self.find_show(event, None, now=now)
        if not isinstance(found, Identified):
            return found
        show_id = found.match.candidate.tvshow_id or 0
        was_added = any(step["step"] == "added" for step in event.trace) and show_id not in known
        action = Action.LIBRARY_SHOW_ADDED if was_added else Action.SHOW_ALREADY_EXISTS
        return Library(show_id=show_id, action=action, match=found.match)


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
    return None


def answered_episode(event: Event, playback: Playback) -> Episode | None:
    """The episode that a person named for this Plex episode, of the show that it is now."""
    shows = {event.show_mapping.tvshow_id, *(s.tvshow_id for s in event.answers.seasons)}
    for answer in event.answers.episodes:
        if is_about(answer, playback):
            episode = Episode.objects.select_related("season").get(pk=answer.episode_id)
            if episode.season.show_id in shows:
                return episode
    return None


def is_about(answer: PlexEpisodeMapping, playback: Playback) -> bool:
    if playback.item_key and answer.item_key == playback.item_key:
        return True
    numbers = (playback.season_number, playback.episode_number)
    return None not in numbers and (answer.plex_season, answer.plex_episode) == numbers


def mapped_season(
    answers: Answers, playback: Playback, show: TVShow
) -> tuple[TVShow, SeasonMap | None]:
    """The show and numbers of a Plex season that TMDB files elsewhere."""
    for season in answers.seasons:
        if season.plex_season == playback.season_number:
            return season.tvshow, SeasonMap(
                plex_season=season.plex_season,
                season_number=season.season_number,
                offset=season.offset,
            )
    return show, None


def runtime_of(index: EpisodeIndex, found: EpisodeMatch) -> int | None:
    """Minutes, of the longest where a file holds several episodes; None where nobody knows."""
    return max((index.by_id[pk].runtime or 0 for pk in found.episode_ids), default=0) or None


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


def suggestion(match: Match) -> Question:
    """A show that is known but may not be added by itself: the one suggestion of a question."""
    ranked = Ranked(candidate=match.candidate, score=match.confidence, reasons=match.evidence)
    return Question(
        kind="no_match",
        ranked=(ranked,),
        reason=f"{match.candidate.title} is not in the tracker yet.",
    )


def missing_from_tmdb(match: Match) -> Question:
    """A show that an id names and that TMDB does not have: suggesting it would lead nowhere."""
    number = match.candidate.tmdb_id
    reason = f"TMDB does not have the show {number} that the ids name. Choose another."
    return Question(kind="no_match", ranked=(), reason=reason)


def ask_about_contradiction(
    event: Event, mapping: PlexShowMapping, show: TVShow, other: Candidate
) -> Ask:
    reason = f"So far this was {show.title}, but the episode's id belongs to {other.title}."
    event.tell("mapping", reason)
    ranked = (
        Ranked(
            candidate=other,
            score=float(mapping.match_confidence),
            reasons=("The episode's TMDB id is its.",),
        ),
        Ranked(
            candidate=candidate_of(show),
            score=float(mapping.match_confidence),
            reasons=("Mapped before.",),
        ),
    )
    return Ask(question=Question(kind="ambiguous", ranked=ranked, reason=reason))


def ask_or_wait(
    event: Event, question: Question, away: TmdbAwayError | None, *, now: datetime
) -> Ask | Wait:
    """A question at once where TMDB answered; else a wait, and after a day both."""
    if away is None or away.is_final:
        return Ask(question=question)
    since = event.log.waiting_since or now
    if not away.has_key:
        return Ask(question=question, retry_at=now + WAIT_WITHOUT_KEY, waiting_since=since)
    if now - since >= ASK_AFTER:
        return Ask(question=question, retry_at=next_try(since, away, now=now), waiting_since=since)
    return wait_for_tmdb(event, away, now=now)


def wait_for_tmdb(event: Event, away: TmdbAwayError, *, now: datetime) -> Wait:
    since = event.log.waiting_since or now
    return Wait(
        status=Status.PENDING,
        action=Action.WAITING_FOR_TMDB,
        at=next_try(since, away, now=now),
        reason=str(away),
        needs_network=True,
        waiting_since=since,
    )


def next_try(since: datetime, away: TmdbAwayError, *, now: datetime) -> datetime:
    wait = min(max(now - since, SHORTEST_WAIT), LONGEST_WAIT)
    if away.retry_after:
        wait = min(max(wait, timedelta(seconds=away.retry_after)), LONGEST_WAIT)
    return now + wait


def needs_network(_error: NetworkNeededError, *, now: datetime) -> Wait:
    """Hand the row over to the other lane."""
    return Wait(status=Status.PENDING, action=Action.WAITING_FOR_TMDB, at=now, needs_network=True)
