"""Calls to Plex: the token in a header, bounded time and size, no redirects, one error type."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.utils.crypto import salted_hmac
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from plex.answers import PlexError, wrong_shape
from tracker.tmdb import BoundedRetry

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
CALL_SECONDS = 30.0
TRIES = 3
LARGEST_ANSWER_BYTES = 32_000_000
TEMPORARY_STATUSES = (429, 500, 502, 503, 504, 520, 522, 524)
PRODUCT = "Full Tracker"
# Machines in a cloud tell their secrets to whoever asks there.
REFUSED_ADDRESSES = {
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")
}
REFUSED_HOSTS = {"metadata", "metadata.google.internal", "instance-data", "metadata.azure.internal"}


class RefusedAddressError(OSError):
    """The address leads to a cloud's metadata service, or to no host beyond the own wire."""


def is_refused(host: str) -> bool:
    """Whether nothing may be asked of this host name or address."""
    name = host.strip("[]").rstrip(".").partition("%")[0].casefold()
    if name in REFUSED_HOSTS or name.endswith(".metadata.google.internal"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_link_local or address in REFUSED_ADDRESSES


class GuardedConnection(HTTPConnection):
    """Looks at the address that a name really led to, before anything is sent there."""

    def _new_conn(self) -> Any:
        sock = super()._new_conn()
        if is_refused(str(sock.getpeername()[0])):
            sock.close()
            raise RefusedAddressError
        return sock


class GuardedSecureConnection(GuardedConnection, HTTPSConnection):
    pass


class GuardedPool(HTTPConnectionPool):
    ConnectionCls = GuardedConnection


class GuardedSecurePool(HTTPSConnectionPool):
    ConnectionCls = GuardedSecureConnection


class GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": GuardedPool, "https": GuardedSecurePool}


class TokenAuth(AuthBase):
    """Puts the token into its header, and keeps requests from looking for other credentials."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["X-Plex-Token"] = self._token
        return request


def client_identifier() -> str:
    """The same for this installation always: Plex lists each new one as a new device."""
    return salted_hmac("plex.client", "identifier").hexdigest()[:32]


def version() -> str:
    return str(settings.SPECTACULAR_SETTINGS["VERSION"])


class Caller:
    """Asks one host with one token. Keeps its connection; not to be shared between threads.

    `who` names the host in sentences: "Plex" or "The Plex server".
    """

    def __init__(self, *, base_url: str, token: str, who: str, tries: int = TRIES) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise refused_token(who)
        self.base_url, self.who, self.tries = base_url.rstrip("/"), who, tries
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PlexError(
                f"The address of {self.lower_who} is not an http:// or https:// address.",
                kind="unreachable",
                permanent=True,
            )
        if is_refused(parts.hostname):
            raise self.refused_address()
        self._adapter = GuardedAdapter()
        self._session = requests.Session()
        self._session.auth = TokenAuth(token)
        self._session.headers.update(
            {
                "Accept": "application/json",
                "User-Agent": f"FullTracker/{version()}",
                "X-Plex-Client-Identifier": client_identifier(),
                "X-Plex-Product": PRODUCT,
                "X-Plex-Device-Name": PRODUCT,
                "X-Plex-Version": version(),
            }
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    @property
    def lower_who(self) -> str:
        return self.who.replace("The ", "the ", 1)

    def get(self, path: str, **params: str | int) -> Any:
        """The JSON at a path. Raises `PlexError`."""
        return self.call("GET", path, params=params)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        form: Any = None,
    ) -> Any:
        """Send one request; its JSON, or None where the answer is empty. Raises `PlexError`."""
        started = time.monotonic()
        try:
            with self._send(method, path, params, form) as response:
                error = self._error_of(response.status_code)
                if error is None:
                    body = read_bounded(response, started=started)
                    return json.loads(body) if body else None
        except RefusedAddressError:
            error = self.refused_address()
        except (requests.RequestException, HTTPError, OSError) as raised:
            error = self.refused_address() if is_caused_by_refusal(raised) else self.unreachable()
        except (ValueError, RecursionError):
            error = wrong_shape("not JSON")
        # Raised outside the handlers: the original error holds the request, and with it the token.
        raise error

    def _send(
        self, method: str, path: str, params: Mapping[str, str | int] | None, form: Any
    ) -> requests.Response:
        self._adapter.max_retries = BoundedRetry(
            total=self.tries - 1,
            status_forcelist=TEMPORARY_STATUSES,
            allowed_methods=["GET"],
            raise_on_status=False,
        )
        return self._session.request(
            method,
            f"{self.base_url}{path}",
            params=params,
            data=form,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,  # The token goes to no other host.
            stream=True,
        )

    def _error_of(self, status: int) -> PlexError | None:
        """What an answer's status says; None where it is good."""
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return refused_token(self.who)
        if status == HTTPStatus.NOT_FOUND:
            return PlexError(f"{self.who} does not have this.", kind="not_found", permanent=True)
        if status < HTTPStatus.BAD_REQUEST:
            sentence = f"{self.who} sends its visitors elsewhere; check the address."
            return PlexError(sentence, kind="trouble")
        return PlexError(
            f"{self.who} has a problem at the moment (it answered {status}); it is asked again later.",
            kind="trouble",
        )

    def unreachable(self) -> PlexError:
        return PlexError(
            f"{self.who} can't be reached at the moment; it is asked again later.",
            kind="unreachable",
        )

    def refused_address(self) -> PlexError:
        return PlexError(
            f"The address of {self.lower_who} is one that nothing may be sent to; enter another.",
            kind="unreachable",
            permanent=True,
        )


def refused_token(who: str) -> PlexError:
    return PlexError(
        f"{who} refuses the Plex token; sign in again on the Plex settings page.",
        kind="unauthorised",
        permanent=True,
    )


def is_caused_by_refusal(error: BaseException | None) -> bool:
    """requests and urllib3 wrap what was raised while connecting."""
    for _ in range(6):
        if error is None or isinstance(error, RefusedAddressError):
            break
        wrapped = [item for item in error.args if isinstance(item, BaseException)]
        error = getattr(error, "reason", None) or error.__context__ or next(iter(wrapped), None)
    return isinstance(error, RefusedAddressError)


def read_bounded(response: requests.Response, *, started: float) -> bytes:
    """The body, unless it is endless or drips in: the read timeout only limits each piece."""
    body = bytearray()
    while piece := response.raw.read1(65_536, decode_content=True):
        body += piece
        if len(body) > LARGEST_ANSWER_BYTES or time.monotonic() - started > CALL_SECONDS:
            raise requests.Timeout
    if response.raw.length_remaining:
        raise requests.ConnectionError
    return bytes(body)
