"""How long the server takes for each page, and how large it is, for a person with a large library."""

from __future__ import annotations

import itertools
import statistics
import time
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from plex.models import PlexWebhookLog
from tests.bench.clock import processor_seconds
from tests.bench.filling import ADMIN, BATCH, settle_database
from tests.bench.messages import SHOW_EPISODES
from tracker.models import Episode, TrackedShow, TVShow, Watch

# Of each show so many are watched, beginning with the first: 500 shows make 15,000 watches.
LIBRARY_SHOWS = 500
WATCHED_EPISODES = 30
# One show of so many still airs, an episode a week, the last ones in the weeks to come.
RUNNING_EVERY = 24
COMING_EPISODES = 6
GENRES = ("Drama", "Comedy", "Crime", "Mystery", "Animation", "Documentary", "War & Politics")
NETWORKS = ("Northern", "Channel 9", "Harbour TV", "Attic+", "Public One")
POSTER = "/kQ3vN0bXxT5hJ8yLw2uPzRdE6f.jpg"
PAGES = {
    "up next": "/",
    "shows": "/shows/",
    "shows, searched": "/shows/?q=harb",
    "a show": "/shows/1/",
    "a show, on Plex": "/plex/shows/1/mapping/",
    "an episode": "/episodes/1/",
    "add": "/shows/add/",
    "calendar": "/calendar/",
    "history": "/history/",
    "statistics": "/statistics/",
    "statistics, a year": "/statistics/?year={year}",
    "statistics, of Plex": "/plex/statistics/",
    "account": "/account/",
    "people": "/people/",
    "Plex settings": "/plex/",
    "Plex conflicts": "/plex/conflicts/",
    "Plex activity": "/plex/activity/",
    "a Plex event": "/plex/activity/{event}/",
    "Plex rules": "/plex/rules/",
    "Plex, worth a look": "/plex/conflicts/worth-a-look/",
    "import of past watches": "/plex/import/",
    "alarms": "/plex/alarms/",
    "metrics": "/metrics",
    "Plex activity, duplicates": "/plex/activity/?status=duplicate",
    "Plex activity, failed": "/plex/activity/?status=failed",
    "API: events": "/api/plex/logs",
    "API: failed events": "/api/plex/logs?status=failed",
    "API: duplicates": "/api/plex/logs?status=duplicate",
    "API: mappings": "/api/plex/mappings",
    "API: conflicts": "/api/plex/conflicts",
    "API: stats": "/api/plex/stats",
    "API: shows": "/api/shows",
    "API: history": "/api/history",
    "API: up next": "/api/up-next",
    "admin: events": "/admin/plex/plexwebhooklog/",
    "admin: events, duplicates": "/admin/plex/plexwebhooklog/?status__exact=duplicate",
    "admin: watches": "/admin/tracker/watch/",
    "admin: shows": "/admin/tracker/tvshow/",
    "admin: Plex shows": "/admin/plex/plexshowmapping/",
    "admin: conflicts": "/admin/plex/plexconflict/",
    "admin: sync stats": "/admin/plex/plexsyncstats/",
    "admin: webhook activity": "/admin/plex/plexwebhookactivity/",
    "admin: unmapped shows": "/admin/plex/plexunmappedshow/",
}
# What a person without rights sees of their own events among everybody's.
PERSONS_PAGES = {
    "a person: statistics, of Plex": "/plex/statistics/",
    "a person: Plex activity": "/plex/activity/",
    "a person: Plex settings": "/plex/",
    "a person: API: events": "/api/plex/logs",
    "a person: API: duplicates": "/api/plex/logs?status=duplicate",
    "a person: API: failed events": "/api/plex/logs?status=failed",
    "a person: API: mappings": "/api/plex/mappings",
}
PERSON = 5


def measure(*, rounds: int) -> dict[str, Any]:
    """For each page the median of the milliseconds, those of the processor, and its bytes."""
    fill_library()
    settle_database()
    event = PlexWebhookLog.objects.order_by("-pk").values_list("pk", flat=True).first()
    fields = {"year": timezone.localdate().year - 1, "event": event}
    pages: dict[str, dict[str, float]] = {}
    for person, paths in ((ADMIN, PAGES), (PERSON, PERSONS_PAGES)):
        client = Client(headers={"host": "localhost"})
        client.force_login(User.objects.get(pk=person))
        pages |= {
            name: times(client, path.format(**fields), rounds) for name, path in paths.items()
        }
    return {
        "pages": pages,
        "shows": TVShow.objects.count(),
        "episodes": Episode.objects.count(),
        "watches": Watch.objects.filter(user=ADMIN).count(),
    }


def times(client: Client, path: str, rounds: int) -> dict[str, float]:
    wall, processor = [], []
    size = len(opened(client, path))  # The first time makes what is kept: templates, addresses.
    for _ in range(rounds):
        began = time.perf_counter(), processor_seconds()
        opened(client, path)
        wall.append(time.perf_counter() - began[0])
        processor.append(processor_seconds() - began[1])
    return {
        "milliseconds": 1000 * statistics.median(wall),
        "processor": 1000 * statistics.median(processor),
        "bytes": size,
    }


def opened(client: Client, path: str) -> bytes:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return answer.content


def fill_library() -> None:
    """The first shows in one person's library, each half watched; done once."""
    if Watch.objects.filter(user=ADMIN).exists():
        return
    now = timezone.now()
    shows = list(TVShow.objects.order_by("pk")[:LIBRARY_SHOWS])
    for show in shows:
        show.poster_path = show.backdrop_path = POSTER
        show.network = NETWORKS[show.pk % len(NETWORKS)]
        show.genres = [GENRES[show.pk % len(GENRES)], GENRES[(show.pk + 3) % len(GENRES)]]
        show.overview = "Somebody finds letters in a lighthouse, and answers them. " * 5
    columns = ["poster_path", "backdrop_path", "network", "genres", "overview"]
    TVShow.objects.bulk_update(shows, columns, batch_size=100)
    TrackedShow.objects.bulk_create(
        (TrackedShow(user_id=ADMIN, show=show, status="watching") for show in shows),
        batch_size=BATCH,
    )
    air_weekly(shows[::RUNNING_EVERY])
    watched = (
        Episode.objects.filter(season__show__in=shows).order_by("pk").values_list("pk", flat=True)
    )
    # Evening by evening through all shows, the latest today.
    order = itertools.product(range(WATCHED_EPISODES), range(len(shows)))
    episodes = list(watched)
    Watch.objects.bulk_create(
        (
            Watch(
                user_id=ADMIN,
                episode_id=episodes[show * SHOW_EPISODES + number],
                watched_at=now - timedelta(hours=2 * (WATCHED_EPISODES * len(shows) - place)),
                source="plex" if place % 3 else "manual",
            )
            for place, (number, show) in enumerate(order)
        ),
        batch_size=BATCH,
    )


def air_weekly(shows: list[TVShow]) -> None:
    first = timezone.localdate() - timedelta(weeks=SHOW_EPISODES - COMING_EPISODES)
    episodes = list(Episode.objects.filter(season__show__in=shows).order_by("pk"))
    for place, episode in enumerate(episodes):
        show, week = divmod(place, SHOW_EPISODES)
        episode.air_date = first + timedelta(weeks=week, days=show % 7)
    Episode.objects.bulk_update(episodes, ["air_date"], batch_size=200)
