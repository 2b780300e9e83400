"""What a person corrected, kept for a while so that it can be undone."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from plex.models.mappings import PlexShowMapping
from tracker.models import TVShow


class PlexCorrection(models.Model):
    """One correction of a Plex show or of one of its episodes."""

    class Kind(models.TextChoices):
        SHOW = "show", "Wrong show"
        EPISODE = "episode", "Wrong episode"

    mapping = models.ForeignKey(PlexShowMapping, models.CASCADE, related_name="corrections")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    summary = models.CharField(max_length=500, help_text="What was said, for people.")
    from_show = models.ForeignKey(
        TVShow, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="from"
    )
    to_show = models.ForeignKey(
        TVShow, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="to"
    )
    plays = models.PositiveIntegerField(default=0)
    kept = models.JSONField(
        default=dict,
        encoder=DjangoJSONEncoder,
        help_text="Rows as they were: see plex.resolution.undoing.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "plex_corrections"
        verbose_name = "Plex correction"

    def __str__(self) -> str:
        return self.summary

    @property
    def title(self) -> str:
        """What was corrected; plays that move by the chosen order stay in their show."""
        is_order = self.kind == self.Kind.SHOW and self.from_show_id == self.to_show_id
        return "Another order" if is_order else self.Kind(self.kind).label
