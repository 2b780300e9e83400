"""Shows, seasons and episodes as TMDB numbers them; shared by everybody."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TVShowQuerySet(models.QuerySet["TVShow"]):
    def tracked_by(self, user: User) -> TVShowQuerySet:
        return self.filter(tracked__user=user)

    def from_plex_alone(self) -> TVShowQuerySet:
        return self.filter(source=TVShow.Source.PLEX, refreshed_at=None)


class TVShow(models.Model):
    class Source(models.TextChoices):
        MANUAL = "manual", "By hand"
        PLEX = "plex", "Plex"
        IMPORT = "import", "Import"

    # TMDB's words for a show that gets no further episodes.
    ENDED = ("Ended", "Canceled")

    tmdb_id = models.PositiveIntegerField("TMDB id", unique=True, null=True, blank=True)
    tvdb_id = models.PositiveIntegerField("TVDB id", null=True, blank=True, db_index=True)
    imdb_id = models.CharField("IMDb id", max_length=16, blank=True, db_index=True)
    title = models.CharField(max_length=500)
    original_title = models.CharField(max_length=500, blank=True)
    alternative_titles = models.JSONField(default=list, blank=True, help_text="A list of texts.")
    overview = models.TextField(blank=True)
    network = models.CharField(max_length=200, blank=True)
    origin_countries = models.JSONField(default=list, blank=True, help_text="ISO 3166-1 codes.")
    creators = models.JSONField(default=list, blank=True)
    genres = models.JSONField(default=list, blank=True)
    first_air_date = models.DateField(null=True, blank=True)
    last_air_date = models.DateField(null=True, blank=True)
    production_status = models.CharField(
        max_length=40, blank=True, help_text="TMDB's word: Returning Series, Ended, Canceled, …"
    )
    poster_path = models.CharField(max_length=120, blank=True)
    backdrop_path = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=10, choices=Source, default=Source.MANUAL)
    plex_synced = models.BooleanField("seen on Plex", default=False)
    plex_last_sync = models.DateTimeField("last play from Plex", null=True, blank=True)
    refreshed_at = models.DateTimeField("last read from TMDB", null=True, blank=True, db_index=True)
    orders_read_at = models.DateTimeField(
        "other orders last read from TMDB",
        null=True,
        blank=True,
        help_text="Empty where nobody needed them yet.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TVShowQuerySet.as_manager()

    class Meta:
        db_table = "tvshows"
        verbose_name = "TV show"
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title

    def get_absolute_url(self) -> str:
        return reverse("tracker:show-detail", args=[self.pk])

    @property
    def year(self) -> int | None:
        """The year of the show's first episode."""
        return self.first_air_date.year if self.first_air_date else None

    @property
    def has_ended(self) -> bool:
        return self.production_status in self.ENDED

    @property
    def is_from_plex_alone(self) -> bool:
        """Whether a Plex server is all that is known of it, so that each of its episodes lies there."""
        return self.refreshed_at is None and self.source == self.Source.PLEX


class ShowTitle(models.Model):
    """Every title that a show goes by, with the key under which titles are compared.

    Kept by `tracker.library.index_titles`; `key` is `tracker.titles.title_key(title)`. On PostgreSQL
    a migration adds a trigram index on `key`.
    """

    class Kind(models.TextChoices):
        TITLE = "title", "Title"
        ORIGINAL = "original", "Original title"
        ALTERNATIVE = "alternative", "Alternative title"

    show = models.ForeignKey(TVShow, models.CASCADE, related_name="titles")
    title = models.CharField(max_length=500)
    key = models.CharField(max_length=500, db_index=True)
    kind = models.CharField(max_length=12, choices=Kind)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["show", "key"], name="showtitle_once_per_show"),
        ]

    def __str__(self) -> str:
        return self.title


class Season(models.Model):
    show = models.ForeignKey(TVShow, models.CASCADE, related_name="seasons")
    season_number = models.PositiveIntegerField(help_text="0 holds the specials.")
    name = models.CharField(max_length=300, blank=True)
    poster_path = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["season_number"]
        constraints = [
            models.UniqueConstraint(fields=["show", "season_number"], name="season_once_per_show"),
        ]

    def __str__(self) -> str:
        return self.name or ("Specials" if self.is_specials else f"Season {self.season_number}")

    @property
    def is_specials(self) -> bool:
        return self.season_number == 0


class EpisodeQuerySet(models.QuerySet["Episode"]):
    def regular(self) -> EpisodeQuerySet:
        """Without the specials, which count for no progress."""
        return self.filter(season__season_number__gt=0)

    def aired(self, today: date) -> EpisodeQuerySet:
        at_hand = models.Q(air_date=None, season__show__in=TVShow.objects.from_plex_alone())
        return self.filter(models.Q(air_date__lte=today) | at_hand)

    def in_order(self) -> EpisodeQuerySet:
        return self.order_by("season__season_number", "episode_number")


class Episode(models.Model):
    season = models.ForeignKey(Season, models.CASCADE, related_name="episodes")
    episode_number = models.PositiveIntegerField()
    name = models.CharField(max_length=500, blank=True)
    overview = models.TextField(blank=True)
    air_date = models.DateField(null=True, blank=True, db_index=True)
    runtime = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes.")
    tmdb_id = models.PositiveIntegerField(
        "TMDB id of the episode", unique=True, null=True, blank=True
    )
    still_path = models.CharField(max_length=120, blank=True)

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        ordering = ["season", "episode_number"]
        constraints = [
            models.UniqueConstraint(
                fields=["season", "episode_number"], name="episode_once_per_season"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()

    @property
    def code(self) -> str:
        """ "S02E04"; touches the season, so select it."""
        return f"S{self.season.season_number:02}E{self.episode_number:02}"

    def has_aired(self, today: date) -> bool:
        """Touches season and show of an episode without a date, so select them."""
        if self.air_date is None:
            return self.season.show.is_from_plex_alone
        return self.air_date <= today
