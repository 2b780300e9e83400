"""Plex shows and the shows that they are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import flatten
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from plex.models import PlexShowMapping
from plex.resolution import ResolutionError, confirm_mapping, resume_sync, stop_sync
from plex.views.mappings import choose_show
from tracker.model_admins import GivenRowsAdmin, staff
from tracker.models import TVShow

# A tuple within is one line of the page.
KNOWN: tuple[str | tuple[str, ...], ...] = (
    ("plex_title", "plex_year"),
    ("match_method", "match_confidence", "manually_confirmed"),
    "why",
    "needs_review",
    ("episode_order", "proposed_order"),
    "sync_enabled",
    ("tmdb_id", "tvdb_id", "imdb_id"),
    "identity",
    "plex_guid",
    ("plex_rating_key", "server_uuid"),
    "ignored_by",
)


class MappedFilter(admin.SimpleListFilter):
    title = "mapped"
    parameter_name = "mapped"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "Not yet"), ("review", "To be looked at")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PlexShowMapping]
    ) -> QuerySet[PlexShowMapping]:
        if self.value() == "review":
            return queryset.exclude(needs_review="")
        return (
            queryset
            if self.value() is None
            else queryset.filter(tvshow__isnull=self.value() == "no")
        )


class MappingForm(forms.ModelForm):
    def clean_tvshow(self) -> TVShow:
        show: TVShow | None = self.cleaned_data["tvshow"]
        if show is None:
            raise forms.ValidationError(
                "Choose a show. To end the sync, use the action “Stop syncing”."
            )
        return show


@admin.register(PlexShowMapping)
class PlexShowMappingAdmin(GivenRowsAdmin):
    """Saving with another show is "this was the wrong show": the plays move with it."""

    form = MappingForm
    list_display = (
        "plex_title",
        "plex_year",
        "tvshow",
        "match_confidence",
        "match_method",
        "manually_confirmed",
        "sync_enabled",
        "needs_review",
    )
    list_filter = (MappedFilter, "manually_confirmed", "sync_enabled", "match_method")
    list_select_related = ("tvshow",)
    search_fields = ("plex_title", "plex_guid", "tvshow__title")
    autocomplete_fields = ("tvshow",)
    ordering = ("plex_title", "pk")
    actions = ("confirm", "stop_syncing", "sync_again")
    fieldsets = (
        (
            None,
            {
                "fields": ("tvshow",),
                "description": "If this was the wrong show, choose the right one and save: the plays "
                "that came through it move there, and later ones follow.",
            },
        ),
        ("What is known", {"fields": KNOWN}),
    )
    readonly_fields = flatten(KNOWN)

    @admin.display(description="Why this show")
    def why(self, mapping: PlexShowMapping) -> str:
        return " ".join(str(sentence) for sentence in mapping.evidence)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **kwargs: Any,
    ) -> Any:
        """Shows are chosen here; their own pages add, edit and delete them."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        if show := form.base_fields.get("tvshow"):
            widget = show.widget
            widget.can_add_related = widget.can_change_related = widget.can_delete_related = False
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """The decision goes the way that it goes from every other page; nothing is saved here."""
        show = obj.tvshow
        stored = PlexShowMapping.objects.select_related("tvshow").get(pk=obj.pk)
        try:
            resolved = choose_show(stored, user=staff(request), show=show)
        except ResolutionError as error:
            self.message_user(request, str(error), messages.ERROR)
            obj.is_decided = False
        else:
            self.message_user(request, resolved.sentence, messages.SUCCESS)
            obj.is_decided = True

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        if getattr(obj, "is_decided", True):
            return super().log_change(request, obj, message)
        return LogEntry()

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        # The message has been given already, and "changed successfully" may not be true.
        return redirect("admin:plex_plexshowmapping_change", obj.pk)

    @admin.action(description="Confirm the show", permissions=["change"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[PlexShowMapping]) -> None:
        mapped = queryset.exclude(tvshow=None).select_related("tvshow")
        unmapped = queryset.filter(tvshow=None).count()
        self.each(
            request,
            mapped,
            lambda mapping: confirm_mapping(mapping, show=mapping.tvshow),
            said="confirmed",
        )
        if unmapped:
            text = f"{shows(unmapped)} not mapped yet: open it to choose a show."
            self.message_user(request, text, messages.WARNING)

    @admin.action(description="Stop syncing", permissions=["change"])
    def stop_syncing(self, request: HttpRequest, queryset: QuerySet[PlexShowMapping]) -> None:
        self.each(
            request,
            queryset,
            stop_sync,
            said="no longer synced",
        )

    @admin.action(description="Sync again", permissions=["change"])
    def sync_again(self, request: HttpRequest, queryset: QuerySet[PlexShowMapping]) -> None:
        self.each(
            request,
            queryset,
            resume_sync,
            said="synced again",
        )

    def each(
        self, request: HttpRequest, mappings: QuerySet[PlexShowMapping], act: Any, *, said: str
    ) -> None:
        count = 0
        for mapping in mappings:
            try:
                act(mapping)
            except ResolutionError as error:
                self.message_user(request, f"“{mapping}”: {error}", messages.ERROR)
            else:
                count += 1
                self.log_change(request, mapping, said.capitalize())
        if count:
            self.message_user(request, f"{shows(count)} {said}.", messages.SUCCESS)


def shows(count: int) -> str:
    return "1 Plex show is" if count == 1 else f"{count} Plex shows are"
