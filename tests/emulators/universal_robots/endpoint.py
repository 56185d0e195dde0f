"""A listening port whose connections can fail in every way that a network does."""

import asyncio
from collections.abc import Callable


class Endpoint:
    """One port: what its clients send goes to a peer made for each connection.

    Args:
        port: Where it listens.
        make_peer: Makes what answers one client; called with the connection.
    """

    def __init__(self, port: int, make_peer: Callable[["Connection"], "Peer"]) -> None:
        self.port = port
        self.make_peer = make_peer
        self.connections: set[Connection] = set()
        self.refusing = False
        self.silent = False
        self.delay_s = 0.0
        self._server: asyncio.Server | None = None

    async def listen(self, host: str) -> None:
        """Begin to accept clients."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), host, self.port, reuse_address=True
        )

    def close(self) -> None:
        """Accept no more clients, and drop those there are."""
        if self._server is not None:
            self._server.close()
        self.drop()

    def drop(self) -> None:
        """Reset every connection."""
        for connection in list(self.connections):
            connection.transport.abort()

    def send(self, data: bytes) -> None:
        """Send the same bytes to every client, whatever they mean."""
        for connection in self.connections:
            connection.send(data)


class Peer:
    """What answers one client."""

    def received(self, data: bytes) -> None:
        """Take what the client has sent."""

    def lost(self) -> None:
        """The client is gone."""


class Connection(asyncio.Protocol):
    """One client of an endpoint."""

    transport: asyncio.Transport

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.peer = Peer()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        if self._endpoint.refusing:
            transport.abort()
            return
        self._endpoint.connections.add(self)
        self.peer = self._endpoint.make_peer(self)

    def data_received(self, data: bytes) -> None:
        if not self._endpoint.silent:
            self._later(self.peer.received, data)

    def connection_lost(self, error: Exception | None) -> None:
        self._endpoint.connections.discard(self)
        self.peer.lost()

    def send(self, data: bytes) -> None:
        """Send, unless the endpoint has fallen silent or nobody takes what was sent before."""
        if not self._endpoint.silent and not self.transport.is_closing():
            self._later(self.transport.write, data)

    @property
    def congested(self) -> bool:
        """Whether the client does not take what was sent to it."""
        return self.transport.get_write_buffer_size() > 0

    def _later(self, call: Callable[[bytes], None], data: bytes) -> None:
        if self._endpoint.delay_s > 0:
            asyncio.get_running_loop().call_later(self._endpoint.delay_s, call, data)
        else:
            call(data)
