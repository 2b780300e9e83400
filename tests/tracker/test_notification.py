"""What Apprise may do for an address that somebody entered, and what not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tracker import notification
from tracker.notification import NotificationError, asked_for

METADATA = "an address that nothing may be sent to"


def send(*addresses: str) -> str:
    """What is said of a message to these addresses; empty if it was taken."""
    try:
        notification.send(addresses, title="Title", body="Body")
    except NotificationError as error:
        return str(error)
    return ""


def test_a_message_arrives(httpserver: HTTPServer):
    httpserver.expect_oneshot_request("/told", method="POST").respond_with_data()
    assert send(httpserver.url_for("/told").replace("http", "json", 1)) == ""
    httpserver.check()


@pytest.mark.parametrize(
    "address",
    [
        "json://169.254.169.254/latest",
        "form://2852039166/",
        "xml://[fd00:ec2::254]/",
        "mailtos://name:password@169.254.169.254?to=name@example.org",
        "rsyslog://169.254.169.254",
    ],
)
def test_no_message_goes_where_nothing_may_be_sent(address):
    assert send(address) == f"Check the addresses: line 1 asks for {METADATA}."


def test_nor_by_a_redirect(httpserver: HTTPServer):
    httpserver.expect_request("/told").respond_with_data(
        status=307, headers={"Location": "http://169.254.169.254/"}
    )
    said = send(httpserver.url_for("/told").replace("http", "json", 1))
    assert said == f"Check the addresses: line 1 asks for {METADATA}."


def test_no_address_brings_a_file_of_this_machine_along(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("{}")
    said = send(f"workflows://127.0.0.1:9/{'a' * 32}/{'b' * 32}?template={secret}")
    assert said == "Check the addresses: line 1 asks for a file of this machine."


@pytest.mark.parametrize(
    ("event", "argument", "is_refused"),
    [
        ("open", "/etc/passwd", True),
        ("open", f"{sys.prefix}/lib/../../../../../../../../etc/passwd", True),
        ("open", b"/etc/passwd", True),
        ("open", 3, False),
        ("open", json.__file__, False),
        ("subprocess.Popen", "anything", True),
        ("socket.gethostbyname", "169.254.169.254", False),
    ],
)
def test_what_may_be_asked_for(event, argument, is_refused):
    allowed = (str(Path(json.__file__).parent),)
    assert bool(asked_for(event, (argument, "r", 0), allowed)) is is_refused


def test_sockets_of_other_programs_are_refused_and_the_networks_are_not():
    assert asked_for("socket.connect", (None, "/run/dbus"), ()) == "a program on this machine"
    assert asked_for("socket.sendto", (None, ("169.254.169.254", 514)), ()) == METADATA
    assert asked_for("socket.connect", (None, ("127.0.0.1", 80)), ()) == ""
    assert asked_for("socket.connect", (None, ("::1", 80, 0, 0)), ()) == ""
