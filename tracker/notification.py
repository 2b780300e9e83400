"""Messages to people outside, through Apprise, which knows a hundred services.

Apprise is loaded in a process of its own: it takes 45 MB, and a message is a rare thing. There it is
kept from what its addresses may ask for beside messages: files of this machine, as in
`?template=/etc/passwd`, other programs, and the addresses of `tracker.destinations`.
"""

from __future__ import annotations

import json
import mimetypes
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tracker.destinations import RefusedAddressError, is_refused

SECONDS = 60
NOBODY, SOME = 1, 2


class NotificationError(Exception):
    """A message did not reach everybody; the text is one sentence without an address.

    `reached_some`: it need not be sent again. Addresses hold secrets, so lines are counted instead.
    """

    def __init__(self, sentence: str, *, reached_some: bool = False) -> None:
        super().__init__(sentence)
        self.reached_some = reached_some


def send(addresses: Sequence[str], *, title: str, body: str) -> None:
    """Send a message to Apprise addresses, as in `ntfy://host/topic`. Raises `NotificationError`."""
    _run({"addresses": list(addresses), "title": title, "body": body})


def check(addresses: Sequence[str]) -> None:
    """Raise `NotificationError` if one of them is nothing that Apprise knows; sends nothing."""
    _run({"addresses": list(addresses)})


def _run(order: dict[str, Any]) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tracker.notification"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            cwd=Path(__file__).parents[1],
        )
    except (OSError, subprocess.TimeoutExpired):
        raise NotificationError("The message was not sent within a minute.") from None
    if done.returncode:
        sentence = done.stdout.strip() or "Apprise, which sends the messages, could not be started."
        raise NotificationError(sentence, reached_some=done.returncode == SOME)


def main() -> int:
    """In the process of its own: an order on standard input, what went wrong on standard output."""
    import apprise  # noqa: PLC0415 - see the module

    order = json.load(sys.stdin)
    refused: list[str] = []
    confine(refused.append)
    problems = []
    for number, address in enumerate(order["addresses"], start=1):
        refused.clear()
        service = apprise.Apprise()
        if not service.add(address):
            problems.append(f"line {number} is not an address that Apprise knows")
        elif "body" in order and not service.notify(title=order["title"], body=order["body"]):
            what = f"asks for {refused[0]}" if refused else "did not take the message"
            problems.append(f"line {number} {what}")
    if problems:
        text = ", ".join(problems)
        sys.stdout.write(f"Check the addresses: {text}.")
        return SOME if len(problems) < len(order["addresses"]) else NOBODY
    return 0


def confine(note: Callable[[str], None]) -> None:
    """From now on nothing in this process opens a file of others, runs a program or reaches a refused
    address; `note` is told what was asked for. It can't be taken back."""
    mimetypes.init()  # Reads files of the system.
    own = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    allowed = tuple(f"{os.path.realpath(path)}{os.sep}" for path in [*own, "/usr/share/zoneinfo"])

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if what := asked_for(event, arguments, allowed):
            note(what)
            raise RefusedAddressError

    sys.addaudithook(look)


def asked_for(event: str, arguments: tuple[Any, ...], allowed: tuple[str, ...]) -> str:
    """What may not be had, in words; empty for all else. Events are those of `sys.audit`."""
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}:
        return "a program on this machine"
    if event == "open" and not isinstance(arguments[0], int):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        return "" if path.startswith(allowed) or path == os.devnull else "a file of this machine"
    if event in {"socket.connect", "socket.sendto"}:
        to = arguments[1]
        # Anything but host and port is a socket of another program on this machine.
        if not isinstance(to, tuple):
            return "a program on this machine"
        if leads_to_refused(str(to[0])):
            return "an address that nothing may be sent to"
    return ""


def leads_to_refused(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return is_refused(host)
    return is_refused(host) or any(is_refused(str(place[4][0])) for place in found)


if __name__ == "__main__":
    sys.exit(main())
