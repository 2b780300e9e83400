"""The catalogue and what people track, in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from tracker.models import Season, TrackedShow, TVShow, Watch


class SeasonInline(admin.TabularInline):
    model = Season
    extra = 0
    fields = ("season_number", "name")
    show_change_link = False


@admin.register(TVShow)
class TVShowAdmin(admin.ModelAdmin):
    list_display = (
        "title",
        "first_air_date",
        "network",
        "production_status",
        "source",
        "refreshed_at",
    )
    list_filter = ("source", "production_status", "plex_synced")
    search_fields = ("title", "original_title", "=tmdb_id", "=tvdb_id", "=imdb_id")
    show_full_result_count = False
    readonly_fields = ("plex_synced", "plex_last_sync", "refreshed_at", "created_at", "updated_at")
    inlines = (SeasonInline,)


@admin.register(TrackedShow)
class TrackedShowAdmin(admin.ModelAdmin):
    list_display = ("show", "user", "status", "rating", "updated_at")
    list_filter = ("status",)
    list_select_related = ("show", "user")
    search_fields = ("show__title", "user__username")
    autocomplete_fields = ("show", "user")
    show_full_result_count = False


@admin.register(Watch)
class WatchAdmin(admin.ModelAdmin):
    """Read-only: the pages mark and unmark, and keep statuses and tombstones right."""

    list_display = ("watched_at", "user", "show", "episode", "play", "source", "removed_at")
    list_filter = ("source",)
    list_select_related = ("user", "episode__season__show")
    search_fields = ("episode__season__show__title", "user__username")
    ordering = ("-watched_at", "-pk")
    show_full_result_count = False

    @admin.display(description="Show")
    def show(self, watch: Watch) -> str:
        return watch.episode.season.show.title

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
