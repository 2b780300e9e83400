"""Finding a Plex server: every address that it is known by is tried, all at the same time."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from plex.client import PlexError, PlexServer, Server

# For all addresses together: somebody waits for the page.
SEARCH_SECONDS = 6.0
MOST_ADDRESSES = 24
# 192-168-1-10.0123456789abcdef….plex.direct is 192.168.1.10 with a certificate of Plex's.
PLEX_DIRECT = re.compile(r"(\d{1,3}(?:-\d{1,3}){3})\.[0-9a-f]+\.plex\.direct", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A server, and the address at which it answers from here."""

    server: Server
    url: str


def find_server(servers: Iterable[Server]) -> Found | None:
    """The first server, in the given order, that answers at one of its addresses.

    An address counts only if this very server answers there. Asked without a token.
    """
    candidates = [
        Found(server=server, url=url) for server in servers for url in addresses_of(server)
    ][:MOST_ADDRESSES]
    if not candidates:
        return None
    deadline = time.monotonic() + SEARCH_SECONDS
    pool = ThreadPoolExecutor(max_workers=len(candidates), thread_name_prefix="plex-server")
    answers = [(found, pool.submit(identity_at, found.url)) for found in candidates]
    try:
        return next((found for found, answer in answers if is_it(found, answer, deadline)), None)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def is_it(found: Found, answer: Future[str], deadline: float) -> bool:
    try:
        return answer.result(max(0.0, deadline - time.monotonic())) == found.server.uuid
    except FutureTimeoutError:
        return False


def identity_at(url: str) -> str:
    """The id of the server at an address, "" where none answers."""
    try:
        return PlexServer(url, "", tries=1).identity().uuid
    except PlexError:
        return ""


def addresses_of(server: Server) -> Iterator[str]:
    """The addresses, near ones first; behind Plex's own names the plain ones, for the networks
    whose name server refuses names that lead inside."""
    by_distance = sorted(server.addresses, key=lambda item: (item.is_relay, not item.is_local))
    yield from (address.uri.rstrip("/") for address in by_distance if not address.is_relay)
    for address in by_distance:
        if address.is_local and (plain := plain_address(address.uri)):
            yield plain
    yield from (address.uri.rstrip("/") for address in by_distance if address.is_relay)


def plain_address(uri: str) -> str:
    """The http address behind a plex.direct name of a private address; "" for any other."""
    parts = split(uri)
    found = PLEX_DIRECT.fullmatch(parts.hostname or "") if parts else None
    if parts is None or found is None or not parts.port:
        return ""
    host = found[1].replace("-", ".")
    return f"http://{host}:{parts.port}" if is_private(host) else ""


def is_far(url: str) -> bool:
    """Whether a server is known to be reached through the internet."""
    parts = split(url)
    host = (parts.hostname or "") if parts else ""
    found = PLEX_DIRECT.fullmatch(host)
    address = as_address(found[1].replace("-", ".") if found else host)
    return address is not None and address.is_global


def is_private(host: str) -> bool:
    """Whether a host is an address, or a name, of the own network only."""
    address = as_address(host)
    if address is None:
        return host.endswith((".local", ".lan", ".home.arpa", ".internal"))
    return address.is_private or address.is_link_local


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
