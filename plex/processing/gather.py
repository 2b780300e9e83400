"""Reads what the decision about claimed rows needs, set-wise, from our own tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F

from plex.episodes import EpisodeIndex, KnownEpisode
from plex.models import (
    PlexAccount,
    PlexConfig,
    PlexEpisodeMapping,
    PlexSeasonMapping,
    PlexShowMapping,
    PlexWebhookLog,
)
from plex.payload import (
    EventSummary,
    NotAPlayback,
    Playback,
    PlexShow,
    parse_payload,
    played_at,
    summarise,
)
from plex.processing.events import Answers, Event
from plex.refusals import PROVIDER_PREFIX
from tracker.models import Episode, TVShow
from tracker.titles import title_key

SEEN_EVERY = timedelta(minutes=1)
KEPT_INDEXES = 500
INDEX_SECONDS = timedelta(seconds=60)

LOCAL_IDENTITY = "server:"
DETACHED = "#was-"
IDENTITY_LENGTH = 230

# Long columns of the show that deciding about a mapped one never looks at.
UNREAD = tuple(
    f"tvshow__{column}"
    for column in ("overview", "alternative_titles", "origin_countries", "creators", "genres")
)

AccountKey = tuple[str, str]


def gather(rows: Sequence[PlexWebhookLog], *, now: datetime) -> list[Event]:
    """The events of the rows: parsed, with account, users and mapping. New ones of these are made.

    A new account or Plex show is a plain fact, true whatever becomes of the event, and so needs no
    transaction with it.
    """
    configs = PlexConfig.objects.select_related("account").in_bulk({row.config_id for row in rows})
    summaries = {row.pk: summarise(row.payload or {}) for row in rows}
    events = [parse(row, configs[row.config_id]) for row in rows]
    accounts = gather_accounts(events, summaries, now=now)
    people = read_people(accounts.values())
    for event in events:
        summary = summaries[event.log.pk]
        account = accounts.get(account_key(summary)) if has_account(event, summary) else None
        if account is not None:
            assign_people(event, account, summary, people)
    gather_mappings(events)
    return events


def parse(row: PlexWebhookLog, config: PlexConfig) -> Event:
    parsed = parse_payload(row.payload or {})
    event = Event(log=row, parsed=parsed, config=config, viewed_at=row.created_at)
    if isinstance(parsed, Playback):
        event.viewed_at = row.viewed_at or played_at(parsed, received_at=row.created_at)
        tell_arrival(event, parsed)
    return event


def tell_arrival(event: Event, playback: Playback) -> None:
    numbers = f"S{playback.season_number or 0:02}E{playback.episode_number or 0:02}"
    ids = playback.episode_ids
    given = {"tmdb": ids.tmdb, "tvdb": ids.tvdb, "imdb": ids.imdb, "guid": playback.guid}
    event.tell(
        "arrived",
        f"{playback.account_title or 'Somebody'} finished {numbers} “{playback.title}” of "
        f"“{playback.show.title}” on {playback.server_title or 'a server'}.",
        ids={name: value for name, value in given.items() if value},
    )


def has_account(event: Event, summary: EventSummary) -> bool:
    """Whether the sender is somebody's Plex server, whose accounts are worth listing.

    Plex's own free streaming calls itself a server too, and nothing of it ever counts.
    """
    if summary.server_uuid.startswith(PROVIDER_PREFIX):
        return False
    if isinstance(event.parsed, NotAPlayback):
        return event.parsed.action not in {"not_plex", "invalid_payload"}
    return True


def account_key(summary: EventSummary) -> AccountKey:
    """(server, account); an account without an id goes by its name."""
    named = f"title:{summary.account_title.casefold()}" if summary.account_title else ""
    return summary.server_uuid, summary.account_id or named


def gather_accounts(
    events: Sequence[Event], summaries: dict[int, EventSummary], *, now: datetime
) -> dict[AccountKey, PlexAccount]:
    """The accounts of the events; those never seen before are made."""
    senders = [event for event in events if has_account(event, summaries[event.log.pk])]
    wanted = {account_key(summaries[event.log.pk]): event for event in senders}
    # An account without id and name is listed once it played something.
    wanted = {
        key: event for key, event in wanted.items() if key[1] or isinstance(event.parsed, Playback)
    }
    accounts = find_accounts(wanted)
    missing = [key for key in wanted if key not in accounts]
    if missing:
        PlexAccount.objects.bulk_create(
            [new_account(key, summaries[wanted[key].log.pk], now) for key in missing],
            ignore_conflicts=True,
        )
        accounts = find_accounts(wanted)
    for key, account in accounts.items():
        note_seen(account, summaries[wanted[key].log.pk], now=now)
    note_hooks(
        {
            (accounts[key].pk, event.config.pk)
            for event in senders
            if (key := account_key(summaries[event.log.pk])) in accounts
        }
    )
    return accounts


def find_accounts(keys: Iterable[AccountKey]) -> dict[AccountKey, PlexAccount]:
    keys = list(keys)
    found = PlexAccount.objects.filter(
        server_uuid__in={server for server, _ in keys}, account_key__in={key for _, key in keys}
    )
    return {(account.server_uuid, account.account_key): account for account in found}


def new_account(key: AccountKey, summary: EventSummary, now: datetime) -> PlexAccount:
    return PlexAccount(
        server_uuid=key[0],
        account_key=key[1],
        account_id=summary.account_id,
        account_title=summary.account_title,
        server_title=summary.server_title,
    )


def note_seen(account: PlexAccount, summary: EventSummary, *, now: datetime) -> None:
    """Keep the names current; at most once a minute for each."""
    if account.last_seen_at is not None and now - account.last_seen_at < SEEN_EVERY:
        return
    PlexAccount.objects.filter(pk=account.pk).update(
        last_seen_at=now,
        account_title=summary.account_title or account.account_title,
        server_title=summary.server_title or account.server_title,
    )


def note_hooks(pairs: set[tuple[int, int]]) -> None:
    """Keep through whose hooks each account came: these may see it."""
    through = PlexAccount.seen_by.through
    known = through.objects.filter(plexaccount_id__in={account for account, _ in pairs})
    new = pairs - set(known.values_list("plexaccount_id", "plexconfig_id"))
    through.objects.bulk_create(
        [through(plexaccount_id=account, plexconfig_id=config) for account, config in sorted(new)],
        ignore_conflicts=True,
    )


def read_people(accounts: Iterable[PlexAccount]) -> dict[int, tuple[int, ...]]:
    """The users for whom each account's plays count, by the account's id."""
    people: dict[int, tuple[int, ...]] = {account.pk: () for account in accounts}
    pairs = PlexAccount.users.through.objects.filter(plexaccount__in=people).order_by("user")
    for account_id, user_id in pairs.values_list("plexaccount_id", "user_id"):
        people[account_id] = (*people[account_id], user_id)
    return people


def assign_people(
    event: Event,
    account: PlexAccount,
    summary: EventSummary,
    people: dict[int, tuple[int, ...]],
) -> None:
    """Say whose play this is; the account that owns the hook is bound to the hook's user."""
    if not people[account.pk] and owns_hook(event.config, account, summary):
        account.users.add(event.config.user_id)
        people.update(read_people([account]))
    event.account_id = account.pk
    event.account_key = account.account_key
    event.is_stranger = account.never
    event.users = people[account.pk]


