"""The questions that Plex events raised, and the answers to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from plex.cards import ConflictCard, card_of, clear_best, describing, with_card_data
from plex.forms import ResolveForm, first_error
from plex.models import PlexConfig, PlexConflict, PlexShowMapping
from plex.resolution import ResolutionError, Resolved
from tracker.tmdb import TmdbError
from tracker.views.answers import UserRequest, counted, number_in

PAGE_SIZE = 10
SETTLED_SHOWN_FOR = timedelta(days=7)
SETTLED_SHOWN = 10
# Each may add a show from TMDB, which takes moments.
TAKEN_TOGETHER = 20
LOOKED_THROUGH = 200


@login_required
def conflicts(request: UserRequest) -> HttpResponse:
    """The open ones, newest first."""
    found = PlexConflict.objects.open().visible_to(request.user)
    rows = with_card_data(found, user=request.user).order_by("-pk")
    if before := number_in(request.GET.get("before")):
        rows = rows.filter(pk__lt=before)
    page = list(rows[: PAGE_SIZE + 1])
    shown, plex = page[:PAGE_SIZE], describing(request.user)
    return render(
        request,
        "plex/conflicts.html",
        {
            "cards": [page_card(conflict, plex=plex) for conflict in shown],
            "older": shown[-1].pk if len(page) > PAGE_SIZE else None,
            "settled": settled_lately(request.user),
        },
    )


def settled_lately(user: User) -> QuerySet[PlexConflict]:
    """Questions about shows that needed no answer in the end, newest first."""
    return (
        PlexConflict.objects.about_shows()
        .filter(
            resolution_action=PlexConflict.Resolution.AUTO_RESOLVED,
            resolved_at__gt=timezone.now() - SETTLED_SHOWN_FOR,
            resolved_tvshow__isnull=False,
            mapping__in=PlexShowMapping.objects.visible_to(user),
        )
        .select_related("mapping", "resolved_tvshow")
        .order_by("-resolved_at")[:SETTLED_SHOWN]
    )


@login_required
def suggestions(request: UserRequest) -> HttpResponse:
    """The questions with a clear best suggestion: first all of them to look at, then taken together."""
    if request.method == "POST":
        take_suggestions(request)
        return redirect("plex:suggestions")
    found = PlexConflict.objects.open().about_shows().visible_to(request.user)
    rows = with_card_data(found, user=request.user).order_by("-pk")[:LOOKED_THROUGH]
    clear = [(row, best) for row in rows if (best := clear_best(row)) is not None]
    context = {"clear": clear[:TAKEN_TOGETHER], "more": len(clear) > TAKEN_TOGETHER}
    return render(request, "plex/suggestions.html", context)


def take_suggestions(request: UserRequest) -> None:
    """Answer each ticked question with the suggestion that was shown, and say what came of it."""
    done: list[Resolved] = []
    for ticked in request.POST.getlist("take")[:TAKEN_TOGETHER]:
        pk, _, shown = ticked.partition(":")
        questions = PlexConflict.objects.open().visible_to(request.user)
        conflict = questions.filter(pk=number_in(pk) or 0).first()
        if conflict is None:
            messages.info(request, "One of the questions was answered meanwhile.")
            continue
        try:
            done.append(take(conflict, shown, user=request.user))
        except (ResolutionError, TmdbError) as error:
            messages.error(request, f"“{conflict.plex_title}”: {error}")
    if done:
        messages.success(request, said_of(done))
    elif "take" not in request.POST:
        messages.info(request, "Nothing was ticked, so nothing was decided.")


def take(conflict: PlexConflict, shown: str, *, user: User) -> Resolved:
    best = clear_best(conflict)
    if best is None or shown != best.key or conflict.conflict_type == PlexConflict.Type.EPISODE:
        raise ResolutionError("the suggestion has changed meanwhile; look at it again.")
    form = ResolveForm({"action": best.action, best.field: best.value}, conflict=conflict)
    if not form.is_valid():
        raise ResolutionError(first_error(form))
    return form.save(user=user)


def said_of(done: Sequence[Resolved]) -> str:
    recorded = sum(resolved.recorded for resolved in done)
    return f"{counted(len(done), 'question')} answered, {counted(recorded, 'play')} recorded."


@login_required
def conflict_detail(request: UserRequest, pk: int) -> HttpResponse:
    plex = describing(request.user)
    card = page_card(find(request, pk), query=request.GET.get("q", ""), plex=plex)
    return render(request, "plex/conflict_detail.html", {"card": card})


@login_required
@require_POST
def resolve(request: UserRequest, pk: int) -> HttpResponse:
    conflict = get_object_or_404(PlexConflict.objects.visible_to(request.user), pk=pk)
    if not answer(request, conflict):
        card = page_card(find(request, pk), plex=describing(request.user))
        return render(request, "plex/conflict_detail.html", {"card": card}, status=422)
    following = next_open(request)
    if following is None:
        return redirect("plex:conflicts")
    return redirect(following)


def answer(request: HttpRequest, conflict: PlexConflict) -> bool:
    """Take the answer of a card's form, and tell the person what came of it. The admin uses it too."""
    assert request.user.is_authenticated  # noqa: S101 - both callers let nobody else in
    form = ResolveForm(request.POST, conflict=conflict)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return False
    try:
        resolved = form.save(user=request.user)
    except (ResolutionError, TmdbError) as error:
        messages.error(request, str(error))
        return False
    messages.success(request, resolved.sentence)
    return True


def next_open(request: UserRequest) -> PlexConflict | None:
    return PlexConflict.objects.open().visible_to(request.user).order_by("-pk").first()


def find(request: UserRequest, pk: int) -> PlexConflict:
    found = PlexConflict.objects.visible_to(request.user)
    return get_object_or_404(with_card_data(found, user=request.user), pk=pk)


def page_card(
    conflict: PlexConflict, *, query: str = "", plex: PlexConfig | None = None
) -> ConflictCard:
    return card_of(
        conflict,
        resolve_url=reverse("plex:conflict-resolve", args=[conflict.pk]),
        search_url=reverse("plex:conflict-detail", args=[conflict.pk]),
        query=query,
        plex=plex,
    )
