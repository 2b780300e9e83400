"""Which show: the ladder of evidence, from what can't be wrong to what only a person can say.

The first verified step decides. An id in an episode's `Guid` list is an episode's id and never
identifies a show by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from plex import candidates as shows
from plex.client import PlexError
from plex.lookups import Lookups, TmdbAwayError
from plex.matching import (
    Candidate,
    IdHit,
    Match,
    Question,
    Ranked,
    decide_by_ids,
    decide_by_title,
)
from plex.models import PlexShowMapping
from plex.payload import Playback, PlexShow
from plex.processing.events import Event
from plex.processing.gather import detached_from, shows_of_episode_ids
from tracker.models import Episode
from tracker.titles import title_key
from tracker.tmdb import EpisodeData, FoundEpisode

# Seasons that are fetched to look for the episode's own id or date.
CHECKED_CANDIDATES = 5
ONE_DAY = timedelta(days=1)
UNVERIFIED_SCORE = 0.60
# Identities that hold no id of another database.
CHANGING_IDS = ("plex://", "server:")


@dataclass(frozen=True, kw_only=True)
class Identified:
    """The show is proved; `found_pair` are season and episode where TMDB's look-up named them."""

    match: Match
    found_pair: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """A question. `away` is set while TMDB could not be asked: the answer may still come by itself."""

    question: Question
    away: TmdbAwayError | None = None


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
    return Unclear(question=with_earlier_decision(question, show), away=away)


def by_known_episode_id(event: Event, playback: Playback) -> Match | Ranked | None:
    """Step 2: the episode's TMDB id is one of ours, and title, date or numbers agree.

    Without agreement it proves nothing (other senders put show ids there): a suggestion only.
    """
    tmdb_id = playback.episode_ids.tmdb
    episode = shows_of_episode_ids([tmdb_id]).get(tmdb_id) if tmdb_id else None
    if episode is None:
        return None
    candidate = shows.candidate_of(episode.season.show)
    agreement = agreeing_fact(playback, episode, candidate)
    if agreement:
        sentence = f"The episode's TMDB id {tmdb_id} is {episode.code} of {candidate.title}, and {agreement}."
        event.tell("tmdb_episode_id", sentence)
        return Match(candidate=candidate, confidence=1.0, method="tmdb_id", evidence=(sentence,))
    sentence = (
        f"The TMDB id {tmdb_id} is {episode.code} of {candidate.title} here, "
        "but neither title, date nor numbers agree."
    )
    event.tell("tmdb_episode_id", sentence)
    return Ranked(candidate=candidate, score=UNVERIFIED_SCORE, reasons=(sentence,))


def agreeing_fact(playback: Playback, episode: Episode, candidate: Candidate) -> str:
    """What besides the id says that it is this episode; "" for nothing."""
    titles = (candidate.title, candidate.original_title, *candidate.other_titles)
    if playback.show.title and title_key(playback.show.title) in {
        title_key(t) for t in titles if t
    }:
        return "the show's title agrees"
    if playback.air_date and episode.air_date:
        if abs(playback.air_date - episode.air_date) <= ONE_DAY:
            return "its date agrees"
        return ""
    numbers = (playback.season_number, playback.episode_number)
    if numbers == (episode.season.season_number, episode.episode_number):
        return "its numbers agree"
    return ""


def by_show_ids(event: Event, show: PlexShow, lookups: Lookups) -> Identified | Unclear | None:
    """Step 3: a show-level id in a legacy guid, in our own columns or through TMDB."""
    if not show.ids:
        return None
    hits = own_hits(show) or tmdb_hits(show, lookups)
    return settled(event, "show_ids", decide_by_ids(found=hits))


NAMES = {"tmdb_id": "TMDB", "tvdb_id": "TVDB", "imdb_id": "IMDb"}


