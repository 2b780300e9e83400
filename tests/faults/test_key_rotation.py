"""A new encryption key while web and worker run: nobody notices, and nothing stays under the old one."""

from __future__ import annotations

import http.client
import io
import json
import threading
from collections import Counter

import pytest
from django.core.management import call_command

from plex.models import PlexConfig, PlexWebhookLog, Status
from tests.factories import make_show
from tests.faults.processes import Web, running, wait_for
from tests.plex.factories import make_config, of_episode
from tracker.encryption import load_keys, new_key, reveal, seal
from tracker.key_rotation import sealed_columns
from tracker.models import ApiToken, Episode, SiteSettings, Watch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROTATIONS = 4


@pytest.fixture
def key_folder(settings, tmp_path):
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PATH = "", tmp_path / "encryption_key"
    settings.ENCRYPTION_KEY_PATH.write_text(new_key())
    return tmp_path


class Visitor(threading.Thread):
    """Reads the connection's settings, which holds a sealed secret, and posts events, until stopped."""

    def __init__(self, web: Web, *, secret: str, token: str, messages: list[dict]) -> None:
        super().__init__(daemon=True)
        self.web, self.secret, self.token, self.messages = web, secret, token, messages
        self.seen: Counter[tuple[int, str]] = Counter()
        self.posted: list[int] = []
        self.ended = threading.Event()

    def run(self) -> None:
        for message in self.messages:
            if self.ended.is_set():
                return
            self.posted.append(self.web.post(self.secret, message)[0])
            self.seen[self.read()] += 1
            # So that there is something to send until the last rotation.
            self.ended.wait(0.02)

    def read(self) -> tuple[int, str]:
        client = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=30)
        headers = {"Host": "localhost", "Authorization": f"Token {self.token}"}
        client.request("GET", "/api/plex/config", headers=headers)
        answer = client.getresponse()
        text = answer.read()
        client.close()
        return answer.status, json.loads(text).get("webhook_url", text.decode()).rpartition("=")[2]


def test_a_key_changes_while_web_and_worker_run(owner, key_folder):
    config, secret = make_config(owner)
    seal(config, "plex_token", "the-token-of-plex")
    config.save()
    site = SiteSettings.load()
    seal(site, "tmdb_api_key", "the-key-of-tmdb")
    site.save()
    _, token = ApiToken.make(user=owner, name="test")
    make_show("Severance", {1: 500, 2: 500})
    messages = [of_episode(e) for e in Episode.objects.select_related("season__show")]
    first_key = load_keys()[0]
    environment = {"ENCRYPTION_KEY": "", "DATA_DIR": str(key_folder)}
    web = Web(**environment)
    try:
        with running("worker", **environment):
            wait_for(web.answers)
            visitor = Visitor(web, secret=secret, token=token, messages=messages)
            visitor.start()
            for rotation in range(ROTATIONS):
                seen = sum(visitor.seen.values())
                call_command("rotate_encryption_key", stdout=io.StringIO())
                wait_for(lambda: sum(visitor.seen.values()) > seen + 2)  # noqa: B023
                if rotation % 2:
                    call_command("rotate_encryption_key", "--drop-old", stdout=io.StringIO())
            visitor.ended.set()
            visitor.join(60)
            wait_for(lambda: not PlexWebhookLog.objects.pending().exists())
    finally:
        web.close()

    assert set(visitor.seen) == {(200, secret)}, visitor.seen
    assert set(visitor.posted) == {200}
    assert Watch.objects.count() == len(visitor.posted)
    assert not PlexWebhookLog.objects.exclude(status=Status.SUCCESS).exists()
    (key,) = load_keys()
    assert key != first_key
    for model, column in sealed_columns():
        for sealed in model._default_manager.exclude(**{column: ""}).values_list(column, flat=True):
            assert sealed.startswith(f"{key.key_id}:")
    assert reveal(PlexConfig.objects.get(), "plex_token") == "the-token-of-plex"
    assert reveal(SiteSettings.load(), "tmdb_api_key") == "the-key-of-tmdb"


def test_an_old_backup_opens_with_the_old_key_put_back(owner, key_folder, settings):
    """The keys are kept apart from the backups; an older backup needs an older key."""
    config, secret = make_config(owner)
    backup = PlexConfig.objects.values().get()
    old = settings.ENCRYPTION_KEY_PATH.read_text()
    call_command("rotate_encryption_key", stdout=io.StringIO())
    call_command("rotate_encryption_key", "--drop-old", stdout=io.StringIO())

    PlexConfig.objects.filter(pk=config.pk).update(webhook_secret=backup["webhook_secret"])
    with settings.ENCRYPTION_KEY_PATH.open("a") as file:
        file.write(f",{old}")
    assert reveal(PlexConfig.objects.get(), "webhook_secret") == secret
    call_command("rotate_encryption_key", "--drop-old", stdout=io.StringIO())
    assert reveal(PlexConfig.objects.get(), "webhook_secret") == secret
    assert len(load_keys()) == 1
