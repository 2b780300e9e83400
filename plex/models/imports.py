"""Work that a person started for a whole library: past plays, or shows to add."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plex.models.config import PlexConfig


class PlexImportQuerySet(models.QuerySet["PlexImport"]):
    def active(self) -> PlexImportQuerySet:
        """Those that a worker counts or carries out, or that wait for the person's go-ahead."""
        return self.filter(state__in=PlexImport.ACTIVE)

    def for_worker(self) -> PlexImportQuerySet:
        return self.filter(state__in=PlexImport.WORKED_ON)


class PlexImport(models.Model):
    """One import from a Plex server. The worker carries it out in steps and notes how far it is."""

    class Kind(models.TextChoices):
        PLAYS = "plays", "Past plays"
        SHOWS = "shows", "Shows of the library"

    class State(models.TextChoices):
        COUNTING = "counting", "Looking"
        READY = "ready", "Ready to start"
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"

    WORKED_ON = (State.COUNTING, State.RUNNING)
    ACTIVE = (*WORKED_ON, State.READY, State.STOPPED)

    config = models.ForeignKey(PlexConfig, models.CASCADE, related_name="imports")
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=10, choices=State)
    server_uuid = models.CharField(max_length=255, blank=True)
    chosen = models.JSONField(
        default=list, blank=True, help_text="Rating keys of the chosen shows; none is all."
    )
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True, help_text="How many of each result.")
    cursor = models.JSONField(default=dict, blank=True, help_text="How far it has come.")
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PlexImportQuerySet.as_manager()

    class Meta:
        db_table = "plex_imports"
        verbose_name = "Plex import"
        constraints = [
            models.UniqueConstraint(
                fields=["config", "kind"],
                condition=Q(state__in=["counting", "ready", "running", "stopped"]),
                name="import_one_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of user {self.config_id}: {self.get_state_display()}"
