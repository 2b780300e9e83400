from __future__ import annotations

import errno
import http.client
import ipaddress
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from tracker.checks import PORTS
from tracker.environment import own_hosts
from tracker.management.commands.prepare import STAMP, new_setup_path, prepare
from tracker.supervision import Child, Say, Supervisor

BACKLOG = 512
PATIENCE_SECONDS = 60.0
# Not /healthz: while the worker still starts, that would be an error in the log.
ALWAYS_THERE = f"/static/{STAMP}"


class Command(BaseCommand):
    help = "Prepare this installation, then serve it and process Plex events until Ctrl-C or TERM."
    # The keys that the checks ask for are made first.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        listener = listen(settings.HOST, settings.PORT)
        prepare(self.stdout)
        self.check()
        setup_path = new_setup_path()
        connections.close_all()
        say = self.say
        announcement = Announcement(listener, setup_path=setup_path, say=say)
        Supervisor(children(listener), say=say, check=announcement.is_done).run()

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def listen(host: str, port: str) -> socket.socket:
    """A socket that listens where the settings say; the web process inherits it, also after a restart."""
    if not port.isdecimal() or int(port) not in PORTS:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    try:
        family, *_, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(
            (str(address[0]), int(port)), family=family, backlog=BACKLOG
        )
    except OSError as error:
        raise CommandError(why_not(error, host=host, port=port)) from None
    listener.set_inheritable(True)
    return listener


def why_not(error: OSError, *, host: str, port: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use. Stop the other program, or choose another: PORT=8001 make run"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one above 1023: PORT=8000 make run"
    return f"This machine can't listen on {host}:{port} ({error.strerror}). Check HOST and PORT."


def children(listener: socket.socket) -> list[Child]:
    """The web server and the worker."""
    descriptor = listener.fileno()
    gunicorn = (sys.executable, "-m", "gunicorn", "-c", "python:tracker.server")
    return [
        Child(
            name="web",
            arguments=[*gunicorn, "--bind", f"fd://{descriptor}", "tracker.wsgi"],
            pass_fds=(descriptor,),
        ),
        Child(name="worker", arguments=[sys.executable, "manage.py", "worker"]),
    ]


class Announcement:
    """Prints the addresses once the server answers."""

    def __init__(self, listener: socket.socket, *, setup_path: str | None, say: Say) -> None:
        self.host, self.port = listener.getsockname()[:2]
        self.setup_path = setup_path
        self.say = say
        self.give_up_at = time.monotonic() + PATIENCE_SECONDS

    def is_done(self) -> bool:
        if answers(self.host, self.port):
            self.say(self.text())
            return True
        if time.monotonic() > self.give_up_at:
            self.say("The web server does not answer yet; the lines above should say why.")
            return True
        return False

    def text(self) -> str:
        addresses = web_addresses(self.host, self.port)
        lines = ["", "Full Tracker is running:", *(f"  {address}/" for address in addresses)]
        if self.setup_path:
            lines += [
                "",
                "Create the first account here, once:",
                f"  {addresses[0]}{self.setup_path}",
            ]
        return "\n".join([*lines, "", "Ctrl-C stops it.", ""])


def answers(host: str, port: int) -> bool:
    """Whether the web server answers a request, whatever it says."""
    client = http.client.HTTPConnection(reachable(host), port, timeout=1)
    try:
        client.request("GET", ALWAYS_THERE, headers={"Host": "localhost", "Connection": "close"})
        client.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        client.close()


def reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def web_addresses(host: str, port: int) -> list[str]:
    """Where people find the server: the public address, this machine, then its network addresses."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        hosts = ["localhost", *(name for name in own_hosts() if is_network_address(name))]
    else:
        hosts = [f"[{host}]" if ":" in host else host]
    suffix = "" if port == http.client.HTTP_PORT else f":{port}"
    public = [settings.PUBLIC_URL] if settings.PUBLIC_URL else []
    return [*public, *(f"http://{name}{suffix}" for name in hosts)]


def is_network_address(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
