"""Connections and the accounts whose plays come through them. No secret is shown or edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from plex import connection
from plex.models import PlexAccount, PlexConfig
from plex.resolution import ResolutionError, assign_account, replay_account
from tracker.model_admins import GivenRowsAdmin, staff

TOKEN_WORDS = {
    "set": "Set",
    "not_set": "Not set",
    "unreadable": "Unreadable: put the old ENCRYPTION_KEY back, or let its owner enter the token again",
}


SETTINGS = ("plex_server_url", *connection.SWITCHES)
READ_ONLY = (
    "token",
    "secret",
    "account",
    "plex_server_name",
    "plex_server_uuid",
    "has_plex_pass",
    "sync_started_date",
    "scan_started_at",
    "last_webhook_received",
    "refused_rate_count",
    "refused_size_count",
)


@admin.register(PlexConfig)
class PlexConfigAdmin(GivenRowsAdmin):
    list_display = ("user", "enabled", "token", "plex_server_name", "last_webhook_received")
    list_filter = ("enabled",)
    list_select_related = ("user",)
    fields = ("user", *SETTINGS, *READ_ONLY)
    readonly_fields = ("user", *READ_ONLY)

    @admin.display(description="Plex token")
    def token(self, config: PlexConfig) -> str:
        return TOKEN_WORDS[connection.token_state(config)]

    @admin.display(description="Webhook secret")
    def secret(self, config: PlexConfig) -> str:
        return "Set" if config.webhook_secret else "Not set"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        changed = {name: form.cleaned_data[name] for name in SETTINGS if name in form.changed_data}
        connection.save_settings(obj, **changed)


@admin.register(PlexAccount)
class PlexAccountAdmin(GivenRowsAdmin):
    list_display = (
        "account_title",
        "server_title",
        "whose",
        "never",
        "ignored_count",
        "last_seen_at",
    )
    list_filter = ("never",)
    search_fields = ("account_title", "server_title")
    ordering = ("-last_seen_at", "-pk")
    autocomplete_fields = ("users",)
    actions = ("record_held",)
    fields = (
        "users",
        "never",
        "account_title",
        "account_id",
        "server_title",
        "server_uuid",
        "seen_by",
        "ignored_count",
        "last_seen_at",
    )
    readonly_fields = fields[2:]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlexAccount]:
        return super().get_queryset(request).prefetch_related("users")

    @admin.display(description="Whose plays")
    def whose(self, account: PlexAccount) -> str:
        names = ", ".join(user.get_username() for user in account.users.all())
        return names or ("Nobody's" if account.never else "Not said yet")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Nothing yet: `save_related` hands the whole decision over."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        account = PlexAccount.objects.get(pk=form.instance.pk)
        data = form.cleaned_data
        try:
            count = assign_account(
                account, by=staff(request), users=list(data["users"]), never=data["never"]
            )
        except ResolutionError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        if count:
            plays = "1 held play waits" if count == 1 else f"{count} held plays wait"
            text = f"{plays}: record with the action “Record the held plays”."
            self.message_user(request, text, messages.INFO)

    @admin.action(description="Record the held plays", permissions=["change"])
    def record_held(self, request: HttpRequest, queryset: QuerySet[PlexAccount]) -> None:
        for account in queryset:
            resolved = replay_account(account)
            self.log_change(request, account, "Held plays recorded")
            text = f"{account}: {resolved.recorded} held plays recorded."
            self.message_user(request, text, messages.SUCCESS)
