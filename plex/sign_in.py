"""Signing in to Plex: by a code on Plex's own page, or with a token that is tried out first."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlencode

from plex import connection
from plex.calls import PRODUCT
from plex.client import PlexError, PlexTv, PlexUser, client_identifier
from plex.models import PlexConfig

SIGN_IN_PAGE = "https://app.plex.tv/auth#?"
LATER = "; it is asked again later"


def sign_in_address(code: str, *, return_to: str) -> str:
    """Plex's page on which a person agrees to a code; it leads back to `return_to`."""
    return SIGN_IN_PAGE + urlencode(
        {
            "clientID": client_identifier(),
            "code": code,
            "context[device][product]": PRODUCT,
            "forwardUrl": return_to,
        }
    )


def keep_granted_token(config: PlexConfig, token: str) -> str:
    """Keep a token that Plex gave out just now; returns whose it is, "" where that is unknown."""
    try:
        user = PlexTv(token).user()
    except PlexError:
        connection.save_token(config, token)  # The token is good all the same.
        return ""
    return keep(config, token, user)


def keep_checked_token(config: PlexConfig, token: str) -> str:
    """Keep a token if Plex knows it; returns whose it is.

    Raises `PlexError`; its kind is `unauthorised` where the token is none.
    """
    return keep(config, token, PlexTv(token).user())


def keep(config: PlexConfig, token: str, user: PlexUser) -> str:
    username = name_of(user)
    connection.save_token(config, token, username=username, has_plex_pass=user.has_plex_pass)
    if config.plex_server_token:
        renew_server_token(config, token)
    return username


def renew_server_token(config: PlexConfig, token: str) -> None:
    """The token of somebody else's server belongs to a sign-in, and ends with it."""
    with suppress(PlexError):
        listed = {server.uuid: server for server in PlexTv(token).resources()}
        server = listed.get(config.plex_server_uuid)
        if server is None or not server.is_usable:
            connection.save_server(config, url="", uuid="", name="")
            return
        connection.save_server(
            config,
            url=config.plex_server_url,
            uuid=server.uuid,
            name=server.name,
            token=server.own_token,
        )


def name_of(user: PlexUser) -> str:
    return user.username or user.title or user.email


def sentence(error: PlexError) -> str:
    """The error for somebody who pressed a button: nothing is asked again by itself."""
    return str(error).replace(LATER, "; try again in a moment")
