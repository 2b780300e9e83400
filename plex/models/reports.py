"""Three database views for monitoring, and what is counted for one of them in advance.

`plex.database_views` holds their SQL.
"""

from __future__ import annotations

from django.db import models


class PlexSyncStats(models.Model):
    """Per user: Plex shows, open conflicts and events."""

    user_id = models.BigIntegerField(primary_key=True)
    total_shows = models.IntegerField()
    mapped_shows = models.IntegerField()
    confirmed_shows = models.IntegerField()
    open_conflicts = models.IntegerField()
    total_events = models.IntegerField()
    successful_events = models.IntegerField()
    failed_events = models.IntegerField()
    held_events = models.IntegerField()
    last_event_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "plex_sync_stats"
        verbose_name_plural = "Plex sync stats"

    def __str__(self) -> str:
        return f"user {self.user_id}"


class PlexWebhookActivity(models.Model):
    """Per day of the last 30 days, event and status: how many, and how long they took."""

    id = models.TextField(primary_key=True)
    day = models.DateField()
    event_type = models.CharField(max_length=64)
    status = models.CharField(max_length=10)
    event_count = models.IntegerField()
    avg_duration_ms = models.FloatField(null=True)

    class Meta:
        managed = False
        db_table = "plex_webhook_activity"
        verbose_name_plural = "Plex webhook activity"
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day} {self.event_type} {self.status}"


class PlexActivityDay(models.Model):
    """The rows of that view for a day (UTC) that is over."""

    day = models.DateField()
    event_type = models.CharField(max_length=64)
    status = models.CharField(max_length=10)
    event_count = models.IntegerField()
    avg_duration_ms = models.FloatField(null=True)

    class Meta:
        db_table = "plex_activity_days"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "event_type", "status"], name="plexactivityday_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.event_type} {self.status}"


class PlexUnmappedShow(models.Model):
    """Plex shows that no show of ours is mapped to, with the events that wait for it."""

    mapping_id = models.BigIntegerField(primary_key=True)
    plex_title = models.CharField(max_length=500)
    plex_year = models.IntegerField(null=True)
    plex_guid = models.CharField(max_length=500)
    event_count = models.IntegerField()
    held_count = models.IntegerField()
    last_event_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "plex_unmapped_shows"
        verbose_name_plural = "Plex unmapped shows"

    def __str__(self) -> str:
        return self.plex_title
