"""Other orders of a show's episodes, as TMDB's "episode groups" hold them: DVD, absolute, …"""

from __future__ import annotations

from django.db import models

from tracker.models.catalogue import Episode, TVShow


class EpisodeOrder(models.Model):
    """One order of a show besides TMDB's own. One that TMDB no longer lists stays as it was."""

    class Kind(models.IntegerChoices):
        """TMDB's types of episode groups, by its numbers."""

        AIR_DATE = 1, "by original air date"
        ABSOLUTE = 2, "absolute"
        DVD = 3, "DVD"
        DIGITAL = 4, "digital release"
        STORY_ARC = 5, "story arcs"
        PRODUCTION = 6, "production"
        TV = 7, "TV"

    show = models.ForeignKey(TVShow, models.CASCADE, related_name="orders")
    tmdb_id = models.CharField("TMDB's id of the group", max_length=40)
    name = models.CharField(max_length=300)
    kind = models.PositiveSmallIntegerField(choices=Kind)

    class Meta:
        ordering = ["kind", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["show", "tmdb_id"], name="episodeorder_once_per_show"),
        ]

    def __str__(self) -> str:
        return self.name


class OrderedEpisode(models.Model):
    """The place that an order gives to an episode; an episode may have several."""

    order = models.ForeignKey(EpisodeOrder, models.CASCADE, related_name="episodes")
    season_number = models.PositiveIntegerField(help_text="0 holds the specials.")
    episode_number = models.PositiveIntegerField()
    episode = models.ForeignKey(Episode, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["season_number", "episode_number"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "season_number", "episode_number"],
                name="orderedepisode_once_per_place",
            ),
        ]

    def __str__(self) -> str:
        return f"S{self.season_number:02}E{self.episode_number:02} is episode {self.episode_id}"