def own_hits(show: PlexShow) -> list[IdHit]:
    ids = show.ids
    found = {
        "tmdb_id": shows.shows_with_ids(tmdb=ids.tmdb) if ids.tmdb else [],
        "tvdb_id": shows.shows_with_ids(tvdb=ids.tvdb) if ids.tvdb else [],
        "imdb_id": shows.shows_with_ids(imdb=ids.imdb) if ids.imdb else [],
    }
    return [
        IdHit(
            source=source,
            candidate=candidate,
            sentence=f"{candidate.title} has this {NAMES[source]} id here.",
        )
        for source, candidates in found.items()
        for candidate in candidates
    ]


def tmdb_hits(show: PlexShow, lookups: Lookups) -> list[IdHit]:
    hits = []
    if show.ids.tmdb:
        candidate = Candidate(
            tvshow_id=None, tmdb_id=show.ids.tmdb, title=show.title, year=show.year
        )
        sentence = f"Plex names TMDB's show {show.ids.tmdb}."
        hits.append(IdHit(source="tmdb_id", candidate=candidate, sentence=sentence))
    for source, value in (("tvdb_id", show.ids.tvdb), ("imdb_id", show.ids.imdb)):
        for found in lookups.find(str(value), source=source).shows if value else ():
            sentence = f"TMDB says that the {NAMES[source]} id {value} is {found.title}."
            hits.append(
                IdHit(
                    source=source,
                    candidate=ours(shows.candidate_of_found(found)),
                    sentence=sentence,
                )
            )
    return hits


def settled(
    event: Event, step: str, decision: Match | Question | None, pair: tuple[int, int] | None = None
) -> Identified | Unclear | None:
    if decision is None:
        return None
    if isinstance(decision, Match):
        for sentence in decision.evidence:
            event.tell(step, sentence)
        return Identified(match=decision, found_pair=pair)
    event.tell(step, decision.reason)
    return Unclear(question=decision)


def by_episode_ids(
    event: Event, playback: Playback, lookups: Lookups
) -> Identified | Unclear | None:
    """Step 4: the episode's TVDB and IMDb ids through TMDB, which names its show and numbers."""
    ids = playback.episode_ids
    hits: list[IdHit] = []
    found: list[FoundEpisode] = []
    for source, value in (("tvdb_id", ids.tvdb), ("imdb_id", ids.imdb)):
        for episode in lookups.find(str(value), source=source).episodes if value else ():
            found.append(episode)
            candidate = ours(
                Candidate(tvshow_id=None, tmdb_id=episode.show_tmdb_id, title=playback.show.title)
            )
            sentence = (
                f"TMDB says that the episode's {NAMES[source]} id {value} is "
                f"S{episode.season_number:02}E{episode.episode_number:02} of {candidate.title}."
            )
            hits.append(IdHit(source=source, candidate=candidate, sentence=sentence))
    if not found:
        if ids.tvdb or ids.imdb:
            event.tell("episode_ids", "TMDB does not know the episode's ids yet.")
        return None
    contradicting = [episode for episode in found if ids.tmdb and episode.tmdb_id != ids.tmdb]
    if contradicting:
        reason = "The episode's ids contradict each other: they name different episodes."
        event.tell("episode_ids", reason)
        ranked = tuple(
            Ranked(candidate=hit.candidate, score=UNVERIFIED_SCORE, reasons=(hit.sentence,))
            for hit in {hit.candidate.tmdb_id: hit for hit in hits}.values()
        )
        return Unclear(question=Question(kind="ambiguous", ranked=ranked, reason=reason))
    pairs = {(episode.season_number, episode.episode_number) for episode in found}
    pair = pairs.pop() if len(pairs) == 1 else None
    return settled(event, "episode_ids", decide_by_ids(found=hits), pair)


def by_plex(event: Event, show: PlexShow, lookups: Lookups) -> Identified | Unclear | None:
    """Step 5: the show's own ids, from the Plex server or Plex's catalogue."""
    try:
        ids = lookups.plex_show_ids(event.config, show)
    except PlexError as error:
        event.tell("plex", f"Plex could not be asked which show this is: {error}")
        return None
    if not ids:
        return None
    listed = ", ".join(f"{name} {value}" for name, value in asdict(ids).items() if value)
    event.tell("plex", f"Plex lists these ids for the show: {listed}.")
    named = replace(show, ids=ids)
    hits = own_hits(named) or tmdb_hits(named, lookups)
    return settled(event, "plex", decide_by_ids(found=hits))


