"""The process that stays: it keeps web and worker running, and says once where they are found.

`manage.py run` becomes this program once everything is prepared. Without Django it takes a tenth of the
memory, which counts on a small machine.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import socket
import sys
import time
from typing import NoReturn

from tracker.environment import env, env_list, own_hosts
from tracker.supervision import Child, Say, Supervisor

PATIENCE_SECONDS = 60.0
# Not /healthz: while the worker still starts, that would be an error in the log.
ALWAYS_THERE = "/static/.collected"
# In the environment, as others on the machine see a command's arguments: it may hold the setup code.
ORDER = "FULL_TRACKER_SERVE"


def become_supervisor(listener: socket.socket, *, setup_path: str | None) -> NoReturn:
    """Go on as a process of its own kind, with the same number and the same listening socket."""
    order = json.dumps({"listener": listener.fileno(), "setup_path": setup_path})
    command = [sys.executable, "-m", "tracker.serving"]
    os.execve(sys.executable, command, os.environ | {ORDER: order})  # noqa: S606 - ourselves


def main() -> None:
    order = json.loads(os.environ.pop(ORDER))
    listener = socket.socket(fileno=order["listener"])
    announcement = Announcement(listener, setup_path=order["setup_path"], say=say)
    Supervisor(children(listener), say=say, check=announcement.is_done).run()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


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
                "Create the first account here, once, at whichever of these you reach:",
                *(f"  {address}{self.setup_path}" for address in addresses),
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
    """Where people find the server: the public address, this machine, then its addresses for others.

    ALLOWED_HOSTS, where it is set, says what the others are: a container doesn't know its host's. Where
    the public address is https, nobody can sign in at them: browsers keep its cookies from plain http.
    """
    public = env("PUBLIC_URL").rstrip("/")
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        named = [name for name in env_list("ALLOWED_HOSTS") if is_for_others(name)]
        own = [name for name in own_hosts() if is_network_address(name)]
        others = [] if public.startswith("https://") else named or own
        hosts = ["localhost", *others]
    else:
        hosts = [f"[{host}]" if ":" in host else host]
    suffix = "" if port == http.client.HTTP_PORT else f":{port}"
    return [*([public] if public else []), *(f"http://{name}{suffix}" for name in hosts)]


def is_for_others(name: str) -> bool:
    """Whether other machines can use the name: not for a pattern, nor for this machine itself."""
    if name.startswith((".", "*")) or name == "localhost":
        return False
    return is_network_address(name.strip("[]")) or not is_address(name)


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_network_address(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    main()
