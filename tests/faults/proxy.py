"""A way to a database server that can be cut, silenced and mended, for one test and without rights."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 65536


class Proxy:
    """Carries bytes between a port of its own and a server, until it is cut or falls silent."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.is_cut = False
        self.flowing = threading.Event()
        self.flowing.set()
        self.ends: set[socket.socket] = set()
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.cut()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def cut(self) -> None:
        """End every connection, and each that comes."""
        with self.lock:
            self.is_cut = True
            ends, self.ends = self.ends, set()
        self.flowing.set()
        for end in ends:
            close(end)

    def fall_silent(self) -> None:
        """Keep every connection, take new ones, and carry nothing more."""
        self.flowing.clear()

    def mend(self) -> None:
        with self.lock:
            self.is_cut = False
        self.flowing.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self._carry(client)

    def _carry(self, client: socket.socket) -> None:
        server = None
        with suppress(OSError):
            server = socket.create_connection(self.target)
        with self.lock:
            if server is not None and not self.is_cut:
                self.ends |= {client, server}
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._copy, args=pair, daemon=True).start()
                return
        for end in (client, server):
            if end is not None:
                close(end)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self.flowing.wait()
                target.sendall(data)
        with self.lock:
            self.ends -= {source, target}
        close(source)
        close(target)


def close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
