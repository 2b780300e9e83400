from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import HttpRequest

from plex import circuit, host_circuits
from plex.models import Alarm, PlexAccount, PlexConfig, PlexConflict, PlexWebhookLog

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# A badge need not count further, and a stranger may have left thousands of held plays.
ENOUGH = 100


@dataclass
class PlexOf:
    """What the pages ask of a user's Plex; each thing is looked up when a template uses it.

    The figures are of what waits for the user's decision.
    """

    user: User

    @cached_property
    def conflicts(self) -> int:
        return count(PlexConflict.objects.open().visible_to(self.user))

    @cached_property
    def accounts(self) -> int:
        return count(PlexAccount.objects.undecided().visible_to(self.user))

    @cached_property
    def held(self) -> int:
        """Plays that wait, for a decision or for TMDB."""
        # By the connections, of which there are few: their index holds the held rows alone.
        configs = list(PlexConfig.objects.values_list("pk", flat=True))
        held = PlexWebhookLog.objects.held().filter(config__in=configs)
        return count(held.visible_to(self.user))

    @cached_property
    def is_connected(self) -> bool:
        return PlexConfig.objects.filter(user=self.user).exists()

    @cached_property
    def outage(self) -> circuit.Outage | None:
        """What is wrong with TMDB, while it is not asked."""
        return circuit.current()

    @cached_property
    def away(self) -> list[host_circuits.Away]:
        """Which of Plex's hosts are not asked at the moment, of those that this user needs."""
        config = PlexConfig.objects.filter(user=self.user).exclude(plex_token="").first()
        return [] if config is None else host_circuits.away(config)

    @cached_property
    def waiting(self) -> int:
        """Plays that wait for TMDB."""
        queued = PlexWebhookLog.objects.filter(
            needs_network=True, next_attempt_at__isnull=False, waiting_since__isnull=False
        )
        return count(queued.visible_to(self.user))

    @cached_property
    def alarms(self) -> list[Alarm]:
        """What is wrong with the installation at the moment, for administrators."""
        return list(Alarm.objects.raised()) if self.user.is_staff else []

    @cached_property
    def total(self) -> int:
        """Questions to answer; the held plays wait for the same answers, so they are not added."""
        return self.conflicts + self.accounts

    @cached_property
    def keeps_first_play(self) -> bool:
        """Whether this user's settings leave out rewatches; without Plex there is no such setting."""
        return PlexConfig.objects.filter(user=self.user, record_rewatches=False).exists()


def plex(request: HttpRequest) -> dict[str, PlexOf]:
    """`plex`: what a page may ask of the Plex of the person who is signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"plex": PlexOf(user)}


def count(rows: QuerySet) -> int:
    return rows.order_by()[:ENOUGH].count()
