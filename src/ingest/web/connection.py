"""
What one browser may take of the server: a bounded time for the head of a request and for its answer, and a place.

uvicorn waits for a request head as long as its sender likes, and for a reader of an answer as well. Whoever opens
connections and says nothing (known as slowloris) would hold all the descriptors that the process has.
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
"""Open at once. A browser opens six for one page; a process has 1,024 descriptors, and polling needs some of them."""

HEAD_S: Final = 10
"""Seconds for the head of a request, and for the rest of an answer to leave; a slow telephone needs two."""

ANSWER_S: Final = 60
"""Seconds until an answer is complete: twice as long as the database waits for a lock."""

_CLOSING: Final = b"content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nconnection: close\r\n"
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\ncontent-length: 46\r\n%b\r\n"
    b"Too many connections are open; try again now.\n" % _CLOSING
)
_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 34\r\n%b\r\nThe request did not come in time.\n" % _CLOSING
)


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a clock on every stage of a connection, and no more connections than there are places."""

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
        self._clock: asyncio.TimerHandle | None = None
        self._stage: tuple[object, bool] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a place, or say that there is none."""
        if len(self.connections) >= self.connections_at_most:
            log.warning("a connection was refused: %d are open already", self.connections_at_most)
            transport.write(_FULL)
            transport.close()
            return
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on; what has come does not lengthen the time that is left."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        if self._clock is not None:
            self._clock.cancel()
        if self.transport is not None:  # it is None where there was no place
            super().connection_lost(exc)

    def _watch(self) -> None:
        """Start the clock anew where another stage began: the head of a request, or its answer."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        answering = cycle is not None and not cycle.response_complete
        if self._stage == (cycle, answering):
            return
        self._stage = (cycle, answering)
        if self._clock is not None:
            self._clock.cancel()
        self._clock = self.loop.call_later(self.answer_s if answering else self.head_s, self._end, answering)

    def _end(self, answering: bool) -> None:
        """End a connection that took too long; one that sends no head is told so while it still reads."""
        if answering or self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
            return
        self.transport.write(_SLOW)
        self.transport.close()
