"""Conflicts: the list, the page with the candidates, and the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.timesince import timesince

from plex.cards import ConflictCard, candidates_of, card_of, clear_best, with_card_data
from plex.forms import ResolveForm, first_error
from plex.models import PlexConflict
from plex.resolution import ResolutionError, Resolved
from plex.views.conflicts import answer
from tracker.model_admins import GivenRowsAdmin, staff
from tracker.tmdb import TmdbError


class StateFilter(admin.SimpleListFilter):
    """Open conflicts, unless somebody asks for others."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("resolved", "Resolved"), ("all", "All")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PlexConflict]
    ) -> QuerySet[PlexConflict]:
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved=self.value() == "resolved")

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": "Open",
        }
        choices = super().choices(changelist)
        next(choices)
        yield from choices


@admin.register(PlexConflict)
class PlexConflictAdmin(GivenRowsAdmin):
    list_display = ("heading", "conflict_type", "held_plays", "best_candidate", "age", "outcome")
    list_filter = (StateFilter, "conflict_type")
    list_select_related = ("mapping__tvshow", "resolved_tvshow")
    search_fields = ("plex_title",)
    search_help_text = "Title on Plex"
    ordering = ("-pk",)
    actions = ("accept_best", "ignore")
    change_form_template = "admin/plex/plexconflict/change_form.html"
    fields = (
        "plex_title",
        "plex_year",
        "conflict_type",
        "reason",
        "plex_guid",
        "plex_rating_key",
        "mapping",
        "created_at",
        "resolved_tvshow",
        "resolved_at",
    )
    readonly_fields = fields

    class Media:
        css = {"all": ("css/components.css", "css/plex.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlexConflict]:
        return PlexConflict.objects.with_held_count()

    @admin.display(description="Plex show", ordering="plex_title")
    def heading(self, conflict: PlexConflict) -> str:
        title = conflict.plex_title or "Without a title"
        if conflict.conflict_type != PlexConflict.Type.EPISODE:
            return title
        numbers = (conflict.plex_season, conflict.plex_episode)
        season, episode = ("?" if number is None else str(number) for number in numbers)
        return f"{title}, season {season}, episode {episode}"

    @admin.display(description="Held plays", ordering="held_count")
    def held_plays(self, conflict: PlexConflict) -> int:
        return getattr(conflict, "held_count", 0)

    @admin.display(description="Best candidate")
    def best_candidate(self, conflict: PlexConflict) -> str:
        candidates = candidates_of(conflict)
        if not candidates:
            return "None"
        best = candidates[0]
        year = f" ({best.year})" if best.year else ""
        score = "" if best.percent is None else f", {best.percent} %"
        return f"{best.title}{year}{score}"

    @admin.display(description="Age", ordering="-created_at")
    def age(self, conflict: PlexConflict) -> str:
        return timesince(conflict.created_at, depth=1)

    @admin.display(description="Outcome", ordering="resolution_action")
    def outcome(self, conflict: PlexConflict) -> str:
        if not conflict.resolved:
            return "Open"
        answer_given = str(conflict.get_resolution_action_display())
        return (
            f"{answer_given}: {conflict.resolved_tvshow}"
            if conflict.resolved_tvshow
            else answer_given
        )

    def get_urls(self) -> list[URLPattern]:
        resolve = self.admin_site.admin_view(self.resolve_view)
        mine = [path("<int:pk>/resolve/", resolve, name="plex_plexconflict_resolve")]
        return [*mine, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        card = self.card(request, object_id)
        heading = None if card is None else str(card.conflict)
        context = {"card": card, "title": heading, "subtitle": None, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def card(self, request: HttpRequest, object_id: str) -> ConflictCard | None:
        if not object_id.isdecimal() or not request.user.is_authenticated:
            return None
        rows = with_card_data(PlexConflict.objects.all(), user=request.user)
        conflict = rows.filter(pk=int(object_id)).first()
        if conflict is None:
            return None
        can_answer = self.has_change_permission(request, conflict)
        return card_of(
            conflict,
            resolve_url=reverse("admin:plex_plexconflict_resolve", args=[conflict.pk]),
            search_url=reverse("admin:plex_plexconflict_change", args=[conflict.pk]),
            query=request.GET.get("q", "") if can_answer else "",
            can_answer=can_answer,
        )

    def resolve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The card's buttons end here; then comes the next open conflict."""
        conflict = get_object_or_404(PlexConflict, pk=pk)
        if not self.has_change_permission(request, conflict):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not answer(request, conflict):
            return redirect("admin:plex_plexconflict_change", pk)
        self.log_change(request, conflict, "Answered.")
        following = PlexConflict.objects.open().order_by("-pk").first()
        if following is None:
            return redirect("admin:plex_plexconflict_changelist")
        return redirect("admin:plex_plexconflict_change", following.pk)

    @admin.action(description="Accept the best candidate", permissions=["change"])
    def accept_best(self, request: HttpRequest, queryset: QuerySet[PlexConflict]) -> None:
        answers: list[tuple[PlexConflict, dict[str, Any]]] = []
        unclear = []
        for conflict in queryset.filter(resolved=False).order_by("pk"):
            if best := clear_best(conflict):
                answers.append((conflict, {"action": best.action, best.field: best.value}))
            else:
                unclear.append(conflict)
        self.answer_all(request, answers)
        if unclear:
            names = ", ".join(f"“{conflict.plex_title}”" for conflict in unclear)
            text = f"{names}: no candidate is clearly the best, so nothing was decided. Open it to choose."
            self.message_user(request, text, messages.WARNING)

    @admin.action(description="Ignore these Plex shows", permissions=["change"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[PlexConflict]) -> None:
        conflicts = queryset.filter(resolved=False).order_by("pk")
        self.answer_all(request, [(conflict, {"action": "ignore"}) for conflict in conflicts])

    def answer_all(
        self, request: HttpRequest, answers: list[tuple[PlexConflict, dict[str, Any]]]
    ) -> None:
        """Give each conflict its answer, and say what came of all of them."""
        done: list[Resolved] = []
        for conflict, data in answers:
            try:
                done.append(self.give(request, conflict, data))
            except (ResolutionError, TmdbError) as error:
                self.message_user(request, f"“{conflict.plex_title}”: {error}", messages.ERROR)
        recorded = sum(resolved.recorded for resolved in done)
        conflicts = f"{len(done)} conflict{'' if len(done) == 1 else 's'}"
        plays = f"{recorded} play{'' if recorded == 1 else 's'}"
        level = messages.SUCCESS if done else messages.INFO
        self.message_user(request, f"{conflicts} answered, {plays} recorded.", level)

    def give(self, request: HttpRequest, conflict: PlexConflict, data: dict[str, Any]) -> Resolved:
        form = ResolveForm(data, conflict=conflict)
        if not form.is_valid():
            raise ResolutionError(first_error(form))
        resolved = form.save(user=staff(request))
        self.log_change(request, conflict, "Answered with others.")
        return resolved
