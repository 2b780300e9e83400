"""Events and reports in the admin: to look at, and to process again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plex.models import Action, Job, PlexWebhookLog, Status, TmdbLookup
from tests.factories import make_show, staff_with
from tests.plex.factories import (
    PlexAccountFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
)
from tracker import bounded_pages

pytestmark = pytest.mark.django_db

LIST = "/admin/plex/plexwebhooklog/"
REPORTS = ("plexsyncstats", "plexwebhookactivity", "plexunmappedshow", "tmdblookup", "job")


@pytest.fixture
def config(owner):
    return make_config(owner)[0]


def test_the_list_has_outcomes_in_words(signed_in, config):
    PlexWebhookLogFactory(config=config, plex_title="Severance", action_taken=Action.MARKED_WATCHED)

    shown = signed_in.get(LIST).content.decode()

    assert "Severance" in shown
    assert "The episode was marked watched." in shown


def test_filters_look_at_the_newest_and_find_failed_ones_wherever_they_are(
    signed_in, config, monkeypatch
):
    monkeypatch.setattr("plex.admin.logs.FILTERED_ROWS", 2)
    for title, status in (
        ("Long ago failed", Status.FAILED),
        ("Long ago repeated", Status.DUPLICATE),
        ("Just repeated", Status.DUPLICATE),
        ("Just recorded", Status.SUCCESS),
    ):
        PlexWebhookLogFactory(config=config, plex_title=title, status=status)

    repeated = signed_in.get(LIST, {"status__exact": "duplicate"}).content.decode()
    failed = signed_in.get(LIST, {"status__exact": "failed"}).content.decode()

    assert "Just repeated" in repeated
    assert "Long ago repeated" not in repeated
    assert "Just recorded" not in repeated
    assert "Long ago failed" in failed
    assert "repeated" not in failed


def test_an_event_shows_trace_and_payload_and_no_form(signed_in, config):
    log = PlexWebhookLogFactory(
        config=config,
        payload={"event": "media.scrobble", "title": "<script>alert(1)</script>"},
        trace=[{"step": "arrived", "text": "It <b>arrived</b>.", "ids": [1]}],
    )

    shown = signed_in.get(f"{LIST}{log.pk}/change/").content.decode()

    assert "It &lt;b&gt;arrived&lt;/b&gt;." in shown
    assert '<pre class="data"' in shown
    assert "<script>alert" not in shown
    assert 'name="_save"' not in shown
    assert signed_in.post(f"{LIST}{log.pk}/change/", {"status": "failed"}).status_code == 403
    assert signed_in.get(f"{LIST}add/").status_code == 403
    assert signed_in.post(f"{LIST}{log.pk}/delete/", {"post": "yes"}).status_code == 403


def test_processing_again(signed_in, config):
    readable = PlexWebhookLogFactory(
        config=config, status=Status.FAILED, payload={"event": "media.scrobble"}
    )
    unreadable = PlexWebhookLogFactory(
        config=config, status=Status.FAILED, payload=None, raw_body="{"
    )

    response = signed_in.post(
        LIST,
        {"action": "process_again", "_selected_action": [readable.pk, unreadable.pk]},
        follow=True,
    )

    shown = response.content.decode()
    assert "1 event is processed again." in shown
    assert "1 event is not readable" in shown
    readable.refresh_from_db()
    assert readable.status == Status.PENDING
    unreadable.refresh_from_db()
    assert unreadable.status == Status.FAILED


def test_looking_does_not_allow_to_process_again(client, config):
    log = PlexWebhookLogFactory(
        config=config, status=Status.FAILED, payload={"event": "media.scrobble"}
    )
    client.force_login(staff_with("view_plexwebhooklog"))

    assert "process_again" not in client.get(LIST).content.decode()
    client.post(LIST, {"action": "process_again", "_selected_action": [log.pk]})
    log.refresh_from_db()
    assert log.status == Status.FAILED
    client.force_login(staff_with("view_plexwebhooklog", "change_plexwebhooklog"))
    client.post(LIST, {"action": "process_again", "_selected_action": [log.pk]})
    assert PlexWebhookLog.objects.get().status == Status.PENDING


def test_staff_without_permission_see_no_event(client, config):
    log = PlexWebhookLogFactory(config=config)
    client.force_login(staff_with())

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{log.pk}/change/").status_code == 403


def test_search_finds_by_the_title_on_plex(signed_in, config):
    mapping = PlexShowMappingFactory(plex_title="Severance")
    PlexWebhookLogFactory(config=config, plex_title="Severance", mapping=mapping)
    PlexWebhookLogFactory(config=config, plex_title="The Bear", mapping=PlexShowMappingFactory())

    shown = signed_in.get(f"{LIST}?q=sever").content.decode()

    assert "Severance" in shown
    assert "The Bear" not in shown


def test_the_number_of_queries_does_not_grow(signed_in, config, django_assert_num_queries):
    for _ in range(2):
        for _ in range(8):
            PlexWebhookLogFactory(
                config=config,
                account=PlexAccountFactory(),
                tvshow=make_show("Severance"),
                mapping=PlexShowMappingFactory(),
            )
        with django_assert_num_queries(5):
            signed_in.get(LIST)


def test_a_long_log_is_not_counted_to_its_end(signed_in, config, monkeypatch):
    monkeypatch.setattr(bounded_pages, "MOST_ROWS", 5)
    for _ in range(9):
        PlexWebhookLogFactory(config=config)

    assert "5 Plex events" in signed_in.get(LIST).content.decode()
    assert PlexWebhookLog.objects.count() == 9


@pytest.mark.parametrize("report", REPORTS)
def test_reports_are_shown_and_not_edited(signed_in, config, report):
    PlexWebhookLogFactory(config=config, mapping=PlexShowMappingFactory(plex_title="Unmapped"))
    TmdbLookup.objects.create(key="find:tvdb_id:1", answer={"shows": []}, fetched_at=timezone.now())
    Job.objects.create(name="worker:here:1")
    address = f"/admin/plex/{report}/"

    response = signed_in.get(address)

    assert response.status_code == 200
    assert "1 " in response.content.decode()
    assert signed_in.get(f"{address}add/").status_code == 403


@pytest.mark.parametrize("per_page", [200, 2])
def test_the_activity_is_counted_once_for_a_page(signed_in, config, monkeypatch, per_page):
    monkeypatch.setattr("plex.admin.reports.PlexWebhookActivityAdmin.list_per_page", per_page)
    for event_type in ("media.play", "media.pause", "media.stop"):
        PlexWebhookLogFactory(config=config, event_type=event_type)

    with CaptureQueriesContext(connection) as queries:
        shown = signed_in.get("/admin/plex/plexwebhookactivity/").content.decode()

    assert "3 Plex webhook activity" in shown
    assert sum("plex_webhook_activity" in query["sql"] for query in queries) == 1


def test_an_unmapped_show_links_to_its_mapping(signed_in, config):
    mapping = PlexShowMappingFactory(plex_title="Unmapped")

    assert (
        f"/admin/plex/plexshowmapping/{mapping.pk}/change/"
        in signed_in.get("/admin/plex/plexunmappedshow/").content.decode()
    )


@pytest.mark.parametrize("report", ["tmdblookup", "job"])
def test_a_row_of_a_report_opens(signed_in, report):
    TmdbLookup.objects.create(
        pk=1, key="find:tvdb_id:1", answer={"a": "<b>"}, fetched_at=timezone.now()
    )
    Job.objects.create(pk=1, name="worker:here:1")

    response = signed_in.get(f"/admin/plex/{report}/1/change/")

    assert response.status_code == 200
    assert "<b>" not in response.content.decode()
