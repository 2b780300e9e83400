"""A person keeps rules: saved, switched, deleted, and applied to the plays that wait."""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from plex.inbox import requeue
from plex.models import Action, PlexConflict, PlexRule, PlexShowMapping, PlexWebhookLog
from plex.resolution.answers import ResolutionError
from plex.rules.waiting import chunks, forget_going_over, note_going_over, waiting_for


def save_rule(rule: PlexRule) -> PlexRule:
    """Store a rule, new or changed. What it said before about Plex shows is undone.

    Raises `ResolutionError` where another rule of the person already decides about the same.
    """
    return changed(rule, rule.save)


def switch_rule(rule: PlexRule, *, enabled: bool) -> PlexRule:
    rule.enabled = enabled
    return changed(rule, lambda: rule.save(update_fields=["enabled"]))


def delete_rule(rule: PlexRule) -> None:
    forget_going_over(rule)
    changed(rule, rule.delete)


def changed(rule: PlexRule, write: Callable[[], object]) -> PlexRule:
    try:
        with transaction.atomic():
            if rule.pk is not None:
                release(rule)
            write()
    except IntegrityError:
        raise ResolutionError(
            "You have a rule for this already, or its show is gone: reload the page."
        ) from None
    return rule


def release(rule: PlexRule) -> None:
    """The Plex shows that the rule alone named are nobody's again, until their next play.

    What was recorded stays; what waited for an episode of that show is decided anew.
    """
    now = timezone.now()
    named = PlexShowMapping.objects.select_for_update().filter(rule=rule, manually_confirmed=False)
    ids = list(named.order_by("pk").values_list("pk", flat=True))
    if not ids:
        return
    PlexShowMapping.objects.filter(pk__in=ids).update(
        tvshow=None,
        rule=None,
        match_confidence=0,
        match_method="",
        evidence=[],
        version=F("version") + 1,
        updated_at=now,
    )
    episode_questions = PlexConflict.objects.open().about_episodes().filter(mapping__in=ids)
    episode_questions.resolve(how=PlexConflict.Resolution.AUTO_RESOLVED, now=now)
    waiting = PlexWebhookLog.objects.held().filter(mapping__in=ids)
    requeue(waiting.exclude(action_taken=Action.WAITING_FOR_ACCOUNT), now=now)


def apply_rule(rule: PlexRule) -> int:
    """Put the plays that wait and that the rule settles back into the queue, each with its own time.

    Returns how many; `plex.rules.waiting.going_over` tells what becomes of them.
    """
    ids = waiting_for(rule)
    if ids:
        note_going_over(rule, ids)
    now = timezone.now()
    return sum(
        requeue(PlexWebhookLog.objects.held().filter(pk__in=chunk), now=now)
        for chunk in chunks(ids)
    )
