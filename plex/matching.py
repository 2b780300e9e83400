"""Decides which show a Plex title, or ids, mean; pure.

What a title alone can prove, in this order (docs/matching.md has the figures):

1. the candidate holds this very episode, by TMDB's id;
2. the one candidate with that title has that episode on that date;
3. title and the show's own year are the same, and no other show has that title near that year.

Everything else is a question with ranked suggestions. The year of an *episode* only rules out
shows that began later; it never counts as the show's year.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plex.ranking import (
    HIGHEST_SUGGESTION,
    Asked,
    Candidate,
    Ranked,
    merged,
    possible,
    rank,
    rank_possible,
    reasons,
)
from tracker.titles import parse_title, title_key

__all__ = [
    "AUTOMATIC", "Candidate", "IdHit", "Match", "Question", "Ranked", "decide_by_ids",
    "decide_by_title", "potential_matches", "rank",
]  # fmt: skip

# From here on nobody is asked: by the table of docs/matching.md no pair was wrong above it.
AUTOMATIC = 0.90

# An id of the show itself from TMDB, whose numbers the tracker uses.
TMDB_ID = 1.00
# The other catalogues' ids lead to TMDB by tables that people keep.
OTHER_ID = 0.95
# The candidate's season holds the very episode id; Plex's agent may still have chosen wrongly.
EPISODE_ID = 0.95
# Title, number and date agree, and no namesake's do.
AIR_DATE = 0.92
# A title or original title and the show's own year, TMDB's namesakes seen.
TITLE_AND_YEAR = 0.92
# The same by an alternative title: people write those, some for several shows.
OTHER_TITLE_AND_YEAR = 0.91
# The same, but TMDB could not be asked, or the year stands behind the title without brackets.
WEAKER_TITLE_AND_YEAR = 0.90
# US and UK editions begin a year or two apart, and Plex's year may be one off.
NAMESAKE_YEARS = 2
# Below one in ten a suggestion is listed, but does not count as a show that could be meant.
COULD_BE_MEANT = 0.10
# A person picks from a list; further down the right show hardly ever stands.
MOST_SUGGESTIONS = 10
_NAMED_IN_A_REASON = 3


@dataclass(frozen=True, kw_only=True)
class Match:
    """The show, proved. `method` is one of PlexShowMapping's, `evidence` is for people.

    `rule_id` is set where a person's rule said so.
    """

    candidate: Candidate
    confidence: float
    method: str
    evidence: tuple[str, ...]
    rule_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """Not proved: `kind` is a conflict type, `reason` one sentence for people."""

    kind: str
    ranked: tuple[Ranked, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class IdHit:
    """A show that an id led to: `source` is tmdb_id, tvdb_id or imdb_id."""

    source: str
    candidate: Candidate
    sentence: str


def decide_by_title(
    title: str,
    *,
    show_year: int | None,
    latest_year: int | None,
    candidates: Sequence[Candidate],
    namesakes_complete: bool = True,
) -> Match | Question:
    """Return the show that title, year and proofs name beyond doubt, else a question.

    `namesakes_complete` is False where TMDB could not be asked, so that a namesake may exist
    which is not among the candidates.
    """
    asked = Asked.of(parse_title(title), show_year=show_year, latest_year=latest_year)
    shows = possible(asked, candidates)
    ranked = rank_possible(asked, shows)
    proofs = [
        *_proofs_by_episode_id(asked, shows),
        *_proof_by_date(asked, shows),
        *_proof_by_year(asked, shows, namesakes_complete=namesakes_complete),
    ]
    if not proofs:
        return _question(asked, ranked)
    best = max(proofs, key=lambda proof: proof.confidence)
    if all(proof.candidate.is_same_show(best.candidate) for proof in proofs):
        return best
    return Question(
        kind="multiple_matches",
        ranked=ranked[:MOST_SUGGESTIONS],
        reason="Several shows have proof of their own, and it does not agree.",
    )


def decide_by_ids(*, found: Sequence[IdHit]) -> Match | Question | None:
    """Return the one show that all ids name, a question if they name several, None without ids."""
    if not found:
        return None
    shows = merged(hit.candidate for hit in found)
    if len(shows) > 1:
        return Question(
            kind="ambiguous",
            ranked=tuple(_named_by_ids(show, found) for show in shows),
            reason="The ids that Plex sent belong to different shows.",
        )
    best = max(found, key=lambda hit: hit.source == "tmdb_id")
    return Match(
        candidate=shows[0],
        confidence=TMDB_ID if best.source == "tmdb_id" else OTHER_ID,
        method=best.source,
        evidence=tuple(dict.fromkeys(hit.sentence for hit in found)),
    )


def potential_matches(ranked: Iterable[Ranked]) -> list[dict[str, Any]]:
    """Return suggestions in the form that `PlexConflict.potential_matches` keeps."""
    return [
        {
            "tvshow_id": one.candidate.tvshow_id,
            "tmdb_id": one.candidate.tmdb_id,
            "title": one.candidate.title,
            "year": one.candidate.year,
            "score": round(one.score, 2),
            "reasons": list(one.reasons),
            "poster": one.candidate.poster_path,
        }
        for one in ranked
    ]


def _proofs_by_episode_id(asked: Asked, shows: Sequence[Candidate]) -> list[Match]:
    return [
        _match(asked, show, EPISODE_ID, method="tmdb_id") for show in shows if show.holds_episode_id
    ]


def _proof_by_date(asked: Asked, shows: Sequence[Candidate]) -> list[Match]:
    """Accept the date only if every namesake was looked at, and no other has it."""
    namesakes = [show for show in shows if asked.has_title_of(show)]
    on_date = [show for show in namesakes if show.airs_on_date]
    if len(on_date) != 1 or any(show.airs_on_date is None for show in namesakes):
        return []
    show = on_date[0]
    if (asked.years_apart(show) or 0) > 1 or asked.is_same_country(show) is False:
        return []
    return [_match(asked, show, AIR_DATE)]


def _proof_by_year(
    asked: Asked, shows: Sequence[Candidate], *, namesakes_complete: bool
) -> list[Match]:
    namesakes = [show for show in shows if asked.has_title_of(show)]
    if not namesakes:
        asked = asked.with_bare_year() or asked
        namesakes_complete = False
        namesakes = [show for show in shows if asked.has_title_of(show)]
    show = _only_one_of_the_year(asked, namesakes)
    if show is None:
        return []
    own = {title_key(title) for title in (show.title, show.original_title) if title}
    confidence = TITLE_AND_YEAR if asked.title.key in own else OTHER_TITLE_AND_YEAR
    return [_match(asked, show, confidence if namesakes_complete else WEAKER_TITLE_AND_YEAR)]


def _only_one_of_the_year(asked: Asked, namesakes: Sequence[Candidate]) -> Candidate | None:
    """Return the namesake of the very year, if no other is so near that it could be meant."""
    of_the_year = [show for show in namesakes if asked.years_apart(show) == 0]
    if len(of_the_year) != 1 or asked.is_same_country(of_the_year[0]) is False:
        return None
    show = of_the_year[0]
    rivals = [other for other in namesakes if other is not show and _is_near(asked, other)]
    if asked.is_same_country(show):
        rivals = [other for other in rivals if asked.is_same_country(other) is not False]
    return None if rivals else show


def _is_near(asked: Asked, namesake: Candidate) -> bool:
    apart = asked.years_apart(namesake)
    return apart is None or apart <= NAMESAKE_YEARS


def _match(
    asked: Asked, show: Candidate, confidence: float, *, method: str = "title_year"
) -> Match:
    return Match(
        candidate=show, confidence=confidence, method=method, evidence=reasons(asked, show)
    )


def _question(asked: Asked, ranked: Sequence[Ranked]) -> Question:
    meant = [
        one for one in ranked if one.score >= COULD_BE_MEANT or asked.has_title_of(one.candidate)
    ]
    listed = tuple(ranked[:MOST_SUGGESTIONS])
    if not meant:
        return Question(
            kind="no_match",
            ranked=listed,
            reason=f"No show like “{asked.title.text}” was found.",
        )
    names = ", ".join(one.candidate.name for one in meant[:_NAMED_IN_A_REASON])
    if len(meant) == 1:
        reason = f"It could be {names}, but nothing proves it."
        return Question(kind="ambiguous", ranked=listed, reason=reason)
    return Question(
        kind="multiple_matches",
        ranked=listed,
        reason=f"{len(meant)} shows could be meant{_naming(len(meant))} {names}.",
    )


def _naming(count: int) -> str:
    return ":" if count <= _NAMED_IN_A_REASON else ", among them"


def _named_by_ids(show: Candidate, found: Sequence[IdHit]) -> Ranked:
    hits = [hit for hit in found if hit.candidate.is_same_show(show)]
    return Ranked(
        candidate=show,
        score=min(HIGHEST_SUGGESTION, len(hits) / len(found)),
        reasons=tuple(hit.sentence for hit in hits),
    )
