"""The catalogue and what people track, in Django's admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import JSONField
from django.http import HttpRequest

from tracker.bounded_pages import BoundedPaginator
from tracker.encryption import DecryptionError, reveal, seal
from tracker.library import index_titles
from tracker.model_admins import GivenRowsAdmin, ReadOnlyAdmin
from tracker.models import Episode, Profile, Season, SiteSettings, TrackedShow, TVShow, Watch


class SeasonInline(admin.TabularInline):
    model = Season
    extra = 0
    fields = ("season_number", "name")
    show_change_link = True


class EpisodeInline(admin.TabularInline):
    model = Episode
    extra = 0
    fields = ("episode_number", "name", "air_date", "runtime", "tmdb_id")


@admin.register(Season)
class SeasonAdmin(admin.ModelAdmin):
    """Reached from its show."""

    inlines = (EpisodeInline,)
    autocomplete_fields = ("show",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


class TextsField(forms.JSONField):
    """A list of texts as JSON; emptied, it is an empty list."""

    def clean(self, value: Any) -> list[str]:
        texts = super().clean(value)
        if texts is None:
            return []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise forms.ValidationError('Enter a list of texts, as in ["One", "Two"].')
        return texts


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
    formfield_overrides = {JSONField: {"form_class": TextsField}}
    inlines = (SeasonInline,)

    def save_model(self, request: HttpRequest, obj: TVShow, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        index_titles(obj)


@admin.register(TrackedShow)
class TrackedShowAdmin(admin.ModelAdmin):
    list_display = ("show", "user", "status", "rating", "updated_at")
    list_filter = ("status",)
    list_select_related = ("show", "user")
    search_fields = ("show__title", "user__username")
    autocomplete_fields = ("show", "user")
    show_full_result_count = False


@admin.register(Watch)
class WatchAdmin(ReadOnlyAdmin):
    """The pages mark and unmark, and keep statuses and tombstones right."""

    list_display = ("watched_at", "user", "show", "episode", "play", "source", "removed_at")
    list_filter = ("source",)
    list_select_related = ("user", "episode__season__show")
    search_fields = ("episode__season__show__title", "user__username")
    # The latest recorded first: no index leads through everybody's watches by their time.
    ordering = ("-pk",)
    paginator = BoundedPaginator

    @admin.display(description="Show")
    def show(self, watch: Watch) -> str:
        return watch.episode.season.show.title


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    """The calendar address is a secret of the person: not even its hash is here."""

    list_display = ("user", "time_zone", "theme")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    fields = ("user", "time_zone", "theme")


class SiteSettingsForm(forms.ModelForm):
    new_tmdb_api_key = forms.CharField(
        label="New TMDB key",
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Leave it empty to keep the one that is set. It is never shown again.",
    )

    class Meta:
        model = SiteSettings
        fields = ("language",)

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        if key := self.cleaned_data["new_tmdb_api_key"].strip():
            seal(self.instance, "tmdb_api_key", key)
        return super().save(commit=commit)


@admin.register(SiteSettings)
class SiteSettingsAdmin(GivenRowsAdmin):
    """One row; its secret is written here and never read."""

    form = SiteSettingsForm
    fields = ("tmdb_api_key_state", "new_tmdb_api_key", "language")
    readonly_fields = ("tmdb_api_key_state",)

    @admin.display(description="TMDB key")
    def tmdb_api_key_state(self, site: SiteSettings) -> str:
        try:
            return "set" if reveal(site, "tmdb_api_key") else "not set"
        except DecryptionError as error:
            return f"unreadable: {error}"
