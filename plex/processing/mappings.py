"""The Plex shows of events, with what people said about them; new ones are made."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from plex.models import PlexCorrection, PlexEpisodeMapping, PlexSeasonMapping, PlexShowMapping
from plex.payload import NotAPlayback, PlexShow
from plex.processing.events import Answers, Event
from tracker.titles import title_key

LOCAL_IDENTITY = "server:"
DETACHED = "#was-"
IDENTITY_LENGTH = 230
IGNORING = PlexShowMapping.ignored_by.through
CORRECTED = PlexCorrection.objects.filter(
    kind=PlexCorrection.Kind.SHOW, undone_at=None, from_show__isnull=False
)

# Long columns of the show that deciding about a mapped one never looks at.
UNREAD = tuple(
    f"tvshow__{column}"
    for column in ("overview", "alternative_titles", "origin_countries", "creators", "genres")
)


def gather_mappings(events: Sequence[Event]) -> None:
    """Attach each play's Plex show, made where it was never seen before."""
    shows: dict[str, PlexShow] = {}
    for event in events:
        if not isinstance(event.parsed, NotAPlayback):
            shows.setdefault(event.parsed.show.identity, event.parsed.show)
    if not shows:
        return
    mappings = find_mappings(shows)
    missing = [show for identity, show in shows.items() if identity not in mappings]
    if missing:
        make_mappings(missing)
        mappings = find_mappings(shows)
    for event in events:
        if not isinstance(event.parsed, NotAPlayback):
            event.mapping = mapping_of(event.parsed.show, mappings)
    gather_answers([event for event in events if event.mapping is not None])


def gather_answers(events: Sequence[Event]) -> None:
    """Attach what people said about the events' Plex shows."""
    met: dict[int, Any] = {event.show_mapping.pk: event.mapping for event in events}
    answers = read_answers([pk for pk, mapping in met.items() if mapping.is_answered])
    for event in events:
        event.answers = answers[event.show_mapping.pk]


def make_mappings(shows: Iterable[PlexShow]) -> None:
    PlexShowMapping.objects.bulk_create(
        [
            PlexShowMapping(
                identity=show.identity,
                server_uuid=show.server_uuid,
                plex_rating_key=show.rating_key,
                plex_guid=show.guid[:500],
                plex_title=show.title[:500],
                plex_year=show.year,
            )
            for show in shows
        ],
        ignore_conflicts=True,
    )


def mapping_of(show: PlexShow, mappings: dict[str, Any]) -> Any:
    """The Plex show of an event: of several that had its rating key in turn, the one so called.

    A key that went to a show which never had it is taken from the one that had it last.
    """
    mapping = mappings.get(show.identity)
    if mapping is None or not is_reminted(mapping, show):
        return mapping
    before = known_shows().filter(identity__startswith=detached_identity(show.identity))
    for earlier in before.order_by("-pk"):
        if not is_reminted(earlier, show):
            return earlier
    detach(mapping)
    make_mappings([show])
    mappings |= find_mappings([show.identity])
    return mappings.get(show.identity)


def is_reminted(mapping: PlexShowMapping, show: PlexShow) -> bool:
    """Whether a server gave a rating key that we know to another show: the titles disagree."""
    if not mapping.identity.startswith(LOCAL_IDENTITY) or not (mapping.plex_title and show.title):
        return False
    return mapping.plex_title != show.title and title_key(mapping.plex_title) != title_key(
        show.title
    )


def detach(mapping: PlexShowMapping) -> None:
    """Take the rating key from a Plex show that it no longer names; its decision is kept aside."""
    detached = f"{detached_identity(mapping.identity)}{mapping.pk}"
    PlexShowMapping.objects.filter(pk=mapping.pk, identity=mapping.identity).update(
        identity=detached, version=F("version") + 1
    )


def detached_identity(identity: str) -> str:
    return f"{identity[:IDENTITY_LENGTH]}{DETACHED}"


def detached_from(identity: str) -> PlexShowMapping | None:
    """The mapped Plex show that had this rating key before, if there was one."""
    if not identity.startswith(LOCAL_IDENTITY):
        return None
    before = PlexShowMapping.objects.mapped().filter(
        identity__startswith=detached_identity(identity)
    )
    return before.select_related("tvshow").order_by("-pk").first()


@functools.cache
def known_shows() -> QuerySet[Any]:
    """The Plex shows as deciding needs them. Made once: the ORM takes longer for that than to ask."""
    is_answered = (
        Exists(PlexSeasonMapping.objects.filter(mapping=OuterRef("pk")))
        | Exists(PlexEpisodeMapping.objects.filter(mapping=OuterRef("pk")))
        | Exists(IGNORING.objects.filter(plexshowmapping=OuterRef("pk")))
        | Exists(CORRECTED.filter(mapping=OuterRef("pk")))
    )
    shows = PlexShowMapping.objects.select_related("tvshow").defer("evidence", *UNREAD)
    return shows.annotate(is_answered=is_answered)


def find_mappings(identities: Iterable[str]) -> dict[str, Any]:
    """The Plex shows by identity; `is_answered` where people said anything: of nearly all nothing."""
    found = known_shows().filter(identity__in=list(identities))
    return {mapping.identity: mapping for mapping in found}


def read_answers(mapping_ids: Collection[int]) -> dict[int, Answers]:
    """What people said about these Plex shows."""
    answers: dict[int, Answers] = defaultdict(Answers)
    if not mapping_ids:
        return answers
    of_these = {"mapping__in": mapping_ids}
    for season in PlexSeasonMapping.objects.filter(**of_these).select_related(
        "tvshow", "anchor__season"
    ):
        answers[season.mapping_id].seasons.append(season)
    for episode in PlexEpisodeMapping.objects.filter(**of_these):
        answers[episode.mapping_id].episodes.append(episode)
    ignoring = IGNORING.objects.filter(plexshowmapping__in=mapping_ids)
    for mapping_id, user_id in ignoring.values_list("plexshowmapping_id", "user_id"):
        answers[mapping_id].ignored_by.add(user_id)
    for mapping_id in CORRECTED.filter(**of_these).values_list("mapping_id", flat=True):
        answers[mapping_id].is_corrected = True
    return answers
