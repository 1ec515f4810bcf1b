"""A network between a client and a server on loopback that can be cut, also at a certain answer of the server's."""

from __future__ import annotations

import selectors
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType

_READ_BYTES = 65536


@dataclass
class CuttingProxy:
    """cut_at: bytes; the answer that holds them goes to nobody, and both sides see the connection closed. Further
    connections are not taken."""

    server_port: int
    cut_at: bytes | None = None
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _thread: threading.Thread | None = None
    _client: socket.socket | None = None

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> CuttingProxy:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._thread.join()

    def cut(self) -> None:
        """Now."""
        assert self._client is not None
        self._client.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        """One connection, until one side closes it or it is cut."""
        with (
            self._listener,
            self._listener.accept()[0] as client,
            socket.create_connection(("127.0.0.1", self.server_port)) as server,
        ):
            self._client = client
            self._pump(client, server)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    source = client if key.fileobj is client else server
                    data = source.recv(_READ_BYTES)
                    if not data or (source is server and self.cut_at is not None and self.cut_at in data):
                        return
                    key.data.sendall(data)
