"""Which show: the ladder of evidence, from what can't be wrong to what only a person can say.

The first verified step decides.
"""

from __future__ import annotations

from dataclasses import replace

from plex import candidates as shows
from plex.lookups import Lookups, TmdbAwayError
from plex.matching import Match, Question, Ranked
from plex.payload import Playback, PlexShow
from plex.processing.by_ids import (
    UNVERIFIED_SCORE,
    by_episode_ids,
    by_known_episode_id,
    by_plex,
    by_show_ids,
)
from plex.processing.by_title import by_title, decide_locally
from plex.processing.events import Event
from plex.processing.identified import Identified, Unclear
from plex.processing.mappings import detached_from
from plex.processing.ruled import is_refused


def identify(
    event: Event, show: PlexShow, playback: Playback | None, lookups: Lookups
) -> Identified | Unclear:
    """Climb the ladder for one event; each step is told in the event's trace.

    Raises `NetworkNeededError` where only the network can decide and the lane does not use it.
    """
    unverified: Ranked | None = None
    if playback is not None:
        known = by_known_episode_id(event, playback)
        if isinstance(known, Match):
            return Identified(match=known)
        unverified = known
    try:
        by_ids = by_show_ids(event, show, lookups)
        if by_ids is not None:
            return by_ids
        if playback is not None and (found := by_episode_ids(event, playback, lookups)) is not None:
            return found
        if (named := by_plex(event, show, lookups)) is not None:
            return named
        outcome = by_title(event, show, playback, lookups)
        away = None
    except TmdbAwayError as error:
        event.tell("tmdb", f"TMDB could not be asked: {error}")
        outcome = decide_locally(event, show, playback)
        away = error
    if isinstance(outcome, Match):
        return Identified(match=outcome)
    question = with_unverified(outcome, unverified)
    return Unclear(question=with_earlier_decision(event, question, show), away=away)


def with_unverified(question: Question, unverified: Ranked | None) -> Question:
    if unverified is None:
        return question
    others = tuple(
        r for r in question.ranked if r.candidate.tvshow_id != unverified.candidate.tvshow_id
    )
    return Question(kind="ambiguous", ranked=(unverified, *others), reason=unverified.reasons[0])


def with_earlier_decision(event: Event, question: Question, show: PlexShow) -> Question:
    """Adds the show that this rating key meant before Plex gave it to another."""
    before = detached_from(show.identity)
    if before is None or before.tvshow is None:
        return question
    if is_refused(event, shows.candidate_of(before.tvshow)):
        return question
    reason = f"This rating key was “{before.plex_title}” before."
    ranked = [
        replace(r, reasons=(*r.reasons, reason)) if r.candidate.tvshow_id == before.tvshow_id else r
        for r in question.ranked
    ]
    if before.tvshow_id not in {r.candidate.tvshow_id for r in ranked}:
        candidate = shows.candidate_of(before.tvshow)
        ranked.append(Ranked(candidate=candidate, score=UNVERIFIED_SCORE, reasons=(reason,)))
    return replace(question, ranked=tuple(ranked))
