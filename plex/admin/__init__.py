"""The Plex integration in Django's admin."""

from __future__ import annotations

from plex.admin.conflicts import PlexConflictAdmin
from plex.admin.connections import PlexAccountAdmin, PlexConfigAdmin
from plex.admin.logs import PlexWebhookLogAdmin
from plex.admin.mappings import PlexShowMappingAdmin
from plex.admin.reports import (
    JobAdmin,
    PlexSyncStatsAdmin,
    PlexUnmappedShowAdmin,
    PlexWebhookActivityAdmin,
    TmdbLookupAdmin,
)

__all__ = [
    "JobAdmin",
    "PlexAccountAdmin",
    "PlexConfigAdmin",
    "PlexConflictAdmin",
    "PlexShowMappingAdmin",
    "PlexSyncStatsAdmin",
    "PlexUnmappedShowAdmin",
    "PlexWebhookActivityAdmin",
    "PlexWebhookLogAdmin",
    "TmdbLookupAdmin",
]
