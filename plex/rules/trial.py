"""What a rule would have changed about past events.

Only reads. Each event is looked at with the person's rules as they are, and as they would be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from plex.episodes.match import EpisodeMatch, EpisodeMissing, match_episode
from plex.models import Action, PlexAccount, PlexRule, PlexWebhookLog, Status
from plex.payload import Playback, parse_payload
from plex.processing.indexes import EpisodeIndexes
from plex.processing.ruled import read_rules
from plex.rules.ruling import Ruling, ruling_on
from tracker.models import TVShow

# Read and parsed in about a second.
PAST_EVENTS = 2000
SHOWN_CHANGES = 50
# No rule changes what these say.
UNTOUCHED = {
    Action.AUTO_MARK_DISABLED,
    Action.SYNC_DISABLED,
    Action.SHOW_IGNORED,
    Action.WAITING_FOR_ACCOUNT,
    Action.OTHER_ACCOUNT,
    Action.REMOVED_BY_USER,
    Action.IGNORED_DUPLICATE,
}


@dataclass(frozen=True, kw_only=True)
class Past:
    """A past play, and what the rules say about it without and with the one that is tried."""

    event: PlexWebhookLog
    playback: Playback
    before: Ruling
    after: Ruling


@dataclass(frozen=True, kw_only=True)
class Change:
    event: PlexWebhookLog
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`fitting` plays were looked at closely out of `looked_at`; `by_hand` belong to a Plex show
    about which a person said which show it is, and so stay."""

    looked_at: int
    fitting: int
    by_hand: int
    total: int
    changes: tuple[Change, ...]


def try_rule(rule: PlexRule) -> Trial:
    """What the rule, stored or not, would have changed among the newest events of its person."""
    rows = newest_events(rule.user)
    past = list(of_rule(rule, rows))
    accounts = set(rule.user.plex_accounts.values_list("pk", flat=True))
    indexes = EpisodeIndexes()
    changes, by_hand = [], 0
    for one in past:
        if (after := ignored_or_not(one, accounts)) is None and steers(rule, one):
            if is_by_hand(one):
                by_hand += 1
                continue
            after = steered(rule, one, indexes)
        if after:
            changes.append(Change(event=one.event, before=outcome_of(one.event), after=after))
    return Trial(
        looked_at=len(rows),
        fitting=len(past),
        by_hand=by_hand,
        total=len(changes),
        changes=tuple(changes[:SHOWN_CHANGES]),
    )


def newest_events(user: User) -> list[PlexWebhookLog]:
    """The newest events of a person's own hook and accounts, with what a trial looks at."""
    rows = PlexWebhookLog.objects.exclude(payload=None)
    rows = rows.select_related("mapping", "tvshow").only(
        *("payload", "status", "action_taken", "config_id", "account_id", "conflict_id"),
        *("created_at", "viewed_at", "plex_title", "plex_season", "plex_episode"),
        *("mapping__tvshow_id", "mapping__manually_confirmed", "mapping__rule_id"),
        *("tvshow__title", "tvshow__first_air_date", "event_type"),
    )
    accounts = PlexAccount.objects.filter(users=user).values_list("pk", flat=True)
    # One index leads to each part; "or" would make databases sort all.
    parts = [rows.filter(config=user.pk), *(rows.filter(account=pk) for pk in accounts)]
    found = {row.pk: row for part in parts for row in part.order_by("-pk")[:PAST_EVENTS]}
    return sorted(found.values(), key=lambda row: -row.pk)[:PAST_EVENTS]


def of_rule(rule: PlexRule, rows: Sequence[PlexWebhookLog]) -> Iterator[Past]:
    """The plays about which the rules say something else with this one."""
    before = read_rules([rule.user_id]).get(rule.user_id, [])
    after = [one for one in before if one.id != rule.pk]
    if rule.enabled:
        after.append(rule.as_rule())
    for row in rows:
        playback = parse_payload(row.payload or {})
        if not isinstance(playback, Playback):
            continue
        old, new = ruling_on(playback, before), ruling_on(playback, after)
        if old != new:
            yield Past(event=row, playback=playback, before=old, after=new)


def ignored_or_not(one: Past, accounts: set[int]) -> str | None:
    """What becomes of the play where it is ignored now, or no longer; None where neither."""
    event = one.event
    if event.account_id not in accounts or event.action_taken in UNTOUCHED:
        return None
    if one.after.ignores:
        return None if event.status == Status.IGNORED else "Ignored."
    if one.before.ignores and event.action_taken == Action.IGNORED_BY_RULE:
        return "Decided again, not ignored."
    return None


def steers(rule: PlexRule, one: Past) -> bool:
    """Whether the rule may say which show it is: only through its person's own hook."""
    is_own = one.event.config_id == rule.user_id and not one.after.ignores
    return is_own and one.event.action_taken not in {*UNTOUCHED, Action.IGNORED_BY_RULE}


def is_by_hand(one: Past) -> bool:
    return one.event.mapping is not None and one.event.mapping.manually_confirmed


def steered(rule: PlexRule, one: Past, indexes: EpisodeIndexes) -> str:
    """What becomes of the play where another show is named than before; "" where none is."""
    show_id = one.event.tvshow_id
    if one.after.show_id is not None:
        if one.after.show_id == show_id or rule.tvshow is None:
            return ""
        return place_in(rule.tvshow, one.playback, indexes)
    if show_id is None:
        return ""
    if one.after.refuses(tvshow_id=show_id, tmdb_id=None):
        return f"Decided again: it is not {one.event.tvshow}."
    if one.before.show_id == show_id:
        return "Decided again, without the rule."
    return ""


def place_in(show: TVShow, playback: Playback, indexes: EpisodeIndexes) -> str:
    index = indexes.of([show], now=timezone.now())[show.pk]
    found = match_episode(playback, index)
    if isinstance(found, EpisodeMatch):
        known = [index.by_id[pk] for pk in found.episode_ids]
        codes = ", ".join(f"S{one.season_number:02}E{one.episode_number:02}" for one in known)
        return f"{show}, {codes}."
    if isinstance(found, EpisodeMissing):
        return f"{show}, which has no such episode yet: it waits."
    return f"{show}, and you are asked which episode."


def outcome_of(event: PlexWebhookLog) -> str:
    if event.tvshow is not None and event.status == Status.SUCCESS:
        return f"{event.tvshow}{f', {event.episode_code}' if event.episode_code else ''}."
    if event.action_taken in Action.values:
        return str(Action(event.action_taken).label)
    return str(Status(event.status).label)
