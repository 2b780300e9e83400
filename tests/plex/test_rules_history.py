"""Rules about a library hold for plays that no webhook told: these name the library by a number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from plex import jobs
from plex.history import reading, scan
from plex.models import Action, Job, PlexConfig, PlexRule, PlexWebhookLog
from plex.processing import process_due
from tests.factories import make_show
from tests.plex_server import FakePlex

pytestmark = pytest.mark.django_db
START = timezone.now().replace(microsecond=0) - timedelta(days=2)
HOUR = timedelta(hours=1)


@pytest.fixture
def config(readable, plex: FakePlex) -> PlexConfig:
    plex.sections = [{"key": "2", "type": "show", "title": "Kids"}]
    readable.scan_watched = True
    readable.sync_started_date = readable.scan_started_at = START
    readable.save()
    return readable


def run(config: PlexConfig, prefix: str) -> None:
    due = jobs.catch_ups(is_starting=True, should_stop=reading.never)
    assert jobs.run_if_due(next(job for job in due if job.name == f"{prefix}{config.pk}"))
    assert not Job.objects.get(name=f"{prefix}{config.pk}").last_error
    process_due()


def ignore_library(owner: User, name: str) -> None:
    PlexRule.objects.create(user=owner, field="library", pattern=name, verdict="ignore")


def test_a_row_of_a_deleted_item_is_ignored_by_the_librarys_name(config, plex, owner):
    make_show("Severance", {1: 9})
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR, is_deleted=True)
    ignore_library(owner, "Kids")

    run(config, reading.JOB_PREFIX)

    log = PlexWebhookLog.objects.get()
    assert log.action_taken == Action.IGNORED_BY_RULE
    assert len(plex.asked("pms", "library/sections$")) == 1


def test_without_such_a_rule_the_libraries_are_not_asked_for(config, plex):
    plex.add_play("Severance", 1, 1, viewed_at=START + HOUR, is_deleted=True)

    run(config, reading.JOB_PREFIX)

    assert not plex.asked("pms", "library/sections$")


def test_a_mark_made_by_hand_is_ignored_by_the_librarys_name(config, plex, owner):
    item = plex.add_episode("Severance", 1, 1, librarySectionTitle=None)
    del item["librarySectionTitle"]
    item |= {"lastViewedAt": int((START + HOUR).timestamp()), "viewCount": 1}
    ignore_library(owner, "Kids")

    run(config, scan.JOB_PREFIX)

    assert PlexWebhookLog.objects.get().action_taken == Action.IGNORED_BY_RULE
