"""Our address in Plex's list of webhooks, and whether an event gets through it."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import requests
from django.db.models import Q
from django.utils import timezone

from plex import connection
from plex.client import PlexTv
from plex.models import PlexConfig
from plex.refusals import TEST_EVENT
from plex.servers import is_far, is_private, split
from tracker.destinations import GuardedAdapter
from tracker.models.site import hash_secret

CONNECT_SECONDS, READ_SECONDS = 3.05, 8.0


class UndeliveredError(Exception):
    """The test event did not get through; the text is one sentence, without the address's secret."""


def register(config: PlexConfig, url: str) -> int:
    """Enter the address in the account's list; all others stay, older ones of ours go.

    Returns how many addresses other than ours the list holds. Raises `PlexError`.
    """
    tv = PlexTv(connection.token_of(config))
    known = tv.webhooks()
    saved = tv.add_webhook(url, replacing=[old for old in known if is_older(old, url, config)])
    ours = urlsplit(url)
    connection.note_registered(config, base=f"{ours.scheme}://{ours.netloc}")
    return len(saved) - 1


def deregister(config: PlexConfig, url: str) -> int:
    """Take this connection's addresses out of the account's list, and no other; returns how many.

    Raises `PlexError`.
    """
    tv = PlexTv(connection.token_of(config))
    ours = [known for known in tv.webhooks() if known == url or is_older(known, url, config)]
    for known in ours:
        tv.remove_webhook(known)
    connection.note_deregistered(config)
    return len(ours)


def is_older(old: str, url: str, config: PlexConfig) -> bool:
    """Whether an address of the list is one that this connection had before.

    The same path with this connection's secret, wherever it leads; or on this very host with a
    secret that is nobody's any more. The address of somebody else here is theirs.
    """
    ours, theirs = urlsplit(url), split(old)
    if theirs is None or old == url or theirs.path.rstrip("/") != ours.path:
        return False
    digest = hash_secret(parse_qs(theirs.query).get("secret", [""])[0])
    holder = (
        PlexConfig.objects.filter(
            Q(webhook_secret_sha256=digest) | Q(previous_secret_sha256=digest)
        )
        .values_list("pk", flat=True)
        .first()
    )
    return holder == config.pk if holder is not None else theirs.netloc == ours.netloc


def why_out_of_reach(url: str, config: PlexConfig) -> str:
    """Why Plex can't post to an address as far as it can be told from here, or ""."""
    parts = split(url)
    host = (parts.hostname or "") if parts else ""
    if is_private(host) and is_far(config.plex_server_url):
        return (
            f"Your Plex server is reached through the internet, but {host} is an address of your own "
            "network: set PUBLIC_URL to an address that the server reaches."
        )
    return ""


def send_test_event(url: str) -> None:
    """Post an event that records nothing to the address, as Plex would. Raises `UndeliveredError`."""
    host = urlsplit(url).netloc
    message = {"event": TEST_EVENT, "sent": timezone.now().isoformat()}
    problem = ""
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", GuardedAdapter())
            session.mount("https://", GuardedAdapter())
            answer = session.post(
                url,
                files={"payload": (None, json.dumps(message), "application/json")},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        if answer.status_code != HTTPStatus.OK or "id" not in read(answer):
            problem = f"{host} answered {answer.status_code}: {said(answer)}"
    except requests.exceptions.SSLError:
        problem = f"The certificate of {host} is not trusted here, and maybe not by Plex either."
    except requests.RequestException:
        problem = (
            f"{host} can't be reached from the tracker itself, so no test event was sent; "
            "Plex may reach it all the same."
        )
    # Raised outside the handlers: the original error holds the address with its secret.
    if problem:
        raise UndeliveredError(problem)


def read(answer: requests.Response) -> dict[str, object]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def said(answer: requests.Response) -> str:
    detail = str(read(answer).get("detail", ""))[:200]
    return detail or "that is not the tracker, or something stands before it."
