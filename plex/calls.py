"""Calls to Plex: the token in a header, bounded time and size, no redirects, one error type."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, InvalidHeader

from plex.answers import PlexError, wrong_shape
from plex.circuit import Circuit
from plex.webhook_body import without_unstorable
from tracker.bounded_retry import BoundedRetry
from tracker.destinations import (
    GuardedAdapter,
    RefusedAddressError,
    is_caused_by_refusal,
    is_refused,
)

T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
CALL_SECONDS = 30.0
TRIES = 3
LARGEST_ANSWER_BYTES = 32_000_000
TEMPORARY_STATUSES = (429, 500, 502, 503, 504, 520, 522, 524)
PRODUCT = "Full Tracker"
# Errors by which the host answers: it is not in trouble.
ANSWERS = {"unauthorised", "not_found", "no_plex_pass"}


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


class Caller:
    """Asks one host with one token. Keeps its connection; not to be shared between threads.

    `who` names the host in sentences: "Plex" or "The Plex server". Whoever works by itself names the
    host's `circuit`: then nothing is sent while the host is away.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        who: str,
        tries: int = TRIES,
        circuit: Circuit | None = None,
    ) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise refused_token(who)
        self.base_url, self.who, self.tries = base_url.rstrip("/"), who, tries
        self.circuit = circuit
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
                "User-Agent": f"FullTracker/{settings.VERSION}",
                "X-Plex-Client-Identifier": client_identifier(),
                "X-Plex-Product": PRODUCT,
                "X-Plex-Device-Name": PRODUCT,
                "X-Plex-Version": settings.VERSION,
            }
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    @property
    def lower_who(self) -> str:
        return self.who.replace("The ", "the ", 1)

    def get(
        self,
        path: str,
        parse: Callable[[Any], T],
        params: Mapping[str, str | int] | None = None,
        *,
        of_items: bool = False,
    ) -> T:
        """What `parse` reads in the JSON at a path. Raises `PlexError`."""
        return self.guarded(lambda: parse(self.call("GET", path, params=params)), of_items=of_items)

    def guarded(self, ask: Callable[[], T], *, of_items: bool = False) -> T:
        """Ask, unless the host is away, and tell the circuit what came of it.

        `of_items`: servers fail at some items again and again, which says nothing of the server.
        """
        circuit = self.circuit
        if circuit is None:
            return ask()
        outage = circuit.outage(now=timezone.now())
        if outage is not None:
            left = outage.seconds_left(timezone.now())
            raise PlexError(outage.sentence, kind="unreachable", retry_after=left)
        try:
            answer = ask()
        except PlexError as error:
            if error.kind in ANSWERS:
                circuit.answered(now=timezone.now())
            elif not error.permanent and not (of_items and is_about_items(error)):
                circuit.failed(error, now=timezone.now())
            raise
        circuit.answered(now=timezone.now())
        return answer

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        form: Any = None,
    ) -> Any:
        """Send one request; its JSON, or None where the answer is empty. Raises `PlexError`."""
        body, _ = self.exchange(method, path, params=params, form=form)
        try:
            return read_json(body) if body else None
        except (ValueError, RecursionError):
            error = wrong_shape("not JSON")
        raise error

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        form: Any = None,
        accept: str = "application/json",
        largest: int | None = None,
    ) -> tuple[bytes, str]:
        """Send one request; the body of its answer, and its content type. More than `largest` bytes
        (as many as any answer may have, unless given) are an error.

        Raises `PlexError`.
        """
        started = time.monotonic()
        try:
            with self._send(method, path, params, form, accept) as response:
                error = self._error_of(response)
                if error is None:
                    body = read_bounded(response, started=started, largest=largest)
                    return body, response.headers.get("Content-Type", "")
        except RefusedAddressError:
            error = self.refused_address()
        except (requests.RequestException, HTTPError, OSError) as raised:
            error = self.refused_address() if is_caused_by_refusal(raised) else self.unreachable()
        except ValueError:
            error = wrong_shape("not HTTP")
        # Raised outside the handlers: the original error holds the request, and with it the token.
        raise error

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        form: Any,
        accept: str,
    ) -> requests.Response:
        is_trial = self.circuit is not None and self.circuit.is_trial
        self._adapter.max_retries = BoundedRetry(
            total=0 if is_trial else self.tries - 1,
            status_forcelist=TEMPORARY_STATUSES,
            allowed_methods=["GET"],
            raise_on_status=False,
        )
        return self._session.request(
            method,
            f"{self.base_url}{path}",
            params=params,
            data=form,
            headers={"Accept": accept},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,  # The token goes to no other host.
            stream=True,
        )

    def _error_of(self, response: requests.Response) -> PlexError | None:
        """What an answer's status says; None where it is good."""
        status = response.status_code
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
            retry_after=retry_after(response),
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


def is_about_items(error: PlexError) -> bool:
    return error.kind == "trouble" and not error.retry_after


def retry_after(response: requests.Response) -> float | None:
    """The seconds that an answer asks to wait, if it does."""
    try:
        return BoundedRetry().parse_retry_after(response.headers.get("Retry-After", ""))
    except InvalidHeader:
        return None


def read_json(body: bytes) -> Any:
    """An answer's JSON without what a database refuses: one odd value must not cost its play."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\x00", "")
    value = json.loads(text, strict=False, parse_float=finite, parse_constant=finite)
    return without_unstorable(value) if "\\u" in text else value


def finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def read_bounded(
    response: requests.Response, *, started: float, largest: int | None = None
) -> bytes:
    """The body, unless it is endless or drips in: the read timeout only limits each piece."""
    body = bytearray()
    while piece := response.raw.read1(65_536, decode_content=True):
        body += piece
        if (
            len(body) > (largest or LARGEST_ANSWER_BYTES)
            or time.monotonic() - started > CALL_SECONDS
        ):
            raise requests.Timeout
    if response.raw.length_remaining:
        raise requests.ConnectionError
    return bytes(body)
