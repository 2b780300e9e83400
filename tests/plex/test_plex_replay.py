from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from plex.models import PlexWebhookLog
from tests.factories import TrackedShowFactory, episode_of
from tests.plex.factories import make_config, of_episode, scrobble
from tracker.models import Watch


@pytest.fixture
def payloads(viewer, make_show) -> list[dict]:
    """Two plays of a show that the viewer tracks, whose account is the viewer's."""
    make_config(viewer)
    show = make_show("Severance", {1: 3})
    TrackedShowFactory(user=viewer, show=show)
    return [
        of_episode(episode_of(show, 1, n), ids=(f"tmdb://{episode_of(show, 1, n).tmdb_id}",))
        for n in (1, 2)
    ]


def replay(*arguments: object) -> str:
    out = StringIO()
    call_command("plex_replay", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["list", "lines", "object"])
@pytest.mark.django_db
def test_sends_each_event_and_says_what_became_of_it(viewer, payloads, tmp_path, form):
    file = tmp_path / "events.json"
    texts = {
        "list": json.dumps(payloads),
        "lines": "\n".join(json.dumps(payload) for payload in payloads) + "\n\n",
        "object": json.dumps(payloads[0], indent=2),
    }
    file.write_text(texts[form], encoding="utf-8")
    lines = replay(file).splitlines()
    count = 1 if form == "object" else 2
    assert Watch.objects.filter(user=viewer).count() == count
    assert lines[0] == "1: Severance S01E01: done. The episode was marked watched."
    assert len(lines) == count


@pytest.mark.django_db
def test_sending_again_is_a_duplicate(payloads, tmp_path):
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payloads[0]), encoding="utf-8")
    replay(file)
    assert "duplicate" in replay(file)
    assert Watch.objects.count() == 1


@pytest.mark.django_db
def test_needs_to_know_whose_events_they_are(viewer, stranger, payloads, tmp_path):
    make_config(stranger)
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payloads[0]), encoding="utf-8")
    with pytest.raises(CommandError, match="--user"):
        replay(file)
    assert "Severance" in replay(file, "--user", "viewer")
    assert PlexWebhookLog.objects.get().config_id == viewer.pk
    with pytest.raises(CommandError, match="no user nobody"):
        replay(file, "--user", "nobody")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no event"),
        ("[]", "no event"),
        ("{", "event 1"),
        ("[1]", "event 1"),
        ("{}\n[", "event 2"),
    ],
)
@pytest.mark.django_db
def test_says_which_event_can_t_be_read_and_sends_none(payloads, tmp_path, text, problem):
    file = tmp_path / "event.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=problem):
        replay(file)
    assert not PlexWebhookLog.objects.exists()


@pytest.mark.django_db
def test_says_that_a_file_is_not_there(payloads, tmp_path):
    with pytest.raises(CommandError, match="can't be read"):
        replay(tmp_path / "missing.json")


@pytest.mark.django_db(transaction=True)
def test_posts_to_a_webhook_address_as_plex_does(viewer, payloads, tmp_path, live_server):
    config, secret = make_config(viewer)
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payloads), encoding="utf-8")
    text = replay(file, "--url", f"{live_server.url}/api/plex/webhook?secret={secret}")
    assert PlexWebhookLog.objects.filter(config=config).count() == 2
    assert text.count(": 200 ") == 2
    assert secret not in text


@pytest.mark.django_db
def test_an_address_that_does_not_answer_is_not_repeated(payloads, tmp_path):
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payloads[0]), encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        replay(file, "--url", "http://127.0.0.1:9/?secret=hidden")
    assert "hidden" not in str(caught.value)


def test_an_unknown_show_is_looked_up_rather_than_tried_for_ever(viewer, tmdb, tmp_path):
    make_config(viewer)
    file = tmp_path / "event.json"
    file.write_text(json.dumps(scrobble("A show that nobody knows")), encoding="utf-8")
    assert replay(file).startswith("1: A show that nobody knows S01E01: ")
    assert tmdb.requests