def ours(candidate: Candidate) -> Candidate:
    """The same candidate as a show of ours, where we have it."""
    if candidate.tvshow_id is not None or candidate.tmdb_id is None:
        return candidate
    known = shows.shows_with_ids(tmdb=candidate.tmdb_id)
    return known[0] if known else candidate


def by_title(
    event: Event, show: PlexShow, playback: Playback | None, lookups: Lookups
) -> Match | Question:
    """Step 6: the title, among our shows and TMDB's; above 0.90 only with proof."""
    has_ids = playback is not None and bool(playback.episode_ids.tvdb or playback.episode_ids.imdb)
    if not has_ids:
        local = decide_locally(event, show, playback, quietly=True)
        if isinstance(local, Match) and local.candidate.airs_on_date:
            tell_title(event, local)
            return local
    found = [shows.candidate_of_found(item) for item in lookups.search(search_title(show))]
    candidates = merged(
        shows.similar_shows(show.title, year=show.year), [ours(candidate) for candidate in found]
    )
    candidates = with_dates(candidates, playback)
    if playback is not None:
        candidates = with_seasons(candidates, show, playback, lookups)
    decision = decide_by_title(
        show.title,
        show_year=show.year,
        latest_year=playback.episode_year if playback else None,
        candidates=candidates,
    )
    tell_title(event, decision)
    return decision


def search_title(show: PlexShow) -> str:
    """The title without the year that Plex puts behind some: TMDB's search takes it for a word."""
    suffix = f"({show.year})"
    return show.title.removesuffix(suffix).strip() or show.title


def decide_locally(
    event: Event, show: PlexShow, playback: Playback | None, *, quietly: bool = False
) -> Match | Question:
    """The title among our own shows only."""
    decision = decide_by_title(
        show.title,
        show_year=show.year,
        latest_year=playback.episode_year if playback else None,
        candidates=with_dates(shows.similar_shows(show.title, year=show.year), playback),
        namesakes_complete=False,
    )
    if not quietly:
        tell_title(event, decision)
    return decision


def tell_title(event: Event, decision: Match | Question) -> None:
    if isinstance(decision, Match):
        event.tell("title", " ".join(decision.evidence), confidence=decision.confidence)
        return
    listed = [
        {
            "title": r.candidate.title,
            "year": r.candidate.year,
            "score": r.score,
            "reasons": list(r.reasons),
        }
        for r in decision.ranked[:CHECKED_CANDIDATES]
    ]
    event.tell("title", decision.reason, candidates=listed)


def merged(local: Iterable[Candidate], found: Iterable[Candidate]) -> list[Candidate]:
    """Both lists without repeats; what we hold ourselves knows more and goes first."""
    candidates = {
        candidate.tvshow_id or f"tmdb:{candidate.tmdb_id}": candidate for candidate in local
    }
    for candidate in found:
        candidates.setdefault(candidate.tvshow_id or f"tmdb:{candidate.tmdb_id}", candidate)
    return list(candidates.values())


def with_dates(candidates: Sequence[Candidate], playback: Playback | None) -> list[Candidate]:
    """Notes which of our own shows have this episode number on this very day."""
    ids = [candidate.tvshow_id for candidate in candidates if candidate.tvshow_id]
    if playback is None or playback.air_date is None or not ids:
        return list(candidates)
    if playback.season_number is None or playback.episode_number is None:
        return list(candidates)
    airing = set(
        Episode.objects.filter(
            season__show_id__in=ids,
            season__season_number=playback.season_number,
            episode_number=playback.episode_number,
            air_date=playback.air_date,
        ).values_list("season__show_id", flat=True)
    )
    return [
        replace(candidate, airs_on_date=candidate.tvshow_id in airing)
        if candidate.tvshow_id
        else candidate
        for candidate in candidates
    ]


