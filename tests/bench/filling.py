"""Fills a database: people, a catalogue with mapped shows, and a past of many events.

Rows are numbered from 1 without gaps, so that who watched what follows from the numbers alone. What
is large is written by the database itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db import ProgrammingError, connection, models, transaction
from django.utils import timezone

from plex import connection as plex_connection
from plex.models import (
    PlexAccount,
    PlexConfig,
    PlexShowMapping,
    PlexViewing,
    PlexWebhookLog,
    Status,
)
from plex.payload import trim
from tests.bench.messages import (
    FIRST_TMDB_ID,
    SEASON_EPISODES,
    SEASONS,
    SERVER,
    SHOW_EPISODES,
    payload,
    show_guid,
)
from tracker.encryption import reveal
from tracker.library import index_titles
from tracker.models import Episode, Season, ShowTitle, TrackedShow, TVShow, Watch
from tracker.titles import title_key

# The first half has a past; for each of the others it is the first day.
PEOPLE = 100
PEOPLE_WITH_PAST = 50
# Those whose webhook address is used, one for each benchmark that posts; the last one is the admin.
POSTING = {"accept": 98, "latency": 99, "memory": 100}
ADMIN = 100
FIRST_ACCOUNT = 5000
# The past reaches back this far: retention would delete what is older.
PAST_MINUTES = 80 * 24 * 60
BATCH = 2000

QUALITIES = (
    "Quiet", "Broken", "Silver", "Last", "Hidden", "Burning", "Small", "Northern", "Second", "Cold",
    "Golden", "Wicked", "Lonely", "Modern", "Borrowed", "Endless", "Crooked", "Gentle", "Salt", "Iron",
    "Paper", "Velvet", "Bitter", "Distant", "Common", "Royal", "Hollow", "Bright",
)  # fmt: skip
THINGS = (
    "Harbour", "Garden", "Detectives", "Kitchen", "Empire", "River", "Doctors", "Winter", "Letters",
    "Station", "Brothers", "Island", "Court", "Witness", "Orchard", "Machine", "Family", "Bridge",
    "Secrets", "Hospital", "Lawyers", "Mountain", "Hotel", "Kingdom", "Village", "Company", "Stars",
)  # fmt: skip
PLACES = (
    "", "Vienna", "Leeds", "the North", "Osaka", "Oslo", "the Sea", "Texas", "Cork", "Lima", "Chicago",
    "the Valley", "Naples", "Bergen", "Dakar", "Kyoto", "Miami", "the Moon", "Dover", "Lyon", "Quebec",
    "Seoul", "Perth", "the Border", "Warsaw", "Hanoi", "Bristol", "Tallinn",
)  # fmt: skip


SUBTITLES = (
    "Origins", "After Dark", "The Early Years", "Unlimited", "Homecoming", "Reunion", "Los Angeles",
    "Under Fire", "New Generation",
)  # fmt: skip


def titles() -> Iterator[str]:
    """211,680 titles that share words as real ones do; the first 21,168 have no subtitle."""
    for subtitle in ("", *SUBTITLES):
        for place, quality, thing in itertools.product(PLACES, QUALITIES, THINGS):
            title = f"{quality} {thing} of {place}" if place else f"The {quality} {thing}"
            yield f"{title}: {subtitle}" if subtitle else title


def fill_people() -> dict[str, str]:
    """People, each with a Plex account that is known to be theirs; returns the secrets of addresses."""
    User.objects.bulk_create(
        User(pk=n, username=f"person{n}", is_staff=n == ADMIN, is_superuser=n == ADMIN)
        for n in range(1, PEOPLE + 1)
    )
    PlexAccount.objects.bulk_create(
        PlexAccount(
            pk=n,
            server_uuid=SERVER,
            server_title="Attic",
            account_id=str(FIRST_ACCOUNT + n),
            account_title=f"person{FIRST_ACCOUNT + n}",
            account_key=str(FIRST_ACCOUNT + n),
        )
        for n in range(1, PEOPLE + 1)
    )
    PlexAccount.users.through.objects.bulk_create(
        PlexAccount.users.through(plexaccount_id=n, user_id=n) for n in range(1, PEOPLE + 1)
    )
    PlexConfig.objects.bulk_create(
        PlexConfig(user_id=n, account_id=n) for n in range(1, PEOPLE + 1)
    )
    reset_numbers(User, PlexAccount)
    return {
        benchmark: reveal(plex_connection.connect(User.objects.get(pk=person)), "webhook_secret")
        for benchmark, person in POSTING.items()
    }


def fill_shows(count: int, *, episodes: bool = True) -> None:
    """Mapped shows, up to `count` of them, with their episodes unless told otherwise."""
    have = TVShow.objects.count()
    numbered = list(enumerate(itertools.islice(titles(), count), start=1))[have:]
    if not numbered:
        return
    now = timezone.now()
    with transaction.atomic():
        skip_checks()
        TVShow.objects.bulk_create(
            (
                TVShow(
                    pk=n,
                    tmdb_id=FIRST_TMDB_ID + n,
                    title=title,
                    original_title=title,
                    first_air_date=date(1970 + n % 50, 1, 1),
                    production_status="Returning Series",
                    refreshed_at=now,
                )
                for n, title in numbered
            ),
            batch_size=BATCH,
        )
        ShowTitle.objects.bulk_create(
            (
                ShowTitle(show_id=n, title=title, key=title_key(title), kind="title")
                for n, title in numbered
            ),
            batch_size=BATCH,
        )
        PlexShowMapping.objects.bulk_create(
            (
                PlexShowMapping(
                    pk=n,
                    identity=show_guid(n),
                    server_uuid=SERVER,
                    plex_rating_key=str(n),
                    plex_guid=show_guid(n),
                    plex_title=title,
                    tvshow_id=n,
                    match_confidence=1,
                    match_method="tmdb_id",
                )
                for n, title in numbered
            ),
            batch_size=BATCH,
        )
        if episodes:
            fill_episodes(first=have + 1, last=count)
    reset_numbers(TVShow, PlexShowMapping, Season, Episode)
    index_titles(TVShow.objects.get(pk=1))  # As the application writes it, should that change.
    settle_database()


def fill_episodes(*, first: int, last: int) -> None:
    insert(
        Season(show_id=1, season_number=1),
        count=(last - first + 1) * SEASONS,
        skip=(first - 1) * SEASONS,
        columns={
            "show_id": f"1 + (n - 1) / {SEASONS}",
            "season_number": f"1 + (n - 1) % {SEASONS}",
        },
    )
    insert(
        Episode(season_id=1, episode_number=1, runtime=45, air_date=date(2015, 1, 1)),
        count=(last - first + 1) * SHOW_EPISODES,
        skip=(first - 1) * SHOW_EPISODES,
        columns={
            "season_id": f"1 + (n - 1) / {SEASON_EPISODES}",
            "episode_number": f"1 + (n - 1) % {SEASON_EPISODES}",
            "tmdb_id": f"{FIRST_TMDB_ID} + n - 1",
            "name": f"'Story ' || (1 + (n - 1) / {SEASON_EPISODES} % {SEASONS}) || '-' || (1 + (n - 1) % {SEASON_EPISODES})",
        },
    )


def fill_past(count: int) -> None:
    """Events that were recorded, each with its watch and its viewing, by the first half of the people."""
    if PlexWebhookLog.objects.exists():
        raise ValueError("the past is filled once, before anything else is logged")
    episodes = Episode.objects.count()
    show_of_episode = f"1 + ((n / {PEOPLE_WITH_PAST}) % {episodes}) / {SHOW_EPISODES}"
    person = f"1 + n % {PEOPLE_WITH_PAST}"
    now = timezone.now()
    message = payload(account=1, show=1, number=1, title="Show", viewed_at=1_700_000_000)
    with transaction.atomic():
        skip_checks()
        insert(
            PlexWebhookLog(
                config_id=1,
                event_type="media.scrobble",
                plex_title="The Quiet Harbour",
                plex_season=1,
                plex_episode=1,
                server_uuid=SERVER,
                payload=trim(message),
                status=Status.SUCCESS,
                action_taken="marked_watched",
                trace=[
                    {"step": f"step {n}", "text": "So it was decided, and why. " * 3}
                    for n in range(3)
                ],
                attempts=1,
                processing_duration_ms=2,
                created_at=now,
                processed_at=now,
            ),
            count=count,
            columns={
                "config_id": person,
                "account_id": person,
                "tvshow_id": show_of_episode,
                "mapping_id": show_of_episode,
                "item_key": "'plex://episode/past' || n",
                "created_at": minutes_ago(count),
            },
        )
        insert(
            Watch(user_id=1, episode_id=1, watched_at=now, created_at=now, source="plex"),
            count=count,
            columns={
                "user_id": person,
                "episode_id": f"1 + (n / {PEOPLE_WITH_PAST}) % {episodes}",
                "play": f"1 + n / {PEOPLE_WITH_PAST * episodes}",
                "watched_at": minutes_ago(count),
            },
        )
        insert(
            PlexViewing(user_id=1, watch_id=1, server_uuid=SERVER, item_key="", viewed_at=now),
            count=count,
            columns={
                "user_id": person,
                "watch_id": "n",
                "log_id": "n",
                "mapping_id": show_of_episode,
                "item_key": "'plex://episode/past' || n",
                "viewed_at": minutes_ago(count),
            },
        )
    TrackedShow.objects.bulk_create(
        (
            TrackedShow(user_id=user, show_id=show, status="watching", started_on=date(2020, 1, 1))
            for user in range(1, PEOPLE_WITH_PAST + 1)
            for show in range(1, min(TVShow.objects.count(), 100) + 1)
        ),
        batch_size=BATCH,
    )
    reset_numbers(PlexWebhookLog, Watch, PlexViewing)
    settle_database()


def insert(row: models.Model, *, count: int, columns: dict[str, str], skip: int = 0) -> None:
    """Copies of a row, numbered from `skip` + 1, some columns computed by SQL from the number `n`."""
    meta = row._meta
    fields: list[Any] = list(meta.concrete_fields)
    for item in fields:
        if getattr(item, "auto_now_add", False) or getattr(item, "auto_now", False):
            setattr(row, item.attname, timezone.now())
    columns = {"id": "n", **columns}
    values = [columns.get(item.column, "%s") for item in fields]
    parameters = [
        item.get_db_prep_save(getattr(row, item.attname), connection)
        for item in fields
        if item.column not in columns
    ]
    if connection.vendor == "postgresql":
        # Bare parameters of a SELECT have no type.
        values = [
            f"%s::{item.db_type(connection)}" if value == "%s" and not item.primary_key else value
            for item, value in zip(fields, values, strict=True)
        ]
        series = f"(SELECT generate_series({skip + 1}, {skip + count}) AS n) AS series"
        head = ""
    else:
        head = (
            f"WITH RECURSIVE series(n) AS (SELECT {skip + 1} UNION ALL "  # noqa: S608 - numbers of our own
            f"SELECT n + 1 FROM series WHERE n < {skip + count}) "
        )
        series = "series"
    names = ", ".join(f'"{item.column}"' for item in fields)
    into = f'INSERT INTO "{meta.db_table}" ({names})'
    text = f"{into} {head}SELECT {', '.join(values)} FROM {series}"  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        # Only the placeholders are Django's; a lone % is an operator.
        cursor.execute(text.replace("%", "%%").replace("%%s", "%s"), parameters)


def skip_checks() -> None:
    """Let PostgreSQL believe the foreign keys of this transaction, where the user may ask for that.

    Checking them row by row would take most of the time that a million rows need.
    """
    if connection.vendor == "postgresql":
        with suppress(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")


def minutes_ago(count: int) -> str:
    """The past of `count` rows in their order, as events arrive: the last one is of now."""
    minutes = f"({count} - n) * {PAST_MINUTES / count}"
    if connection.vendor == "postgresql":
        return f"now() - ({minutes}) * interval '1 minute'"
    return f"strftime('%Y-%m-%d %H:%M:00', 'now', '-' || ({minutes}) || ' minutes')"


def reset_numbers(*tables: type[models.Model]) -> None:
    """Let PostgreSQL go on counting behind the rows that brought their own numbers."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in tables:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), max(id)) FROM \"{table}\""  # noqa: S608
            )


def settle_database() -> None:
    """What a database in use has done by itself: statistics gathered, its journal worked off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
