"""Which of our shows a Plex show is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from plex.episodes.search import SeasonMap
from plex.models.accounts import PlexAccount
from plex.models.rules import PlexRule
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
    rule = models.ForeignKey(
        PlexRule,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="mappings",
        help_text="The rule that said which show it is, if one did.",
    )
    sync_enabled = models.BooleanField(default=True)
    needs_review = models.CharField(
        max_length=300,
        blank=True,
        help_text="Why somebody should look: later ids contradict a decision.",
    )
    episode_order = models.CharField(
        "order of the episodes",
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="How Plex numbers them: empty for TMDB's own; see plex.episodes.orders.",
    )
    proposed_order = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="What the evidence fits."
    )
    proposal = models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text="Why it is proposed."
    )
    declined_orders = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Keys of orders not to propose again, a space between.",
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
        # Lists of them are in this order.
        indexes = [models.Index(fields=["plex_title", "id"], name="mapping_title")]
        constraints = [
            models.CheckConstraint(
                condition=Q(match_confidence__range=(0, 1)), name="mapping_confidence_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return self.plex_title or self.identity

    def raise_version(self) -> None:
        """Note, under the row's lock, that something else was decided about this Plex show."""
        self.version += 1
        self.save(update_fields=["version", "updated_at"])


class PlexSeasonMapping(models.Model):
    """Plex's (plex_season, n) is our (season_number, n + offset) of `tvshow`.

    With `first_episode` or `last_episode` only the numbers of Plex from the one to the other.
    `anchor` is an episode that it meant when it was saved, as Plex's `anchor_number`: where TMDB
    moves that one, the rest is looked for beside it.
    """

    mapping = models.ForeignKey(PlexShowMapping, models.CASCADE, related_name="season_mappings")
    plex_season = models.PositiveIntegerField()
    first_episode = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of Plex's numbers; empty for all."
    )
    last_episode = models.PositiveIntegerField(null=True, blank=True)
    tvshow = models.ForeignKey(TVShow, models.CASCADE, related_name="+", verbose_name="show")
    season_number = models.PositiveIntegerField()
    offset = models.IntegerField(default=0, help_text="Added to Plex's episode number.")
    anchor = models.ForeignKey(
        Episode, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    anchor_number = models.PositiveIntegerField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "plex_season_mappings"
        ordering = ["plex_season", "first_episode", "id"]
        constraints = [
            models.UniqueConstraint(
                "mapping", "plex_season", Coalesce("first_episode", 0), name="seasonmapping_once"
            ),
        ]

    def __str__(self) -> str:
        return f"season {self.plex_season} is {self.tvshow_id} season {self.season_number}"

    def as_map(self) -> SeasonMap:
        """What it says now, for `match_episode`; reads the anchor with its season."""
        season_number, offset = self.season_number, self.offset
        anchor = self.anchor
        if anchor is not None and self.anchor_number is not None:
            season_number = anchor.season.season_number
            offset = anchor.episode_number - self.anchor_number
        return SeasonMap(
            plex_season=self.plex_season,
            season_number=season_number,
            offset=offset,
            first_episode=self.first_episode,
            last_episode=self.last_episode,
        )


class PlexEpisodeMapping(models.Model):
    """A person's answer: this Plex episode is that episode of ours."""

    mapping = models.ForeignKey(PlexShowMapping, models.CASCADE, related_name="episode_mappings")
    item_key = models.CharField(max_length=255)
    plex_season = models.IntegerField(null=True, blank=True)
    plex_episode = models.IntegerField(null=True, blank=True)
    episode = models.ForeignKey(Episode, models.CASCADE, related_name="+")
    is_elsewhere = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Of another show, and meant so: it holds whatever show the Plex show is.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "plex_episode_mappings"
        constraints = [
            models.UniqueConstraint(fields=["mapping", "item_key"], name="episodemapping_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item_key} is episode {self.episode_id}"
