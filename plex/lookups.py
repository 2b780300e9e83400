"""TMDB's answers, and the ids that Plex lists for shows: asked once, and kept.

The lane that must not wait answers from what is kept; an outage is met by a few rows, not by each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from plex.circuit import Circuit
from plex.guid import ShowIds
from plex.models import PlexConfig, TmdbLookup
from plex.payload import PlexShow
from plex.show_ids import ShowIdLookups, can_ask
from tracker import library, orders, tmdb
from tracker.models import TVShow
from tracker.tmdb import (
    FindResult,
    FoundEpisode,
    FoundShow,
    SeasonData,
    ShowData,
    Tmdb,
    TmdbError,
    TmdbKeyMissingError,
    TmdbKeyRefusedError,
)
from tracker.tmdb_orders import OrderPlace

T = TypeVar("T")

KEPT = timedelta(days=30)
# New episodes get their ids days or weeks late: what TMDB did not know is asked again soon.
MISS_KEPT = timedelta(hours=12)
SEARCH_KEPT = timedelta(days=1)
# The key of a kept answer that TMDB has no show of a number: this, and the number.
GONE = "gone:"
# Seasons are kept in memory only: many plays of one unclear show look into the same ones.
SEASON_SECONDS = 600.0
MOST_SEASONS = 200


class NetworkNeededError(Exception):
    """The answer is only to be had over the network, which this lane does not use."""


class TmdbAwayError(Exception):
    """TMDB can't be asked now; the text says why.

    `has_key` is False where none is set. `is_final`: it answered that it has no such thing, and
    would do so again.
    """

    def __init__(
        self,
        sentence: str,
        *,
        has_key: bool = True,
        is_final: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.has_key = has_key
        self.is_final = is_final
        self.retry_after = retry_after


class Lookups:
    """What TMDB says. With `may_call=False` only kept answers are used, else `NetworkNeededError`.

    One object per thread. `before_call` runs before each call: the worker renews its lease there.
    """

    def __init__(self, *, may_call: bool) -> None:
        self.may_call = may_call
        self.before_call: Callable[[], None] = lambda: None
        self._seasons: dict[tuple[int, int], tuple[float, SeasonData | None]] = {}
        self.circuit = Circuit()
        self._show_ids = ShowIdLookups()

    def find(self, external_id: str, *, source: str) -> FindResult:
        """What an id of another database identifies. Raises `TmdbAwayError`, `NetworkNeededError`."""
        key = f"find:{source}:{external_id}"
        kept = recall(key)
        if kept is None:
            found = self._call(lambda client: client.find(external_id, source=source))  # type: ignore[arg-type]
            kept = {
                "shows": [plain(s) for s in found.shows],
                "episodes": [plain(e) for e in found.episodes],
            }
            self._keep(key, kept)
        return FindResult(
            shows=tuple(found_show(item) for item in kept["shows"]),
            episodes=tuple(found_episode(item) for item in kept["episodes"]),
        )

    def search(self, title: str) -> tuple[FoundShow, ...]:
        """TMDB's shows for a title, its order. Raises as `find`."""
        key = f"search:{title.casefold()}"[:300]
        kept = recall(key)
        if kept is None:
            kept = [plain(show) for show in self._call(lambda client: client.search(title))]
            self._keep(key, kept)
        return tuple(found_show(item) for item in kept)

    def season(self, tmdb_id: int, season_number: int) -> SeasonData | None:
        """A season with its episodes, or None where TMDB has none. Raises as `find`."""
        key, now = (tmdb_id, season_number), time.monotonic()
        kept = self._seasons.get(key)
        if kept is None or kept[0] < now:
            season = self._call(lambda client: client.fetch_season(tmdb_id, season_number))
            if len(self._seasons) >= MOST_SEASONS:
                self._seasons.clear()
            kept = self._seasons[key] = now + SEASON_SECONDS, season
        return kept[1]

    def add_show(self, tmdb_id: int) -> TVShow:
        """Our show with this TMDB id, added with all seasons if it is new. Raises as `find`."""
        show = TVShow.objects.filter(tmdb_id=tmdb_id).first()
        return show or self._call(
            lambda client: library.add_show(tmdb_id=tmdb_id, tmdb=client, source=TVShow.Source.PLEX)
        )

    def show_data(self, tmdb_id: int) -> ShowData:
        """All that TMDB says of a show; that it has none is remembered. Raises as `find`."""
        key = f"{GONE}{tmdb_id}"
        kept = recall(key)
        if kept is not None:
            raise TmdbAwayError(kept, is_final=True)
        try:
            return self._call(lambda client: client.fetch_show(tmdb_id))
        except TmdbAwayError as error:
            if error.is_final:
                self._keep(key, str(error))
            raise

    def refresh(self, show: TVShow) -> TVShow:
        """The show as TMDB has it now. Raises as `find`."""
        return self._call(lambda client: library.refresh_show(show, tmdb=client))

    def read_orders(self, show: TVShow) -> None:
        """Keep the show's other orders as TMDB has them now. Raises as `find`."""
        tmdb_id = show.tmdb_id or 0
        listed = orders.worth_reading(self._call(lambda client: client.fetch_order_list(tmdb_id)))
        orders.keep_orders(show, {order: self._order(order.tmdb_id) for order in listed})

    def _order(self, order_id: str) -> tuple[OrderPlace, ...]:
        return self._call(lambda client: client.fetch_order(order_id))

    def ask_whether_back(self) -> None:
        """Return if TMDB answers. Raises as `find`."""
        self._call(lambda client: client.check())

    def plex_show_ids(self, config: PlexConfig, show: PlexShow) -> ShowIds:
        """The show's own ids as Plex lists them; none where this connection can't ask for them.

        Raises `PlexError`, `NetworkNeededError`.
        """
        if not can_ask(config, show):
            return ShowIds()
        kept = self._show_ids.recall(show)
        if kept is not None:
            return kept
        if not self.may_call:
            raise NetworkNeededError
        self.before_call()
        return self._show_ids.ask(config, show)

    def has_key(self) -> bool:
        try:
            tmdb.connect()
        except TmdbKeyMissingError:
            return False
        except TmdbError:
            return True
        return True

    def _keep(self, key: str, answer: Any) -> None:
        remember(key, answer)

    def _call(self, ask: Callable[[Tmdb], T]) -> T:
        if not self.may_call:
            raise NetworkNeededError
        outage = self.circuit.outage(now=timezone.now())
        if outage is not None:
            left = outage.seconds_left(timezone.now())
            raise TmdbAwayError(outage.sentence, has_key=outage.has_key, retry_after=left)
        self.before_call()
        try:
            answer = ask(tmdb.connect())
        except TmdbError as error:
            self._note(error)
            has_key = not isinstance(error, TmdbKeyMissingError)
            raise TmdbAwayError(
                str(error),
                has_key=has_key,
                is_final=error.permanent and has_key,
                retry_after=error.retry_after,
            ) from None
        self.circuit.answered(now=timezone.now())
        return answer

    def _note(self, error: TmdbError) -> None:
        """Tell the circuit; "there is no such show" is an answer, too."""
        if isinstance(error, TmdbKeyRefusedError) or not error.permanent:
            self.circuit.failed(error, now=timezone.now())
        elif not isinstance(error, TmdbKeyMissingError):
            self.circuit.answered(now=timezone.now())


