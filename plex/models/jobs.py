"""Periodic work and heartbeats of the workers, and answers of TMDB worth keeping."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Max


class JobQuerySet(models.QuerySet["Job"]):
    def heartbeats(self) -> JobQuerySet:
        return self.filter(name__startswith=Job.WORKER)

    def last_heartbeat(self) -> datetime | None:
        """When a worker last said that it is alive; None for never."""
        at: datetime | None = self.heartbeats().aggregate(at=Max("last_run_at"))["at"]
        return at


class Job(models.Model):
    """A periodic job, or a worker's heartbeat (`worker:<host>:<process>`)."""

    WORKER = "worker:"
    # What reads the server of a connection: the name goes on with its user's number.
    CATCH_UP, SCAN = "catch_up:", "scan:"
    # Which plays a rule was applied to: the name goes on with the rule's number.
    RULE = "rule:"

    name = models.CharField(max_length=100, unique=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    cursor = models.CharField(max_length=255, blank=True)
    found = models.JSONField(
        null=True, blank=True, help_text="What the last run found, for people."
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "plex_jobs"

    def __str__(self) -> str:
        return self.name


class TmdbLookup(models.Model):
    """An answer of TMDB, or of Plex about a show's ids; a miss, too. Kept 30 days at most."""

    key = models.CharField(max_length=300, unique=True, help_text="As in find:tvdb_id:349232.")
    answer = models.JSONField(null=True)
    fetched_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "plex_tmdb_lookups"
        verbose_name = "TMDB look-up"

    def __str__(self) -> str:
        return self.key
