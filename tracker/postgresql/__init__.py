"""PostgreSQL as Django's own backend has it, but no process waits for ever for an answer.

A server that is overloaded or gone without a word, and a firewall that drops packets, look alike: the
connection is open and silent. Web and worker say how long they wait; commands such as `migrate`, whose
statements may take their time, do not.
"""

from __future__ import annotations

from dataclasses import dataclass

# A page takes a second at most, and a webhook is answered by 503 while there is still somebody to hear it.
WEB_SECONDS = 10.0
# A statement about many rows, on a machine that does much else.
WORKER_SECONDS = 60.0


@dataclass
class Patience:
    """How long this process waits for the answer to one statement; None for as long as it takes."""

    seconds: float | None = None


patience = Patience()
