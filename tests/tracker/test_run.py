from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.management.commands.run import why_not
from tracker.serving import Announcement, web_addresses

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = "import time; print('child up', flush=True); time.sleep(100)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('child up', flush=True); time.sleep(100)"
SUPERVISE = """
import sys
from tracker.supervision import Child, Supervisor
child = Child(name="sleepy", arguments=[sys.executable, "-c", sys.argv[1]])
Supervisor([child], say=lambda text: print(text, flush=True), check=lambda: True).run()
"""


class Program:
    """A process whose output can be waited for; `left()` finds everything that it started."""

    def __init__(self, *arguments: str, log: Path, **environment: str) -> None:
        self.mark = f"FULL_TRACKER_TEST={uuid.uuid4().hex}"
        name, _, value = self.mark.partition("=")
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, **environment, name: value, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, text: str, *, times: int = 1, seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            if (output := self.output).count(text) >= times:
                return output
            assert not ended, f"ended without {text!r}: {output}"
            assert time.monotonic() < deadline, f"no {text!r} in: {output}"
            time.sleep(0.02)

    def left(self, *, seconds: float = 0) -> list[int]:
        """The processes that still run, after waiting up to some seconds for them to end."""
        deadline = time.monotonic() + seconds
        while (found := self.find()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def find(self) -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark.encode() in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    def end(self) -> int:
        """TERM, then the exit code."""
        self.process.terminate()
        return self.process.wait(30)


pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


class Start:
    """Starts programs, and ends what is left of them after the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Program] = []

    def __call__(self, *arguments: str, **environment: str) -> Program:
        log = self.folder / f"log-{len(self.programs)}"
        self.programs.append(Program(*arguments, log=log, **environment))
        return self.programs[-1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    # A suite that a shell runs in the background ignores Ctrl-C, and programs inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = Start(tmp_path)
    yield start
    signal.signal(signal.SIGINT, before)
    for program in start.programs:
        for pid in program.find():
            os.kill(pid, signal.SIGKILL)
        program.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything(start, number):
    program = start("-c", SUPERVISE, SLEEPER)
    program.wait_for("child up")
    assert len(program.left()) == 2
    program.process.send_signal(number)
    program.wait_for("Stopped.", seconds=5)
    assert program.process.wait(5) == 0
    assert program.left() == []


def test_a_child_that_dies_starts_again_and_later_each_time(start):
    program = start("-c", SUPERVISE, "print('child up', flush=True); raise SystemExit(3)")
    program.wait_for("child up", times=2)
    program.wait_for("starts again in 2 s")
    assert "The sleepy process ended (exit code 3); it starts again in 1 s." in program.output
    assert program.end() == 0


def test_children_die_with_a_parent_that_is_killed(start):
    program = start("-c", SUPERVISE, SLEEPER)
    program.wait_for("child up")
    program.process.kill()
    assert program.left(seconds=5) == []


def test_a_second_signal_ends_a_stubborn_child_at_once(start):
    program = start("-c", SUPERVISE, STUBBORN)
    program.wait_for("child up")
    program.process.send_signal(signal.SIGINT)
    program.wait_for("Stopping")
    program.process.send_signal(signal.SIGINT)
    program.wait_for("Stopped.", seconds=5)
    assert program.left(seconds=1) == []


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.fixture(scope="module")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Gathered by the first start of this module, to spare the others the work."""
    return str(tmp_path_factory.mktemp("static"))


def run(start: Start, folder: Path, **environment: str) -> Program:
    settings = {
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "HOST": "127.0.0.1",
        "PORT": free_port(),
        "SECRET_KEY": "",
        "ENCRYPTION_KEY": "",
    }
    return start("manage.py", "run", **(settings | environment))


def fetch(address: str) -> int:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own server
        return int(answer.status)


def file_contents(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in ("secret_key", "encryption_key")}


@pytest.mark.slow
def test_run_makes_the_installation_serves_it_and_stops_clean(start, tmp_path, static_root):
    folder = tmp_path / "data"
    program = run(start, folder, STATIC_ROOT=static_root)
    output = program.wait_for("Ctrl-C stops it.", seconds=90)
    setup = re.search(r"http://127\.0\.0\.1:\d+/setup/[0-9a-f]{32}/", output)
    assert setup
    assert fetch(setup[0]) == 200
    private = ["secret_key", "encryption_key", *(path.name for path in folder.glob("*.sqlite3*"))]
    assert len(private) >= 4
    assert {name: (folder / name).stat().st_mode & 0o777 for name in private} == dict.fromkeys(
        private, 0o600
    )
    keys = file_contents(folder)
    assert program.end() == 0
    assert program.left() == []

    started = time.monotonic()
    again = run(start, folder, STATIC_ROOT=static_root)
    output = again.wait_for("Ctrl-C stops it.")
    # Under 5 seconds on an idle machine; the suite may share it.
    assert time.monotonic() - started < 20
    assert setup[0].rsplit("/", 2)[1] not in output
    assert file_contents(folder) == keys
    assert again.end() == 0


@pytest.mark.slow
def test_two_starts_at_once_make_one_set_of_keys(start, tmp_path, static_root):
    programs = [run(start, tmp_path / "data", STATIC_ROOT=static_root) for _ in range(2)]
    for program in programs:
        program.wait_for("Ctrl-C stops it.", seconds=120)
    made = "".join(program.output for program in programs)
    assert (made.count("Made "), made.count("Traceback")) == (2, 0)
    assert [program.end() for program in programs] == [0, 0]


def test_a_port_in_use_is_said_in_one_sentence(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        program = run(start, tmp_path / "data", PORT=port)
        assert program.process.wait(30) == 1
    assert program.output == (
        f"CommandError: Port {port} is in use. Stop the other program, or choose another: PORT=8001 make run\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["eight", "70000"])
def test_a_port_that_is_none_is_said_in_one_sentence(start, tmp_path, port):
    program = run(start, tmp_path / "data", PORT=port)
    assert program.process.wait(30) == 1
    assert "PORT must be a number from 1 to 65535" in program.output
    assert "Traceback" not in program.output


def test_a_low_port_asks_for_a_higher_one():
    assert "above 1023" in why_not(PermissionError(13, "Permission denied"), host="::", port="80")


def test_the_addresses_begin_with_the_public_one(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://tv.example.org/")
    monkeypatch.setenv("ALLOWED_HOSTS", "192.168.1.5")
    # Not http://192.168.1.5:8000, at which nobody could sign in.
    assert web_addresses("::", 8000) == ["https://tv.example.org", "http://localhost:8000"]
    monkeypatch.setenv("PUBLIC_URL", "http://tv.lan")
    assert web_addresses("::", 8000)[0] == "http://tv.lan"
    assert "http://192.168.1.5:8000" in web_addresses("::", 8000)
    monkeypatch.setenv("PUBLIC_URL", "")
    assert web_addresses("::1", 80) == ["http://[::1]"]


def test_the_addresses_are_those_that_the_settings_name(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "")
    monkeypatch.setenv("ALLOWED_HOSTS", "192.168.1.5,localhost,127.0.0.1,.example.org,*,tv.lan")
    assert web_addresses("::", 8000) == [
        "http://localhost:8000",
        "http://192.168.1.5:8000",
        "http://tv.lan:8000",
    ]


def test_the_setup_is_printed_for_each_address(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "")
    monkeypatch.setenv("ALLOWED_HOSTS", "192.168.1.5")
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - as the default does
        port = listener.getsockname()[1]
        text = Announcement(listener, setup_path="/setup/c0de/", say=print).text()
    for host in ("localhost", "192.168.1.5"):
        assert f"  http://{host}:{port}/setup/c0de/\n" in text
