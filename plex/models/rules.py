"""What a person said in advance: this title, guid or library is always, or never, that show."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from plex.rules import ruling
from tracker.models import TVShow


class PlexRuleQuerySet(models.QuerySet["PlexRule"]):
    def in_force(self) -> PlexRuleQuerySet:
        return self.filter(enabled=True)


class PlexRule(models.Model):
    """A rule of one person, tried before any other evidence. See plex.rules.ruling for which one decides.

    `always` and `never` steer what comes through this person's webhook; `ignore` keeps plays from
    counting for this person, through whichever webhook they come.
    """

    class Field(models.TextChoices):
        TITLE = ruling.TITLE, "Title"
        GUID = ruling.GUID, "Guid"
        LIBRARY = ruling.LIBRARY, "Library"

    class Verdict(models.TextChoices):
        ALWAYS = ruling.ALWAYS, "is always"
        NEVER = ruling.NEVER, "is never"
        IGNORE = ruling.IGNORE, "is ignored"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="plex_rules")
    field = models.CharField("rule for", max_length=8, choices=Field, default=Field.TITLE)
    pattern = models.CharField(
        max_length=500,
        help_text="A title or guid may hold * for anything.",
    )
    server_uuid = models.CharField(
        "server id", max_length=255, blank=True, help_text="Of a library: only on this server."
    )
    verdict = models.CharField(max_length=8, choices=Verdict, default=Verdict.ALWAYS)
    tvshow = models.ForeignKey(
        TVShow,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="plex_rules",
        verbose_name="show",
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PlexRuleQuerySet.as_manager()

    class Meta:
        db_table = "plex_rules"
        verbose_name = "Plex rule"
        ordering = ["field", "pattern", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict=ruling.IGNORE, tvshow=None)
                | Q(verdict__in=[ruling.ALWAYS, ruling.NEVER], tvshow__isnull=False),
                name="plexrule_show_unless_ignored",
            ),
            # Two that decide about the same thing would contradict each other.
            models.UniqueConstraint(
                fields=["user", "field", "pattern", "server_uuid"],
                condition=Q(verdict__in=[ruling.ALWAYS, ruling.IGNORE]),
                name="plexrule_decides_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()} {self.sentence}"

    @property
    def sentence(self) -> str:
        """ "“Bluey” is always Bluey (2018)" """
        said = f"“{self.pattern}” {self.get_verdict_display()}"
        return f"{said} {self.tvshow}" if self.tvshow_id else said

    def as_rule(self) -> ruling.Rule:
        """The rule as the decision reads it; one that is not stored yet counts as the newest."""
        return ruling.Rule(
            id=self.pk or 2**63,
            user_id=self.user_id,
            field=self.field,
            pattern=self.pattern,
            verdict=self.verdict,
            tvshow_id=self.tvshow_id,
            tmdb_id=self.tvshow.tmdb_id if self.tvshow else None,
            sentence=str(self),
            server_uuid=self.server_uuid,
        )
