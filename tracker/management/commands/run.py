from __future__ import annotations

import errno
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from tracker import metrics
from tracker.checks import PORTS
from tracker.management.commands.prepare import new_setup_path, prepare
from tracker.serving import become_supervisor

BACKLOG = 512


class Command(BaseCommand):
    help = "Prepare this installation, then serve it and process Plex events until Ctrl-C or TERM."
    # The keys that the checks ask for are made first.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        listener = listen(settings.HOST, settings.PORT)
        prepare(self.stdout)
        self.check()
        metrics.start_folder(settings.DATA_DIR / "metrics")
        setup_path = new_setup_path()
        connections.close_all()
        self.stdout.flush()
        become_supervisor(listener, setup_path=setup_path)


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
