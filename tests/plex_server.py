"""A Plex of our own on loopback: account service, server and metadata provider as real HTTP servers
in the documented shapes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from plex.connection import save_server, save_token
from plex.models import PlexConfig
from tests.plex.factories import SERVER, of_episode, scrobble
from tests.trouble import Troubled
from tracker.models import Episode, TVShow

OWNER = 1
UNKNOWN_HOST, NEEDS_NAME = 404, 400


@dataclass(frozen=True, kw_only=True)
class SeenCall:
    part: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Part(Troubled):
    """One of the three hosts, with troubles of its own: `plex.server.down()`."""

    def __init__(self, url: str, answer: Callable[[str, Request], Response]) -> None:
        self.url = url
        self.answer = answer

    def next_trouble(self) -> Any:
        return self._next_trouble()


class FakePlex:
    """Add shows and plays, let it fail, look at what was asked.

        key = plex.add_show("Severance", {1: 10}, ids=("tmdb://95396",))
        plex.add_play("Severance", 1, 3, viewed_at=...)
        plex.server.down(); plex.server.up(); plex.tv.fail_with(401)
        pin = PlexTv().create_pin(); plex.agree(pin.code)

    Items have the keys and guids of the messages that `factories.scrobble` makes.
    """

    def __init__(self, http: HTTPServer) -> None:
        self.http = http
        self.token, self.uuid, self.name = "fake-plex-token", SERVER, "Attic"
        self.account: dict[str, Any] = {"id": 240271337, "uuid": "0a1b2c", "username": "mira"}
        self.has_plex_pass = self.is_owned = True
        self.server_accounts = {OWNER: "mira"}
        self.webhooks: list[str] = []
        self.other_resources: list[dict[str, Any]] = []
        self.pins: dict[int, dict[str, Any]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.broken_items: set[str] = set()
        self.catalogue: dict[str, dict[str, Any]] = {}
        self.history: list[dict[str, Any]] = []
        self.sections = [{"key": "2", "type": "show", "title": "TV"}]
        # Pictures by the path of the item's thumb, as (body, type).
        self.pictures: dict[str, tuple[bytes, str]] = {}
        self.calls: list[SeenCall] = []
        self._lock = threading.Lock()
        self.tv = Part(http.url_for("/tv"), self._tv)
        self.server = Part(http.url_for("/pms"), self._server)
        self.metadata = Part(http.url_for("/catalogue"), self._metadata)
        self.parts = {"tv": self.tv, "pms": self.server, "catalogue": self.metadata}
        http.clear()
        http.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    def link(self, config: PlexConfig, *, username: str = "mira") -> None:
        """Connect as signing in and finding the server do."""
        save_token(config, self.token, username=username)
        save_server(config, url=self.server.url, uuid=self.uuid, name=self.name)

    # What it knows

    def add_show(
        self,
        title: str,
        seasons: Mapping[int, int] | None = None,
        *,
        ids: tuple[str, ...] = (),
        episode_ids: Mapping[tuple[int, int], tuple[str, ...]] | None = None,
        **metadata: Any,
    ) -> str:
        """Have a show with its episodes; `ids` are the show's. Returns its rating key."""
        for season, count in ({1: 10} if seasons is None else seasons).items():
            for number in range(1, count + 1):
                self.add_episode(
                    title, season, number, ids=(episode_ids or {}).get((season, number), ())
                )
        sent = scrobble(title)["Metadata"]
        show = {
            "ratingKey": sent["grandparentRatingKey"],
            "guid": sent["grandparentGuid"],
            "type": "show",
            "title": title,
            **({"Guid": [{"id": value} for value in ids]} if ids else {}),
            **metadata,
        }
        self.items[show["ratingKey"]] = show
        return str(show["ratingKey"])

    def mirror(self, show: TVShow, *, ids: tuple[str, ...] = ()) -> str:
        """Have a show of ours, with the names and dates of its episodes. Returns its rating key."""
        for episode in Episode.objects.filter(season__show=show).select_related("season__show"):
            item = of_episode(episode)["Metadata"]
            self.items[item["ratingKey"]] = {**item, "duration": 2_700_000}
        return self.add_show(show.title, {}, ids=ids)

    def add_episode(self, show: str, season: int, number: int, **metadata: Any) -> dict[str, Any]:
        item = scrobble(show, season, number, **metadata)["Metadata"]
        self.items[item["ratingKey"]] = {**item, "duration": 2_700_000}
        return self.items[item["ratingKey"]]

    def add_play(
        self,
        title: str,
        season: int,
        number: int,
        *,
        viewed_at: datetime,
        account_id: int = OWNER,
        is_deleted: bool = False,
        **fields: Any,
    ) -> dict[str, Any]:
        """A row of the history; of an item that was deleted only names and numbers are left."""
        sent = scrobble(title, season, number)["Metadata"]
        kept = ("title", "grandparentTitle", "index", "parentIndex", "type")
        keys = ("ratingKey", "grandparentRatingKey", "parentRatingKey")
        row = {
            "historyKey": f"/status/sessions/history/{len(self.history) + 1}",
            "librarySectionID": "2",
            **{name: sent[name] for name in (kept if is_deleted else (*kept, *keys))},
            "viewedAt": int(viewed_at.timestamp()),
            "accountID": account_id,
            "deviceID": 7,
            **fields,
        }
        self.history.append(row)
        return row

    def mark_watched(
        self, show: str, season: int, number: int, *, at: datetime, count: int = 1
    ) -> dict[str, Any]:
        """The token's person marks an episode by hand, or played it: the library alone knows."""
        item = self.items[scrobble(show, season, number)["Metadata"]["ratingKey"]]
        item |= {"viewCount": count, "lastViewedAt": int(at.timestamp())}
        return item

    def agree(self, code: str) -> None:
        """The person says yes on Plex's page."""
        for pin in self.pins.values():
            if pin["code"] == code:
                pin["authToken"] = self.token

    def asked(self, part: str, pattern: str = "") -> list[SeenCall]:
        """The calls to one part whose path holds the pattern."""
        return [call for call in self.calls if call.part == part and re.search(pattern, call.path)]

    def close(self) -> None:
        self.http.clear()

    # How it answers

    def _handle(self, request: Request) -> Response:
        _, name, *rest = request.path.split("/", 2)
        path = "/" + (rest[0] if rest else "")
        part = self.parts[name]
        with self._lock:
            self.calls.append(
                SeenCall(
                    part=name,
                    method=request.method,
                    path=path,
                    query=request.args.to_dict(),
                    headers=dict(request.headers),
                )
            )
            trouble = part.next_trouble()
        if trouble is not None and (met := trouble.meet(request)) is not None:
            return met
        if request.headers.get("Accept", "").startswith("image/"):
            return self._poster(path, request)
        if request.headers.get("Accept") != "application/json":
            return Response("<MediaContainer/>", content_type="application/xml")
        if not request.headers.get("X-Plex-Client-Identifier"):
            return answer({"errors": [{"code": 1000, "status": NEEDS_NAME}]}, NEEDS_NAME)
        with self._lock:
            return part.answer(path, request)

    def _is_signed_in(self, request: Request) -> bool:
        return request.headers.get("X-Plex-Token") == self.token

    def _tv(self, path: str, request: Request) -> Response:
        if path == "/api/v2/pins" and request.method == "POST":
            return self._new_pin()
        if found := re.fullmatch(r"/api/v2/pins/(\d+)", path):
            pin = self.pins.get(int(found[1]))
            return answer(pin) if pin else answer({"errors": [{"code": 1020}]}, UNKNOWN_HOST)
        if not self._is_signed_in(request):
            return answer({"errors": [{"code": 1001, "message": "User could not be found"}]}, 401)
        if path == "/api/v2/user/webhooks":
            return self._webhooks(request)
        answers: dict[str, Any] = {
            "/api/v2/user": {**self.account, "subscription": {"active": self.has_plex_pass}},
            "/api/v2/resources": [self._resource(), *self.other_resources],
        }
        return answer(answers[path]) if path in answers else answer({}, UNKNOWN_HOST)

    def _new_pin(self) -> Response:
        number = 100_000 + len(self.pins)
        self.pins[number] = {
            "id": number,
            "code": f"strong-code-{number}",
            "expiresIn": 1800,
            "expiresAt": "2099-01-01T00:00:00Z",
            "authToken": None,
        }
        return answer(self.pins[number], 201)

    def _webhooks(self, request: Request) -> Response:
        if not self.has_plex_pass:
            return answer({"errors": [{"code": 1003}]}, 403)
        if request.method == "POST":
            self.webhooks = request.form.getlist("urls[]")
            return answer([{"url": url} for url in self.webhooks], 201)
        return answer([{"url": url} for url in self.webhooks])

    def _resource(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "product": "Plex Media Server",
            "clientIdentifier": self.uuid,
            "provides": "server",
            "owned": self.is_owned,
            "accessToken": self.token,
            "connections": [
                {"uri": "http://127.0.0.1:9", "local": True, "relay": False, "IPv6": False},
                {"uri": self.server.url, "local": True, "relay": False, "IPv6": False},
            ],
        }

    def _server(self, path: str, request: Request) -> Response:
        if path == "/identity":
            return container(machineIdentifier=self.uuid, version="1.41.8.9834", claimed=True)
        if not self._is_signed_in(request) or (path == "/accounts" and not self.is_owned):
            return Response("<h1>401 Unauthorized</h1>", 401, content_type="text/html")
        if path == "/status/sessions/history/all":
            return self._history(request)
        if found := re.fullmatch(r"/library/metadata/([\d,]+)(/allLeaves)?", path):
            return self._items(found[1], request, leaves=bool(found[2]))
        if found := re.fullmatch(r"/library/sections/(\d+)/all", path):
            return self._section(found[1], request)
        accounts = {0: "", **self.server_accounts}
        answers: dict[str, dict[str, Any]] = {
            "/accounts": {"Account": [{"id": pk, "name": name} for pk, name in accounts.items()]},
            "/library/sections": {"Directory": self.sections},
        }
        return container(**answers[path]) if path in answers else answer({}, UNKNOWN_HOST)

    def _history(self, request: Request) -> Response:
        since = int(request.args.get("viewedAt>", 0))
        rows = [row for row in self.history if row["viewedAt"] >= since]
        rows.sort(key=lambda row: row["viewedAt"])
        return page_of(rows, request)

    def _section(self, key: str, request: Request) -> Response:
        if request.args["type"] == "4":
            return self._library(request)
        shows = [
            self._with_counts(item)
            for item in self.items.values()
            if item["type"] == "show" and str(item.get("librarySectionID", "2")) == key
        ]
        return page_of(sorted(shows, key=itemgetter("title")), request)

    def _with_counts(self, show: dict[str, Any]) -> dict[str, Any]:
        key = show["ratingKey"]
        leaves = [i for i in self.items.values() if i.get("grandparentRatingKey") == key]
        watched = sum(bool(item.get("lastViewedAt")) for item in leaves)
        return {"leafCount": len(leaves), "viewedLeafCount": watched, **show}

    def _poster(self, path: str, request: Request) -> Response:
        if not self._is_signed_in(request):
            return Response("", 401)
        found = self.pictures.get(request.args.get("url", path))
        if found is None:
            return Response("", UNKNOWN_HOST)
        return Response(found[0], content_type=found[1])

    def _library(self, request: Request) -> Response:
        """The episodes; those that the token's person has watched, the latest first."""
        wanted = {"type": "4", "unwatched": "0", "sort": "lastViewedAt:desc", "includeGuids": "1"}
        assert wanted.items() <= request.args.to_dict().items()
        watched = [item for item in self.items.values() if "lastViewedAt" in item]
        watched.sort(key=lambda item: -item["lastViewedAt"])
        return page_of(watched, request)

    def _items(self, keys: str, request: Request, *, leaves: bool) -> Response:
        if leaves:
            episodes = [i for i in self.items.values() if i.get("grandparentRatingKey") == keys]
            return page_of(episodes, request)
        if self.broken_items & set(keys.split(",")):
            return Response("<h1>500 Internal Server Error</h1>", 500, content_type="text/html")
        found = [self.items[key] for key in keys.split(",") if key in self.items]
        if not found:
            return Response("<h1>404 Not Found</h1>", UNKNOWN_HOST, content_type="text/html")
        if request.args.get("includeGuids") != "1":
            found = [{k: v for k, v in item.items() if k != "Guid"} for item in found]
        return container(Metadata=found)

    def _metadata(self, path: str, request: Request) -> Response:
        if not self._is_signed_in(request):
            return answer({}, 401)
        item = self.catalogue.get(path.rpartition("/")[2])
        return container(Metadata=[item]) if item else answer({}, UNKNOWN_HOST)


def page_of(rows: list[dict[str, Any]], request: Request) -> Response:
    start = int(request.args["X-Plex-Container-Start"])
    part = rows[start : start + int(request.args["X-Plex-Container-Size"])]
    listed = {"Metadata": part} if part else {}
    return container(size=len(part), totalSize=len(rows), offset=start, **listed)


def container(**fields: Any) -> Response:
    return answer({"MediaContainer": fields})


def answer(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")
