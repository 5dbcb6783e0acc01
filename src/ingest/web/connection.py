"""
The limits of one client: the time for a request head, the time for the response, and the number of connections.

uvicorn waits without a limit for a request head, and for the client to read a response. Silent connections (the slowloris
attack) would hold all descriptors of the process.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

log = logging.getLogger("ingest.web")

CONNECTIONS: Final = 200
"""Open connections. A browser opens six for one page. A process has 1,024 descriptors, and polling needs some of them."""

HEAD_S: Final = 10
"""Seconds for the head of a request, and for sending the rest of a response. A slow telephone needs two."""

ANSWER_S: Final = 60
"""Seconds until a response is complete: twice as long as the database waits for a lock."""

_CLOSING: Final = b"content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nconnection: close\r\n"
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\ncontent-length: 46\r\n%b\r\n"
    b"Too many connections are open; try again now.\n" % _CLOSING
)
_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 34\r\n%b\r\nThe request did not come in time.\n" % _CLOSING
)


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a timer for every stage of a connection, and a limit of connections."""

    connections_at_most = CONNECTIONS
    head_s: float = HEAD_S
    answer_s: float = ANSWER_S

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._timer: asyncio.TimerHandle | None = None
        self._stage: tuple[object, bool] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Accept a connection, or refuse it above the limit."""
        if len(self.connections) >= self.connections_at_most:
            log.warning("a connection was refused: %d are open already", self.connections_at_most)
            transport.write(_FULL)
            transport.close()
            return
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on. Data does not restart the timer of its stage."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection."""
        if self._timer is not None:
            self._timer.cancel()
        if self.transport is not None:  # None for a refused connection
            super().connection_lost(exc)

    def _watch(self) -> None:
        """Restart the timer at the start of a stage: the head of a request, or its response."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        answering = cycle is not None and not cycle.response_complete
        if self._stage == (cycle, answering):
            return
        self._stage = (cycle, answering)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(self.answer_s if answering else self.head_s, self._end, answering)

    def _end(self, answering: bool) -> None:
        """End a connection after its time. A client without a complete head gets a 408 while it still reads."""
        if answering or self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        self.transport.write(_SLOW)
        self.transport.close()