def with_seasons(
    candidates: Sequence[Candidate], show: PlexShow, playback: Playback, lookups: Lookups
) -> list[Candidate]:
    """Reads the season from TMDB for the likeliest: does it hold this episode id, on this day?"""
    if playback.season_number is None or not (playback.episode_ids.tmdb or playback.air_date):
        return list(candidates)
    likely = likeliest(candidates, show, playback)
    return [
        checked(candidate, playback, lookups) if candidate.tmdb_id in likely else candidate
        for candidate in candidates
    ]


def likeliest(candidates: Sequence[Candidate], show: PlexShow, playback: Playback) -> set[int]:
    question = decide_by_title(
        show.title, show_year=show.year, latest_year=playback.episode_year, candidates=candidates
    )
    if isinstance(question, Match):
        return {question.candidate.tmdb_id} if question.candidate.tmdb_id else set()
    ranked = [r.candidate.tmdb_id for r in question.ranked if r.candidate.tmdb_id]
    return set(ranked[:CHECKED_CANDIDATES])


def checked(candidate: Candidate, playback: Playback, lookups: Lookups) -> Candidate:
    assert candidate.tmdb_id is not None and playback.season_number is not None  # noqa: S101, PT018
    season = lookups.season(candidate.tmdb_id, playback.season_number)
    episodes = season.episodes if season else ()
    return replace(
        candidate,
        holds_episode_id=playback.episode_ids.tmdb in {e.tmdb_id for e in episodes}
        if playback.episode_ids.tmdb
        else None,
        airs_on_date=has_on(episodes, playback.episode_number, playback.air_date)
        or candidate.airs_on_date,
    )


def has_on(episodes: Sequence[EpisodeData], number: int | None, day: date | None) -> bool | None:
    if number is None or day is None:
        return None
    return any((episode.episode_number, episode.air_date) == (number, day) for episode in episodes)


def with_unverified(question: Question, unverified: Ranked | None) -> Question:
    if unverified is None:
        return question
    others = tuple(
        r for r in question.ranked if r.candidate.tvshow_id != unverified.candidate.tvshow_id
    )
    return Question(kind="ambiguous", ranked=(unverified, *others), reason=unverified.reasons[0])


def with_earlier_decision(question: Question, show: PlexShow) -> Question:
    """Adds the show that this rating key meant before Plex gave it to another."""
    before = detached_from(show.identity)
    if before is None or before.tvshow is None:
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


def contradiction(mapping: PlexShowMapping, playback: Playback) -> Candidate | None:
    """Another show of ours that the ids of this event prove, against the mapping; else None."""
    if contradicts_show_ids(mapping, playback.show):
        for hit in own_hits(playback.show):
            if hit.candidate.tvshow_id != mapping.tvshow_id:
                return hit.candidate
    tmdb_id = playback.episode_ids.tmdb
    episode = shows_of_episode_ids([tmdb_id]).get(tmdb_id) if tmdb_id else None
    if episode is None or episode.season.show_id == mapping.tvshow_id:
        return None
    candidate = shows.candidate_of(episode.season.show)
    return candidate if agreeing_fact(playback, episode, candidate) else None


def contradicts_show_ids(mapping: PlexShowMapping, show: PlexShow) -> bool:
    """Whether the event names ids of a show, and none of them is the mapped show's.

    Ids in the show's own guid were there when it was mapped, and so contradict nothing later.
    """
    if not show.ids or mapping.tvshow is None or not mapping.identity.startswith(CHANGING_IDS):
        return False
    ours_and_theirs = (
        (mapping.tvshow.tmdb_id, show.ids.tmdb),
        (mapping.tvshow.tvdb_id, show.ids.tvdb),
        (mapping.tvshow.imdb_id or None, show.ids.imdb),
    )
    both = [(mine, sent) for mine, sent in ours_and_theirs if mine and sent]
    return bool(both) and all(mine != sent for mine, sent in both)
