"""A long history is imported while pages are opened and plays arrive: how fast, in how much memory."""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from plex import connection
from plex.imports import lifecycle
from plex.models import PlexConfig, PlexImport, PlexWebhookLog
from tests.bench.filling import ADMIN, FIRST_ACCOUNT
from tests.bench.messages import SERVER, SHOW_EPISODES, payload, request
from tests.bench.processes import memory_megabytes, send, web_server, worker
from tests.bench.resting import session_cookie
from tests.plex_server import FakePlex, container, page_of
from tracker.models import TVShow, Watch

IMPORT_SECONDS = 840.0
PAUSE_SECONDS = 0.25
# The history begins here, a play every 50 minutes.
FIRST_PLAY, BETWEEN_PLAYS = 1_262_304_000, 3_000
PAGES = ("/plex/import/", "/", "/plex/activity/")
State = PlexImport.State


class LongHistory(FakePlex):
    """A server with a play of each episode; items are made when they are asked for."""

    def __init__(self, http: HTTPServer, *, rows: int) -> None:
        super().__init__(http)
        self.uuid = SERVER
        self.account["id"] = FIRST_ACCOUNT + ADMIN
        self.titles = dict(TVShow.objects.values_list("pk", "title"))
        self.history = [self.row(number) for number in range(rows)]

    def row(self, number: int) -> dict[str, Any]:
        show, episode = 1 + number // SHOW_EPISODES, number % SHOW_EPISODES
        item = self.item(show, episode)
        names = "ratingKey grandparentRatingKey title grandparentTitle index parentIndex type"
        return {
            "historyKey": f"/status/sessions/history/{number + 1}",
            "viewedAt": FIRST_PLAY + number * BETWEEN_PLAYS,
            "accountID": 1,
            **{name: item[name] for name in names.split()},
        }

    def item(self, show: int, number: int) -> dict[str, Any]:
        title = self.titles[show]
        message = payload(account=1, show=show, number=number, title=title, viewed_at=FIRST_PLAY)
        found: dict[str, Any] = message["Metadata"]
        return found

    def _history(self, request: Request) -> Response:
        since = int(request.args.get("viewedAt>", 0))
        skipped = max(0, -(-(since - FIRST_PLAY) // BETWEEN_PLAYS))
        return page_of(self.history[skipped:], request)

    def _items(self, keys: str, request: Request, *, leaves: bool) -> Response:
        wanted = [(int(key[:-3]), int(key[-3:])) for key in keys.split(",")]
        return container(Metadata=[self.item(show, number) for show, number in wanted])


@dataclass(kw_only=True)
class Seen:
    """What was looked at while the import went on; milliseconds and megabytes."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    accepted: list[float] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    due: list[int] = field(default_factory=list)


def measure(*, secret: str, rows: int) -> dict[str, Any]:
    """Look and import with a real worker; a page and a webhook now and then."""
    # It would write a line for each answer.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    http = HTTPServer(host="127.0.0.1", port=0, threaded=True)
    http.start()
    try:
        plex = LongHistory(http, rows=rows)
        os.environ |= {"PLEX_TV_URL": plex.tv.url, "PLEX_METADATA_URL": plex.metadata.url}
        config = PlexConfig.objects.get(user_id=ADMIN)
        url, token = plex.server.url, plex.token
        connection.save_settings(config, plex_token=token, plex_server_url=url)
        with web_server() as (port, _), worker() as pid:
            answer = carry_out(config, port=port, pid=pid, secret=secret)
    finally:
        http.stop()
    recorded = Watch.objects.filter(user_id=ADMIN).count()
    if recorded != rows:
        raise RuntimeError(f"{recorded} watches of {rows} plays")
    return answer


def carry_out(config: PlexConfig, *, port: int, pid: int, secret: str) -> dict[str, Any]:
    at_rest = memory_megabytes(pid)
    visit = Visit(port=port, pid=pid, secret=secret)
    began = time.perf_counter()
    task = lifecycle.start(config, PlexImport.Kind.PLAYS)
    visit.until(lambda: state_of(task) == State.READY)
    looked = time.perf_counter()
    lifecycle.go(task, chosen=[])
    visit.until(lambda: state_of(task) == State.FINISHED)
    ended = time.perf_counter()
    seen = visit.seen
    return {
        "look_seconds": looked - began,
        "import_seconds": ended - looked,
        "at_rest": at_rest,
        "peak": max(seen.memory),
        "most_due": max(seen.due),
        "pages": {page: spread(times) for page, times in seen.pages.items()},
        "accepted": spread(seen.accepted),
        "recorded": spread(seen.recorded),
    }


def state_of(task: PlexImport) -> str:
    task.refresh_from_db()
    if task.state == State.FAILED:
        raise RuntimeError(task.error)
    return task.state


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": statistics.median(ordered),
        "p95": ordered[len(ordered) * 95 // 100],
        "most": ordered[-1],
        "count": len(ordered),
    }


class Visit:
    """Somebody who opens pages, and whose plays arrive, while the import goes on."""

    def __init__(self, *, port: int, pid: int, secret: str) -> None:
        self.port, self.pid = port, pid
        self.path = f"/api/plex/webhook?secret={secret}"
        self.cookie = session_cookie()
        self.seen = Seen()
        self.number = 0
        self.title = TVShow.objects.get(pk=1).title

    def until(self, is_over: Callable[[], bool]) -> None:
        deadline = time.monotonic() + IMPORT_SECONDS
        while not is_over():
            if time.monotonic() > deadline:
                raise TimeoutError("the import takes too long")
            self.look_around()
            time.sleep(PAUSE_SECONDS)

    def look_around(self) -> None:
        for page in PAGES:
            head = f"GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            took, _ = send(self.port, f"{head}Cookie: {self.cookie}\r\n\r\n".encode())
            self.seen.pages.setdefault(page, []).append(took * 1000)
        self.seen.memory.append(memory_megabytes(self.pid))
        due = PlexWebhookLog.objects.filter(next_attempt_at__isnull=False).order_by()
        self.seen.due.append(due.count())
        self.play()

    def play(self) -> None:
        """A webhook, and how long until it is recorded."""
        self.number += 1
        message = payload(
            account=FIRST_ACCOUNT + ADMIN,
            show=1,
            number=self.number % SHOW_EPISODES,
            title=self.title,
            viewed_at=int(time.time()),
        )
        began = time.perf_counter()
        took, _ = send(self.port, request(self.path, message))
        self.seen.accepted.append(took * 1000)
        waiting = PlexWebhookLog.objects.filter(source="webhook", next_attempt_at__isnull=False)
        while waiting.exists():
            time.sleep(0.01)
        self.seen.recorded.append((time.perf_counter() - began) * 1000)
