"""Where nothing may be sent: the services that tell a machine in a cloud its secrets.

People enter addresses of servers, and those of their own network are fine. A link-local address is
not: it never is a server of theirs. What is looked at is the address that a connection really has,
so neither a name that leads there nor one that changes between two look-ups gets through.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REFUSED_ADDRESSES: set[Address] = {
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
}
REFUSED_HOSTS = {"metadata", "metadata.google.internal", "instance-data", "metadata.azure.internal"}
# IPv4 addresses written as IPv6: by a translator of the network (NAT64), or in the old compatible form.
TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))


class RefusedAddressError(OSError):
    """The address leads to a cloud's metadata service, or to no host beyond the own wire."""


def is_refused(host: str) -> bool:
    """Whether nothing may be asked of this host name or address."""
    name = host.strip("[]").rstrip(".").partition("%")[0].casefold()
    if name in REFUSED_HOSTS or name.endswith(".metadata.google.internal"):
        return True
    address = as_address(name)
    return address is not None and any(is_dangerous(meaning) for meaning in meanings(address))


def as_address(name: str) -> Address | None:
    """The address that a host is, also as one number, in hex or in octal; None for a name."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None


def is_dangerous(address: Address) -> bool:
    return address.is_link_local or address.is_multicast or address in REFUSED_ADDRESSES


def meanings(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses that may stand inside it."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            yield address.ipv4_mapped
        if address.sixtofour:
            yield address.sixtofour
        if any(address in network for network in TRANSLATED):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def is_caused_by_refusal(error: BaseException | None) -> bool:
    """requests and urllib3 wrap what was raised while connecting."""
    for _ in range(6):
        if error is None or isinstance(error, RefusedAddressError):
            break
        wrapped = [item for item in error.args if isinstance(item, BaseException)]
        error = getattr(error, "reason", None) or error.__context__ or next(iter(wrapped), None)
    return isinstance(error, RefusedAddressError)


class GuardedConnection(HTTPConnection):
    """Looks at the address that a name really led to, before anything is sent there."""

    def _new_conn(self) -> Any:
        sock = super()._new_conn()
        if is_refused(str(sock.getpeername()[0])):
            sock.close()
            raise RefusedAddressError
        return sock


class GuardedSecureConnection(GuardedConnection, HTTPSConnection):
    pass


class GuardedPool(HTTPConnectionPool):
    ConnectionCls = GuardedConnection


class GuardedSecurePool(HTTPSConnectionPool):
    ConnectionCls = GuardedSecureConnection


class GuardedAdapter(HTTPAdapter):
    """Mounted in a session of requests, it lets none of its calls reach a refused address.

    Use it for every address that a person can enter.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": GuardedPool, "https": GuardedSecurePool}
