"""What the processes occupy after a while of work."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from plex.models import PlexWebhookLog
from tests.bench.draining import plays
from tests.bench.filling import ADMIN
from tests.bench.messages import request
from tests.bench.processes import memory_megabytes, send, throughput, wait_for, web_server, worker

PAGES = (
    "/", "/shows/", "/shows/1/", "/calendar/", "/history/", "/statistics/", "/plex/",
    "/plex/conflicts/", "/plex/activity/", "/api/plex/logs", "/api/shows", "/api/schema",
    "/admin/plex/plexwebhooklog/",
)  # fmt: skip
SENDERS = 16


def measure(*, secret: str, events: int) -> dict[str, Any]:
    """Events from one and from many senders, recorded meanwhile, and the pages opened."""
    path = f"/api/plex/webhook?secret={secret}"
    with web_server() as (port, web), worker() as working:
        messages = plays(person=ADMIN, events=events, shows=100)
        for message in messages:
            send(port, request(path, message))
        throughput(port, request(path, messages[0]), senders=SENDERS, seconds=3)
        opened = [page for page in PAGES if opens(port, page)]
        waiting = PlexWebhookLog.objects.filter(next_attempt_at__isnull=False).order_by()
        wait_for(lambda: not waiting.exists(), "the inbox is empty")
        time.sleep(1)
        return {
            "web": memory_megabytes(web),
            "worker": memory_megabytes(working),
            "pages": len(opened),
        }


def opens(port: int, page: str) -> bool:
    """Whether a page answers; what it needs stays in memory either way."""
    head = f"GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    try:
        send(port, f"{head}Cookie: {session_cookie()}\r\n\r\n".encode())
    except (RuntimeError, StopIteration):
        return False
    return True


def session_cookie() -> str:
    client = Client()
    client.force_login(User.objects.get(pk=ADMIN))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
