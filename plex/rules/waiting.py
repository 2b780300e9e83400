"""The waiting plays that a rule settles: found set-wise, and how far their going over is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from plex.models import Action, Job, PlexRule, PlexWebhookLog, Status
from plex.payload import Playback, parse_payload
from plex.processing.record import RECORDED
from plex.processing.ruled import read_rules
from plex.rules.ruling import (
    ANY,
    GUID,
    LIBRARY,
    NEVER,
    TITLE,
    Rule,
    Seen,
    bare_guid,
    fits_title,
    plain,
    ruling_on,
)
from tracker.titles import parse_title

# As many ids as one statement takes on either database, and no write lock is held for long.
CHUNK = 2000
# How long a page goes on telling what became of the plays.
TOLD_FOR = timedelta(minutes=10)

# What the plays of one group have in common, as far as rules look at it.
Group = tuple[int | None, str, str]


@dataclass(frozen=True, kw_only=True)
class GoingOver:
    """What became of the plays that a rule was applied to; `left` are still to be decided."""

    total: int
    left: int = 0
    recorded: int = 0
    watched: int = 0
    ignored: int = 0
    waiting: int = 0

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def others(self) -> int:
        """Those that ended in yet another way: the activity tells each."""
        return self.done - self.recorded - self.watched - self.ignored - self.waiting


def waiting_for(rule: PlexRule) -> list[int]:
    """The held plays, all of them, that the rule settles: it names their show, or ignores them.

    One play of each Plex show (and library, where the rule is about one) is read for all of its.
    """
    if not rule.enabled or rule.verdict == NEVER:
        return []
    groups: dict[Group, list[int]] = {}
    for pk, *group in narrowed(rule, held_plays(rule)):
        groups.setdefault((group[0], group[1], group[2] or ""), []).append(pk)
    fitting = {group: pks for group, pks in groups.items() if could_fit(rule, group)}
    settled = settled_by(rule, [max(pks) for pks in fitting.values()])
    return sorted(pk for pks in fitting.values() if max(pks) in settled for pk in pks)


def held_plays(rule: PlexRule) -> QuerySet[PlexWebhookLog]:
    """The held plays whose show the rule may name, or which it may ignore, whatever it is about."""
    held = PlexWebhookLog.objects.held().exclude(payload=None)
    held = held.exclude(action_taken=Action.WAITING_FOR_ACCOUNT)
    if rule.tvshow_id is None:
        accounts = list(rule.user.plex_accounts.values_list("pk", flat=True))
        return held.filter(account__in=accounts)
    is_open = Q(mapping=None) | (
        Q(mapping__manually_confirmed=False)
        & (Q(mapping__tvshow=None) | ~Q(mapping__tvshow=rule.tvshow_id))
    )
    return held.filter(is_open, config=rule.user_id)


def narrowed(rule: PlexRule, held: QuerySet[PlexWebhookLog]) -> Iterable[Sequence[Any]]:
    """The id and the group of the plays, without those whose message lacks what the rule names."""
    held = held.order_by()
    if rule.field == LIBRARY:
        metadata = KeyTextTransform("Metadata", "payload")
        library = KeyTextTransform("librarySectionTitle", metadata)
        return held.annotate(library=library).values_list("pk", "mapping", "plex_title", "library")
    if rule.field == GUID:
        # A message may name the id in other words than the rule: tvdb://81189, thetvdb://81189/1/2.
        part = bare_guid(rule.pattern).removesuffix(ANY).partition("://")[2]
        if part.isascii():
            named = Q(text__icontains=part) | Q(mapping__identity__icontains=part)
            held = held.annotate(text=Cast("payload", TextField())).filter(named)
        # Only a guid of the older agents, with season and number, is an episode's.
        common = "item_key" if part.count("/") > 1 else "plex_title"
        return held.values_list("pk", "mapping", common, Value(""))
    return held.values_list("pk", "mapping", "plex_title", Value(""))


def could_fit(rule: PlexRule, group: Group) -> bool:
    """Whether plays of the group may be what the rule is about, by what is known without reading one."""
    _, title, library = group
    if rule.field == TITLE:
        year = parse_title(rule.pattern).year
        seen = Seen(title=title, year=year, guids=(), library="", server_uuid="")
        return fits_title(rule.pattern, seen)
    return rule.field != LIBRARY or not library or plain(library) == plain(rule.pattern)


def settled_by(rule: PlexRule, ids: Sequence[int]) -> set[int]:
    """Those of the plays about which this rule decides, of all rules of its person."""
    rules: list[Rule] = read_rules([rule.user_id]).get(rule.user_id, [])
    found = set()
    for chunk in chunks(ids):
        rows = PlexWebhookLog.objects.filter(pk__in=chunk).values_list("pk", "payload")
        for pk, payload in rows.iterator():
            playback = parse_payload(payload or {})
            if isinstance(playback, Playback):
                hit = ruling_on(playback, rules).hit
                if hit is not None and hit.id == rule.pk:
                    found.add(pk)
    return found


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def note_going_over(rule: PlexRule, ids: Sequence[int]) -> None:
    """Remember which plays a rule was applied to; with those that are still under way."""
    before = Job.objects.filter(name=job_name(rule)).first()
    known = before.found if before is not None and is_told(before) else None
    both = sorted({*(known or {}).get("ids", ()), *ids})
    Job.objects.update_or_create(
        name=job_name(rule), defaults={"found": {"ids": both}, "last_run_at": timezone.now()}
    )


def forget_going_over(rule: PlexRule) -> None:
    Job.objects.filter(name=job_name(rule)).delete()


def going_over(rule: PlexRule) -> GoingOver | None:
    """How far the plays are that the rule was applied to last; None once that is long ago."""
    job = Job.objects.filter(name=job_name(rule)).first()
    if job is None or not job.found:
        return None
    counted = progress_of(job.found["ids"])
    return counted if counted.left or is_told(job) else None


def is_told(job: Job) -> bool:
    return job.last_run_at is not None and job.last_run_at > timezone.now() - TOLD_FOR


def progress_of(ids: Sequence[int]) -> GoingOver:
    counts: Counter[str] = Counter()
    for chunk in chunks(ids):
        rows = PlexWebhookLog.objects.filter(pk__in=chunk).order_by()
        # A play that TMDB is missed for waits like one that waits for a person.
        under_way = Q(needs_network=False) | Q(waiting_since=None)
        counts["left"] += rows.pending().filter(under_way).count()
        counts["waiting"] += rows.held().count() + rows.pending().exclude(under_way).count()
        counts["recorded"] += rows.filter(action_taken__in=RECORDED, status=Status.SUCCESS).count()
        counts["watched"] += rows.filter(action_taken=Action.ALREADY_WATCHED).count()
        counts["ignored"] += rows.filter(status=Status.IGNORED).count()
    return GoingOver(total=len(ids), **counts)


def job_name(rule: PlexRule) -> str:
    return f"{Job.RULE}{rule.pk}"
