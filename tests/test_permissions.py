"""Every address of the site, as nobody, as another person and as staff without rights.

The addresses come from the site itself, so a new one is tried too. It has to follow the default:
whoever is not signed in is sent to sign in, and what its owner reaches by a number nobody else
does. What differs stands in one of the tables below, with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from plex.models import (
    PlexAccount,
    PlexConflict,
    PlexCorrection,
    PlexImport,
    PlexRule,
    PlexShowMapping,
    PlexWebhookLog,
)
from tests.faults.pages import Household, furnish, text_of
from tracker.models import ApiToken, Episode, Season, TVShow, Watch

pytestmark = pytest.mark.django_db

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
WRITES = re.compile(r'(?!.*"django_session")(UPDATE|DELETE|INSERT)', re.IGNORECASE)
GROUP = re.compile(r"\(\?P<app_label>[^)]*\)")
PAGE_METHODS = ("get", "post")
API_METHODS = ("get", "post", "put", "patch", "delete")

# Open to whoever is not signed in, and why.
PUBLIC = {
    "/sign-in/": "to sign in",
    "/setup/<str:code>/": "the first start, for who holds the one-time code",
    "/manifest.webmanifest": "the browser asks for it without cookies",
    "/favicon.ico": "a picture",
    "/calendar.ics": "calendar programs can't sign in; the key is in the address",
    "/healthz": "for monitors; says nothing about anybody",
    "/api/plex/webhook": "Plex can't sign in; the secret is in the address",
    "/api/": "says that there is no such call",
}
# What a number in an address is about: the first entry that the address starts with. Without one
# the numbers of all rows are tried.
ABOUT: dict[str, type[models.Model]] = {
    "/shows/": TVShow,
    "/api/shows/": TVShow,
    "/plex/shows/": TVShow,
    "/episodes/": Episode,
    "/seasons/": Season,
    "/history/": Watch,
    "/account/tokens/": ApiToken,
    "/plex/accounts/": PlexAccount,
    "/plex/activity/": PlexWebhookLog,
    "/plex/conflicts/": PlexConflict,
    "/plex/mappings/": PlexShowMapping,
    "/plex/rules/": PlexRule,
    "/plex/library/import/": PlexImport,
    "/plex/corrections/": PlexCorrection,
    "/plex/watches/": Watch,
    "/api/plex/logs/": PlexWebhookLog,
    "/api/plex/conflicts/": PlexConflict,
    "/api/plex/mappings/": PlexShowMapping,
    "/api/plex/corrections/": PlexCorrection,
    "/api/plex/rules/": PlexRule,
    "/api/plex/watches/": Watch,
}
# Everybody reaches these by their number: the catalogue of shows is the household's.
SHARED = {
    "/shows/<int:pk>/": "the show",
    "/shows/<int:pk>/seasons/<int:number>/": "the show",
    "/shows/<int:pk>/track/": "to track it oneself",
    "/episodes/<int:pk>/": "the episode",
    "/episodes/<int:pk>/mark/": "marks it for oneself",
    "/episodes/<int:pk>/unmark/": "unmarks one's own watch",
    "/episodes/<int:pk>/up-to-here/": "marks for oneself",
    "/episodes/<int:pk>/again/": "marks for oneself",
    "/seasons/<int:pk>/mark/": "marks for oneself",
    "/seasons/<int:pk>/unmark/": "unmarks one's own watches",
    "/plex/shows/<int:pk>/mapping/": "the show, with what one sees of its mappings",
    "/api/shows/<int:pk>/seasons/<int:season_number>/episodes/<int:episode_number>/watch": (
        "marks and unmarks for oneself"
    ),
}
# For admins only: whose show it is makes no difference.
ADMINS = {"/plex/shows/<int:pk>/merge/"}
# No row of the database: a word that only its person's session knows, a picture on one's own Plex.
NO_ROW = {
    "/setup/<str:code>/",
    "/undo/<str:key>/",
    "/plex/library/poster/<int:key>/<int:version>/",
}
# Tables that belong to nobody: the catalogue, and what the worker notes.
NOBODYS = {"tvshow", "showtitle", "season", "episode", "sitesettings", "job", "tmdblookup"}

ENTER_IT = (
    "has no place in tests/test_permissions.py yet. Say there in which table its numbers are (ABOUT), and "
    "let `furnished` make such a row; or let the view look only among the person's own rows."
)


@dataclass(frozen=True, kw_only=True)
class Home:
    """A person's installation, and the rows that came with it."""

    house: Household
    rows: dict[tuple[type[models.Model], Any], dict[str, Any]] = field(repr=False)

    @property
    def user(self) -> User:
        return self.house.user

    def numbers(self, pattern: str) -> list[str]:
        """The numbers to try in an address."""
        in_admin = re.match(r"/admin/(\w+)/(\w+)/", pattern)
        model: type[models.Model] | None = next(
            (model for start, model in ABOUT.items() if pattern.startswith(start)), None
        )
        if in_admin:
            model = apps.get_model(in_admin[1], in_admin[2])
        keys = {key for table, key in self.rows if model in {None, table}}
        return sorted({str(key) for key in keys if isinstance(key, int)}) or ["1"]

    def form(self) -> dict[str, Any]:
        """Fields that the actions take: a form that says nothing might be refused for that alone."""
        return {
            "action": "select", "show": self.house.show.pk, "tvshow_id": self.house.show.pk,
            "users": self.user.pk, "never": "on", "watched_at": "2020-01-01T10:00", "name": "x",
            "status": "dropped", "watches": "forget", "enabled": "on",
        }  # fmt: skip


