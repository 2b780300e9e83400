"""Puts the shows that a Plex title could mean in order, with a score and reasons; pure.

A score is the chance that this show is meant, as docs/matching.md measures it. It suggests and
never decides: what proves a match stands in `plex.matching`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from plex.likeness import Likeness, chances, likenesses, year_weight
from tracker.titles import ParsedTitle, parse_bare_year, parse_title, title_key

# A title alone is no proof, however like: a suggestion never shows more than this.
HIGHEST_SUGGESTION = 0.85

# Judged, not fitted, for the labelled pairs have none of them. A proof outweighs any likeness;
# that it was looked for in vain says less, since seasons are cut differently everywhere.
PROOF_WEIGHT, MISSING_PROOF_WEIGHT = 6.0, -1.0
SAME_COUNTRY_WEIGHT, OTHER_COUNTRY_WEIGHT = 1.5, -3.0

_ALMOST_THE_SAME, _SIMILAR = 0.85, 0.45


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A show that could be meant: from our tables (`tvshow_id`), from TMDB, or from both.

    `holds_episode_id`: its season holds the played episode's TMDB id. `airs_on_date`: it has an
    episode of that number on that date. Both are None as long as nobody has looked.
    """

    tvshow_id: int | None
    tmdb_id: int | None
    title: str
    original_title: str = ""
    other_titles: tuple[str, ...] = ()
    year: int | None = None
    countries: tuple[str, ...] = ()
    poster_path: str = ""
    is_tracked: bool = False
    holds_episode_id: bool | None = None
    airs_on_date: bool | None = None

    @property
    def name(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title

    @property
    def titles(self) -> tuple[str, ...]:
        every = (self.title, self.original_title, *self.other_titles)
        return tuple(dict.fromkeys(title for title in every if title))

    def is_same_show(self, other: Candidate) -> bool:
        if self.tvshow_id is not None and self.tvshow_id == other.tvshow_id:
            return True
        return self.tmdb_id is not None and self.tmdb_id == other.tmdb_id


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A suggestion: `score` is the chance that it is meant, `reasons` are for people."""

    candidate: Candidate
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What Plex sent about a show: its title, and the years that are known.

    `year` is the show's own; None too where the title and Plex name two different ones.
    """

    title: ParsedTitle
    year: int | None
    latest_year: int | None

    @classmethod
    def of(cls, title: ParsedTitle, *, show_year: int | None, latest_year: int | None) -> Asked:
        disagree = title.year and show_year and title.year != show_year
        year = None if disagree else title.year or show_year
        return cls(title=title, year=year, latest_year=latest_year)

    def with_bare_year(self) -> Asked | None:
        """Return the same with the year behind "What If 2021" as the show's, if there is one."""
        title = parse_bare_year(self.title.text)
        if title is None:
            return None
        return Asked.of(title, show_year=self.year, latest_year=self.latest_year)

    def has_title_of(self, candidate: Candidate) -> bool:
        key = self.title.key
        return bool(key) and any(title_key(title) == key for title in candidate.titles)

    def years_apart(self, candidate: Candidate) -> int | None:
        year = first_year(candidate)
        return abs(year - self.year) if year and self.year else None

    def is_same_country(self, candidate: Candidate) -> bool | None:
        """Compare the country in the title with the candidate's; None where one is unknown."""
        countries = candidate.countries or (parse_title(candidate.title).country,)
        if not self.title.country or not any(countries):
            return None
        return self.title.country in countries


def rank(
    title: str,
    *,
    show_year: int | None,
    latest_year: int | None,
    candidates: Sequence[Candidate],
) -> tuple[Ranked, ...]:
    """Order the candidates by the chance that they are meant, best first.

    `show_year` is the show's own first year. `latest_year` is the year of one of its episodes:
    a show that began later is left out, and that is all it says.
    """
    asked = Asked.of(parse_title(title), show_year=show_year, latest_year=latest_year)
    return rank_possible(asked, possible(asked, candidates))


def possible(asked: Asked, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return each show once, without those that began after the episode."""
    return [
        candidate
        for candidate in merged(candidates)
        if candidate.holds_episode_id
        or not asked.latest_year
        or (first_year(candidate) or 0) <= asked.latest_year
    ]


def merged(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Join what our tables and TMDB say about one show, the first one's title in front."""
    shows: list[Candidate] = []
    for candidate in candidates:
        known = next((at for at, show in enumerate(shows) if show.is_same_show(candidate)), None)
        if known is None:
            shows.append(candidate)
        else:
            shows[known] = _join(shows[known], candidate)
    return shows


def rank_possible(asked: Asked, candidates: Sequence[Candidate]) -> tuple[Ranked, ...]:
    alike = likenesses(asked.title.text, [candidate.titles for candidate in candidates])
    weights = [
        likeness.weight + _evidence_weight(asked, candidate)
        for candidate, likeness in zip(candidates, alike, strict=True)
    ]
    shares = chances(weights, year_known=asked.year is not None)
    order = sorted(
        range(len(candidates)), key=lambda at: (-shares[at], not candidates[at].is_tracked)
    )
    return tuple(
        Ranked(
            candidate=candidates[at],
            score=min(HIGHEST_SUGGESTION, shares[at]),
            reasons=reasons(asked, candidates[at], alike[at]),
        )
        for at in order
    )


def reasons(
    asked: Asked, candidate: Candidate, likeness: Likeness | None = None
) -> tuple[str, ...]:
    """Return what speaks for and against a candidate, in a few words each."""
    said = (
        _title_reason(asked, candidate, likeness),
        _year_reason(asked, candidate),
        _country_reason(asked, candidate),
        "its season holds this very episode" if candidate.holds_episode_id else "",
        "it has this episode on the same date" if candidate.airs_on_date else "",
        "it has no such episode on that date" if candidate.airs_on_date is False else "",
    )
    return tuple(reason for reason in said if reason)


def first_year(candidate: Candidate) -> int | None:
    return candidate.year or parse_title(candidate.title).year


def _join(first: Candidate, second: Candidate) -> Candidate:
    return replace(
        first,
        tvshow_id=first.tvshow_id or second.tvshow_id,
        tmdb_id=first.tmdb_id or second.tmdb_id,
        original_title=first.original_title or second.original_title,
        other_titles=tuple(dict.fromkeys((*first.other_titles, *second.titles))),
        year=first.year or second.year,
        countries=first.countries or second.countries,
        poster_path=first.poster_path or second.poster_path,
        is_tracked=first.is_tracked or second.is_tracked,
        holds_episode_id=_either(first.holds_episode_id, second.holds_episode_id),
        airs_on_date=_either(first.airs_on_date, second.airs_on_date),
    )


def _either(first: bool | None, second: bool | None) -> bool | None:  # noqa: FBT001 - a pair of values
    return second if first is None else first or bool(second)


def _evidence_weight(asked: Asked, candidate: Candidate) -> float:
    weight = year_weight(asked.years_apart(candidate))
    for proof in (candidate.holds_episode_id, candidate.airs_on_date):
        if proof is not None:
            weight += PROOF_WEIGHT if proof else MISSING_PROOF_WEIGHT
    same_country = asked.is_same_country(candidate)
    if same_country is not None:
        weight += SAME_COUNTRY_WEIGHT if same_country else OTHER_COUNTRY_WEIGHT
    return weight


def _title_reason(asked: Asked, candidate: Candidate, likeness: Likeness | None) -> str:
    same = next((name for name in candidate.titles if title_key(name) == asked.title.key), None)
    if same == candidate.title:
        return "the same title"
    if same is not None:
        return f"the same title: it is also called “{same}”"
    if likeness is None or likeness.shared < _SIMILAR:
        return "another title"
    return "almost the same title" if likeness.shared >= _ALMOST_THE_SAME else "a similar title"


def _year_reason(asked: Asked, candidate: Candidate) -> str:
    apart, year = asked.years_apart(candidate), first_year(candidate)
    if apart is None:
        return f"it began in {year}; Plex did not say the show's year" if year else ""
    if apart == 0:
        return f"the same year: {year}"
    return f"the year differs: {year} here, {asked.year} on Plex"


def _country_reason(asked: Asked, candidate: Candidate) -> str:
    same = asked.is_same_country(candidate)
    if same is None:
        return ""
    return f"{'the same country' if same else 'another country than'}: {asked.title.country}"
