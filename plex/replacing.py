"""TMDB's data takes the place of what a Plex server said about a show, once TMDB can be asked."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial

from django.utils import timezone

from plex import inbox, plex_shows
from plex.answers import PlexError
from plex.episodes.index import KnownEpisode
from plex.guid import ShowIds
from plex.lookups import Lookups, TmdbAwayError
from plex.matching import AUTOMATIC, Match, decide_by_ids
from plex.models import Action, PlexConfig, PlexShowMapping, PlexWebhookLog
from plex.playback import PlexShow
from plex.processing.by_ids import tmdb_hits
from plex.processing.indexes import read_episodes
from plex.same_episodes import place_of, same_episodes
from tracker import library
from tracker.models import TVShow, Watch
from tracker.tmdb import ShowData

logger = logging.getLogger(__name__)

JOB = "replace_makeshift_shows"
READ_PER_RUN = 20
# The other periodic jobs wait meanwhile.
CALLS_PER_RUN = 60
NAMED_EPISODES = 5
TWICE = "This show is here twice, from Plex and from TMDB: choose TMDB's, or merge the two."


def replace_makeshift_shows() -> None:
    """Read from TMDB the shows that Plex described; while TMDB can't be asked, Plex once more."""
    if plex_shows.tmdb_is_closed():
        read_missing_episodes()
        return
    lookups, calls = Lookups(may_call=True), list[int]()
    lookups.before_call = partial(calls.append, 1)
    for show in library.makeshift_shows().order_by("pk"):
        if len(calls) >= CALLS_PER_RUN:
            return
        try:
            replace(show, lookups)
        except TmdbAwayError as error:
            if not error.is_final:
                logger.info("Show %d keeps what Plex said: %s", show.pk, error)
                return
            review(show, "TMDB does not have the show that its ids name; choose it here.")


def replace(show: TVShow, lookups: Lookups) -> None:
    """One show. Raises `TmdbAwayError`."""
    tmdb_id = identified(show, lookups)
    if tmdb_id is None:
        review(show, "Its ids do not say which show on TMDB this is; choose it here.")
        return
    if TVShow.objects.filter(tmdb_id=tmdb_id).exclude(pk=show.pk).exists():
        review(show, TWICE)
        return
    data = lookups.show_data(tmdb_id)
    ours = read_episodes([show.pk]).get(show.pk, [])
    theirs = episodes_of(data)
    same = same_episodes(ours, theirs, show_title=data.title)
    left = watched_besides(same, ours)
    places = {episode.id: place_of(episode) for episode in theirs}
    library.replace_show(show, data, same={mine: places[match] for mine, match in same.items()})
    if left:
        review(show, unmatched_sentence(left))


def identified(show: TVShow, lookups: Lookups) -> int | None:
    """The show's TMDB id, as far as its ids prove it."""
    ids = ShowIds(tmdb=show.tmdb_id, tvdb=show.tvdb_id, imdb=show.imdb_id or None)
    decision = decide_by_ids(found=tmdb_hits(named(show, ids), lookups))
    if isinstance(decision, Match) and decision.confidence >= AUTOMATIC:
        return decision.candidate.tmdb_id
    return None


def named(show: TVShow, ids: ShowIds) -> PlexShow:
    return PlexShow(
        identity="",
        server_uuid="",
        rating_key="",
        guid="",
        title=show.title,
        year=show.year,
        original_title=show.original_title,
        ids=ids,
    )


def episodes_of(data: ShowData) -> list[KnownEpisode]:
    """TMDB's episodes, numbered through."""
    listed = [(season, episode) for season in data.seasons for episode in season.episodes]
    return [
        KnownEpisode(
            id=number,
            season_number=season.season_number,
            episode_number=episode.episode_number,
            title=episode.name,
            air_date=episode.air_date,
            tmdb_id=episode.tmdb_id,
            runtime=episode.runtime,
        )
        for number, (season, episode) in enumerate(listed)
    ]


def watched_besides(same: Iterable[int], ours: Sequence[KnownEpisode]) -> list[KnownEpisode]:
    """Our episodes that somebody watched and that are none of TMDB's."""
    left = {episode.id for episode in ours} - set(same)
    watches = Watch.objects.standing().filter(episode__in=left)
    kept = set(watches.values_list("episode_id", flat=True))
    return [episode for episode in ours if episode.id in kept]


def unmatched_sentence(left: Sequence[KnownEpisode]) -> str:
    codes = ", ".join(sorted(episode.code for episode in left)[:NAMED_EPISODES])
    more = ", …" if len(left) > NAMED_EPISODES else ""
    return (
        f"TMDB has no episode for these of Plex's that were watched, so they stay: {codes}{more}."
    )


def review(show: TVShow, sentence: str) -> None:
    """Say it where people look through matches."""
    mappings = PlexShowMapping.objects.filter(tvshow=show).exclude(needs_review=sentence)
    mappings.update(needs_review=sentence[:300], updated_at=timezone.now())


def read_missing_episodes() -> None:
    """Of shows that Plex described, read those again of which a play named a new episode."""
    waiting = PlexWebhookLog.objects.held().filter(
        action_taken=Action.EPISODE_NOT_FOUND, mapping__tvshow__in=library.makeshift_shows()
    )
    pairs = waiting.values_list("mapping", "config").distinct()[:READ_PER_RUN]
    for mapping_id, config_id in pairs:
        mapping = PlexShowMapping.objects.get(pk=mapping_id)
        config = PlexConfig.objects.get(pk=config_id)
        if not plex_shows.can_add(config, mapping):
            continue
        try:
            show = plex_shows.add_mapped_show(mapping, config=config)
        except (PlexError, plex_shows.NotOnPlexError) as error:
            logger.info("Plex show %d was not read again: %s", mapping_id, error)
        else:
            inbox.retry_missing_episodes(show.pk, now=timezone.now())
