from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from plex.connection import connect, webhook_url
from plex.demo.events import SAMPLES, payload_of, send
from plex.demo.shows import load_samples, read_samples, show_data
from plex.models import PlexWebhookLog
from plex.payload import Playback, parse_payload
from tracker.models import Episode, TrackedShow, TVShow, Watch

FACTS = {
    ("Breaking Bad", 1, 1): ("Pilot", date(2008, 1, 20)),
    ("Severance", 2, 10): ("Cold Harbor", date(2025, 3, 20)),
    ("Chernobyl", 1, 5): ("Vichnaya Pamyat", date(2019, 6, 3)),
    ("Slow Horses", 2, 6): ("Old Scores", date(2022, 12, 30)),
    ("Andor", 1, 12): ("Rix Road", date(2022, 11, 23)),
}


def test_the_samples_are_a_dozen_shows_without_pictures():
    samples = read_samples()
    assert len(samples) == 12
    assert len({sample["tmdb_id"] for sample in samples}) == 12
    assert all(not show_data(sample).poster_path for sample in samples)


def test_episodes_of_a_season_air_in_order():
    for sample in read_samples():
        for season in show_data(sample).seasons:
            dates = [episode.air_date for episode in season.episodes if episode.air_date]
            assert len(dates) == len(season.episodes)
            assert dates == sorted(dates)


@pytest.mark.django_db
def test_loading_gives_shows_and_a_history_over_months():
    user = User.objects.create_user("demo")
    assert load_samples(user) == 12
    for (title, season, number), fact in FACTS.items():
        episode = Episode.objects.get(
            season__show__title=title, season__season_number=season, episode_number=number
        )
        assert (episode.name, episode.air_date) == fact
    watches = Watch.objects.standing().filter(user=user)
    times = sorted(watches.values_list("watched_at", flat=True))
    assert len(times) > 70
    assert times[-1] <= timezone.now()
    assert timezone.now() - times[0] > timedelta(days=100)
    assert len({moment.date() for moment in times}) > 25


@pytest.mark.django_db
def test_loading_leaves_shows_in_every_state():
    user = User.objects.create_user("demo")
    load_samples(user)
    statuses = {
        str(tracked.show): tracked.status
        for tracked in TrackedShow.objects.filter(user=user).select_related("show")
    }
    assert set(statuses.values()) == {"watching", "plan_to_watch", "completed", "on_hold"}
    assert statuses["Chernobyl (2019)"] == "completed"
    assert statuses["Ted Lasso (2020)"] == "on_hold"
    assert TVShow.objects.filter(title="The Office").count() == 2


def test_each_sample_event_is_a_finished_episode():
    payloads = [payload_of(play, now=timezone.now()) for _, play in SAMPLES]
    assert all(isinstance(parse_payload(payload), Playback) for payload in payloads)
    assert [payload["user"] for payload in payloads] == [True] * 5 + [False]
    for payload in payloads:
        assert re.fullmatch(r"plex://show/[0-9a-f]{24}", payload["Metadata"]["grandparentGuid"])


@pytest.mark.django_db(transaction=True)
def test_each_sample_event_ends_as_it_says(live_server, drain):
    user = User.objects.create_user("demo")
    load_samples(user)
    address = webhook_url(connect(user), base_url=live_server.url)
    now = timezone.now()
    assert {send(payload_of(play, now=now), address=address) for _, play in SAMPLES} == {200}
    drain()
    ends = PlexWebhookLog.objects.order_by("id").values_list("plex_title", "status", "action_taken")
    assert list(ends) == [
        ("Breaking Bad", "success", "marked_watched"),
        ("Breaking Bad", "duplicate", "ignored_duplicate"),
        ("Breaking Bad", "success", "marked_watched"),
        ("Our Allotment", "held", "conflict_created"),
        ("The Office", "held", "conflict_created"),
        ("Slow Horses", "held", "waiting_for_account"),
    ]
