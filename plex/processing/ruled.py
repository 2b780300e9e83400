"""What the rules of the people concerned say about the events of a batch, read once for all."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db.models import QuerySet

from plex.candidates import candidate_of
from plex.matching import Candidate, IdHit, Match
from plex.models import PlexConfig, PlexRule, PlexShowMapping
from plex.payload import NotAPlayback
from plex.processing.events import Event
from plex.rules.ruling import NEVER, Rule, Ruling, ruling_on
from tracker.models import TVShow

CERTAIN = 1.0
COLUMNS = (
    *("user_id", "field", "pattern", "verdict", "server_uuid"),
    *("tvshow__title", "tvshow__tmdb_id", "tvshow__first_air_date"),
)


def gather_rulings(events: Sequence[Event]) -> None:
    """Note on each event what the rules of its people say. Users and mapping are known before."""
    people = {user_id for event in events for user_id in (event.config.pk, *event.users)}
    rules = read_rules(people)
    if not rules:
        return
    for event in events:
        if not isinstance(event.parsed, NotAPlayback):
            rule_on(event, rules)


@functools.cache
def rules_in_force() -> QuerySet[PlexRule]:
    """Made once: nearly always there are none, and making the query takes longer than to ask."""
    return PlexRule.objects.in_force().select_related("tvshow").only(*COLUMNS)


def read_rules(user_ids: Iterable[int]) -> dict[int, list[Rule]]:
    """The rules in force, by whose they are."""
    found: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules_in_force().filter(user__in=list(user_ids)):
        found[rule.user_id].append(rule.as_rule())
    return dict(found)


def rule_on(event: Event, rules: dict[int, list[Rule]]) -> None:
    assert not isinstance(event.parsed, NotAPlayback)  # noqa: S101 - asked by the caller
    rulings = {
        user_id: ruling_on(event.parsed, rules[user_id])
        for user_id in (event.config.pk, *event.users)
        if user_id in rules
    }
    event.ignoring = {
        user_id: ruling.hit.sentence
        for user_id, ruling in rulings.items()
        if ruling.hit is not None and ruling.ignores
    }
    if event.config.pk in rulings:
        event.ruling = rulings[event.config.pk]
        own = {rule.id for rule in rules[event.config.pk]}
        event.is_overruled = overrules(event.ruling, event.mapping, own_rules=own)


def overrules(
    ruling: Ruling, mapping: PlexShowMapping | None, *, own_rules: Collection[int]
) -> bool:
    """Whether a rule sets aside what the Plex show was taken for.

    Never what a person said about this very Plex show, nor what somebody else's rule said.
    """
    if mapping is None or mapping.tvshow_id is None or mapping.manually_confirmed:
        return False
    if mapping.rule_id is not None and mapping.rule_id not in own_rules:
        return False
    if ruling.show_id is not None:
        return ruling.show_id != mapping.tvshow_id
    return ruling.refuses(tvshow_id=mapping.tvshow_id, tmdb_id=None)


def match_by_rule(event: Event) -> Match | None:
    """The show that the rules of the hook's owner name; told in the event's trace."""
    rule, show_id = event.ruling.hit, event.ruling.show_id
    if rule is None or show_id is None:
        return None
    show = TVShow.objects.filter(pk=show_id).first()
    if show is None:
        return None
    sentence = f"Your rule: {rule.sentence}."
    event.tell("rule", sentence)
    return Match(
        candidate=candidate_of(show),
        confidence=CERTAIN,
        method=PlexShowMapping.Method.MANUAL,
        evidence=(sentence,),
        rule_id=rule.id,
    )


def refused_by_others(event: Event, candidate: Candidate) -> bool:
    """Whether a rule of somebody else with a hook says that it is never this show either.

    Two such rules would undo each other's decision, play by play.
    """
    assert not isinstance(event.parsed, NotAPlayback)  # noqa: S101 - asked of shows only
    against = PlexRule.objects.in_force().filter(
        verdict=NEVER, tvshow=candidate.tvshow_id, user__in=PlexConfig.objects.values("pk")
    )
    others = set(against.exclude(user=event.config.pk).values_list("user_id", flat=True))
    rulings = (ruling_on(event.parsed, rules) for rules in read_rules(others).values())
    return any(
        ruling.refuses(tvshow_id=candidate.tvshow_id, tmdb_id=candidate.tmdb_id)
        for ruling in rulings
    )


def is_by_rule(event: Event) -> bool:
    """Whether a rule names the show that this is taken for: later ids do not question it."""
    return event.ruling.show_id is not None or event.show_mapping.rule_id is not None


def allowed(event: Event, candidates: Iterable[Candidate]) -> list[Candidate]:
    """What is left without the shows that it never is; those are told in the event's trace."""
    return [one for one in candidates if not is_refused(event, one)]


def allowed_hits(event: Event, hits: Iterable[IdHit]) -> list[IdHit]:
    return [hit for hit in hits if not is_refused(event, hit.candidate)]


def is_refused(event: Event, candidate: Candidate) -> bool:
    """Whether it is never this show; told in the event's trace."""
    refused = event.ruling.refuses(tvshow_id=candidate.tvshow_id, tmdb_id=candidate.tmdb_id)
    if refused:
        tell_refused(event, candidate)
    return refused


def tell_refused(event: Event, candidate: Candidate) -> None:
    event.tell_once("rule", f"Your rule: it is never {candidate.name}.")
