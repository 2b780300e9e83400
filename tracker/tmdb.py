"""The TMDB client: one error type, bounded time, and never a key in a text."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, InvalidHeader

from tracker.bounded_retry import BoundedRetry
from tracker.encryption import DecryptionError, reveal
from tracker.metrics import TMDB_CALLS
from tracker.models import SiteSettings
from tracker.tmdb_orders import ListedOrder, OrderPlace, parse_order, parse_order_list
from tracker.tmdb_parsing import (
    EpisodeData,
    FindResult,
    FoundEpisode,
    FoundShow,
    ListedSeason,
    SeasonData,
    ShowData,
    TmdbError,
    as_object,
    parse_find,
    parse_search,
    parse_season,
    parse_season_list,
    parse_show,
    wrong_shape,
)

__all__ = [
    "EpisodeData",
    "FindResult",
    "FoundEpisode",
    "FoundShow",
    "SeasonData",
    "ShowData",
    "Tmdb",
    "TmdbError",
    "TmdbKeyMissingError",
    "TmdbKeyRefusedError",
    "connect",
]

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
TRIES = 3
# One call ends within this time, tries and waits included: a lease of the worker outlasts it.
CALL_SECONDS = 20.0
LARGEST_ANSWER_BYTES = 32_000_000
TEMPORARY_STATUSES = (429, 500, 502, 503, 504)

# TMDB appends at most 20 answers to one call; the first one guesses the usual season numbers.
APPENDED_PER_CALL = 20
EXTRAS = ("external_ids", "alternative_titles", "translations")
GUESSED_SEASONS = range(APPENDED_PER_CALL - len(EXTRAS))


class TmdbKeyMissingError(TmdbError):
    """There is no key that could be used; what needs TMDB waits until somebody enters one."""

    def __init__(
        self, message: str = "There is no TMDB key yet; enter one on the Plex settings page."
    ) -> None:
        super().__init__(message, permanent=True)


class TmdbKeyRefusedError(TmdbKeyMissingError):
    """There is a key, and TMDB does not take it."""

    def __init__(self) -> None:
        super().__init__("TMDB refuses the key; check it on the Plex settings page.")


class KeyFilter(logging.Filter):
    """Takes v3 keys out of what urllib3 logs: it writes whole addresses, also in warnings."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"api_key=[^&\s'\")]+", "api_key=***", record.getMessage())
        record.args = ()
        return True


for name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(name).addFilter(KeyFilter())


class KeyAuth(AuthBase):
    """Puts the key where TMDB wants it: a v4 token in the header, a v3 key in the address."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key.startswith("eyJ") or self._key.count(".") == 2:  # noqa: PLR2004 - a JWT
            request.headers["Authorization"] = f"Bearer {self._key}"
        else:
            request.prepare_url(request.url, {"api_key": self._key})
        return request


class Tmdb:
    """One installation's access to TMDB. Keeps its connection; not to be shared between threads."""

    def __init__(self, *, api_key: str, base_url: str, language: str = "en-US") -> None:
        if not api_key:
            raise TmdbKeyMissingError
        if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise TmdbKeyRefusedError
        self.base_url = base_url.rstrip("/")
        self.language = language
        self._adapter = HTTPAdapter()
        self._session = requests.Session()
        self._session.auth = KeyAuth(api_key)
        self._session.headers["Accept"] = "application/json"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def find(self, external_id: str, *, source: Literal["imdb_id", "tvdb_id"]) -> FindResult:
        """The shows and episodes that another catalogue's id names; an unknown id finds nothing."""
        if not (external_id.isascii() and external_id.isalnum()):
            return FindResult()
        return parse_find(self._get(f"/find/{external_id}", external_source=source))

    def search(self, title: str) -> tuple[FoundShow, ...]:
        """The first page of shows with such a title, best first."""
        return parse_search(self._get("/search/tv", query=title, include_adult="false"))

    def fetch_show(self, tmdb_id: int) -> ShowData:
        """A show with all its seasons and episodes, other titles and ids."""
        appended = [*EXTRAS, *(f"season/{number}" for number in GUESSED_SEASONS)]
        answer = self._get(f"/tv/{tmdb_id}", append_to_response=",".join(appended))
        listed = parse_season_list(answer)
        beyond = [s.season_number for s in listed if s.season_number not in GUESSED_SEASONS]
        found = {key: value for key, value in answer.items() if key.startswith("season/")}
        for start in range(0, len(beyond), APPENDED_PER_CALL):
            paths = [f"season/{number}" for number in beyond[start : start + APPENDED_PER_CALL]]
            found |= self._get(f"/tv/{tmdb_id}", append_to_response=",".join(paths))
        seasons = (
            self._season(tmdb_id, season, found.get(f"season/{season.season_number}"))
            for season in listed
        )
        return parse_show(answer, seasons)

    def fetch_season(self, tmdb_id: int, season_number: int) -> SeasonData | None:
        """One season, or None where TMDB has no such season."""
        answer = self._get(f"/tv/{tmdb_id}/season/{season_number}", missing_is_none=True)
        return None if answer is None else parse_season(answer)

    def fetch_order_list(self, tmdb_id: int) -> tuple[ListedOrder, ...]:
        """The other orders of a show's episodes that TMDB has."""
        return parse_order_list(self._get(f"/tv/{tmdb_id}/episode_groups"))

    def fetch_order(self, order_id: str) -> tuple[OrderPlace, ...]:
        """The places that one of these orders gives to the episodes."""
        return parse_order(self._get(f"/tv/episode_group/{quote(order_id, safe='')}"))

    def check(self) -> None:
        """Return if TMDB answers and takes the key; raise `TmdbError` otherwise."""
        self._get("/configuration")

    def _season(self, tmdb_id: int, listed: ListedSeason, appended: Any) -> SeasonData:
        """A listed season from the show's answer, else by a call of its own.

        A season that TMDB lists with episodes but won't give is an error: taken as empty, a refresh
        would throw its episodes away.
        """
        if appended is not None:
            return parse_season(appended)
        season = self.fetch_season(tmdb_id, listed.season_number)
        if season is None and listed.episode_count:
            raise wrong_shape(f"season {listed.season_number} is missing")
        return season or SeasonData(
            season_number=listed.season_number, name=listed.name, poster_path=listed.poster_path
        )

    def _get(self, path: str, *, missing_is_none: bool = False, **params: str) -> Any:
        try:
            with self._send(path, params) as response:
                if response.status_code == HTTPStatus.NOT_FOUND and missing_is_none:
                    TMDB_CALLS.labels("ok").inc()
                    return None
                error = error_of(response)
                if error is None:
                    found = as_object(json.loads(self._read(response)))
                    TMDB_CALLS.labels("ok").inc()
                    return found
        except (requests.RequestException, HTTPError, OSError):
            error = TmdbError("TMDB can't be reached at the moment; it will be asked again later.")
        except (ValueError, RecursionError):
            error = wrong_shape("not JSON")
        TMDB_CALLS.labels("ok" if is_answer(error) else "error").inc()
        # Raised outside the handlers: the original error, whose text holds the address and with it
        # a v3 key, must not hang on to this one as its context.
        raise error

    def _send(self, path: str, params: Mapping[str, str]) -> requests.Response:
        self._adapter.max_retries = self._retry = BoundedRetry(
            total=TRIES - 1,
            status_forcelist=TEMPORARY_STATUSES,
            allowed_methods=["GET"],
            raise_on_status=False,
        )
        return self._session.get(
            f"{self.base_url}{path}",
            params={"language": self.language, **params},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,  # The key goes to no other host.
            stream=True,
        )

    def _read(self, response: requests.Response) -> bytes:
        """The body, unless it is endless or drips in: the read timeout only limits each piece."""
        body = bytearray()
        while piece := response.raw.read1(65_536, decode_content=True):
            body += piece
            if (
                len(body) > LARGEST_ANSWER_BYTES
                or time.monotonic() - self._retry.started > CALL_SECONDS
            ):
                raise requests.Timeout
        if response.raw.length_remaining:
            raise requests.ConnectionError
        return bytes(body)


def is_answer(error: TmdbError) -> bool:
    """Whether TMDB did its part: it has no such thing, which is no trouble of its own."""
    return error.permanent and not isinstance(error, TmdbKeyMissingError)


def error_of(response: requests.Response) -> TmdbError | None:
    """What an answer's status says; None for 200."""
    status = response.status_code
    if status == HTTPStatus.OK:
        return None
    if status == HTTPStatus.UNAUTHORIZED:
        return TmdbKeyRefusedError()
    if status == HTTPStatus.NOT_FOUND:
        return TmdbError("TMDB does not have this; it may have been removed there.", permanent=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return TmdbError("TMDB sends its visitors elsewhere; check TMDB_API_URL and the network.")
    try:
        wait = BoundedRetry().parse_retry_after(response.headers.get("Retry-After", ""))
    except InvalidHeader:
        wait = None
    return TmdbError(
        f"TMDB has a problem at the moment (it answered {status}); it will be asked again later.",
        retry_after=wait,
    )


def connect() -> Tmdb:
    """TMDB with the key of this installation. Raises `TmdbKeyMissingError` where there is none."""
    site = SiteSettings.load()
    try:
        key = settings.TMDB_API_KEY or reveal(site, "tmdb_api_key")
    except DecryptionError as error:
        raise TmdbKeyMissingError(f"The TMDB key can't be read: {error}") from error
    return Tmdb(api_key=key, base_url=settings.TMDB_API_URL, language=site.language)
