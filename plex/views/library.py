"""The shows of the connection's Plex server: looked through, ticked, and added to the tracker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from plex import connection
from plex.answers import PlexError, Section
from plex.imports import library, show_import
from plex.imports.library import Known, LibraryShow
from plex.models import PlexConfig, PlexImport
from plex.plex_shows import tmdb_is_closed
from plex.sign_in import sentence
from tracker.models import TVShow
from tracker.views.answers import UserRequest, counted

PAGE_SIZE = 60
QUERY_LENGTH = 200
# The pictures of one page must not keep all threads of the web process waiting for Plex.
PICTURES_AT_ONCE = threading.BoundedSemaphore(3)
PICTURE_WAIT_SECONDS = 5.0
# A server that did not answer is not asked for the other pictures of the page as well.
AWAY_SECONDS = 30
PICTURE_KEPT = "private, max-age=604800, immutable"


@dataclass(frozen=True, kw_only=True)
class Card:
    show: LibraryShow
    known: Known
    ours: TVShow | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of the library a person looks at; `which` is "new" or "all"."""

    section: str = ""
    query: str = ""
    which: str = "new"

    @classmethod
    def of(cls, data: QueryDict) -> Asked:
        return cls(
            section=data.get("section", ""),
            query=data.get("q", "").replace("\0", "").strip()[:QUERY_LENGTH],
            which="all" if data.get("which") == "all" else "new",
        )


@login_required
def browse(request: UserRequest) -> HttpResponse:
    config = PlexConfig.objects.filter(user=request.user).first()
    context: dict[str, Any] = {"config": config, "can_browse": library.can_browse(config)}
    if config is None or not context["can_browse"]:
        return render(request, "plex/library.html", context)
    asked = Asked.of(request.GET)
    context |= {"asked": asked, "task": latest_import(config), "no_tmdb": tmdb_is_closed()}
    try:
        context |= page_context(request, config, asked)
    except PlexError as error:
        note(config, error)
        context["problem"] = sentence(error)
    return render(request, "plex/library.html", context)


def page_context(request: UserRequest, config: PlexConfig, asked: Asked) -> dict[str, Any]:
    sections = library.read_sections(config)
    section = chosen_section(sections, asked)
    if section is None:
        return {"sections": sections}
    shows = library.read_shows(config, section)
    found = found_shows(request, shows, asked)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    ours = TVShow.objects.only("title", "poster_path", "first_air_date").in_bulk(
        {known.show_id for _, known in page if known.show_id}
    )
    cards = [
        Card(show=show, known=known, ours=ours.get(known.show_id or 0)) for show, known in page
    ]
    return {
        "sections": sections,
        "section": section,
        "total": len(shows),
        "addable": sum(not known.is_tracked for _, known in found),
        "page": page,
        "cards": cards,
    }


def chosen_section(sections: Sequence[Section], asked: Asked) -> Section | None:
    named = [section for section in sections if section.key == asked.section]
    return next(iter([*named, *sections]), None)


def found_shows(
    request: UserRequest, shows: Sequence[LibraryShow], asked: Asked
) -> list[tuple[LibraryShow, Known]]:
    shows = library.matching(shows, asked.query)
    pairs = zip(shows, library.known_of(shows, user=request.user), strict=True)
    return [(show, known) for show, known in pairs if asked.which == "all" or not known.is_tracked]


def latest_import(config: PlexConfig) -> PlexImport | None:
    shows = PlexImport.objects.filter(config=config, kind=PlexImport.Kind.SHOWS)
    return shows.defer("chosen", "cursor").order_by("-pk").first()


@login_required
@require_POST
def read_again(request: UserRequest) -> HttpResponse:
    """Forget what was read of the library before."""
    config = get_object_or_404(PlexConfig, user=request.user)
    asked = Asked.of(request.POST)
    try:
        section = chosen_section(library.read_sections(config, afresh=True), asked)
        if section is not None:
            shows = library.read_shows(config, section, afresh=True)
            number = counted(len(shows), "show")
            messages.success(request, f"{section.title}: {number} read from Plex.")
    except PlexError as error:
        note(config, error)
        messages.error(request, sentence(error))
    return back_to_library(asked)


@login_required
@require_POST
def add(request: UserRequest) -> HttpResponse:
    """Have the ticked shows added, or all of the page, or all that the filter leaves."""
    config = get_object_or_404(PlexConfig, user=request.user)
    asked = Asked.of(request.POST)
    if not library.can_browse(config):
        return back_to_library(asked)
    try:
        keys = wanted_keys(request, config, asked)
    except PlexError as error:
        note(config, error)
        messages.error(request, sentence(error))
        return back_to_library(asked)
    if not keys:
        messages.info(request, "Nothing was ticked, so nothing is added.")
        return back_to_library(asked)
    task = show_import.start(config, keys)
    return redirect("plex:library-import", pk=task.pk)


def wanted_keys(request: UserRequest, config: PlexConfig, asked: Asked) -> list[str]:
    every = request.POST.get("every", "")
    if every == "page":
        return request.POST.getlist("shown")
    if every != "found":
        return request.POST.getlist("show")
    section = chosen_section(library.read_sections(config), asked)
    shows = library.read_shows(config, section) if section is not None else ()
    found = found_shows(request, shows, asked)
    return [show.rating_key for show, known in found if not known.is_tracked]


def back_to_library(asked: Asked) -> HttpResponse:
    query = QueryDict(mutable=True)
    for name, value in (("section", asked.section), ("q", asked.query), ("which", asked.which)):
        if value and value != "new":
            query[name] = value
    address = reverse("plex:library")
    return redirect(f"{address}?{query.urlencode()}" if query else address)


@login_required
def poster(request: UserRequest, key: int, version: int) -> HttpResponse:
    """A show's picture, fetched here so that the token stays here."""
    config = PlexConfig.objects.filter(user=request.user).first()
    away = f"plex:pictures-away:{request.user.pk}"
    if config is None or not library.can_browse(config) or cache.get(away):
        raise Http404
    if not PICTURES_AT_ONCE.acquire(timeout=PICTURE_WAIT_SECONDS):
        return HttpResponse(status=503, headers={"Cache-Control": "no-store"})
    try:
        body, content_type = library.server_unless_away(config).poster(str(key), str(version))
    except PlexError as error:
        if error.kind in {"unreachable", "unauthorised"}:
            cache.set(away, 1, AWAY_SECONDS)
        note(config, error)
        raise Http404 from None
    finally:
        PICTURES_AT_ONCE.release()
    return HttpResponse(body, content_type=content_type, headers={"Cache-Control": PICTURE_KEPT})


def note(config: PlexConfig, error: PlexError) -> None:
    connection.note_refusal(config, error, sent=connection.server_token_of(config))
