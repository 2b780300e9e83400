"""Questions that only a person can answer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from plex.models.mappings import PlexShowMapping
from tracker.models import TVShow

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class PlexConflictQuerySet(models.QuerySet["PlexConflict"]):
    def open(self) -> PlexConflictQuerySet:
        return self.filter(resolved=False)

    def about_shows(self) -> PlexConflictQuerySet:
        """Those that ask which show a Plex show is."""
        return self.exclude(conflict_type=PlexConflict.Type.EPISODE)

    def about_episodes(self) -> PlexConflictQuerySet:
        """Those that ask which episode a play of a known show was."""
        return self.filter(conflict_type=PlexConflict.Type.EPISODE)

    def resolve(self, *, how: str, now: datetime, show_id: int | None = None) -> int:
        """Close them, however they were answered; returns how many. `show_id`: the show that they were answered with."""
        return self.update(
            resolved=True,
            resolved_at=now,
            resolved_tvshow=show_id,
            resolution_action=how,
            updated_at=now,
        )

    def visible_to(self, user: User) -> PlexConflictQuerySet:
        """All for staff; else those with an event of the user's hook or accounts."""
        if user.is_staff:
            return self
        return self.filter(Q(logs__config__user=user) | Q(logs__account__users=user)).distinct()

    def with_held_count(self) -> PlexConflictQuerySet:
        """Adds `held_count`: the events that wait for the answer."""
        return self.annotate(
            held_count=models.Count("logs", filter=Q(logs__status="held"), distinct=True)
        )


class PlexConflict(models.Model):
    class Type(models.TextChoices):
        MULTIPLE_MATCHES = "multiple_matches", "Several shows could be meant"
        NO_MATCH = "no_match", "No show was found"
        AMBIGUOUS = "ambiguous", "The show is not clear"
        EPISODE = "episode", "The episode is not clear"

    class Resolution(models.TextChoices):
        USER_SELECTED = "user_selected", "Chosen"
        USER_CREATED_NEW = "user_created_new", "Added from TMDB"
        AUTO_RESOLVED = "auto_resolved", "Settled by itself"
        IGNORED = "ignored", "Ignored"

    mapping = models.ForeignKey(PlexShowMapping, models.CASCADE, related_name="conflicts")
    plex_rating_key = models.CharField(max_length=255, blank=True)
    plex_guid = models.CharField(max_length=500, blank=True)
    plex_title = models.CharField(max_length=500, blank=True)
    plex_year = models.PositiveSmallIntegerField(null=True, blank=True)
    conflict_type = models.CharField(max_length=20, choices=Type)
    plex_season = models.IntegerField(null=True, blank=True)
    plex_episode = models.IntegerField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # For shows a list of {tvshow_id, tmdb_id, title, year, score, reasons, poster}, best first; for an
    # episode of {episode_id, season_number, episode_number, title, air_date, score, reasons}.
    potential_matches = models.JSONField(default=list, blank=True)
    resolved = models.BooleanField(default=False)
    resolved_tvshow = models.ForeignKey(
        TVShow, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution_action = models.CharField(max_length=20, choices=Resolution, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PlexConflictQuerySet.as_manager()

    class Meta:
        db_table = "plex_conflicts"
        verbose_name = "Plex conflict"
        constraints = [
            models.UniqueConstraint(
                fields=["mapping"],
                condition=Q(resolved=False) & ~Q(conflict_type="episode"),
                name="conflict_one_open_per_show",
            ),
            models.UniqueConstraint(
                "mapping",
                # A plain NULL would differ from every other NULL, and SQLite knows no other way.
                Coalesce("plex_season", -1),
                Coalesce("plex_episode", -1),
                condition=Q(resolved=False, conflict_type="episode"),
                name="conflict_one_open_per_episode",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plex_title}: {self.get_conflict_type_display()}"

    def get_absolute_url(self) -> str:
        return reverse("plex:conflict-detail", args=[self.pk])
