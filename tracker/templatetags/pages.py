"""Tags and filters of the page templates."""

from __future__ import annotations

import zlib
from datetime import date
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from tracker.views.drawings import Cell, HeatDrawing

register = template.Library()

COVERS = 12
# Characters of a word that a drawn cover shows in one line.
LONGEST_WORD = 11
PICTURES = "https://image.tmdb.org/t/p"
UNDO_TAG = "undo:"
WEEK = 7
MOST_COUNTED = 100
HOUR = 60


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """An icon of static/icons.svg; decoration only, so say in words what it means."""
    classes = f"icon {css_class}".strip()
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        classes,
        static("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def nav_link(context: Context, name: str, label: str, icon_name: str, count: int = 0) -> SafeString:
    """An entry of the main navigation, marked when its page is shown; nothing when the page is missing."""
    try:
        address = reverse(name)
    except NoReverseMatch:
        return SafeString("")
    badge = str(count) if count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"
    return format_html(
        '<a href="{}"{}>{}<span>{}</span>{}</a>',
        address,
        SafeString(' aria-current="page"') if is_here(context.get("here") or "", name) else "",
        icon(icon_name),
        label,
        format_html('<b class="count">{}<span class="sr-only"> to decide</span></b>', badge)
        if count
        else "",
    )


def is_here(here: str, name: str) -> bool:
    """Whether the page shown belongs to a navigation entry."""
    families = {
        "tracker:shows": ("tracker:show-", "tracker:add-show", "tracker:episode"),
        "tracker:history": ("tracker:watch",),
        "plex:settings": ("plex:",),
    }
    return here == name or here.startswith(families.get(name, ("\0",)))


@register.filter
def cover(title: Any) -> str:
    """The classes of the drawn cover for a title: always the same for the same title."""
    colour = f"cover-{zlib.crc32(str(title).encode()) % COVERS}"
    longest = max((len(word) for word in str(title).split()), default=0)
    return f"{colour} cover-long" if longest > LONGEST_WORD else colour


@register.filter
def picture(path: str, size: str = "w342") -> str:
    """The address of a TMDB picture."""
    return f"{PICTURES}/{size}{path}" if path else ""


@register.filter
def undo_url(message: Message) -> str:
    """Where a message's undo button posts to; "" for a message that can't be undone."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix(UNDO_TAG) for tag in tags if tag.startswith(UNDO_TAG)), "")


@register.filter
def current_path(request: HttpRequest) -> str:
    """The page that the person looks at, also while htmx fetches a part of it."""
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.current_url_abs_path:
        return str(htmx.current_url_abs_path)
    return request.get_full_path() if request.method == "GET" else "/"


@register.filter
def day_name(day: date, today: date) -> str:
    """ "Today", "Tomorrow", "Yesterday", a weekday within the week ahead, else the date."""
    names = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}
    distance = (day - today).days
    if distance in names:
        return names[distance]
    if 1 < distance < WEEK:
        return f"{day:%A}"
    return (
        f"{day:%A} {day.day} {day:%B}"
        if day.year == today.year
        else f"{day.day} {day:%B} {day.year}"
    )


@register.filter
def minutes(value: int | None) -> str:
    """Minutes as "48 min", "1 h 5 min", "3 h"."""
    if not value:
        return ""
    hours, rest = divmod(int(value), HOUR)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part
    )


@register.filter
def hours(value: int) -> str:
    """Minutes as whole hours: "85 h"; under an hour "44 min"."""
    return f"{round(value / HOUR)} h" if value >= HOUR else minutes(value)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: Any) -> str:
    """The page's query with some parameters changed; None or "" takes one out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.filter
def get(mapping: dict[Any, Any] | None, key: Any) -> Any:
    """The value of a dictionary under a key that a template computes; None when it is not there."""
    return (mapping or {}).get(key)


@register.simple_tag
def swaps_page() -> SafeString:
    """For a form that htmx sends: the page that the answer leads to takes the place of this one."""
    return SafeString(
        'hx-boost="true" hx-push-url="false" hx-target="#main" hx-select="#main" '
        'hx-swap="outerHTML show:none" hx-select-oob="#toasts"'
    )


@register.filter
def heat_words(heat: HeatDrawing) -> str:
    """The text alternative of a heat map."""
    return f"{heat.total} episodes on {heat.active_days} days."


@register.filter
def cells(heat: HeatDrawing) -> SafeString:
    """The cells of a heat map: hundreds, which a template's own loop would take long for."""
    return SafeString("".join(map(cell_shape, heat.cells)))


def cell_shape(cell: Cell) -> str:
    place = f'<rect x="{cell.x:d}" y="{cell.y:d}"'
    if not cell.level:
        return f"{place}/>"
    return f'{place} data-n="{cell.level:d}"><title>{escape(cell.title)}</title></rect>'
