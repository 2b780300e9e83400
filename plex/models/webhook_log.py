"""Every event that arrived: the log that people read, and the queue that the worker drains."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Min, Q

from plex.models.accounts import PlexAccount
from plex.models.config import PlexConfig
from plex.models.conflicts import PlexConflict
from plex.models.mappings import PlexShowMapping
from tracker.models import TVShow

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Status(models.TextChoices):
    PENDING = "pending", "Waiting"
    HELD = "held", "Held"
    SUCCESS = "success", "Done"
    FAILED = "failed", "Failed"
    IGNORED = "ignored", "Ignored"
    DUPLICATE = "duplicate", "Duplicate"


class Action(models.TextChoices):
    """What became of an event: a machine word, and the sentence that people read."""

    MARKED_WATCHED = "marked_watched", "The episode was marked watched."
    ALREADY_WATCHED = "already_watched", "The episode was watched already; its first date stays."
    RECORDED_REWATCH = "recorded_rewatch", "Recorded as a rewatch."
    AUTO_ADDED_SHOW = "auto_added_show", "The show was added, and the episode marked watched."
    LIBRARY_SHOW_ADDED = "library_show_added", "The show of the Plex library was put on your list."
    SHOW_ALREADY_EXISTS = "show_already_exists", "The show is on your list already."
    CONFLICT_CREATED = "conflict_created", "Waits until you say which show or episode this is."
    EPISODE_NOT_FOUND = "episode_not_found", "Waits until TMDB lists this episode."
    WAITING_FOR_TMDB = "waiting_for_tmdb", "Waits until TMDB answers."
    WAITING_FOR_ACCOUNT = (
        "waiting_for_account",
        "Waits until you say whose plays this account's are.",
    )
    RETRYING = "retrying", "Something went wrong on the way; it is tried again."
    EVENT_NOT_SCROBBLE = "event_not_scrobble", "Not a finished play, so nothing to record."
    NOT_AN_EPISODE = "not_an_episode", "Not an episode of a show, so nothing to record."
    NOT_PLEX = "not_plex", "This did not come from a Plex server."
    OTHER_ACCOUNT = "other_account", "This account's plays count for nobody."
    SYNC_DISABLED = "sync_disabled", "You stopped syncing this show."
    SHOW_IGNORED = "show_ignored", "You chose to ignore this show."
    IGNORED_BY_RULE = "ignored_by_rule", "One of your rules ignores it."
    AUTO_MARK_DISABLED = "auto_mark_disabled", "Marking by itself is switched off."
    AUTO_ADD_LIBRARY_DISABLED = (
        "auto_add_library_disabled",
        "Adding new library shows is switched off.",
    )
    INTEGRATION_DISABLED = "integration_disabled", "The Plex integration is switched off."
    IGNORED_DUPLICATE = "ignored_duplicate", "The same viewing arrived before."
    REMOVED_BY_USER = "removed_by_user", "You removed this viewing; it stays removed."
    INVALID_PAYLOAD = "invalid_payload", "The event could not be read."
    PROCESSING_ERROR = (
        "processing_error",
        "Processing failed five times; process it again after an update.",
    )


class PlexWebhookLogQuerySet(models.QuerySet["PlexWebhookLog"]):
    def due(self, now: datetime) -> PlexWebhookLogQuerySet:
        """Rows whose turn has come, the longest waiting first."""
        return self.filter(next_attempt_at__lte=now).order_by("next_attempt_at")

    def in_lane(self, *, needs_network: bool) -> PlexWebhookLogQuerySet:
        # `needs_network=False` would become NOT needs_network, for which SQLite reads the whole queue.
        return self.filter(needs_network__in=[needs_network])

    def first_due_at(self) -> datetime | None:
        """The earliest turn of these rows; of one lane the index answers."""
        at: datetime | None = self.order_by().aggregate(at=Min("next_attempt_at"))["at"]
        return at

    def numbered(self) -> PlexWebhookLogQuerySet:
        """With `number`, the id, to bound and to order rows by that an index of their own holds.

        By the id itself SQLite goes through the whole log for them, which lies in that order.
        """
        return self.alias(number=F("pk") + 0)

    def newest_id(self) -> int:
        """The highest id, 0 where there is none."""
        return self.order_by("-pk").values_list("pk", flat=True).first() or 0

    def among_newest(self, count: int) -> PlexWebhookLogQuerySet:
        """Of as many of the newest ids of the whole log: for what no index leads to."""
        return self.filter(pk__gt=PlexWebhookLog.objects.newest_id() - count)

    def without_bodies(self) -> PlexWebhookLogQuerySet:
        """For lists: what was sent and the trace are nine tenths of a row."""
        return self.defer("payload", "raw_body", "trace")

    def pending(self) -> PlexWebhookLogQuerySet:
        return self.filter(status=Status.PENDING)

    def held(self) -> PlexWebhookLogQuerySet:
        return self.filter(status=Status.HELD)

    def visible_to(self, user: User) -> PlexWebhookLogQuerySet:
        """All for staff; else events of the user's own hook or accounts.

        Another person's events through somebody's hook are seen by that hook's owner only.
        """
        if user.is_staff:
            return self
        return self.filter(
            Q(config__user=user)
            | Q(account_id__in=PlexAccount.objects.filter(users=user).values("pk"))
        )


class PlexWebhookLog(models.Model):
    class Source(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        HISTORY = "history", "Plex history"
        SCAN = "scan", "Library scan"
        CHOSEN = "chosen", "Chosen from the library"
        TEST = "test", "Test"

    config = models.ForeignKey(PlexConfig, models.CASCADE, related_name="logs", db_index=False)
    source = models.CharField(max_length=10, choices=Source, default=Source.WEBHOOK)
    event_type = models.CharField(max_length=64, blank=True)
    mapping = models.ForeignKey(
        PlexShowMapping,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="logs",
        db_index=False,
    )
    conflict = models.ForeignKey(
        PlexConflict,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="logs",
        db_index=False,
    )
    plex_rating_key = models.CharField("rating key of the show", max_length=255, blank=True)
    plex_title = models.CharField(max_length=500, blank=True)
    plex_season = models.IntegerField(null=True, blank=True)
    plex_episode = models.IntegerField(null=True, blank=True)
    server_uuid = models.CharField(max_length=255, blank=True)
    account = models.ForeignKey(
        PlexAccount, models.SET_NULL, null=True, blank=True, related_name="logs", db_index=False
    )
    item_key = models.CharField("guid or rating key of the episode", max_length=255, blank=True)
    history_key = models.CharField(max_length=255, blank=True)
    viewed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it was watched: as sent if plausible, else the receipt.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    action_taken = models.CharField(max_length=32, choices=Action, blank=True)
    error_message = models.TextField(blank=True)
    processing_duration_ms = models.FloatField(null=True, blank=True)
    # Raised by each claim and by each change from outside: a decision taken for an older number
    # can't land.
    attempts = models.PositiveIntegerField(default=0)
    error_count = models.PositiveSmallIntegerField(default=0)
    waiting_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when TMDB is missed."
    )
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # The row waits for the network: its own lane, so that it never holds up the rows that do not.
    needs_network = models.BooleanField(default=False)
    tvshow = models.ForeignKey(
        TVShow,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="plex_logs",
        verbose_name="show",
        db_index=False,
    )
    created_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    # The bulk stands last: a scan that asks for none of it need not read through it.
    trace = models.JSONField(default=list, blank=True)
    payload = models.JSONField(null=True, blank=True)
    raw_body = models.TextField(blank=True, help_text="Only of what could not be read.")

    objects = PlexWebhookLogQuerySet.as_manager()

    class Meta:
        db_table = "plex_webhook_logs"
        verbose_name = "Plex event"
        ordering = ["-id"]
        indexes = [
            # Partial where they can be: each full index costs every event that arrives.
            models.Index(
                fields=["needs_network", "next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="plexlog_due",
            ),
            # With status, time and Plex show, so that a person's events are counted, and their shows
            # found, without the events being read.
            models.Index(
                fields=["config", "-id", "status", "created_at", "mapping"],
                name="plexlog_of_config",
            ),
            models.Index(
                fields=["account", "-id", "config", "status", "created_at", "mapping"],
                condition=Q(account__isnull=False),
                name="plexlog_of_account",
            ),
            # Says whose events a Plex show ever had, without reading them.
            models.Index(
                fields=["mapping", "config", "account"],
                condition=Q(mapping__isnull=False),
                name="plexlog_mapping",
            ),
            models.Index(
                fields=["conflict"], condition=Q(conflict__isnull=False), name="plexlog_conflict"
            ),
            models.Index(
                fields=["tvshow"], condition=Q(tvshow__isnull=False), name="plexlog_tvshow"
            ),
            models.Index(
                fields=["server_uuid", "item_key"],
                condition=Q(status="held"),
                name="plexlog_held_item",
            ),
            # One each: SQLite does not see that status = 'held' lies within "held or failed". With the
            # status, or it counts them by reading a larger index from end to end.
            models.Index(
                fields=["config", "-id", "status"], condition=Q(status="held"), name="plexlog_held"
            ),
            models.Index(
                fields=["config", "-id", "status"],
                condition=Q(status="failed"),
                name="plexlog_failed",
            ),
            # All that the figures of a day are made of.
            models.Index(
                fields=["created_at", "status", "event_type", "processing_duration_ms"],
                name="plexlog_days",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["server_uuid", "history_key"],
                condition=~Q(history_key=""),
                name="plexlog_history_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.plex_title} #{self.pk}"

    @property
    def episode_code(self) -> str:
        """ "S02E04" in Plex's numbers, or "" where the event has none."""
        if self.plex_season is None or self.plex_episode is None:
            return ""
        return f"S{self.plex_season:02}E{self.plex_episode:02}"
