"""The second step of connecting Plex: which server."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from plex import connection
from plex.client import PlexError, PlexServer, PlexTv, Server
from plex.forms import ServerForm
from plex.models import PlexConfig
from plex.servers import find_server
from plex.sign_in import sentence
from plex.views.settings import SERVERS_KEY, render_page
from tracker.encryption import DecryptionError
from tracker.views.answers import UserRequest


@login_required
@require_POST
def find(request: UserRequest) -> HttpResponse:
    """Take the first of the account's servers that answers, or the one that is named."""
    config = get_object_or_404(PlexConfig, user=request.user)
    try:
        servers = PlexTv(connection.token_of(config)).resources()
    except PlexError as error:
        note(request, config, error)
        return back_to_step()
    request.session[SERVERS_KEY] = [
        {"uuid": server.uuid, "name": server.name, "is_owned": server.is_owned}
        for server in servers
    ]
    wanted = request.POST.get("uuid", "")
    chosen = [server for server in servers if wanted in {"", server.uuid}]
    if not chosen:
        messages.error(request, "Your Plex account has no server: enter its address by hand.")
        return back_to_step()
    choose(request, config, chosen)
    return back_to_step()


def choose(request: UserRequest, config: PlexConfig, servers: Sequence[Server]) -> None:
    found = find_server(servers)
    if found is None:
        names = ", ".join(server.name for server in servers)
        messages.error(
            request, f"No address of {names} answers from here: enter one by hand that does."
        )
        return
    keep(request, config, found.server, url=found.url)


def keep(request: UserRequest, config: PlexConfig, server: Server, *, url: str) -> None:
    """Keep the server; the account's own token must not go to one that is somebody else's."""
    if not server.is_usable:
        messages.error(request, f"Plex gives out no token for {server.name}, so it was not chosen.")
        return
    try:
        connection.save_server(
            config, url=url, uuid=server.uuid, name=server.name, token=server.own_token
        )
    except DecryptionError as error:
        messages.error(request, str(error))
        return
    messages.success(request, f"{server.name or 'The server'} answers at {url}.")


@never_cache
@login_required
@require_POST
def save(request: UserRequest) -> HttpResponse:
    """An address by hand: whichever server answers there is taken."""
    config = get_object_or_404(PlexConfig, user=request.user)
    form = ServerForm(request.POST)
    if not form.is_valid():
        return render_page(request, config, server_form=form, status=422)
    url = form.cleaned_data["plex_server_url"]
    if not url:
        connection.save_server(config, url="", uuid="", name="")
        messages.success(request, "The server was forgotten.")
        return back_to_step()
    try:
        uuid = PlexServer(url, "", tries=1).identity().uuid
        server = known_server(config, uuid)
    except PlexError as error:
        if form.cleaned_data["unchecked"] and not error.permanent:
            connection.save_settings(config, plex_server_url=url)
            messages.warning(
                request, "The address was saved unchecked, as that of your own server."
            )
            return back_to_step()
        form.add_error("plex_server_url", f"It was not saved. {sentence(error)}")
        return render_page(
            request, config, server_form=form, can_save_unchecked=not error.permanent, status=422
        )
    keep(request, config, server, url=url)
    return back_to_step()


def known_server(config: PlexConfig, uuid: str) -> Server:
    """What the account says of a server; one that it does not list counts as one's own.

    Raises `PlexError` where the account can't be asked now.
    """
    unknown = Server(uuid=uuid, name="", is_owned=True, addresses=())
    token = connection.token_of(config)
    if not token:
        return unknown
    try:
        servers = PlexTv(token).resources()
    except PlexError as error:
        if not error.permanent:
            raise
        return unknown
    return next((server for server in servers if server.uuid == uuid), unknown)


def note(request: UserRequest, config: PlexConfig, error: PlexError) -> None:
    """Tell what went wrong, and remember a token that is no longer taken."""
    connection.note_refusal(config, error, sent=connection.token_of(config))
    messages.error(request, sentence(error))


def back_to_step() -> HttpResponse:
    return redirect(reverse("plex:settings") + "#server")
