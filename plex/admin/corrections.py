"""Corrections by hand: looked at and undone. Made on the pages of the Plex shows and the plays."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from plex.models import PlexCorrection
from plex.resolution import ResolutionError, undo_correction
from tracker.model_admins import ReadOnlyAdmin, staff


@admin.register(PlexCorrection)
class PlexCorrectionAdmin(ReadOnlyAdmin):
    list_display = ("summary", "title", "mapping", "by", "plays", "created_at", "undone_at")
    list_filter = ("kind", "created_at")
    list_select_related = ("mapping", "by")
    search_fields = ("summary", "mapping__plex_title")
    ordering = ("-pk",)
    exclude = ("kept",)
    actions = ("undo",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlexCorrection]:
        return super().get_queryset(request).defer("kept")

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("plex.change_plexcorrection")

    @admin.action(description="Undo", permissions=["undo"])
    def undo(self, request: HttpRequest, queryset: QuerySet[PlexCorrection]) -> None:
        """The latest first: an earlier one of the same Plex show can't be undone before it."""
        for correction in queryset.order_by("-pk"):
            try:
                undo_correction(correction, user=staff(request))
            except ResolutionError as error:
                self.message_user(request, f"“{correction}”: {error}", messages.ERROR)
            else:
                self.message_user(request, f"Undone: {correction}.", messages.SUCCESS)
                self.log_change(request, correction, "Undone")
