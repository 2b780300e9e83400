"""The events that arrived, with their traces."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plex.inbox import reprocess
from plex.models import PlexWebhookLog, Status
from plex.models.webhook_log import PlexWebhookLogQuerySet
from plex.story import as_json
from plex.templatetags.plex_events import event_name, outcome
from tracker.bounded_pages import MOST_ROWS, BoundedPaginator
from tracker.model_admins import ReadOnlyAdmin, staff

# A filter without an index looks at so many of the newest events: reading a million takes seconds.
FILTERED_ROWS = 20_000
FILTERS = ("status__exact", "source__exact", "action_taken__exact")
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
    search_help_text = (
        f"Title on Plex. Filters look at the newest {FILTERED_ROWS:,} events; "
        "failed and held ones are found wherever they are."
    )
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
        rows = PlexWebhookLog.objects.all()
        match = request.resolver_match
        if match and match.url_name == "plex_plexwebhooklog_changelist":
            return narrowed(rows.without_bodies(), request)
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
        count = 0
        for log in queryset.filter(payload__isnull=False).order_by("pk"):
            reprocess(log, user=staff(request))
            self.log_change(request, log, "Processed again")
            count += 1
        unreadable = queryset.filter(payload__isnull=True).count()
        self.message_user(request, f"{events(count)} processed again.", messages.SUCCESS)
        if unreadable:
            text = f"{events(unreadable)} not readable, so there is nothing to process."
            self.message_user(request, text, messages.WARNING)


def narrowed(rows: PlexWebhookLogQuerySet, request: HttpRequest) -> PlexWebhookLogQuerySet:
    """What the list's filters choose from."""
    status = request.GET.get("status__exact")
    if status in {Status.HELD, Status.FAILED}:
        found = PlexWebhookLog.objects.numbered().filter(status=status)
        newest = found.order_by(F("number").desc()).values("pk")[:MOST_ROWS]
        return rows.filter(pk__in=newest)
    if any(request.GET.get(name) for name in FILTERS):
        return rows.among_newest(FILTERED_ROWS)
    return rows


def events(count: int) -> str:
    return "1 event is" if count == 1 else f"{count} events are"