def owns_hook(config: PlexConfig, account: PlexAccount, summary: EventSummary) -> bool:
    """The first account that arrives as the hook's own, and later the same account elsewhere.

    Asked for accounts that nobody has been given yet.

    A second account that also calls itself the owner (a couple with one address) is nobody's until
    somebody says so. The id 1 means another person on each server.
    """
    if not summary.is_user or account.never:
        return False
    if config.account is None:
        PlexConfig.objects.filter(pk=config.pk, account=None).update(account=account)
        config.refresh_from_db(fields=["account"])
        # Another worker may have bound it in this very moment: to this account, or another.
        return config.account_id == account.pk
    is_same_person = account.account_id == config.account.account_id
    return (
        is_same_person and account.pk != config.account_id and account.account_id not in {"", "1"}
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
    mappings = find_mappings(shows)
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
        mappings = find_mappings(shows)
    answers = read_answers([mapping.pk for mapping in mappings.values()])
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


def find_mappings(identities: Iterable[str]) -> dict[str, PlexShowMapping]:
    found = (
        PlexShowMapping.objects.filter(identity__in=list(identities))
        .select_related("tvshow")
        .defer("evidence", *UNREAD)
    )
    return {mapping.identity: mapping for mapping in found}


def read_answers(mapping_ids: Sequence[int]) -> dict[int, Answers]:
    """What people said about these Plex shows; for nearly all of them nothing."""
    answers: dict[int, Answers] = defaultdict(Answers)
    of_these = {"mapping__in": mapping_ids}
    for season in PlexSeasonMapping.objects.filter(**of_these).select_related("tvshow"):
        answers[season.mapping_id].seasons.append(season)
    for episode in PlexEpisodeMapping.objects.filter(**of_these):
        answers[episode.mapping_id].episodes.append(episode)
    ignoring = PlexShowMapping.ignored_by.through.objects.filter(plexshowmapping__in=mapping_ids)
    for mapping_id, user_id in ignoring.values_list("plexshowmapping_id", "user_id"):
        answers[mapping_id].ignored_by.add(user_id)
    return answers


class EpisodeIndexes:
    """The episodes of the shows met last, ready for look-up; read again when a show changed."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[datetime, datetime, EpisodeIndex]] = {}

    def of(self, shows: Iterable[TVShow], *, now: datetime) -> dict[int, EpisodeIndex]:
        """The indexes of some shows, by the show's id."""
        wanted = {show.pk: show.updated_at for show in shows}
        stale = [pk for pk, updated_at in wanted.items() if not self._is_fresh(pk, updated_at, now)]
        if stale:
            if len(self._kept) > KEPT_INDEXES:
                self._kept.clear()
                stale = list(wanted)
            episodes = read_episodes(stale)
            for pk in stale:
                self._kept[pk] = (wanted[pk], now, EpisodeIndex(episodes.get(pk, ())))
        return {pk: self._kept[pk][2] for pk in wanted}

    def _is_fresh(self, pk: int, updated_at: datetime, now: datetime) -> bool:
        kept = self._kept.get(pk)
        return kept is not None and kept[0] == updated_at and now - kept[1] < INDEX_SECONDS


def read_episodes(show_ids: Sequence[int]) -> dict[int, list[KnownEpisode]]:
    found: dict[int, list[KnownEpisode]] = {}
    rows = Episode.objects.filter(season__show_id__in=show_ids).values_list(
        "season__show_id",
        "pk",
        "season__season_number",
        "episode_number",
        "name",
        "air_date",
        "tmdb_id",
        "runtime",
    )
    for (
        show_id,
        pk,
        season_number,
        episode_number,
        name,
        air_date,
        tmdb_id,
        runtime,
    ) in rows.iterator():
        found.setdefault(show_id, []).append(
            KnownEpisode(
                id=pk,
                season_number=season_number,
                episode_number=episode_number,
                title=name,
                air_date=air_date,
                tmdb_id=tmdb_id,
                runtime=runtime,
            )
        )
    return found


def shows_of_episode_ids(tmdb_ids: Iterable[int]) -> dict[int, Episode]:
    """Our episodes with these TMDB ids, by that id, with season and show."""
    found = Episode.objects.filter(tmdb_id__in=set(tmdb_ids)).select_related("season__show")
    return {episode.tmdb_id: episode for episode in found if episode.tmdb_id is not None}
