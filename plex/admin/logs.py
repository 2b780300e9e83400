"""The events that arrived, with their traces."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plex.admin.mappings import staff
from plex.admin.read_only import BoundedPaginator, ReadOnlyAdmin
from plex.inbox import reprocess
from plex.models import PlexWebhookLog
from plex.story import as_json
from plex.templatetags.plex_events import event_name, outcome

PROCESS_PERMISSION = "plex.change_plexwebhooklog"


@admin.register(PlexWebhookLog)
class PlexWebhookLogAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "event",
        "plex_title",
        "code",
        "status",
        "outcome",
        "account",
    )
    list_filter = ("status", "source", "action_taken")
    # Not the connection, which every event has: SQLite would start from it, and sort all its events.
    list_select_related = ("account",)
    # Through the few Plex shows: the log itself has no index on titles.
    search_fields = ("mapping__plex_title",)
    search_help_text = "Title on Plex"
    ordering = ("-pk",)
    paginator = BoundedPaginator
    actions = ("process_again",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status", "outcome"),
                    "error_message",
                    ("event_type", "source"),
                    ("created_at", "viewed_at", "processed_at"),
                    ("plex_title", "code"),
                    ("account", "config"),
                    ("tvshow", "mapping", "conflict"),
                    ("attempts", "next_attempt_at", "processing_duration_ms"),
                    ("item_key", "server_uuid"),
                )
            },
        ),
        ("What happened", {"fields": ("story",)}),
        ("What Plex sent", {"fields": ("sent",)}),
    )
    readonly_fields = ("outcome", "code", "story", "sent")

    class Media:
        css = {"all": ("css/components.css", "css/plex.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlexWebhookLog]:
        rows = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "plex_plexwebhooklog_changelist":
            return rows.defer("payload", "raw_body", "trace")
        return rows

    def has_process_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PROCESS_PERMISSION)

    @admin.display(description="Event", ordering="event_type")
    def event(self, log: PlexWebhookLog) -> str:
        return event_name(log.event_type)

    @admin.display(description="Episode")
    def code(self, log: PlexWebhookLog) -> str:
        return log.episode_code

    @admin.display(description="Outcome")
    def outcome(self, log: PlexWebhookLog) -> str:
        return outcome(log)

    @admin.display(description="Steps")
    def story(self, log: PlexWebhookLog) -> str:
        return render_to_string("plex/_trace.html", {"event": log})

    @admin.display(description="Payload")
    def sent(self, log: PlexWebhookLog) -> SafeString:
        text = as_json(log.payload) if log.payload is not None else log.raw_body
        return format_html('<pre class="data" tabindex="0">{}</pre>', text)

    @admin.action(description="Process again", permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[PlexWebhookLog]) -> None:
        readable = (
            queryset.filter(payload__isnull=False)
            .defer("payload", "raw_body", "trace")
            .order_by("pk")
        )
        count = 0
        for log in readable:
            reprocess(log, user=staff(request))
            count += 1
        unreadable = queryset.filter(payload__isnull=True).count()
        self.message_user(request, f"{events(count)} processed again.", messages.SUCCESS)
        if unreadable:
            text = f"{events(unreadable)} not readable, so there is nothing to process."
            self.message_user(request, text, messages.WARNING)


def events(count: int) -> str:
    return "1 event is" if count == 1 else f"{count} events are"
