"""What an import of past watches would bring: counted page by page, in little memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Q

from plex import fields
from plex.answers import HistoryRow
from plex.history.events import key_in, place_of
from plex.models import PlexShowMapping
from tracker.models import Episode, ShowTitle, Watch
from tracker.titles import title_key

# Shows that are counted one by one; of a library with more, the others are counted together.
MOST_SHOWS = 5_000
# Shows that a person can choose from.
MOST_LISTED = 300

SUMS = ("plays", "here", "left_out", "first")
KNOWN, PROVED, UNKNOWN, OFF = "known", "proved", "unknown", "off"


def show_key(row: HistoryRow) -> str:
    """What names the show of a row: its rating key; of a deleted one its title."""
    data = row.metadata
    key = fields.text(data.get("grandparentRatingKey")) or key_in(data.get("grandparentKey"))
    return key or f"title:{place_of(row)[0]}"


@dataclass(kw_only=True)
class ShowCount:
    """`here`: plays that the tracker has already. `state`: whether it is known which show it is."""

    title: str
    plays: int = 0
    here: int = 0
    state: str = UNKNOWN
    show_id: int | None = None

    @property
    def is_question(self) -> bool:
        """Whether plays of it come that nobody has said yet which show they are of."""
        return self.state == UNKNOWN and self.here < self.plays


@dataclass(kw_only=True)
class Preview:
    user_id: int
    server_uuid: str
    shows: dict[str, ShowCount] = field(default_factory=dict)
    plays: int = 0
    here: int = 0
    left_out: int = 0
    first: int | None = None

    @staticmethod
    def read(cursor: Mapping[str, Any], *, user_id: int, server_uuid: str) -> Preview:
        """As far as it was counted before."""
        sums = {name: cursor[name] for name in SUMS if name in cursor}
        shows = {key: ShowCount(**values) for key, values in cursor.get("shows", {}).items()}
        return Preview(user_id=user_id, server_uuid=server_uuid, shows=shows, **sums)

    def as_json(self) -> dict[str, Any]:
        shows = {key: asdict(show) for key, show in self.shows.items()}
        return {"shows": shows, **{name: getattr(self, name) for name in SUMS}}

    def again(self) -> Preview:
        return Preview(user_id=self.user_id, server_uuid=self.server_uuid)

    def count(self, rows: Sequence[HistoryRow], *, new: Collection[str]) -> None:
        """Add a page; `new` are the keys of the rows that made no event yet."""
        by_show: dict[str, list[HistoryRow]] = defaultdict(list)
        for row in rows:
            by_show[show_key(row)].append(row)
        self.meet(by_show)
        watched = self.watched(by_show)
        for key, plays in by_show.items():
            show = self.shows.get(key) or ShowCount(title="")
            here = sum(
                row.history_key not in new or (show.show_id, *place_of(row)[1:]) in watched
                for row in plays
            )
            show.plays, show.here = show.plays + len(plays), show.here + here
            self.plays, self.here = self.plays + len(plays), self.here + here
        if rows and self.first is None:
            self.first = int(rows[0].viewed_at.timestamp())

    def meet(self, by_show: Mapping[str, Sequence[HistoryRow]]) -> None:
        """List the shows that come for the first time, and try to tell which they are."""
        for key, rows in by_show.items():
            if key not in self.shows and len(self.shows) < MOST_SHOWS:
                self.shows[key] = ShowCount(title=place_of(rows[0])[0])
        unclear = {
            key: rows
            for key, rows in by_show.items()
            if key in self.shows and self.shows[key].state == UNKNOWN
        }
        if unclear:
            self.recognise_mapped(unclear)
            self.recognise_by_date(
                {k: r for k, r in unclear.items() if self.shows[k].state == UNKNOWN}
            )

    def recognise_mapped(self, unclear: Mapping[str, Sequence[HistoryRow]]) -> None:
        titles = {self.shows[key].title for key in unclear if key.startswith("title:")}
        found = PlexShowMapping.objects.filter(
            Q(plex_rating_key__in=list(unclear)) | Q(plex_title__in=titles),
            server_uuid=self.server_uuid,
        ).exclude(tvshow=None, sync_enabled=True)
        ignored = set(found.filter(ignored_by=self.user_id).values_list("pk", flat=True))
        for mapping in found.only("plex_rating_key", "plex_title", "tvshow", "sync_enabled"):
            for key in (mapping.plex_rating_key, f"title:{mapping.plex_title}"):
                if key in unclear and self.shows[key].title == mapping.plex_title:
                    is_off = not mapping.sync_enabled or mapping.pk in ignored
                    self.shows[key].state = OFF if is_off else KNOWN
                    self.shows[key].show_id = mapping.tvshow_id

    def recognise_by_date(self, unclear: Mapping[str, Sequence[HistoryRow]]) -> None:
        """The one show of that very title, where it has such an episode on that day."""
        names = {key: title_key(self.shows[key].title) for key in unclear}
        ours: dict[str, set[int]] = defaultdict(set)
        titles = ShowTitle.objects.filter(key__in=set(names.values()))
        for name, show_id in titles.values_list("key", "show_id"):
            ours[name].add(show_id)
        single = {key: min(ours[name]) for key, name in names.items() if len(ours[name]) == 1}
        aired = episodes_on_their_day(single.values(), [r for key in single for r in unclear[key]])
        for key, show_id in single.items():
            if any((show_id, *place_of(row)[1:], day_of(row)) in aired for row in unclear[key]):
                self.shows[key].state, self.shows[key].show_id = PROVED, show_id

    def watched(self, by_show: Mapping[str, Sequence[HistoryRow]]) -> set[tuple[Any, ...]]:
        """(show, season, episode) of the page that the user has watched, by whatever way."""
        known = {key: self.shows[key].show_id for key in by_show if key in self.shows}
        rows = [row for key in known if known[key] for row in by_show[key]]
        watches = Watch.objects.standing().filter(
            user_id=self.user_id,
            episode__season__show_id__in={pk for pk in known.values() if pk},
            episode__season__season_number__in=numbers(place_of(row)[1] for row in rows),
            episode__episode_number__in=numbers(place_of(row)[2] for row in rows),
        )
        columns = "season__show_id", "season__season_number", "episode_number"
        return set(watches.values_list(*(f"episode__{name}" for name in columns)))

    def summary(self) -> dict[str, Any]:
        """What the page tells: sums, and the shows with the most plays."""
        states = [show.state for show in self.shows.values()]
        asked = [show for show in self.shows.values() if show.is_question]
        most = sorted(self.shows.items(), key=lambda item: (-item[1].plays, item[1].title))
        return {
            "shows": len(self.shows),
            "plays": self.plays,
            "here": self.here,
            "left_out": self.left_out,
            "questions": len(asked),
            "off": states.count(OFF),
            "first": self.first,
            "list": [{"key": key, **asdict(show)} for key, show in most[:MOST_LISTED]],
        }


def numbers(found: Iterable[int | None]) -> set[int]:
    return {number for number in found if number is not None}


def day_of(row: HistoryRow) -> str:
    return fields.text(row.metadata.get("originallyAvailableAt"))[:10]


def episodes_on_their_day(
    show_ids: Iterable[int], rows: Iterable[HistoryRow]
) -> set[tuple[Any, ...]]:
    """(show, season, episode, day) of these shows' episodes with the numbers of these rows."""
    places = [place_of(row) for row in rows if day_of(row)]
    found = Episode.objects.filter(
        season__show_id__in=list(show_ids),
        season__season_number__in=numbers(place[1] for place in places),
        episode_number__in=numbers(place[2] for place in places),
    ).exclude(air_date=None)
    columns = "season__show_id", "season__season_number", "episode_number", "air_date"
    return {
        (show, season, number, day.isoformat())
        for show, season, number, day in found.values_list(*columns)
        if day is not None
    }
