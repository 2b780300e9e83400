"""The webhook address for the settings page, and under which names this tracker can be reached."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from plex import connection
from plex.hooks import why_out_of_reach
from plex.models import PlexConfig
from tracker.encryption import DecryptionError
from tracker.environment import own_hosts


@dataclass(frozen=True, kw_only=True)
class WebhookAddress:
    """`problem` says why there is no `url`; `warning` why Plex can't reach it.

    `bases`: where the tracker can be reached, the best first. `old_until`: as long as the previous
    address still works.
    """

    url: str = ""
    bases: tuple[str, ...] = ()
    old_until: datetime | None = None
    problem: str = ""
    warning: str = ""
    is_local: bool = False
    suggestion: str = ""


def webhook_address(config: PlexConfig, request: HttpRequest) -> WebhookAddress:
    bases = bases_of(request)
    try:
        url = connection.webhook_url(config, base_url=own_base(request))
    except DecryptionError as error:
        return WebhookAddress(problem=str(error))
    until = config.previous_secret_until
    registered = config.webhook_registered_base
    is_local = not settings.PUBLIC_URL and is_local_request(request)
    if is_local and config.webhook_registered_at and registered in bases:
        # What Plex was told, and not the name by which this browser happens to come.
        url = connection.webhook_url(config, base_url=registered)
    is_local = is_loopback(split_domain_port(urlsplit(url).netloc)[0])
    return WebhookAddress(
        url=url,
        bases=bases,
        old_until=until if until and until > timezone.now() else None,
        warning=why_out_of_reach(url, config),
        is_local=is_local,
        suggestion=bases[0] if is_local and len(bases) > 1 else "",
    )


def bases_of(request: HttpRequest) -> tuple[str, ...]:
    """The addresses of this tracker that Plex may be told, the most promising first."""
    here = settings.PUBLIC_URL or own_base(request)
    if settings.PUBLIC_URL or not is_local_request(request):
        return (here,)
    # As the browser names it: a container's own port is another one.
    port = split_domain_port(request.get_host())[1] or request.get_port()
    suggestion = reachable_address(port=port)
    return (suggestion, here) if suggestion else (here,)


def own_base(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def is_local_request(request: HttpRequest) -> bool:
    return is_loopback(split_domain_port(request.get_host())[0])


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def reachable_address(*, port: str) -> str:
    """This machine's own address as other machines see it, "" if it has none that is allowed."""
    for host in own_hosts():
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            continue
        if not address.is_loopback and validate_host(str(address), settings.ALLOWED_HOSTS):
            return f"http://{address}:{port}"
    return ""
