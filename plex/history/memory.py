"""What earlier events say about rows of Plex's history: of items that were deleted since, and of plays
that the webhook told already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from plex.answers import HistoryRow
from plex.history.events import KnownItem, Play, place_of
from plex.history.people import People
from plex.models import PlexShowMapping, PlexViewing
from plex.processing.joining import part_of
from plex.viewings import Viewing, pairs


def known_items(rows: Sequence[HistoryRow], *, server_uuid: str) -> dict[str, KnownItem]:
    """What earlier events said of items that were deleted since, by the rows' keys: the same show
    and episode must go by the same names as before."""
    titles = {place_of(row)[0] for row in rows} - {""}
    if not titles:
        return {}
    shows: dict[str, list[PlexShowMapping]] = defaultdict(list)
    # A Plex show keeps the server that it was met on first; it may have been played on others since.
    played_here = PlexViewing.objects.filter(mapping=OuterRef("pk"), server_uuid=server_uuid)
    of_server = Q(server_uuid=server_uuid) | Exists(played_here)
    for mapping in PlexShowMapping.objects.filter(of_server, plex_title__in=titles):
        shows[mapping.plex_title].append(mapping)
    single = {title: listed[0] for title, listed in shows.items() if len(listed) == 1}
    items = latest_items(single.values(), rows, server_uuid=server_uuid)
    found: dict[str, KnownItem] = {}
    for row in rows:
        title, season, episode = place_of(row)
        if title in single:
            mapping = single[title]
            found[row.history_key] = KnownItem(
                show_guid=mapping.plex_guid,
                show_rating_key=mapping.plex_rating_key,
                item_key=items.get((mapping.pk, season, episode), ""),
            )
    return found


def latest_items(
    mappings: Iterable[PlexShowMapping], rows: Sequence[HistoryRow], *, server_uuid: str
) -> dict[tuple[int, int | None, int | None], str]:
    """Which item had these rows' numbers last, by mapping, season and episode."""
    places = [place_of(row) for row in rows]
    viewings = PlexViewing.objects.filter(
        mapping__in=mappings,
        server_uuid=server_uuid,
        plex_season__in={season for _, season, _ in places if season is not None},
        plex_episode__in={episode for _, _, episode in places if episode is not None},
    )
    columns = ("mapping_id", "plex_season", "plex_episode", "item_key")
    listed = viewings.order_by("pk").values_list(*columns)
    return {(mapping, season, episode): key for mapping, season, episode, key in listed if mapping}


def note_told(plays: Sequence[Play], people: People) -> set[str]:
    """Note the rows on viewings that webhooks brought, for everybody they count for; returns their
    keys. Rows that counted for only some go on to the inbox."""
    by_item: dict[tuple[int, str], list[Play]] = defaultdict(list)
    for play in plays:
        for user_id in people.users.get(play.who.account_id, ()):
            by_item[user_id, play.summary.item_key].append(play)
    told = halves_of(by_item)
    complete = set()
    for play in plays:
        users = people.users.get(play.who.account_id, ())
        if users and all((user_id, play.row.history_key) in told for user_id in users):
            complete.add(play.row.history_key)
    for (_, key), rows in told.items():
        if key in complete:
            for number, viewing in enumerate(rows):
                viewing.history_key = part_of(key, number)
    changed = [row for (_, key), rows in told.items() if key in complete for row in rows]
    PlexViewing.objects.bulk_update(changed, ["history_key"])
    return complete


def halves_of(
    by_item: dict[tuple[int, str], list[Play]],
) -> dict[tuple[int, str], list[PlexViewing]]:
    """For (user, key) of a play the viewings that its webhook made; several for a joined file.

    Not a mark that was no play for itself: the row decides whether it was one.
    """
    server = {play.summary.server_uuid for plays in by_item.values() for play in plays}
    rows: dict[tuple[int, str], list[PlexViewing]] = defaultdict(list)
    stored = PlexViewing.objects.without_idle_marks().filter(
        user_id__in={user_id for user_id, _ in by_item},
        item_key__in={item for _, item in by_item if item},
        server_uuid__in=server,
        history_key="",
    )
    for viewing in stored.order_by("pk"):
        rows[viewing.user_id, viewing.item_key].append(viewing)
    found: dict[tuple[int, str], list[PlexViewing]] = {}
    for (user_id, item), plays in by_item.items():
        viewings = rows[user_id, item]
        moments = {viewing.viewed_at: told_of(viewing) for viewing in viewings}
        halves = pairs([half_of(play) for play in plays], list(moments.values()))
        for position, half in halves.items():
            same = [viewing for viewing in viewings if viewing.viewed_at == half.viewed_at]
            found[user_id, plays[position].row.history_key] = same
    return found


def told_of(viewing: PlexViewing) -> Viewing:
    return Viewing(
        viewed_at=viewing.viewed_at, sent_at=viewing.sent_at, view_count=None, runtime=timedelta(0)
    )


def half_of(play: Play) -> Viewing:
    return Viewing(
        viewed_at=play.row.viewed_at,
        sent_at=play.row.viewed_at,
        view_count=None,
        runtime=play.runtime,
        history_key=play.row.history_key,
        told_by_webhook=False,
    )
