"""What Plex sent, which shows it means, and what is still open."""

from __future__ import annotations

from plex.models.accounts import PlexAccount
from plex.models.alarms import Alarm
from plex.models.config import PlexConfig
from plex.models.conflicts import PlexConflict
from plex.models.corrections import PlexCorrection
from plex.models.imports import PlexImport
from plex.models.jobs import Job, TmdbLookup
from plex.models.mappings import PlexEpisodeMapping, PlexSeasonMapping, PlexShowMapping
from plex.models.reports import (
    PlexActivityDay,
    PlexSyncStats,
    PlexUnmappedShow,
    PlexWebhookActivity,
)
from plex.models.rules import PlexRule
from plex.models.viewings import PlexViewing
from plex.models.webhook_log import Action, PlexWebhookLog, Status

__all__ = [
    "Action",
    "Alarm",
    "Job",
    "PlexAccount",
    "PlexActivityDay",
    "PlexConfig",
    "PlexConflict",
    "PlexCorrection",
    "PlexEpisodeMapping",
    "PlexImport",
    "PlexRule",
    "PlexSeasonMapping",
    "PlexShowMapping",
    "PlexSyncStats",
    "PlexUnmappedShow",
    "PlexViewing",
    "PlexWebhookActivity",
    "PlexWebhookLog",
    "Status",
    "TmdbLookup",
]
