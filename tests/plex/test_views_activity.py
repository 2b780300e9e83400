"""The activity list, its filters and polls, and the page of one event."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from plex.models import Action, PlexWebhookLog, Status
from plex.story import story_of, traced
from plex.templatetags.plex_events import moment, outcome
from plex.views import activity
from tests.factories import make_show
from tests.plex.factories import (
    PlexAccountFactory,
    PlexConfigFactory,
    PlexConflictFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
)

pytestmark = pytest.mark.django_db

PAGE = "/plex/activity/"


@pytest.fixture
def config(owner):
    return make_config(owner)[0]


def titles(client, query: str = "") -> list[str]:
    """The shows of the list, from its top."""
    response = client.get(PAGE + query)
    assert response.status_code == 200
    return re.findall(r'<a class="strong"[^>]*>([^<]+?)(?: <span|</a>)', response.content.decode())


def log(config, title: str, **fields) -> PlexWebhookLog:
    return PlexWebhookLogFactory(config=config, plex_title=title, **fields)


def test_lists_events_newest_first_with_their_outcome_in_words(signed_in, config):
    log(config, "First", action_taken=Action.MARKED_WATCHED, plex_season=1, plex_episode=2)
    log(config, "Second", status=Status.DUPLICATE, action_taken=Action.IGNORED_DUPLICATE)

    assert titles(signed_in) == ["Second", "First"]
    shown = signed_in.get(PAGE).content.decode()
    assert "S01E02" in shown
    assert "The episode was marked watched." in shown
    assert "The same viewing arrived before." in shown


def test_every_machine_word_is_a_sentence():
    for action in Action:
        event = PlexWebhookLog(status=Status.SUCCESS, action_taken=action)
        assert re.fullmatch(r"[A-Z].+\.", outcome(event))


def test_says_what_to_do_while_nothing_has_arrived(signed_in, config):
    shown = signed_in.get(PAGE).content.decode()

    assert "Nothing has arrived yet." in shown
    assert "/plex/#address" in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=held", ["Held"]),
        ("?status=success", ["Other show", "Done"]),
        ("?show=other", ["Other show"]),
        ("?show=OUR+NAME", ["Our name"]),
        ("?show=nothing", []),
        ("?status=held&show=other", []),
        ("?status=nonsense", ["Other show", "Our name", "Held", "Done"]),
        ("?account=nonsense&before=nonsense", ["Other show", "Our name", "Held", "Done"]),
    ],
)
def test_filters(signed_in, config, query, found):
    ours = make_show("Our name")
    mapped = PlexShowMappingFactory(plex_title="Localised", tvshow=ours)
    log(config, "Done")
    log(config, "Held", status=Status.HELD)
    log(config, "Localised", status=Status.FAILED, mapping=mapped, tvshow=ours)
    log(config, "Other show", mapping=PlexShowMappingFactory(plex_title="Other show"))

    assert titles(signed_in, query) == found


def test_filters_by_account(signed_in, config):
    account = PlexAccountFactory()
    log(config, "Mine", account=account)
    log(config, "Other", account=PlexAccountFactory())

    assert titles(signed_in, f"?account={account.pk}") == ["Mine"]


def test_older_events_follow_page_by_page(signed_in, config, monkeypatch):
    monkeypatch.setattr(activity, "PAGE_SIZE", 2)
    logs = [log(config, f"Show {number}") for number in range(5)]

    assert titles(signed_in) == ["Show 4", "Show 3"]
    assert f'href="?before={logs[3].pk}"' in signed_in.get(PAGE).content.decode()
    assert titles(signed_in, f"?before={logs[3].pk}") == ["Show 2", "Show 1"]
    last = signed_in.get(f"{PAGE}?before={logs[1].pk}").content.decode()
    assert "Show 0" in last
    assert "Older events" not in last


def test_a_filter_without_an_index_looks_at_a_bounded_part_and_offers_to_go_on(
    signed_in, config, monkeypatch
):
    monkeypatch.setattr(activity, "FILTERED_ROWS", 3)
    log(config, "Long ago", status=Status.DUPLICATE)
    logs = [log(config, "Newer") for _ in range(6)]

    first = signed_in.get(f"{PAGE}?status=duplicate").content.decode()
    assert "No such event among the newest ones." in first
    following = logs[-1].pk + 1 - 3
    assert f"before={following}" in first
    assert titles(signed_in, f"?status=duplicate&before={following}") == []
    assert titles(signed_in, f"?status=duplicate&before={following - 3}") == ["Long ago"]


@pytest.mark.parametrize("status", [Status.HELD, Status.FAILED])
def test_a_filter_with_an_index_finds_at_once(signed_in, config, monkeypatch, status):
    monkeypatch.setattr(activity, "FILTERED_ROWS", 3)
    log(config, "Long ago", status=status)
    for _ in range(6):
        log(config, "Newer")

    assert titles(signed_in, f"?status={status}") == ["Long ago"]


def poll_address(shown: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', shown)
    assert found
    return found[1].replace("&amp;", "&")


def test_new_events_arrive_by_polling(signed_in, config):
    log(config, "Old")
    address = poll_address(signed_in.get(PAGE).content.decode())
    assert signed_in.get(address).status_code == 204

    log(config, "New")
    answer = signed_in.get(address).content.decode()

    assert "New" in answer
    assert "Old" not in answer
    assert signed_in.get(poll_address(answer)).status_code == 204


def test_polling_starts_on_an_empty_page_too(signed_in, config):
    address = poll_address(signed_in.get(PAGE).content.decode())
    log(config, "First ever")

    assert "First ever" in signed_in.get(address).content.decode()


def test_a_waiting_event_is_replaced_when_it_is_decided(signed_in, config):
    event = log(config, "Severance", status=Status.PENDING)
    address = poll_address(signed_in.get(PAGE).content.decode())
    assert signed_in.get(address).status_code == 204

    event.status, event.action_taken = Status.SUCCESS, Action.MARKED_WATCHED
    event.save()
    answer = signed_in.get(address).content.decode()

    assert f'id="event-{event.pk}" hx-swap-oob="true"' in answer
    assert "The episode was marked watched." in answer
    assert "waiting" not in poll_address(answer)


def test_old_waiting_events_are_not_asked_about(signed_in, config):
    log(config, "Long", status=Status.PENDING, created_at=timezone.now() - timedelta(hours=2))

    assert "waiting" not in poll_address(signed_in.get(PAGE).content.decode())


def test_polls_keep_the_filters(signed_in, config):
    log(config, "Old", status=Status.HELD)
    address = poll_address(signed_in.get(f"{PAGE}?status=held").content.decode())
    log(config, "Done")

    assert signed_in.get(address).status_code == 204


@pytest.mark.parametrize(
    "query", ["?after=x&waiting=y,,9999999999999999999999", "", "?waiting=1,2&after=-1"]
)
def test_odd_polls_are_answered(signed_in, config, query):
    assert signed_in.get(f"{PAGE}new/{query}").status_code in {200, 204}


def test_older_pages_do_not_poll(signed_in, config):
    assert "hx-get" not in signed_in.get(f"{PAGE}?before=5").content.decode()


def test_an_event_tells_its_story(signed_in, config):
    conflict = PlexConflictFactory()
    event = log(
        config,
        "<b>Severance</b>",
        status=Status.HELD,
        action_taken=Action.CONFLICT_CREATED,
        conflict=conflict,
        payload={"event": "media.scrobble", "Metadata": {"title": "<script>alert(1)</script>"}},
        trace=[
            {"step": "arrived", "text": "Somebody finished <i>it</i>."},
            {
                "step": "title",
                "text": "Two shows could be meant.",
                "data": {"scores": [0.86, 0.71]},
            },
            "not a step",
        ],
    )

    shown = signed_in.get(f"{PAGE}{event.pk}/").content.decode()

    assert "Somebody finished &lt;i&gt;it&lt;/i&gt;." in shown
    assert "Two shows could be meant." in shown
    assert "0.86" in shown
    assert "not a step" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown
    assert f'href="/plex/conflicts/{conflict.pk}/"' in shown


def test_the_arrival_is_told_once(signed_in, config):
    event = log(
        config,
        "Severance",
        trace=[
            {"step": "arrived", "text": "robin finished S01E01 “Half Loop” of “Severance”."},
            {"step": "once", "text": "Marked watched."},
        ],
        payload={"event": "media.scrobble", "Metadata": {"guid": "plex://episode/1"}},
    )

    names = [step.name for step in story_of(event)]

    assert names == ["Arrived", "Ids", "Outcome"]


def test_an_unreadable_event_shows_what_arrived(signed_in, config):
    event = log(
        config,
        "",
        status=Status.FAILED,
        action_taken=Action.INVALID_PAYLOAD,
        raw_body='{"event": "media.scr',
        error_message="It ends in the middle.",
    )

    shown = signed_in.get(f"{PAGE}{event.pk}/").content.decode()

    assert "media.scr" in shown
    assert "It ends in the middle." in shown
    assert "Process again" not in shown
    response = signed_in.post(f"{PAGE}{event.pk}/again/", follow=True)
    assert "could not be read, so there is nothing" in response.content.decode()


def test_an_event_is_processed_again(signed_in, config):
    event = log(config, "Severance", status=Status.FAILED, payload={"event": "media.scrobble"})

    response = signed_in.post(f"{PAGE}{event.pk}/again/")

    assert response["Location"] == f"{PAGE}{event.pk}/"
    event.refresh_from_db()
    assert event.status == Status.PENDING
    assert event.next_attempt_at is not None
    assert signed_in.get(f"{PAGE}{event.pk}/again/").status_code == 405


def test_the_page_of_an_event_in_hand_shows_its_outcome_by_itself(signed_in, config):
    soon = "appears here by itself"
    event = log(config, "Severance", status=Status.PENDING, next_attempt_at=timezone.now())
    assert soon in signed_in.get(f"{PAGE}{event.pk}/").content.decode()

    PlexWebhookLog.objects.update(waiting_since=timezone.now())
    assert soon not in signed_in.get(f"{PAGE}{event.pk}/").content.decode()
    PlexWebhookLog.objects.update(status=Status.SUCCESS, waiting_since=None)
    assert soon not in signed_in.get(f"{PAGE}{event.pk}/").content.decode()


def test_other_peoples_events_can_not_be_guessed(client, config, stranger):
    event = log(config, "Private", payload={"event": "media.scrobble"}, status=Status.PENDING)
    client.force_login(stranger)

    assert titles(client) == []
    assert client.get(f"{PAGE}{event.pk}/").status_code == 404
    assert client.post(f"{PAGE}{event.pk}/again/").status_code == 404
    PlexWebhookLog.objects.update(status=Status.SUCCESS)
    assert client.get(f"{PAGE}new/?after=0&waiting={event.pk}").status_code == 204


def test_ones_own_plays_through_somebody_elses_hook_are_seen(client, config, viewer):
    account = PlexAccountFactory()
    account.users.add(viewer)
    log(config, "Mine", account=account)
    log(config, "Theirs", account=PlexAccountFactory())
    client.force_login(viewer)

    assert titles(client) == ["Mine"]


def test_the_number_of_queries_does_not_grow(signed_in, config, django_assert_num_queries):
    for _ in range(2):
        for _ in range(10):
            log(
                config,
                "Severance",
                account=PlexAccountFactory(),
                tvshow=make_show("Severance"),
                conflict=PlexConflictFactory(),
                status=Status.HELD,
            )
        with django_assert_num_queries(12):
            signed_in.get(PAGE)


def test_what_failed_takes_the_same_queries_for_any_number_of_connections(
    client, owner, django_assert_num_queries
):
    owner.is_staff = True
    owner.save()
    client.force_login(owner)
    for _ in range(2):
        for _ in range(3):
            log(PlexConfigFactory(), "Severance", status=Status.FAILED)
        with django_assert_num_queries(12):
            answer = client.get(PAGE, {"status": "failed"})

    assert answer.content.decode().count("Severance") >= 6


def test_moments_are_told_from_today():
    now = timezone.now()

    assert moment(None) == ""
    assert moment(now).startswith("today ")
    assert moment(now - timedelta(days=1)).startswith("yesterday ")
    assert re.match(r"\d+ \w+ \d{4} ", moment(now - timedelta(days=800)))


def test_a_trace_in_any_shape_is_read():
    assert list(traced(None)) == []
    assert list(traced({"step": "x"})) == []
    assert [
        step.text
        for step in traced([{"text": "a"}, 5, {"step": "title", "data": {"candidates": 3}}])
    ] == [
        "a",
        "",
        "",
    ]


def test_the_story_starts_with_what_arrived_and_what_it_named():
    event = PlexWebhookLog(
        event_type="media.scrobble",
        plex_title="Severance",
        plex_season=1,
        plex_episode=2,
        payload={
            "Metadata": {
                "guid": "plex://episode/1",
                "grandparentGuid": "plex://show/2",
                "Guid": [{"id": "tvdb://3"}, {"id": "plex://episode/1"}, 7],
            }
        },
        trace=[
            {
                "step": "title",
                "text": "Two shows.",
                "data": {
                    "candidates": [{"title": "A", "year": 2001, "score": 0.8, "reasons": ["b"]}],
                    "more": 1,
                },
            }
        ],
    )

    arrived, ids, title = story_of(event)

    assert arrived.text == "Somebody finished Severance S01E02."
    assert ids.ids == ("plex://episode/1", "plex://show/2", "tvdb://3")
    assert (title.name, title.looks[0].title, title.looks[0].score) == ("Title", "A", 0.8)
    assert "more" in title.data
    assert "candidates" not in title.data
