"""Plex shows, connections and accounts in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from plex import connection
from plex.models import Action, PlexConfig, Status
from tests.factories import episode_of, make_show, staff_with
from tests.plex.factories import (
    PlexAccountFactory,
    PlexShowMappingFactory,
    PlexWebhookLogFactory,
    make_config,
    of_episode,
)
from tracker.encryption import new_key, reveal
from tracker.models import Watch

pytestmark = pytest.mark.django_db

LIST = "/admin/plex/plexshowmapping/"
CONFIGS = "/admin/plex/plexconfig/"
ACCOUNTS = "/admin/plex/plexaccount/"
TOKEN = "a-Plex-token-x1"


def test_the_list_and_its_filters(signed_in):
    PlexShowMappingFactory(
        plex_title="Mapped", tvshow=make_show("Severance"), needs_review="Look here."
    )
    PlexShowMappingFactory(plex_title="Unmapped")

    assert "Unmapped" in signed_in.get(LIST).content.decode()
    not_yet = signed_in.get(f"{LIST}?mapped=no").content.decode()
    assert "Unmapped" in not_yet
    assert "Severance" not in not_yet
    assert "Look here." in signed_in.get(f"{LIST}?mapped=review").content.decode()
    assert "Severance" in signed_in.get(f"{LIST}?mapped=yes").content.decode()


def test_the_number_of_queries_of_the_list_does_not_grow(signed_in, django_assert_num_queries):
    for _ in range(2):
        for number in range(8):
            PlexShowMappingFactory(tvshow=make_show(f"Show {number}"))
        with django_assert_num_queries(5):
            signed_in.get(LIST)


def test_the_show_is_chosen_by_typing(signed_in):
    mapping = PlexShowMappingFactory()
    show = make_show("Severance")

    assert "admin-autocomplete" in signed_in.get(f"{LIST}{mapping.pk}/change/").content.decode()
    found = signed_in.get(
        "/admin/autocomplete/",
        {
            "term": "sever",
            "app_label": "plex",
            "model_name": "plexshowmapping",
            "field_name": "tvshow",
        },
    ).json()
    assert [row["id"] for row in found["results"]] == [str(show.pk)]


def test_the_wrong_show_is_corrected_with_its_plays(signed_in, owner, play):
    wrong, right = make_show("Severance", {1: 3}), make_show("Severance Pay", {1: 3})
    log = play(
        of_episode(episode_of(wrong, 1, 2), ids=(f"tmdb://{episode_of(wrong, 1, 2).tmdb_id}",))
    )
    mapping = log.mapping

    response = signed_in.post(f"{LIST}{mapping.pk}/change/", {"tvshow": right.pk}, follow=True)

    assert "to Severance Pay." in response.content.decode()
    mapping.refresh_from_db()
    assert mapping.tvshow == right
    assert mapping.manually_confirmed
    standing = Watch.objects.standing().filter(user=owner)
    assert [watch.episode.season.show for watch in standing] == [right]
    assert LogEntry.objects.filter(object_id=str(mapping.pk)).count() == 1


def test_a_mapping_can_not_be_emptied(signed_in):
    mapping = PlexShowMappingFactory(tvshow=make_show("Severance"))

    response = signed_in.post(f"{LIST}{mapping.pk}/change/", {"tvshow": ""})

    assert "Stop syncing" in response.content.decode()
    mapping.refresh_from_db()
    assert mapping.tvshow is not None


def test_confirm_stop_and_sync_again(signed_in):
    mapping = PlexShowMappingFactory(tvshow=make_show("Severance"))
    unmapped = PlexShowMappingFactory()

    def act(action: str) -> str:
        chosen = {"action": action, "_selected_action": [mapping.pk, unmapped.pk]}
        shown: str = signed_in.post(LIST, chosen, follow=True).content.decode()
        mapping.refresh_from_db()
        return shown

    shown = act("confirm")
    assert mapping.manually_confirmed
    assert "1 Plex show is confirmed." in shown
    assert "1 Plex show is not mapped yet" in shown
    assert "2 Plex shows are no longer synced." in act("stop_syncing")
    assert not mapping.sync_enabled
    act("sync_again")
    assert mapping.sync_enabled


def test_staff_who_may_only_look_change_nothing(client):
    show = make_show("Severance")
    mapping = PlexShowMappingFactory()
    client.force_login(staff_with("view_plexshowmapping"))

    assert client.get(f"{LIST}{mapping.pk}/change/").status_code == 200
    assert client.post(f"{LIST}{mapping.pk}/change/", {"tvshow": show.pk}).status_code == 403
    client.post(LIST, {"action": "stop_syncing", "_selected_action": [mapping.pk]})
    mapping.refresh_from_db()
    assert mapping.tvshow is None
    assert mapping.sync_enabled


def test_no_secret_stands_in_the_admin_of_connections(signed_in, owner):
    config, secret = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN)
    connection.renew_secret(config, keep_old=True)

    for address in (CONFIGS, f"{CONFIGS}{owner.pk}/change/", f"{CONFIGS}{owner.pk}/history/"):
        shown = signed_in.get(address).content.decode()
        for hidden in (
            TOKEN,
            secret,
            reveal(config, "webhook_secret"),
            config.plex_token,
            config.webhook_secret,
            config.webhook_secret_sha256,
            config.previous_secret_sha256,
        ):
            assert hidden
            assert hidden not in shown
    assert "Set" in signed_in.get(CONFIGS).content.decode()


def test_with_a_wrong_key_the_admin_says_what_to_do(signed_in, owner, settings):
    config, _ = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN)
    settings.ENCRYPTION_KEY = new_key()

    assert "put the old ENCRYPTION_KEY back" in signed_in.get(CONFIGS).content.decode()


def test_switches_are_saved_without_touching_the_secrets(signed_in, owner):
    config, secret = make_config(owner)
    connection.save_settings(config, plex_token=TOKEN)

    signed_in.post(
        f"{CONFIGS}{owner.pk}/change/", {"enabled": "on", "plex_server_url": "http://plex:32400"}
    )

    stored = PlexConfig.objects.get()
    assert (stored.auto_add_shows, stored.enabled) == (False, True)
    assert stored.plex_server_url == "http://plex:32400"
    assert reveal(stored, "plex_token") == TOKEN
    assert reveal(stored, "webhook_secret") == secret


def test_an_account_gets_its_people_and_its_held_plays_are_recorded(signed_in, owner, viewer):
    config, _ = make_config(owner)
    account = PlexAccountFactory(account_title="Anna")
    episode = episode_of(make_show("Severance", {1: 3}), 1, 1)
    PlexWebhookLogFactory(
        config=config,
        account=account,
        status=Status.HELD,
        action_taken=Action.WAITING_FOR_ACCOUNT,
        payload=of_episode(
            episode,
            ids=(f"tmdb://{episode.tmdb_id}",),
            account_id=account.account_id,
            account_title="Anna",
            is_user=False,
        ),
        server_uuid=account.server_uuid,
    )

    response = signed_in.post(
        f"{ACCOUNTS}{account.pk}/change/", {"users": [viewer.pk]}, follow=True
    )
    assert list(account.users.all()) == [viewer]
    assert "1 held play waits" in response.content.decode()

    signed_in.post(ACCOUNTS, {"action": "record_held", "_selected_action": [account.pk]})
    assert Watch.objects.get().user == viewer


def test_the_number_of_queries_of_the_accounts_does_not_grow(
    signed_in, owner, django_assert_num_queries
):
    for _ in range(2):
        for _ in range(5):
            PlexAccountFactory().users.add(owner)
        with django_assert_num_queries(6):
            signed_in.get(ACCOUNTS)