def recall(key: str) -> Any:
    """A kept answer, or None when there is none or it is too old."""
    lookup = TmdbLookup.objects.filter(key=key).first()
    if lookup is None or timezone.now() - lookup.fetched_at > kept_for(key, lookup.answer):
        return None
    return lookup.answer


def kept_for(key: str, answer: Any) -> timedelta:
    if key.startswith("search:"):
        return SEARCH_KEPT
    if key.startswith(GONE):
        return MISS_KEPT
    return KEPT if answer["shows"] or answer["episodes"] else MISS_KEPT


def remember(key: str, answer: Any) -> None:
    with transaction.atomic():
        TmdbLookup.objects.update_or_create(
            key=key, defaults={"answer": answer, "fetched_at": timezone.now()}
        )


def forget_old_lookups(now: datetime) -> int:
    """Delete answers that TMDB's terms no longer allow to keep, or that nobody would use."""
    return TmdbLookup.objects.filter(fetched_at__lt=now - KEPT).delete()[0]


def plain(value: FoundShow | FoundEpisode) -> dict[str, Any]:
    return {
        name: item.isoformat() if isinstance(item, date) else item
        for name, item in asdict(value).items()
    }


def found_show(item: dict[str, Any]) -> FoundShow:
    return FoundShow(
        **{
            **item,
            "first_air_date": as_date(item["first_air_date"]),
            "origin_countries": tuple(item["origin_countries"]),
        }
    )


def found_episode(item: dict[str, Any]) -> FoundEpisode:
    return FoundEpisode(**{**item, "air_date": as_date(item["air_date"])})


def as_date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
