"""What somebody should hear of, and whether they want to."""

from __future__ import annotations

from django.db import models


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def raised(self) -> AlarmQuerySet:
        """Those that stand at the moment and are switched on."""
        return self.filter(is_on=True).exclude(raised_at=None)


class Alarm(models.Model):
    """One kind of alarm: whether it is switched on, and since when it stands."""

    class Kind(models.TextChoices):
        FAILED_EVENTS = "failed_events", "Many events fail"
        CONFLICTS = "conflicts", "Many questions are open"
        TMDB_ERRORS = "tmdb_errors", "TMDB often fails"
        WORKER_SILENT = "worker_silent", "The worker is silent"
        NEW_CONFLICT = "new_conflict", "A new question"

    kind = models.CharField(max_length=20, choices=Kind, unique=True)
    is_on = models.BooleanField(default=True)
    raised_at = models.DateTimeField(null=True, blank=True)
    sentence = models.CharField(max_length=300, blank=True)
    # How far it was told: the last conflict of NEW_CONFLICT, the samples of TMDB_ERRORS.
    memory = models.JSONField(default=dict, blank=True, editable=False)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        db_table = "plex_alarms"

    def __str__(self) -> str:
        return self.get_kind_display()
