"""Whose plays count: the server's accounts, ticked before any of them played."""

from __future__ import annotations

import pytest

from plex import connection
from plex.models import PlexAccount, PlexConfig
from plex.processing import process_due
from tests.factories import TrackedShowFactory, episode_of, make_show
from tests.plex.factories import SERVER, PlexAccountFactory, form, make_config, of_episode
from tracker.encryption import reveal
from tracker.models import Watch

pytestmark = pytest.mark.django_db

READ, CHOOSE = "/plex/accounts/read/", "/plex/accounts/choose/"


def connect(user, plex) -> PlexConfig:
    config, _ = make_config(user)
    connection.save_token(config, plex.token)
    connection.save_server(config, url=plex.server.url, uuid=SERVER, name="Attic")
    return config


@pytest.fixture
def signed_in(client, owner, plex):
    connect(owner, plex)
    plex.server_accounts |= {77: "tom", 88: "anna"}
    client.force_login(owner)
    return client


def test_the_servers_accounts_are_listed_and_none_is_made_yet(signed_in, plex):
    assert "List the server's accounts" in signed_in.get("/plex/").content.decode()

    shown = signed_in.post(READ, follow=True).content.decode()

    assert "Attic also knows these" in shown
    assert all(name in shown for name in ("mira", "tom", "anna"))
    assert not PlexAccount.objects.exists()
    assert plex.token not in shown


def test_ticked_accounts_get_their_person(signed_in, owner, viewer):
    signed_in.post(READ)

    sent = {
        "account": ["1", "77", "unknown"],
        "user-1": owner.pk,
        "user-77": viewer.pk,
        "user-88": viewer.pk,
    }
    shown = signed_in.post(CHOOSE, sent, follow=True).content.decode()

    assert "The plays of 2 accounts count." in shown
    people = {a.account_title: list(a.users.all()) for a in PlexAccount.objects.all()}
    assert people == {"mira": [owner], "tom": [viewer]}
    account = PlexAccount.objects.get(account_key="77")
    assert (account.server_uuid, account.server_title, account.account_id) == (
        SERVER,
        "Attic",
        "77",
    )


def test_their_first_play_counts_at_once(signed_in, client, owner, viewer):
    signed_in.post(READ)
    signed_in.post(CHOOSE, {"account": ["77"], "user-77": viewer.pk})
    show = make_show("Severance", {1: 3})
    TrackedShowFactory(user=viewer, show=show)
    message = of_episode(episode_of(show, 1, 1), account_id=77, account_title="tom", is_user=False)
    secret = reveal(PlexConfig.objects.get(), "webhook_secret")

    client.post(f"/api/plex/webhook?secret={secret}", form(message))
    process_due()

    assert Watch.objects.get().user == viewer


def test_who_is_not_staff_ticks_for_oneself_only(client, viewer, stranger, plex):
    connect(viewer, plex)
    client.force_login(viewer)
    client.post(READ)
    client.post(CHOOSE, {"account": ["1"], "user-1": stranger.pk})
    assert list(PlexAccount.objects.get().users.all()) == [viewer]


def test_who_is_not_staff_takes_no_account_from_others(client, viewer, stranger, plex):
    connect(viewer, plex)
    taken = PlexAccountFactory(account_id="1", account_title="mira")
    taken.users.add(stranger)
    client.force_login(viewer)
    client.post(READ)

    shown = client.post(CHOOSE, {"account": ["1"]}, follow=True).content.decode()

    assert "Only an administrator" in shown
    assert list(taken.users.all()) == [stranger]
    assert not taken.seen_by.exists()


def test_an_unknown_person_is_refused(signed_in):
    signed_in.post(READ)
    assert signed_in.post(CHOOSE, {"account": ["1"], "user-1": 999}).status_code == 404


def test_accounts_that_are_listed_already_are_not_offered(signed_in, plex):
    for pk, name in plex.server_accounts.items():
        PlexAccountFactory(account_id=str(pk), account_title=name)
    shown = signed_in.post(READ, follow=True).content.decode()
    assert "Every account of the server is listed here already." in shown


def test_a_guest_may_not_list_them(signed_in, plex):
    plex.is_owned = False
    assert "to its owner only" in signed_in.post(READ, follow=True).content.decode()


def test_a_token_that_ended_is_told_from_a_guest(signed_in, plex):
    plex.token = "another"
    shown = signed_in.post(READ, follow=True).content.decode()
    assert "to its owner only" not in shown
    assert "sign in again" in shown.lower()
    assert PlexConfig.objects.get().token_refused_at is not None


def test_another_server_at_the_address_is_not_asked(signed_in, plex):
    plex.uuid = "another"
    shown = signed_in.post(READ, follow=True).content.decode()
    assert "Another server answers" in shown
    assert "also knows these" not in shown


def test_without_a_server_there_is_nothing_to_ask(client, owner, plex):
    make_config(owner)
    client.force_login(owner)
    assert "is not an http" in client.post(READ, follow=True).content.decode()
    assert client.post(CHOOSE, {"account": ["1"]}).status_code == 302
