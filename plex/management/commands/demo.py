from __future__ import annotations

import io
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    OutputWrapper,
)
from django.db import connections
from django.utils import timezone

from plex.connection import connect, webhook_url
from plex.demo.events import SAMPLES, payload_of, send
from plex.demo.shows import load_samples
from tracker.management.commands.prepare import prepare
from tracker.management.commands.run import listen
from tracker.serving import Announcement, children, reachable
from tracker.supervision import Supervisor

FOLDER = "full-tracker-demo-"
# Settings of a real installation that would lead the demo to its data.
NOT_HERE = (
    "DATABASE_URL",
    "CACHE_URL",
    "SECRET_KEY",
    "ENCRYPTION_KEY",
    "PUBLIC_URL",
    "STATIC_ROOT",
)
PAUSE_SECONDS = 0.4
MANAGE = (sys.executable, "manage.py", "demo")


class Command(BaseCommand):
    help = "Try Full Tracker with sample shows and sample Plex events, in a folder that is thrown away."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", help="(used by the command itself)")
        parser.add_argument("--send-to", metavar="PORT", help="(used by the command itself)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["send_to"]:
            self.send_events(options["send_to"])
        elif options["folder"]:
            self.run_in(Path(options["folder"]))
        else:
            restart_in_new_folder()

    def run_in(self, folder: Path) -> None:
        """Everything up to the end of the demo, which removes the folder."""
        if folder != settings.DATA_DIR or not folder.name.startswith(FOLDER):
            raise CommandError("Start the demo without --folder.")
        # Until the supervisor listens to it: TERM, too, leaves through `finally`.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            listener = listen(settings.HOST, settings.PORT)
            self.say("Making the sample data …")
            prepare(OutputWrapper(io.StringIO()))  # the keys are of no use to anybody
            password = make_account()
            connections.close_all()
            announcement = DemoAnnouncement(listener, setup_path=None, say=self.say)
            announcement.password = password
            try:
                Supervisor(children(listener), say=self.say, check=announcement.is_done).run()
            finally:
                announcement.end_sender()
        except KeyboardInterrupt:
            pass
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def send_events(self, port: str) -> None:
        user = User.objects.get()
        host = reachable(settings.HOST)
        base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        address = webhook_url(connect(user), base_url=base_url)
        now = timezone.now()
        self.say("Sending sample events to the webhook address, as a Plex server does:")
        for meaning, play in SAMPLES:
            status = send(payload_of(play, now=now), address=address)
            self.say(f"  {meaning} (answer {status})")
            time.sleep(PAUSE_SECONDS)
        self.say("What became of each is on the page Plex > Activity.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


class DemoAnnouncement(Announcement):
    """Says how to sign in too, and lets the sample events arrive."""

    password = ""
    sender: subprocess.Popen[bytes] | None = None

    def text(self) -> str:
        lines = super().text().rstrip().splitlines()
        account = ["Sign in as:", f"  demo, with the password {self.password}", ""]
        return "\n".join([*lines[:-1], *account, lines[-1], ""])

    def is_done(self) -> bool:
        if not super().is_done():
            return False
        # Apart from this process, which has to stay free of threads to start others.
        self.sender = subprocess.Popen([*MANAGE, "--send-to", str(self.port)])  # noqa: S603 - ourselves
        return True

    def end_sender(self) -> None:
        if self.sender is not None:
            self.sender.kill()
            self.sender.wait()


def restart_in_new_folder() -> None:
    """Become a demo whose settings know nothing but a new, empty folder."""
    folder = tempfile.mkdtemp(prefix=FOLDER)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.removesuffix("_FILE") not in NOT_HERE
    }
    environment |= {"DATA_DIR": str(Path(folder).resolve()), "PORT": free_port(settings.PORT)}
    os.execve(sys.executable, [*MANAGE, "--folder", environment["DATA_DIR"]], environment)  # noqa: S606 - ourselves


def free_port(wanted: str) -> str:
    """The wanted port, or any other when it is taken."""
    for port in (int(wanted) if wanted.isdecimal() else 0, 0):
        try:
            with socket.create_server((reachable(settings.HOST), port)) as probe:
                return str(probe.getsockname()[1])
        except (OSError, OverflowError):
            continue
    return wanted


def make_account() -> str:
    """The demo's account with shows, history and Plex connection; returns its password."""
    password = secrets.token_hex(4)
    user = User.objects.create_superuser("demo", password=password)
    load_samples(user)
    connect(user)
    return password
