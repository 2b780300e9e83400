"""One event on its way, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from plex.episodes.match import EpisodeQuestion
from plex.matching import Match, Question
from plex.models import (
    Action,
    PlexConfig,
    PlexEpisodeMapping,
    PlexSeasonMapping,
    PlexShowMapping,
    PlexWebhookLog,
    Status,
)
from plex.payload import NewShow, NotAPlayback, Playback
from plex.rules.ruling import SILENT, Ruling
from tracker.models import TVShow

Trace = list[dict[str, Any]]


@dataclass(kw_only=True)
class Answers:
    """What people said about a Plex show, besides which show it is."""

    seasons: list[PlexSeasonMapping] = field(default_factory=list)
    episodes: list[PlexEpisodeMapping] = field(default_factory=list)
    ignored_by: set[int] = field(default_factory=set)
    is_corrected: bool = False


@dataclass(kw_only=True)
class Event:
    """A claimed row with all that its decision needs. `users` are those for whom the play counts.

    `review`: why somebody should look at the mapping, though it holds. `ruling` is what the rules of
    the hook's owner say, `ignoring` whose rules ignore the event and in which words; with
    `is_overruled` the mapping's show is not this one's any more.
    """

    log: PlexWebhookLog
    parsed: Playback | NewShow | NotAPlayback
    config: PlexConfig
    viewed_at: datetime
    account_key: str = ""
    account_id: int | None = None
    users: tuple[int, ...] = ()
    is_stranger: bool = False
    mapping: PlexShowMapping | None = None
    answers: Answers = field(default_factory=Answers)
    review: str = ""
    ruling: Ruling = SILENT
    ignoring: dict[int, str] = field(default_factory=dict)
    is_overruled: bool = False
    trace: Trace = field(default_factory=list)

    def tell(self, step: str, text: str, **data: Any) -> None:
        """Add one step to the story that the event's page tells."""
        entry: dict[str, Any] = {"step": step, "text": text}
        self.trace.append({**entry, **({"data": data} if data else {})})

    def tell_once(self, step: str, text: str) -> None:
        """Add a step unless the story has it already: several ways of deciding come by it."""
        if all(told["text"] != text for told in self.trace):
            self.tell(step, text)

    @property
    def show_mapping(self) -> PlexShowMapping:
        assert self.mapping is not None  # noqa: S101 - every play and new show has one
        return self.mapping

    @property
    def mapped_show(self) -> TVShow | None:
        """The show that the Plex show is taken for, unless a rule says otherwise."""
        return None if self.is_overruled or self.mapping is None else self.mapping.tvshow

    @property
    def playback(self) -> Playback:
        assert isinstance(self.parsed, Playback)  # noqa: S101 - only plays get this far
        return self.parsed


@dataclass(frozen=True, kw_only=True)
class Finish:
    """Nothing to record: the row gets its status and reason."""

    status: Status
    action: Action
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The row waits: for the network (`pending`, due again at `at`), or for a person (`held`)."""

    status: Status
    action: Action
    at: datetime | None
    reason: str = ""
    needs_network: bool = False
    waiting_since: datetime | None = None
    match: Match | None = None


@dataclass(frozen=True, kw_only=True)
class Forget:
    """A stranger's event: counted, not stored."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The play counts: one watch of each episode for each of the event's users.

    `match` is set where the show was identified just now, for the mapping to keep.
    """

    show_id: int
    episode_ids: tuple[int, ...]
    runtime: timedelta
    evidence: str
    action: Action = Action.MARKED_WATCHED
    match: Match | None = None


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A person has to say which show (or episode, where `match` or the mapping names the show).

    `contradicts`: the question takes a decision back, and stays until a person answers.
    """

    question: Question | EpisodeQuestion
    match: Match | None = None
    contradicts: bool = False
    retry_at: datetime | None = None
    waiting_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Library:
    """A show that is new in the Plex library: on the list of the config's user."""

    show_id: int
    match: Match | None = None


Plan = Finish | Wait | Forget | Record | Ask | Library