def tables() -> Iterator[type[models.Model]]:
    for label in ("tracker", "plex"):
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            if model._meta.managed:
                yield model


def all_rows() -> dict[tuple[type[models.Model], Any], dict[str, Any]]:
    return {
        (
            model,
            row[model._meta.pk.name if model._meta.pk.name in row else model._meta.pk.attname],
        ): row
        for model in tables()
        for row in model._base_manager.values()
    }


def patterns(
    found: Iterable[URLPattern | URLResolver] | None = None, prefix: str = "/"
) -> Iterator[str]:
    """Every address that the site answers, with its parameters in angle brackets."""
    for pattern in get_resolver().url_patterns if found is None else found:
        address = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, address)
        elif "(?P<url>" not in address:
            yield GROUP.sub("plex", address).removesuffix("$").removesuffix(r"\Z")


ADDRESSES = sorted(set(patterns()))
ADMIN = [pattern for pattern in ADDRESSES if pattern.startswith("/admin/")]
# Each call answers with a slash at its end as well; the same view does.
OTHERS = [
    pattern
    for pattern in ADDRESSES
    if not pattern.startswith("/admin/")
    and not (pattern.startswith("/api/") and pattern.removesuffix("/") in ADDRESSES)
]
NUMBERED = [pattern for pattern in OTHERS if "<" in pattern and pattern not in NO_ROW | ADMINS]


def fill(pattern: str, key: object) -> str:
    """The address about one row; a second number in it is a season's or an episode's."""
    return PARAMETER.sub("1", PARAMETER.sub(str(key), pattern, count=1))


def ask(client: Client, method: str, address: str, form: dict[str, Any]) -> Any:
    """One request, whose effects are taken back."""
    cache.clear()  # Rate limits, and what is remembered of rows that are taken back.
    data: dict[str, Any] = {} if method == "get" else {"data": form}
    if address.startswith("/api/") and method != "get":
        data["content_type"] = "application/json"
    return getattr(client, method)(address, **data)


def methods_of(pattern: str) -> tuple[str, ...]:
    return API_METHODS if pattern.startswith("/api/") else PAGE_METHODS


def furnished(user: User, word: str) -> Home:
    before = all_rows()
    house = furnish(user, word=word)
    ApiToken.make(user=user, name=f"{word} token")
    mapping = PlexShowMapping.objects.get(tvshow=house.show)
    mapping.ignored_by.add(user)
    for kind in PlexImport.Kind.values:
        PlexImport.objects.create(config=house.user.plex_config, kind=kind, state="running")
    PlexCorrection.objects.create(mapping=mapping, by=user, kind="show", summary=f"{word} → x")
    PlexRule.objects.create(user=user, pattern=f"{word} rule", tvshow=house.show)
    rows = {place: row for place, row in all_rows().items() if place not in before}
    return Home(house=house, rows=rows)


@pytest.fixture
def home(viewer: User) -> Home:
    return furnished(viewer, "vera")


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def test_the_tables_name_no_address_that_is_gone():
    assert sorted({*PUBLIC, *SHARED, *NO_ROW, *ADMINS} - set(ADDRESSES)) == []
    assert len(OTHERS) > 70, "the walk has found too few addresses"


