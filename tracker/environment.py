"""Settings from the environment: `NAME`, or `NAME_FILE` with the path of a file that holds it."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from pathlib import Path

SIOCGIFADDR = 0x8915


def env(name: str, default: str = "") -> str:
    """The setting as text, stripped; `NAME_FILE` (as with Docker secrets) is read where NAME is not set.

    Empty counts as not set: containers are often given every variable, filled in or not.
    """
    value = os.environ.get(name, "").strip()
    if not value and (path := os.environ.get(f"{name}_FILE")):
        value = Path(path).read_text(encoding="utf-8").strip()
    return value or default


def env_list(name: str) -> list[str]:
    """A comma-separated setting as a list without blanks."""
    return [item.strip() for item in env(name).split(",") if item.strip()]


def env_bool(name: str, *, default: bool = False) -> bool:
    """True for 1, true, yes, on (any case); the default when unset."""
    value = env(name)
    return value.lower() in {"1", "true", "yes", "on"} if value else default


def own_hosts() -> list[str]:
    """The names and IPv4 addresses under which this machine can be reached, without asking the network."""
    hosts = {
        "localhost",
        "127.0.0.1",
        "[::1]",
        socket.gethostname(),
        f"{socket.gethostname()}.local",
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, interface in socket.if_nameindex():
            request = struct.pack("256s", interface.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, request)
            except OSError:
                continue
            hosts.add(socket.inet_ntoa(answer[20:24]))
    return sorted(hosts)
