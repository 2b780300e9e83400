"""A person's rules: listed, tried on past events, kept, switched and deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from plex.models import PlexConflict, PlexRule, PlexWebhookLog
from plex.payload import NotAPlayback, parse_payload
from plex.resolution import ResolutionError
from plex.resolution.rules import apply_rule, delete_rule, save_rule, switch_rule
from plex.rules.form import RuleForm
from plex.rules.ruling import GUID, IGNORE, LIBRARY, TITLE
from plex.rules.shows import show_choices
from plex.rules.trial import try_rule
from plex.rules.waiting import going_over, waiting_for
from tracker.tmdb import TmdbError
from tracker.views.answers import UserRequest, number_in

NOT_HERE_YET = "This show is not in the tracker yet, so nothing can be tried; saving adds it."


@login_required
def rules(request: UserRequest) -> HttpResponse:
    """The person's rules, as the decision groups them."""
    kept = PlexRule.objects.filter(user=request.user).select_related("tvshow")
    return render(request, "plex/rules.html", {"rules": kept})


@login_required
def new(request: UserRequest) -> HttpResponse:
    """A new rule, begun from an event (`?event=`) or a question (`?conflict=`) where one is named."""
    seen = seen_in(request)
    if request.method == "POST":
        return answer(request, RuleForm(request.POST, user=request.user), seen=seen)
    field = request.GET.get("field", TITLE)
    field = field if field in PlexRule.Field.values else TITLE
    initial = {"field": field, "pattern": seen.get(field, ""), "tvshow": seen.get("tvshow")}
    form = RuleForm(user=request.user, initial=initial)
    return page(request, form, seen=seen)


@login_required
def edit(request: UserRequest, pk: int) -> HttpResponse:
    rule = find_rule(request, pk)
    if request.method == "POST":
        return answer(request, RuleForm(request.POST, user=request.user, instance=rule))
    return page(request, RuleForm(user=request.user, instance=rule))


@login_required
@require_POST
def switch(request: UserRequest, pk: int) -> HttpResponse:
    rule = find_rule(request, pk)
    switch_rule(rule, enabled=request.POST.get("enabled") == "on")
    said = "The rule is on: later plays follow it." if rule.enabled else "The rule is off."
    messages.success(request, said)
    return redirect("plex:rules")


@login_required
@require_POST
def delete(request: UserRequest, pk: int) -> HttpResponse:
    delete_rule(find_rule(request, pk))
    messages.success(request, "The rule is deleted. What was recorded stays.")
    return redirect("plex:rules")


@login_required
@require_POST
def apply(request: UserRequest, pk: int) -> HttpResponse:
    """Let the worker decide the waiting plays again that the rule is about; the page tells how far it is."""
    rule = find_rule(request, pk)
    if not apply_rule(rule):
        messages.info(request, "No play waits any more that this rule settles.")
    return redirect("plex:rule", pk)


@login_required
def shows(request: UserRequest) -> HttpResponse:
    """The shows to choose from while somebody types; TMDB is only asked by the button."""
    found = show_choices(request.GET.get("q", ""), chosen=number_in(request.GET.get("tvshow")))
    return render(request, "plex/_rule_shows.html", {"shows": found})


def answer(
    request: UserRequest, form: RuleForm, *, seen: dict[str, Any] | None = None
) -> HttpResponse:
    """Search for the show, try the rule, or keep it; nothing is written by the first two."""
    if is_search(request):
        form.errors.clear()
        return page(request, form, seen=seen, ask_tmdb=True)
    if not form.is_valid():
        return page(request, form, seen=seen, status=422)
    if "try" in request.POST:
        if form.is_show_new:
            messages.info(request, NOT_HERE_YET)
            return page(request, form, seen=seen)
        return page(request, form, seen=seen, trial=try_rule(form.instance))
    is_new = form.instance.pk is None
    try:
        rule = save_rule(form.rule())
    except (TmdbError, ResolutionError) as error:
        messages.error(request, str(error))
        return page(request, form, seen=seen, status=422)
    messages.success(request, "The rule is kept." if is_new else "The rule is changed.")
    return redirect("plex:rule", rule.pk)


def is_search(request: UserRequest) -> bool:
    """Whether a show is searched for: by the button, or by Enter in the field."""
    if "find" in request.POST:
        return True
    query = request.POST.get("q", "").strip()
    names_none = not request.POST.get("tvshow") and not request.POST.get("tmdb_id")
    is_ignored = request.POST.get("verdict") == IGNORE
    return names_none and not is_ignored and query not in {"", request.POST.get("searched")}


def page(
    request: UserRequest,
    form: RuleForm,
    *,
    seen: dict[str, Any] | None = None,
    status: int = 200,
    ask_tmdb: bool = False,
    **context: Any,
) -> HttpResponse:
    rule = PlexRule.objects.filter(pk=form.instance.pk).select_related("tvshow").first()
    query = request.POST.get("q", "") or (seen or {}).get(TITLE, "")
    chosen = number_in(str(form["tvshow"].value() or ""))
    context |= {
        "form": form,
        "rule": rule,
        "seen": choices(request, seen or {}),
        "shows": show_choices(query, chosen=chosen, ask_tmdb=ask_tmdb),
    }
    if rule is not None and request.method == "GET":
        context["going"] = going_over(rule)
        context["waiting"] = len(waiting_for(rule))
    return render(request, "plex/rule.html", context, status=status)


def choices(request: UserRequest, seen: dict[str, Any]) -> list[dict[str, str]]:
    """What else the rule could be about, with the address that begins it so."""
    found = []
    for name in PlexRule.Field:
        query = request.GET.copy()
        query["field"] = name.value
        if value := seen.get(name):
            address = f"?{query.urlencode()}"
            found.append({"name": str(name.label), "value": str(value), "address": address})
    return found


def find_rule(request: UserRequest, pk: int) -> PlexRule:
    return get_object_or_404(PlexRule.objects.select_related("tvshow"), pk=pk, user=request.user)


def seen_in(request: UserRequest) -> dict[str, Any]:
    """What a rule could be about in the event or question that the address names."""
    if (pk := number_in(request.GET.get("conflict"))) is not None:
        conflict = get_object_or_404(PlexConflict.objects.visible_to(request.user), pk=pk)
        found = {TITLE: conflict.plex_title, GUID: conflict.plex_guid}
        log = PlexWebhookLog.objects.visible_to(request.user).filter(conflict=conflict).first()
        return {**seen_in_event(log), **{name: value for name, value in found.items() if value}}
    if (pk := number_in(request.GET.get("event"))) is not None:
        log = get_object_or_404(PlexWebhookLog.objects.visible_to(request.user), pk=pk)
        return seen_in_event(log)
    return {}


def seen_in_event(log: PlexWebhookLog | None) -> dict[str, Any]:
    parsed = parse_payload((log.payload if log else None) or {})
    if log is None or isinstance(parsed, NotAPlayback):
        return {}
    guid = parsed.show.guid or ""
    return {
        TITLE: parsed.show.title,
        GUID: guid.partition("?")[0],
        LIBRARY: parsed.library_section,
        "tvshow": log.tvshow_id,
    }
