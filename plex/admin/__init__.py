"""The Plex integration in Django's admin."""

from __future__ import annotations

from plex.admin.conflicts import PlexConflictAdmin
from plex.admin.connections import PlexAccountAdmin, PlexConfigAdmin
from plex.admin.corrections import PlexCorrectionAdmin
from plex.admin.logs import PlexWebhookLogAdmin
from plex.admin.mappings import PlexShowMappingAdmin
from plex.admin.reports import (
    AlarmAdmin,
    JobAdmin,
    PlexImportAdmin,
    PlexSyncStatsAdmin,
    PlexUnmappedShowAdmin,
    PlexWebhookActivityAdmin,
    TmdbLookupAdmin,
)
from plex.admin.rules import PlexRuleAdmin

__all__ = [
    "AlarmAdmin",
    "JobAdmin",
    "PlexAccountAdmin",
    "PlexConfigAdmin",
    "PlexConflictAdmin",
    "PlexCorrectionAdmin",
    "PlexImportAdmin",
    "PlexRuleAdmin",
    "PlexShowMappingAdmin",
    "PlexSyncStatsAdmin",
    "PlexUnmappedShowAdmin",
    "PlexWebhookActivityAdmin",
    "PlexWebhookLogAdmin",
    "TmdbLookupAdmin",
]
