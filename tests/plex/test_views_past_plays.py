"""The page that imports past watches: what it says at each step, and whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from plex import connection
from plex.history import reading
from plex.imports import lifecycle
from plex.models import PlexConfig, PlexImport
from plex.processing import process_due
from tests.factories import make_show
from tests.plex.factories import make_config
from tests.plex_server import FakePlex
from tracker.models import Watch

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2019, 3, 1, 20, 0, tzinfo=UTC)
PAGE = "/plex/import/"


@pytest.fixture
def config(readable, plex: FakePlex) -> PlexConfig:
    plex.mirror(make_show("Severance", {1: 9}))
    plex.mirror(make_show("Andor", {1: 9}))
    for number in range(1, 6):
        plex.add_play("Severance", 1, number, viewed_at=LONG_AGO + number * timedelta(hours=1))
    plex.add_play("Andor", 1, 1, viewed_at=LONG_AGO)
    return readable


@pytest.fixture
def page(client, owner):
    """The page as the owner sees it."""
    client.force_login(owner)

    def look() -> str:
        return client.get(PAGE).content.decode()

    return look


@pytest.fixture
def press(client, owner):
    """Press a button of the page: returns the page that it leads to."""
    client.force_login(owner)

    def send(button: str, **data) -> str:
        task = PlexImport.objects.order_by("-pk").first()
        data = {"import": task.pk if task else "", **data}
        answer = client.post(reverse(f"plex:past-plays-{button}"), data, follow=True)
        assert answer.redirect_chain == [(PAGE, 302)]
        return answer.content.decode()

    return send


def work() -> None:
    for _ in range(4):
        lifecycle.work_on_imports(reading.never)
        process_due()


def test_the_page_asks_for_a_server_where_none_can_be_read(client, viewer, page):
    assert "No Plex server to read from" in page()
    client.force_login(viewer)
    make_config(viewer)
    assert "Plex settings" in client.get(PAGE).content.decode()


def test_from_the_look_to_the_results(config, page, press):
    assert "Look what is there" in page()
    assert 'hx-trigger="every 1s"' in press("look")
    work()
    text = page()
    assert "hx-trigger" not in text.partition('id="import"')[2]
    assert "up to 2" in text
    assert text.index("Severance") < text.index("Andor")
    assert "March 2019" in text
    press("go", which="all")
    work()
    text = page()
    assert "<b>6</b><span>recorded</span>" in text
    assert "Look what is there" in text
    assert Watch.objects.count() == 6


def test_only_ticked_shows_and_only_such_as_are_listed(config, page, press):
    press("look")
    work()
    assert "Tick at least one show" in press("go", which="ticked", show=["999999"])
    key = PlexImport.objects.get().counts["list"][1]["key"]
    press("go", which="ticked", show=[key])
    work()
    assert Watch.objects.get().episode.season.show.title == "Andor"


def test_stop_go_on_and_leave_it(config, page, press):
    press("look")
    assert "Go on" in press("stop")
    assert "counted" in press("resume")
    work()
    press("go", which="all")
    text = press("stop")
    assert "Leave it at that" in text
    assert "hx-trigger" not in text.partition('id="import"')[2]
    press("resume")
    assert "Ended before the end" in press("cancel")
    assert "It was over already" in press("stop")


def test_cancel_before_it_began_leads_back_to_the_start(config, press):
    press("look")
    work()
    assert "Look first" in press("cancel")


def test_what_went_wrong_is_said_with_a_way_on(config, plex, page, press):
    press("look")
    plex.server.fail_with(401)
    work()
    text = page()
    assert "Failed" in text
    assert "token" in text
    plex.server.up()
    assert "counted" in press("resume")


def test_marking_switched_off_is_said_before(config, page):
    connection.save_settings(config, auto_mark_watched=False)
    assert "Marking by itself is switched off" in page()


def test_a_long_list_is_cut_and_says_so(config, page):
    shows = [
        {"key": str(n), "title": f"Show {n}", "plays": 5, "here": 0, "state": "known"}
        for n in range(300)
    ]
    counts = {"shows": 812, "plays": 9000, "here": 0, "questions": 0, "off": 0, "list": shows}
    PlexImport.objects.create(config=config, kind="plays", state="ready", counts=counts)
    text = page()
    assert "These are the 300 with the most plays" in text
    assert len(text) < 140_000


def test_nobody_presses_another_persons_buttons(config, client, viewer, press):
    press("look")
    task = PlexImport.objects.get()
    client.force_login(viewer)
    for button in ("go", "stop", "resume", "cancel"):
        answer = client.post(reverse(f"plex:past-plays-{button}"), {"import": task.pk})
        assert answer.status_code == 404
    task.refresh_from_db()
    assert task.state == PlexImport.State.COUNTING
