"""Proposes another order for a Plex show: where its plays fit one, and not TMDB's numbers.

Only what other evidence than the number proved counts, and the questions that are open. Whoever
looks at the Plex show's page decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import F
from django.utils import timezone

from plex.episodes.answers import PROVEN
from plex.episodes.match import EpisodeIndex, SeasonMap
from plex.episodes.orders import (
    ENOUGH,
    OWN,
    Fit,
    NumberFact,
    Place,
    propose_order,
)
from plex.guid import parse_guid
from plex.models import Job, PlexConflict, PlexShowMapping, PlexViewing
from plex.numbering.orders import known_orders
from plex.processing.indexes import read_episodes
from tracker import orders
from tracker.tmdb import TmdbError, connect

JOB = "propose_orders"
POINTING_REASONS = frozenset({"same title", "same air date", "air date one day apart"})
EVER = datetime(2000, 1, 1, tzinfo=UTC)
LOOKED_AT = 2000
NAMED_PLACES = 4


def propose_orders() -> str | None:
    """Look at the Plex shows whose plays were elsewhere than TMDB's numbers say since the last run.

    Where TMDB can't be asked for a show's orders, all are looked at again next time.
    """
    newest_viewing, since = read_cursor()
    now = timezone.now()
    newest = PlexViewing.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    problem = None
    wanted = deviating_mappings(after=newest_viewing) | asking_mappings(since=since)
    mappings = PlexShowMapping.objects.filter(pk__in=wanted, episode_order=OWN)
    for mapping in mappings.exclude(tvshow=None).select_related("tvshow"):
        try:
            propose(mapping)
        except TmdbError as error:
            problem = str(error)
    if problem is None:
        Job.objects.filter(name=JOB).update(cursor=f"{newest} {now.isoformat()}")
    return problem


def read_cursor() -> tuple[int, datetime]:
    """The newest viewing that was looked at, and when; at first none."""
    cursor = Job.objects.filter(name=JOB).values_list("cursor", flat=True).first()
    viewing, _, since = (cursor or "0").partition(" ")
    return int(viewing), datetime.fromisoformat(since) if since else EVER


def deviating_mappings(*, after: int) -> set[int]:
    """The Plex shows of which an episode was played since that is another one than its number."""
    own = {
        "plex_season": F("watch__episode__season__season_number"),
        "plex_episode": F("watch__episode__episode_number"),
    }
    found = PlexViewing.objects.filter(
        pk__gt=after, mapping__isnull=False, plex_season__isnull=False, plex_episode__isnull=False
    ).exclude(**own)
    return {pk for (pk,) in found.values_list("mapping").distinct() if pk}


def asking_mappings(*, since: datetime) -> set[int]:
    questions = PlexConflict.objects.open().about_episodes().filter(updated_at__gte=since)
    return set(questions.values_list("mapping", flat=True))


def propose(mapping: PlexShowMapping) -> Fit | None:
    """Note which order the Plex show seems to use, or that none does; asks TMDB if need be.

    Raises `TmdbError` where TMDB can't be asked now.
    """
    show = mapping.tvshow
    if show is None or parse_guid(mapping.identity).is_absolute:
        return None  # The agent says itself how it counts.
    index = EpisodeIndex(read_episodes([show.pk]).get(show.pk, ()))
    facts = facts_of(mapping)
    fit, problem = None, None
    if len(unexplained(facts, index)) >= ENOUGH:
        if show.tmdb_id is not None and show.orders_read_at is None:
            try:
                orders.read_orders(show, tmdb=connect())
            except TmdbError as error:
                problem = error
        declined = mapping.declined_orders.split()
        others = [o for o in known_orders(show.pk, index) if o.key not in declined]
        fit = propose_order(facts, others, index)
    note(mapping, fit)
    if problem is not None and not problem.permanent:
        raise problem
    return fit


def unexplained(facts: Iterable[NumberFact], index: EpisodeIndex) -> list[NumberFact]:
    """The facts that TMDB's own numbers don't explain."""
    known = {place: episode.id for place, episode in index.by_number.items()}
    return [fact for fact in facts if known.get(fact.place) not in fact.episode_ids]


def note(mapping: PlexShowMapping, fit: Fit | None) -> None:
    """Keep the proposal; a choice that was made meanwhile stands."""
    key, sentence = (fit.order.key, sentence_of(fit)) if fit else (OWN, "")
    if (mapping.proposed_order, mapping.proposal) == (key, sentence):
        return
    same = PlexShowMapping.objects.filter(
        pk=mapping.pk, episode_order=OWN, tvshow=mapping.tvshow_id
    )
    same.update(proposed_order=key, proposal=sentence)


def sentence_of(fit: Fit) -> str:
    places = [f"S{season:02}E{number:02}" for season, number in fit.fitting]
    named = ", ".join(places[:NAMED_PLACES]) + (", …" if len(places) > NAMED_PLACES else "")
    return (
        f"{len(places)} episodes that Plex sent ({named}) are those of this order, not of "
        f"TMDB's numbers: {fit.order.name}."
    )


def facts_of(mapping: PlexShowMapping) -> list[NumberFact]:
    """What is known about the Plex show's episodes without believing their numbers."""
    maps = [season.as_map() for season in mapping.season_mappings.select_related("anchor__season")]
    facts = {**played(mapping), **pointed_to(mapping)}
    return [
        NumberFact(place=place, episode_ids=ids)
        for place, ids in sorted(facts.items())
        if not is_by_hand(place, maps)
    ]


def is_by_hand(place: Place, maps: Iterable[SeasonMap]) -> bool:
    return any(season_map.covers(*place) for season_map in maps)


def played(mapping: PlexShowMapping) -> dict[Place, frozenset[int]]:
    """The one episode that each place was proven to be. Several (joined files) prove nothing."""
    rows = PlexViewing.objects.filter(
        mapping=mapping,
        watch__removed_at=None,
        watch__episode__season__show=mapping.tvshow_id,
        plex_season__isnull=False,
        plex_episode__isnull=False,
    ).order_by("-pk")
    found: dict[Place, set[int]] = defaultdict(set)
    for season, number, evidence, episode_id, *own in rows.values_list(
        "plex_season",
        "plex_episode",
        "evidence",
        "watch__episode",
        "watch__episode__season__season_number",
        "watch__episode__episode_number",
    )[:LOOKED_AT]:
        # Of plays from before the evidence was kept: another number than Plex's was no guess.
        is_proven = evidence in PROVEN or (not evidence and [season, number] != own)
        if is_proven and season is not None and number is not None:
            found[season, number].add(episode_id)
    return {place: frozenset(ids) for place, ids in found.items() if len(ids) == 1}


def pointed_to(mapping: PlexShowMapping) -> dict[Place, frozenset[int]]:
    """The episodes that title or date point to, of each place that is in question."""
    questions = (
        mapping.conflicts.open()
        .about_episodes()
        .filter(plex_season__isnull=False, plex_episode__isnull=False)
    )
    found = {}
    for season, number, matches in questions.values_list(
        "plex_season", "plex_episode", "potential_matches"
    ):
        ids = {
            match["episode_id"]
            for match in matches
            if POINTING_REASONS.intersection(match.get("reasons", ()))
        }
        if ids and season is not None and number is not None:
            found[season, number] = frozenset(ids)
    return found
