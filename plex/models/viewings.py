"""Each viewing that counted for a user, kept after its log row is gone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from plex.models.mappings import PlexShowMapping
from plex.models.webhook_log import Action, PlexWebhookLog
from tracker.models import Watch

IDLE_MARK = Q(history_key="", told_by_webhook=False, log__action_taken=Action.ALREADY_WATCHED)


class PlexViewingQuerySet(models.QuerySet["PlexViewing"]):
    def idle_marks(self) -> PlexViewingQuerySet:
        """Marks in Plex's library that were no play for themselves: the episode was watched already."""
        return self.filter(IDLE_MARK)

    def without_idle_marks(self) -> PlexViewingQuerySet:
        return self.exclude(IDLE_MARK)


class PlexViewing(models.Model):
    """One viewing of one Plex item by one user: the key under which an event counts once.

    `watch` is what it was credited to: its own watch, or the one that stood already. A removed watch
    is the tombstone that keeps this viewing from coming back.
    """

    NUMBER = "number"
    CONFIRMED = "confirmed"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="plex_viewings", db_index=False
    )
    watch = models.ForeignKey(Watch, models.CASCADE, related_name="viewings")
    log = models.ForeignKey(
        PlexWebhookLog, models.SET_NULL, null=True, blank=True, related_name="viewings"
    )
    mapping = models.ForeignKey(
        PlexShowMapping, models.SET_NULL, null=True, blank=True, related_name="viewings"
    )
    server_uuid = models.CharField(max_length=255, blank=True)
    account_key = models.CharField(max_length=330, blank=True)
    item_key = models.CharField(max_length=255)
    history_key = models.CharField(max_length=255, blank=True)
    told_by_webhook = models.BooleanField(
        default=True, db_default=True, help_text="Else only Plex's history told of it so far."
    )
    plex_season = models.IntegerField(null=True, blank=True)
    plex_episode = models.IntegerField(null=True, blank=True)
    view_count = models.IntegerField(null=True, blank=True)
    evidence = models.CharField(
        max_length=30,
        blank=True,
        default="",
        db_default="",
        help_text="What said which episode it is: plex.episodes.match's word, or that a person did.",
    )
    viewed_at = models.DateTimeField(help_text="When it was watched.")
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="lastViewedAt or viewedAt as Plex sent it."
    )

    objects = PlexViewingQuerySet.as_manager()

    class Meta:
        db_table = "plex_viewings"
        verbose_name = "Plex viewing"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "server_uuid", "history_key"],
                condition=~Q(history_key=""),
                name="viewing_history_once",
            ),
        ]
        indexes = [
            # With the Plex show, so that a person's are found without the viewings being read. Not in
            # an index of its own: with statistics of yesterday PostgreSQL takes it for the items.
            models.Index(
                fields=["user", "server_uuid", "item_key", "viewed_at", "mapping"],
                name="viewing_of_item",
            ),
            # Those worth a look; few of many.
            models.Index(
                fields=["user", "mapping"], condition=Q(evidence="number"), name="viewing_by_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_key} by user {self.user_id} at {self.viewed_at:%Y-%m-%d %H:%M}"
