"""The Plex shows of events, with what people said about them; new ones are made."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from plex.models import PlexEpisodeMapping, PlexSeasonMapping, PlexShowMapping
from plex.payload import NotAPlayback, PlexShow
from plex.processing.events import Answers, Event
from tracker.titles import title_key

LOCAL_IDENTITY = "server:"
DETACHED = "#was-"
IDENTITY_LENGTH = 230
IGNORING = PlexShowMapping.ignored_by.through

# Long columns of the show that deciding about a mapped one never looks at.
UNREAD = tuple(
    f"tvshow__{column}"
    for column in ("overview", "alternative_titles", "origin_countries", "creators", "genres")
)


def gather_mappings(events: Sequence[Event]) -> None:
    """Attach each play's Plex show, made where it was never seen before."""
    shows = {
        event.parsed.show.identity: event.parsed.show
        for event in events
        if not isinstance(event.parsed, NotAPlayback)
    }
    if not shows:
        return
    mappings, answered = find_mappings(shows)
    for identity, show in shows.items():
        if identity in mappings and is_reminted(mappings[identity], show):
            detach(mappings.pop(identity))
    missing = [show for identity, show in shows.items() if identity not in mappings]
    if missing:
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
                for show in missing
            ],
            ignore_conflicts=True,
        )
        mappings, answered = find_mappings(shows)
    answers = read_answers(answered)
    for event in events:
        if not isinstance(event.parsed, NotAPlayback):
            event.mapping = mappings.get(event.parsed.show.identity)
        if event.mapping is not None:
            event.answers = answers[event.mapping.pk]


def is_reminted(mapping: PlexShowMapping, show: PlexShow) -> bool:
    """Whether a server gave a rating key that we know to another show: the titles disagree."""
    if not mapping.identity.startswith(LOCAL_IDENTITY) or not (mapping.plex_title and show.title):
        return False
    return mapping.plex_title != show.title and title_key(mapping.plex_title) != title_key(
        show.title
    )


def detach(mapping: PlexShowMapping) -> None:
    """Take the rating key from a Plex show that it no longer names; its decision is kept aside."""
    detached = f"{mapping.identity[:IDENTITY_LENGTH]}{DETACHED}{mapping.pk}"
    PlexShowMapping.objects.filter(pk=mapping.pk, identity=mapping.identity).update(
        identity=detached, version=F("version") + 1
    )


def detached_from(identity: str) -> PlexShowMapping | None:
    """The mapped Plex show that had this rating key before, if there was one."""
    if not identity.startswith(LOCAL_IDENTITY):
        return None
    before = PlexShowMapping.objects.mapped().filter(
        identity__startswith=f"{identity[:IDENTITY_LENGTH]}{DETACHED}"
    )
    return before.select_related("tvshow").order_by("-pk").first()


@functools.cache
def known_shows() -> QuerySet[Any]:
    """The Plex shows as deciding needs them. Made once: the ORM takes longer for that than to ask."""
    is_answered = (
        Exists(PlexSeasonMapping.objects.filter(mapping=OuterRef("pk")))
        | Exists(PlexEpisodeMapping.objects.filter(mapping=OuterRef("pk")))
        | Exists(IGNORING.objects.filter(plexshowmapping=OuterRef("pk")))
    )
    shows = PlexShowMapping.objects.select_related("tvshow").defer("evidence", *UNREAD)
    return shows.annotate(is_answered=is_answered)


def find_mappings(identities: Iterable[str]) -> tuple[dict[str, PlexShowMapping], set[int]]:
    """The Plex shows by identity, and which of them people said anything about: of nearly all nothing."""
    found = known_shows().filter(identity__in=list(identities))
    answered = {mapping.pk for mapping in found if mapping.is_answered}
    return {mapping.identity: mapping for mapping in found}, answered


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
    return answers
