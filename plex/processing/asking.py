"""Questions about which show it is, and waiting for TMDB: plans for what can't be decided now."""

from __future__ import annotations

from datetime import datetime, timedelta

from plex.candidates import candidate_of
from plex.lookups import TmdbAwayError
from plex.matching import Candidate, Match, Question, Ranked
from plex.models import Action, PlexShowMapping, Status
from plex.processing.events import Ask, Event, Wait
from plex.processing.identified import Identified
from plex.processing.ruled import refused_by_others
from tracker.models import TVShow

# Waiting for TMDB: as long again as it waited already, from a minute to four hours.
SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
# Without a key nothing comes by itself; the settings page wakes the rows, this finds a key that
# was set elsewhere.
WAIT_WITHOUT_KEY = timedelta(minutes=10)
# Then the user is asked as well, with what is known here.
ASK_AFTER = timedelta(days=1)


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


def ask_if_disputed(event: Event, found: Identified) -> Identified | Ask:
    """The show that was found; a question where one person's rule set the other show aside, and
    another person's would set this one aside again."""
    mapping, candidate = event.show_mapping, found.match.candidate
    before = mapping.tvshow if event.is_overruled else None
    if before is None or found.match.rule_id is not None or not refused_by_others(event, candidate):
        return found
    reason = f"Rules of two people disagree whether this is {before.title} or {candidate.title}."
    event.tell("rule", reason)
    both = (candidate_of(before), candidate)
    ranked = tuple(
        Ranked(
            candidate=one, score=found.match.confidence, reasons=("One of two rules leaves it.",)
        )
        for one in both
    )
    question = Question(kind="ambiguous", ranked=ranked, reason=reason)
    return Ask(question=question, contradicts=True)


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
    question = Question(kind="ambiguous", ranked=ranked, reason=reason)
    return Ask(question=question, contradicts=True)


def is_contradicted(mapping: PlexShowMapping) -> bool:
    """Whether an automatic decision was taken back: then no single play's evidence settles it."""
    is_open = mapping.tvshow is None and not mapping.manually_confirmed
    return is_open and bool(mapping.needs_review)


def still_asked(event: Event, mapping: PlexShowMapping) -> Ask:
    reason = mapping.needs_review
    event.tell("mapping", f"{reason} Until somebody answers, every play of it waits.")
    return Ask(question=Question(kind="ambiguous", ranked=(), reason=reason), contradicts=True)


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


def needs_network(*, now: datetime) -> Wait:
    """Hand the row over to the lane that may use the network."""
    return Wait(status=Status.PENDING, action=Action.WAITING_FOR_TMDB, at=now, needs_network=True)