def test_nobody_reaches_anything_but_what_is_public(home):
    nobody, open_to_all = client_of(None), []
    for pattern in ADDRESSES:
        if pattern.removesuffix("/") in PUBLIC or pattern in PUBLIC:
            continue
        answers = {
            method: ask(nobody, method, fill(pattern, 1), home.form())
            for method in methods_of(pattern)
        }
        if not all(sends_away(answer) for answer in answers.values()):
            open_to_all.append((pattern, {m: a.status_code for m, a in answers.items()}))
    assert open_to_all == [], "Ask to sign in there, or enter it in PUBLIC with the reason."


def sends_away(answer: Any) -> bool:
    if answer.status_code == 302:
        return answer["Location"].startswith(("/sign-in/", "/admin/login/", "/admin/"))
    return answer.status_code in {401, 405}


def test_what_is_public_says_nothing_about_anybody(home):
    nobody = client_of(None)
    for pattern in PUBLIC:
        for method in methods_of(pattern):
            text = text_of(ask(nobody, method, fill(pattern, "x"), home.form()))
            assert not [word for word in home.house.words if word in text], pattern


def test_what_somebody_reaches_by_a_number_no_other_person_does(home, stranger):
    other = furnished(stranger, "otto")
    owner, intruder = client_of(home.user), client_of(other.user)
    reached_by_nobody, trespasses = [], []
    for pattern in NUMBERED:
        reached = False
        for key in home.numbers(pattern):
            for method in methods_of(pattern):
                if not reaches(home, owner, method, fill(pattern, key)):
                    continue
                reached = True
                if pattern not in SHARED and reaches(home, intruder, method, fill(pattern, key)):
                    trespasses.append(f"{method} {pattern}")
        if not reached:
            reached_by_nobody.append(pattern)
    assert trespasses == [], "Others reach these rows. Is the view to say 404, or is it SHARED?"
    assert reached_by_nobody == [], f"Each of these {ENTER_IT}"


def reaches(home: Home, client: Client, method: str, address: str) -> bool:
    with transaction.atomic():
        answer = ask(client, method, address, home.form())
        transaction.set_rollback(True)
    assert answer.status_code < 500 or answer.status_code == 503, (address, text_of(answer)[:300])
    return answer.status_code not in {401, 403, 404, 405}


@pytest.mark.parametrize("rights", ["another person", "staff without rights"])
def test_nothing_of_somebody_changes_by_others_hands(home, stranger, rights):
    """Not by any address and method, whether the answer says so or not; nor is it shown."""
    other = furnished(stranger, "otto")
    intruder = client_of(other.user)
    mine = {
        place: row for place, row in home.rows.items() if place[0]._meta.model_name not in NOBODYS
    }
    if rights != "another person":
        User.objects.filter(pk=other.user.pk).update(is_staff=True)
    asked = [*ADMIN, *(OTHERS if rights == "another person" else ["/people/"])]
    changed, shown = [], []
    for pattern in asked:
        for key in home.numbers(pattern) if "<" in pattern else [""]:
            for method in methods_of(pattern):
                answer, now = tried(intruder, method, fill(pattern, key), home)
                if any(now.get(place) != row for place, row in mine.items()):
                    changed.append((method, pattern))
                if any(word in text_of(answer) for word in home.house.words):
                    shown.append((method, pattern))
    assert (changed, shown) == ([], [])


def tried(client: Client, method: str, address: str, home: Home) -> tuple[Any, dict[Any, Any]]:
    """The answer, and the rows as they were after it."""
    now = home.rows
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            answer = ask(client, method, address, home.form())
        if any(WRITES.match(query["sql"]) for query in queries):
            now = all_rows()
        transaction.set_rollback(True)
    return answer, now


def test_staff_without_rights_find_an_empty_admin(home, stranger):
    User.objects.filter(pk=stranger.pk).update(is_staff=True)
    client = client_of(stranger)
    for_everybody = {"/admin/", "/admin/login/", "/admin/logout/", "/admin/jsi18n/"}
    allowed = []
    for pattern in ADMIN:
        if pattern in for_everybody or pattern.startswith("/admin/password_change/"):
            continue
        for method in PAGE_METHODS:
            key = next(iter(home.numbers(pattern)))
            answer = ask(client, method, fill(pattern, key), home.form())
            if answer.status_code not in {403, 404, 405} and not leads_away(answer):
                allowed.append((method, pattern, answer.status_code))
    assert allowed == []
    assert "/admin/plex/" not in text_of(client.get("/admin/"))
    assert client.get("/people/").status_code == 403


def leads_away(answer: Any) -> bool:
    """To the start page where there is no such row, and from the admin's oldest addresses to today's."""
    return answer.status_code == 302 and bool(re.search(r"^/admin/$|/change/$", answer["Location"]))
