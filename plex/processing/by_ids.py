"""The steps of the ladder that go by ids: the episode's, the show's, and those that Plex lists.

An id in an episode's `Guid` list is an episode's id and never identifies a show by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import timedelta

from plex import candidates as shows
from plex.client import PlexError
from plex.episodes.match import FoundPair
from plex.lookups import Lookups
from plex.matching import Candidate, IdHit, Match, Question, Ranked, decide_by_ids
from plex.payload import Playback, PlexShow
from plex.processing.events import Event
from plex.processing.identified import Identified, Unclear
from plex.processing.indexes import shows_of_episode_ids
from plex.processing.ruled import allowed_hits, is_refused
from tracker.models import Episode
from tracker.titles import title_key
from tracker.tmdb import FoundEpisode

ONE_DAY = timedelta(days=1)
UNVERIFIED_SCORE = 0.60
NAMES = {"tmdb_id": "TMDB", "tvdb_id": "TVDB", "imdb_id": "IMDb"}


def by_known_episode_id(event: Event, playback: Playback) -> Match | Ranked | None:
    """Step 2: the episode's TMDB id is one of ours, and title, date or numbers agree.

    Without agreement it proves nothing (other senders put show ids there): a suggestion only.
    """
    tmdb_id = playback.episode_ids.tmdb
    episode = shows_of_episode_ids([tmdb_id]).get(tmdb_id) if tmdb_id else None
    if episode is None:
        return None
    candidate = shows.candidate_of(episode.season.show)
    if is_refused(event, candidate):
        return None
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
    hits = known_hits(show) or tmdb_hits(show, lookups)
    return settled(event, "show_ids", decide_by_ids(found=allowed_hits(event, hits)))


def known_hits(show: PlexShow) -> list[IdHit]:
    """What our own columns say, and the TMDB id that Plex sent where that is another show's."""
    hits = own_hits(show)
    if show.ids.tmdb and any(hit.candidate.tmdb_id not in {None, show.ids.tmdb} for hit in hits):
        hits.append(tmdb_hit(show, show.ids.tmdb))
    return hits


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


def tmdb_hit(show: PlexShow, tmdb_id: int) -> IdHit:
    candidate = Candidate(tvshow_id=None, tmdb_id=tmdb_id, title=show.title, year=show.year)
    sentence = f"Plex names TMDB's show {tmdb_id}."
    return IdHit(source="tmdb_id", candidate=ours(candidate), sentence=sentence)


def tmdb_hits(show: PlexShow, lookups: Lookups) -> list[IdHit]:
    hits = []
    if show.ids.tmdb:
        hits.append(tmdb_hit(show, show.ids.tmdb))
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
    event: Event, step: str, decision: Match | Question | None, pair: FoundPair | None = None
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
            event.tell("episode_ids", "TMDB knows no episode by the ids that Plex sent.")
        return None
    hits = allowed_hits(event, hits)
    contradicting = [episode for episode in found if ids.tmdb and episode.tmdb_id != ids.tmdb]
    if contradicting:
        reason = "The episode's ids contradict each other: they name different episodes."
        event.tell("episode_ids", reason)
        ranked = tuple(
            Ranked(candidate=hit.candidate, score=UNVERIFIED_SCORE, reasons=(hit.sentence,))
            for hit in {hit.candidate.tmdb_id: hit for hit in hits}.values()
        )
        return Unclear(question=Question(kind="ambiguous", ranked=ranked, reason=reason))
    return settled(event, "episode_ids", decide_by_ids(found=hits), only_pair(found))


def only_pair(found: Iterable[FoundEpisode]) -> FoundPair | None:
    """Where TMDB has the episode, if all that it found is one."""
    pairs = {FoundPair(e.season_number, e.episode_number, e.tmdb_id) for e in found}
    return pairs.pop() if len(pairs) == 1 else None


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
    hits = known_hits(named) or tmdb_hits(named, lookups)
    return settled(event, "plex", decide_by_ids(found=allowed_hits(event, hits)))


def ours(candidate: Candidate) -> Candidate:
    """The same candidate as a show of ours, where we have it."""
    if candidate.tvshow_id is not None or candidate.tmdb_id is None:
        return candidate
    known = shows.shows_with_ids(tmdb=candidate.tmdb_id)
    return known[0] if known else candidate
