"""Keeps the processes of one installation running, and ends them together."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
# Who ran this long had no trouble starting.
STEADY_SECONDS = 60.0
STOP_SECONDS = 15.0
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


@dataclass(kw_only=True)
class Child:
    """One process that should always run."""

    name: str
    arguments: Sequence[str]
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    due_at: float | None = field(default=0.0, init=False)
    pause: float = field(default=FIRST_PAUSE_SECONDS, init=False)

    def start(self) -> None:
        self.started_at, self.due_at = time.monotonic(), None
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            self.arguments,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            # Its own group: Ctrl-C reaches us alone, and we end it in order.
            process_group=0,
            preexec_fn=dying_with_parent(),  # noqa: PLW1509 - there is one thread
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def plan_restart(self) -> float:
        """Say when to start again after an end: soon, and ever later while it keeps ending."""
        now = time.monotonic()
        if now - self.started_at > STEADY_SECONDS:
            self.pause = FIRST_PAUSE_SECONDS
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.due_at = now + pause
        return pause

    def send(self, number: int) -> None:
        if self.process is not None and self.is_running():
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End the process and all that it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return
            self.process.wait()


def dying_with_parent() -> Callable[[], None] | None:
    """What a child calls first so that it gets a TERM when we are killed outright; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    parent = os.getpid()
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None

    def die_with_parent() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return die_with_parent


class Supervisor:
    """Runs its children until INT, TERM or HUP; the second such signal ends them at once."""

    def __init__(self, children: Sequence[Child], *, say: Say, check: Callable[[], bool]) -> None:
        """`check` is called a few times a second until it returns True: for what waits for the children."""
        self.children = children
        self.say = say
        self.check: Callable[[], bool] | None = check
        self.stop_signals = 0
        self.waker, self.wakened = socket.socketpair()
        for end in (self.waker, self.wakened):
            end.setblocking(False)  # noqa: FBT003 - the standard library's signature

    def run(self) -> None:
        self.listen_to_signals()
        try:
            while not self.stop_signals:
                self.tend()
                self.wait(self.seconds_until_due())
        finally:
            self.stop()

    def listen_to_signals(self) -> None:
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Ignored from the start means nohup, or a shell's background job.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.note_stop)

    def note_stop(self, number: int, frame: object) -> None:
        self.stop_signals += 1

    def tend(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.due_at is not None and child.due_at <= now:
                child.start()
            elif child.due_at is None and not child.is_running():
                self.after_end(child)
        if self.check is not None and self.check():
            self.check = None

    def after_end(self, child: Child) -> None:
        code = child.process.returncode if child.process else None
        child.kill_group()
        pause = child.plan_restart()
        self.say(
            f"The {child.name} process ended ({describe(code)}); it starts again in {pause:.0f} s."
        )

    def seconds_until_due(self) -> float | None:
        if self.check is not None:
            return 0.1
        due = [child.due_at for child in self.children if child.due_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def wait(self, seconds: float | None) -> None:
        """Sleep until a signal arrives (a child's end is one), or the time is over."""
        if select.select([self.wakened], [], [], seconds)[0]:
            while self.drain():
                pass

    def drain(self) -> bool:
        try:
            return bool(self.wakened.recv(4096))
        except BlockingIOError:
            return False

    def stop(self) -> None:
        self.say("Stopping …")
        for child in self.children:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.is_running() for child in self.children):
            if self.stop_signals > 1 or time.monotonic() > deadline:
                break
            self.wait(0.2)
        for child in self.children:
            child.kill_group()
        self.say("Stopped.")


def describe(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"
