"""Which of our shows a Plex show is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from plex.models.accounts import PlexAccount
from tracker.models import Episode, TVShow

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class PlexShowMappingQuerySet(models.QuerySet["PlexShowMapping"]):
    def mapped(self) -> PlexShowMappingQuerySet:
        return self.exclude(tvshow=None)

    def unmapped(self) -> PlexShowMappingQuerySet:
        return self.filter(tvshow=None)

    def visible_to(self, user: User) -> PlexShowMappingQuerySet:
        """All for staff; else shows of which the user's hook or accounts ever sent an event."""
        if user.is_staff:
            return self
        logs = apps.get_model("plex", "PlexWebhookLog").objects.filter(mapping=OuterRef("pk"))
        viewings = apps.get_model("plex", "PlexViewing").objects.filter(mapping=OuterRef("pk"))
        accounts = PlexAccount.objects.filter(users=user).values("pk")
        return self.filter(
            Exists(logs.filter(config=user.pk))
            | Exists(logs.filter(account__in=accounts))
            | Exists(viewings.filter(user=user))
        )


class PlexShowMapping(models.Model):
    """One row per Plex show ever seen, mapped or not."""

    class Method(models.TextChoices):
        TMDB_ID = "tmdb_id", "TMDB id"
        TVDB_ID = "tvdb_id", "TVDB id"
        IMDB_ID = "imdb_id", "IMDb id"
        TITLE_YEAR = "title_year", "Title and year"
        MANUAL = "manual", "By hand"

    identity = models.CharField(
        max_length=255,
        unique=True,
        help_text="What names this Plex show: see plex.guid.show_identity.",
    )
    server_uuid = models.CharField(max_length=255, blank=True)
    plex_rating_key = models.CharField(max_length=255, blank=True, db_index=True)
    plex_guid = models.CharField("guid of the show", max_length=500, blank=True)
    plex_title = models.CharField(max_length=500, blank=True)
    plex_year = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The show's own year."
    )
    tvdb_id = models.PositiveIntegerField("TVDB id", null=True, blank=True)
    imdb_id = models.CharField("IMDb id", max_length=16, blank=True)
    tmdb_id = models.PositiveIntegerField("TMDB id", null=True, blank=True)
    tvshow = models.ForeignKey(
        TVShow,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="plex_mappings",
        verbose_name="show",
    )
    match_confidence = models.DecimalField(
        max_digits=3,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    match_method = models.CharField(max_length=12, choices=Method, blank=True)
    evidence = models.JSONField(default=list, blank=True, help_text="Sentences: why this show.")
    manually_confirmed = models.BooleanField(default=False)
    sync_enabled = models.BooleanField(default=True)
    needs_review = models.CharField(
        max_length=300,
        blank=True,
        help_text="Why somebody should look: later ids contradict a decision.",
    )
    ignored_by = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="ignored_plex_shows"
    )
    # Raised by every change of the decision: an event decided on an older version decides again.
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PlexShowMappingQuerySet.as_manager()

    class Meta:
        db_table = "plex_show_mappings"
        verbose_name = "Plex show"
        constraints = [
            models.CheckConstraint(
                condition=Q(match_confidence__range=(0, 1)), name="mapping_confidence_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return self.plex_title or self.identity


class PlexSeasonMapping(models.Model):
    """Plex's (plex_season, n) is our (season_number, n + offset) of `tvshow`."""

    mapping = models.ForeignKey(PlexShowMapping, models.CASCADE, related_name="season_mappings")
    plex_season = models.PositiveIntegerField()
    tvshow = models.ForeignKey(TVShow, models.CASCADE, related_name="+", verbose_name="show")
    season_number = models.PositiveIntegerField()
    offset = models.IntegerField(default=0, help_text="Added to Plex's episode number.")

    class Meta:
        db_table = "plex_season_mappings"
        constraints = [
            models.UniqueConstraint(fields=["mapping", "plex_season"], name="seasonmapping_once"),
        ]

    def __str__(self) -> str:
        return f"season {self.plex_season} is {self.tvshow_id} season {self.season_number}"


class PlexEpisodeMapping(models.Model):
    """A person's answer: this Plex episode is that episode of ours."""

    mapping = models.ForeignKey(PlexShowMapping, models.CASCADE, related_name="episode_mappings")
    item_key = models.CharField(max_length=255)
    plex_season = models.IntegerField(null=True, blank=True)
    plex_episode = models.IntegerField(null=True, blank=True)
    episode = models.ForeignKey(Episode, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "plex_episode_mappings"
        constraints = [
            models.UniqueConstraint(fields=["mapping", "item_key"], name="episodemapping_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item_key} is episode {self.episode_id}"
