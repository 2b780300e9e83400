"""The database views, the answers of TMDB, imports, jobs and alarms: to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plex.models import (
    Alarm,
    Job,
    PlexImport,
    PlexSyncStats,
    PlexUnmappedShow,
    PlexWebhookActivity,
    TmdbLookup,
)
from plex.story import as_json
from tracker.bounded_pages import BoundedPaginator, WholeChangeList, WholeListPaginator
from tracker.model_admins import ReadOnlyAdmin


@admin.register(PlexSyncStats)
class PlexSyncStatsAdmin(ReadOnlyAdmin):
    list_display = (
        "user_id",
        "total_shows",
        "mapped_shows",
        "confirmed_shows",
        "open_conflicts",
        "total_events",
        "successful_events",
        "failed_events",
        "held_events",
        "last_event_at",
    )
    ordering = ("user_id",)
    # Their events are counted for each person that is shown.
    list_per_page = 10


@admin.register(PlexWebhookActivity)
class PlexWebhookActivityAdmin(ReadOnlyAdmin):
    list_display = ("day", "event_type", "status", "event_count", "avg_duration_ms")
    ordering = ("-day", "event_type", "status")
    list_per_page = 200
    paginator = WholeListPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[WholeChangeList]:
        return WholeChangeList


@admin.register(PlexUnmappedShow)
class PlexUnmappedShowAdmin(ReadOnlyAdmin):
    list_display = (
        "plex_title",
        "plex_year",
        "event_count",
        "held_count",
        "last_event_at",
        "mapping",
    )
    ordering = ("-last_event_at", "mapping_id")
    search_fields = ("plex_title",)

    @admin.display(description="")
    def mapping(self, row: PlexUnmappedShow) -> SafeString:
        address = reverse("admin:plex_plexshowmapping_change", args=[row.mapping_id])
        return format_html('<a href="{}">Choose a show</a>', address)


@admin.register(TmdbLookup)
class TmdbLookupAdmin(ReadOnlyAdmin):
    list_display = ("key", "fetched_at", "has_answer")
    ordering = ("-fetched_at",)
    search_fields = ("key",)
    paginator = BoundedPaginator
    fields = ("key", "fetched_at", "pretty")

    @admin.display(description="Found something", boolean=True)
    def has_answer(self, lookup: TmdbLookup) -> bool:
        return bool(lookup.answer)

    @admin.display(description="Answer")
    def pretty(self, lookup: TmdbLookup) -> SafeString:
        return format_html('<pre tabindex="0">{}</pre>', as_json(lookup.answer))


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("name", "last_run_at", "lease_until", "last_error")
    ordering = ("name",)


@admin.register(PlexImport)
class PlexImportAdmin(ReadOnlyAdmin):
    list_display = (
        "config",
        "kind",
        "state",
        "done",
        "total",
        "created_at",
        "finished_at",
        "error",
    )
    list_select_related = ("config",)
    ordering = ("-pk",)


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "is_on", "raised_at", "sentence")
    ordering = ("pk",)
