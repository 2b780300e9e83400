"""Whose word about the client is believed: only that of the addresses in TRUSTED_PROXIES."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
UNTRUSTED_TOO = ("HTTP_X_FORWARDED_PORT", "HTTP_X_REAL_IP", "HTTP_FORWARDED")


class TrustedProxyMiddleware:
    """Puts the real client into REMOTE_ADDR, and scheme and host into the request.

    `X-Forwarded-*` is read only when the connection comes from a trusted proxy, and is removed
    otherwise, so that nothing behind this middleware can be told a made-up address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.trusted = parse_networks(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if self.trusted and is_trusted(request.META.get("REMOTE_ADDR", ""), self.trusted):
            believe(request, self.trusted)
        else:
            for name in FORWARDED:
                request.META.pop(name, None)
        for name in UNTRUSTED_TOO:
            request.META.pop(name, None)
        return self.get_response(request)


def parse_networks(values: Iterable[str]) -> tuple[Network, ...]:
    """The addresses and networks among the values; what is neither is left out (a system check names it)."""
    networks = []
    for value in values:
        try:
            networks.append(ipaddress.ip_network(value, strict=False))
        except ValueError:
            continue
    return tuple(networks)


def is_trusted(address: str, networks: Iterable[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return any(parsed in network for network in networks)


def client_address(forwarded_for: str, networks: Iterable[Network]) -> str | None:
    """The rightmost address that is not one of ours: everything left of it may be made up."""
    networks = tuple(networks)
    for part in reversed(forwarded_for.split(",")):
        address = bare_address(part)
        if address is None:
            return None
        if not is_trusted(address, networks):
            return address
    return None


def bare_address(text: str) -> str | None:
    """An address without the port that some proxies add; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def believe(request: HttpRequest, networks: Iterable[Network]) -> None:
    """Take over what a trusted proxy says about the client, the scheme and the host."""
    meta = request.META
    if client := client_address(meta.pop("HTTP_X_FORWARDED_FOR", ""), networks):
        meta["REMOTE_ADDR"] = client
    # The nearest proxy appends last.
    scheme = meta.pop("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
    if scheme in {"http", "https"}:
        meta["wsgi.url_scheme"] = scheme
        meta["SERVER_PORT"] = "443" if scheme == "https" else "80"
    if host := meta.pop("HTTP_X_FORWARDED_HOST", "").rpartition(",")[2].strip():
        meta["HTTP_HOST"] = host
