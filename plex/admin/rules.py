"""Everybody's rules: looked at, switched and deleted. Made on the person's own pages."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from plex.models import PlexRule
from plex.resolution.rules import delete_rule, switch_rule


@admin.register(PlexRule)
class PlexRuleAdmin(admin.ModelAdmin):
    list_display = ("pattern", "field", "verdict", "tvshow", "user", "enabled", "created_at")
    list_filter = ("field", "verdict", "enabled")
    list_select_related = ("tvshow", "user")
    search_fields = ("pattern", "tvshow__title", "user__username")
    actions = ("switch_on", "switch_off")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PlexRule | None = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def delete_model(self, request: HttpRequest, obj: PlexRule) -> None:
        delete_rule(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PlexRule]) -> None:
        for rule in queryset:
            delete_rule(rule)

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("plex.change_plexrule")

    @admin.action(description="Switch on", permissions=["switch"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[PlexRule]) -> None:
        for rule in queryset:
            switch_rule(rule, enabled=True)
            self.log_change(request, rule, "Switched on")

    @admin.action(description="Switch off", permissions=["switch"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[PlexRule]) -> None:
        for rule in queryset:
            switch_rule(rule, enabled=False)
            self.log_change(request, rule, "Switched off")
