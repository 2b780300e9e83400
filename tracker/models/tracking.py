"""What a user tracks and has watched."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from tracker.models.catalogue import Episode, TVShow


class TrackedShow(models.Model):
    class Status(models.TextChoices):
        WATCHING = "watching", "Watching"
        PLAN_TO_WATCH = "plan_to_watch", "Plan to watch"
        COMPLETED = "completed", "Completed"
        ON_HOLD = "on_hold", "On hold"
        DROPPED = "dropped", "Dropped"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tracked_shows")
    show = models.ForeignKey(TVShow, models.CASCADE, related_name="tracked")
    status = models.CharField(max_length=16, choices=Status, default=Status.PLAN_TO_WATCH)
    rating = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    notes = models.TextField(blank=True)
    started_on = models.DateField(null=True, blank=True)
    finished_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "show"], name="tracked_once_per_user"),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__range=(1, 10)), name="tracked_rating_1_to_10"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.show_id} of user {self.user_id}: {self.status}"


class WatchQuerySet(models.QuerySet["Watch"]):
    PARKED = 1_000_000

    def standing(self) -> WatchQuerySet:
        """Watches that were not removed."""
        return self.filter(removed_at=None)

    def park(self) -> int:
        """Give them numbers above every play's, for others to take theirs; returns how many."""
        return self.update(play=F("pk") + self.PARKED)


class Watch(models.Model):
    """One time that a user watched an episode. Removing it leaves a tombstone (`removed_at`)."""

    class Source(models.TextChoices):
        MANUAL = "manual", "By hand"
        PLEX = "plex", "Plex"
        IMPORT = "import", "Import"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="watches")
    episode = models.ForeignKey(Episode, models.CASCADE, related_name="watches")
    play = models.PositiveIntegerField(
        default=1, help_text="1 is the first time, 2 and on are rewatches."
    )
    watched_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=Source, default=Source.MANUAL)
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "watches"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "episode", "play"],
                condition=Q(removed_at=None),
                name="watch_once_per_play",
            ),
        ]
        indexes = [models.Index(fields=["user", "-watched_at"], name="watch_user_watched_at")]

    def __str__(self) -> str:
        return f"user {self.user_id}, episode {self.episode_id}, play {self.play}"
